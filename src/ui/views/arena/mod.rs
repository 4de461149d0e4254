//! The Arena: one question with a row for each strategy (`rows`), and every strategy over all questions (`summary`).

mod rows;
mod summary;

use egui::RichText;

use crate::app::{
    ArenaCommand, ArenaOrder, ArenaPage, Command, SessionCommand, StrategyChoice, strategy_choices,
};
use crate::ui::{Outbox, ViewContext, input};

/// Seconds before waiting is shown.
const QUIET: f64 = 0.3;

/// Draws the station.
pub(in crate::ui) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    input::canvas(ui, ui.max_rect(), "Arena");
    let app = context.app;
    let arena = &app.look_alikes.arena;
    if app.session.open.is_none() {
        return nothing(
            ui,
            context,
            "Nothing to compare",
            "Open a catalogue with known pairs or groups",
            out,
        );
    }
    if arena.wants_rankings(app) {
        send(out, ArenaCommand::Load);
    }
    egui::Frame::new().inner_margin(12).show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            tabs(ui, context, out);
            orders(ui, context, out);
            waiting(ui, context);
        });
        strategies(ui, context, out);
        ui.separator();
        if arena.ranked.is_none() {
            let reason = arena.refused.as_deref().unwrap_or("Candidates are being ranked");
            let heading = if arena.refused.is_some() { "Nothing to compare" } else { "One moment" };
            return nothing(ui, context, heading, reason, out);
        }
        if let Some(reason) = &arena.refused {
            let text = RichText::new(format!("\u{26a0} {reason}")).color(context.theme.palette.error);
            ui.add(egui::Label::new(text).wrap());
        }
        match arena.page {
            ArenaPage::Rows => rows::show(ui, context, out),
            ArenaPage::Summary => summary::show(ui, context),
        }
    });
}

fn nothing(ui: &mut egui::Ui, context: ViewContext<'_>, heading: &str, reason: &str, out: &mut Outbox) {
    let height = ui.available_height();
    ui.vertical_centered(|ui| {
        ui.add_space(height * 0.28);
        ui.heading(heading);
        weak(ui, context, reason);
        ui.add_space(8.0);
        if ui.button("Open\u{2026}").clicked() {
            out.push(Command::Session(SessionCommand::Pick));
        }
        if context.app.session.open.is_some() && ui.button("Rank again").clicked() {
            send(out, ArenaCommand::AskAgain);
        }
    });
}

fn tabs(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    for (number, page) in ArenaPage::ALL.into_iter().enumerate() {
        let is_open = context.app.look_alikes.arena.page == page;
        let response = ui.selectable_label(is_open, page.label());
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Tab, true, is_open, page.label()));
        if response.on_hover_text(format!("Key {}", number + 1)).clicked() {
            send(out, ArenaCommand::Page(page));
        }
    }
    ui.add_space(12.0);
}

/// Which question is in view, in which order, and a field to go to another.
fn orders(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let arena = &context.app.look_alikes.arena;
    if arena.ranked.is_none() || arena.page != ArenaPage::Rows {
        return;
    }
    egui::ComboBox::from_id_salt("arena_order").selected_text(arena.order.label()).show_ui(ui, |ui| {
        for order in ArenaOrder::ALL {
            if ui.selectable_label(arena.order == order, order.label()).clicked() {
                send(out, ArenaCommand::Order(order));
            }
        }
    });
    ui.label(format!("Question {} of {}", (arena.at + 1).min(arena.n_listed()), arena.n_listed()));
    for (label, by) in [("Previous", -1), ("Next", 1)] {
        if ui.button(label).clicked() {
            send(out, ArenaCommand::Step(by));
        }
    }
    let id = egui::Id::unique("arena_go_to");
    let mut text: String = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let field = egui::TextEdit::singleline(&mut text).hint_text("Go to posting").desired_width(120.0);
    let response = ui.add(field);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Go to posting"));
    if response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter)) {
        send(out, ArenaCommand::GoTo(std::mem::take(&mut text)));
    }
    ui.data_mut(|data| data.insert_temp(id, text));
}

/// A sign while rankings are waited for, after a moment; what is on screen stays.
fn waiting(ui: &mut egui::Ui, context: ViewContext<'_>) {
    let since = context.app.look_alikes.arena.asking_since;
    if since.is_some_and(|since| context.app.now.secs - since > QUIET) {
        ui.spinner();
        weak(ui, context, "Ranking; what is shown is of before");
    }
}

/// The rows in force, to be taken away, and what may become one.
fn strategies(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let choices = strategy_choices(context.app);
    ui.horizontal_wrapped(|ui| {
        for StrategyChoice { id, .. } in choices.iter().filter(|choice| choice.is_on) {
            let name = format!("Remove {id}");
            let response = ui.button(format!("{id}  \u{2716}"));
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
            if response.on_hover_text("Takes this row away").clicked() {
                send(out, ArenaCommand::Toggle(id.clone()));
            }
        }
        ui.menu_button("Add row", |ui| {
            for StrategyChoice { id, .. } in choices.iter().filter(|choice| !choice.is_on) {
                if ui.button(id).clicked() {
                    send(out, ArenaCommand::Toggle(id.clone()));
                    ui.close();
                }
            }
        });
        add_field(ui, context, out);
    });
}

fn add_field(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let id = egui::Id::unique("arena_add");
    let (mut text, known): (String, u32) = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let field = egui::TextEdit::singleline(&mut text).hint_text("concat:A,B").desired_width(180.0);
    let response = ui.add(field).on_hover_text(format!("A strategy is {}", crate::jobs::STRATEGY_FORMS));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Another strategy"));
    let n_calls = context.app.look_alikes.arena.n_add_calls;
    if n_calls != known {
        response.request_focus();
    }
    if response.lost_focus()
        && ui.input(|input| input.key_pressed(egui::Key::Enter))
        && !text.trim().is_empty()
    {
        send(out, ArenaCommand::Toggle(std::mem::take(&mut text)));
    }
    ui.data_mut(|data| data.insert_temp(id, (text, n_calls)));
}

fn send(out: &mut Outbox, command: ArenaCommand) {
    out.push(Command::Arena(command));
}

/// A line in the weak colour.
fn weak(ui: &mut egui::Ui, context: ViewContext<'_>, text: &str) {
    let text = RichText::new(text).color(context.theme.palette.text_weak);
    ui.add(egui::Label::new(text).wrap());
}

#[cfg(test)]
mod tests;
