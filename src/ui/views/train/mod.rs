//! The Train station: labels, recipe and run; one receipt; all receipts. Files: `learn` (labels, the run and its curves),
//! `recipe` (the picker and its parameters), `receipt` (scores, curves, facts), `pairs`, `groups`, `runs`.

mod groups;
mod learn;
mod pairs;
mod receipt;
mod recipe;
mod runs;

use egui::RichText;

use crate::app::{Command, Said, SessionCommand, TrainCommand, TrainSection};
use crate::ui::{Outbox, ViewContext, input};

/// Draws the station.
pub(in crate::ui) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    input::canvas(ui, ui.max_rect(), "Train");
    if context.app.session.open.is_none() {
        return nothing_open(ui, context, out);
    }
    if context.app.train.is_outdated(context.app) {
        send(out, TrainCommand::Count);
    }
    egui::Frame::new().inner_margin(12).show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            tabs(ui, context, out);
            said(ui, context);
        });
        ui.separator();
        match context.app.train.section {
            TrainSection::Learn => learn::show(ui, context, out),
            TrainSection::Receipt => receipt::show(ui, context, out),
            TrainSection::Receipts => runs::show(ui, context, out),
        }
    });
}

fn nothing_open(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let height = ui.available_height();
    ui.vertical_centered(|ui| {
        ui.add_space(height * 0.3);
        ui.heading("Nothing to learn from");
        weak(ui, context, "Open a catalogue; what you decide about it is what is learned from");
        ui.add_space(8.0);
        if ui.button("Open\u{2026}").clicked() {
            out.push(Command::Session(SessionCommand::Pick));
        }
        if ui.button("Open the demo").clicked() {
            out.push(Command::Session(SessionCommand::OpenDemo));
        }
    });
}

fn tabs(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let train = &context.app.train;
    for (number, section) in TrainSection::ALL.into_iter().enumerate() {
        let is_open = train.section == section;
        let n_runs = train.trained.runs.len();
        let text = match section {
            TrainSection::Receipts if n_runs > 0 => format!("{} {n_runs}", section.label()),
            _ => section.label().to_owned(),
        };
        let response = ui.selectable_label(is_open, text);
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Tab, true, is_open, section.label()));
        if response.on_hover_text(format!("Key {}", number + 1)).clicked() {
            send(out, TrainCommand::Section(section));
        }
    }
}

/// The last word on a run, a promotion or an export; what failed stands until the next try.
fn said(ui: &mut egui::Ui, context: ViewContext<'_>) {
    let palette = context.theme.palette;
    let (text, colour) = match &context.app.train.said {
        Some(Said::Good(text)) => (format!("\u{2714} {text}"), palette.success),
        Some(Said::Bad(text)) => (format!("\u{26a0} {text}"), palette.error),
        None => return,
    };
    ui.add(egui::Label::new(RichText::new(text).color(colour)).wrap());
}

fn send(out: &mut Outbox, command: TrainCommand) {
    out.push(Command::Train(command));
}

/// A button for an action of the station, with its key; named by the action's label.
fn button(ui: &mut egui::Ui, context: ViewContext<'_>, id: &str, is_possible: bool, out: &mut Outbox) {
    let Some(action) = crate::app::action(id) else { return };
    let keycap = context.keymap.keycap(id).map_or_else(String::new, |key| format!("  {key}"));
    let response = ui.add_enabled(is_possible, egui::Button::new(format!("{}{keycap}", action.label)));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, is_possible, action.label));
    if response.on_hover_text(action.tooltip).clicked() {
        out.push((action.command)());
    }
}

/// The same, as the one to press next.
fn main_button(ui: &mut egui::Ui, context: ViewContext<'_>, id: &str, out: &mut Outbox) {
    let Some(action) = crate::app::action(id) else { return };
    let palette = context.theme.palette;
    let keycap = context.keymap.keycap(id).map_or_else(String::new, |key| format!("  {key}"));
    let text = RichText::new(format!("{}{keycap}", action.label)).strong().color(palette.on_accent);
    let response = ui.add(egui::Button::new(text).fill(palette.accent));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, action.label));
    if response.on_hover_text(action.tooltip).clicked() {
        out.push((action.command)());
    }
}

/// A line in the weak colour.
fn weak(ui: &mut egui::Ui, context: ViewContext<'_>, text: impl Into<String>) {
    let text = RichText::new(text.into()).color(context.theme.palette.text_weak);
    ui.add(egui::Label::new(text).wrap());
}

/// Scrolls the area it stands in as far as keys asked for since the last frame.
fn follow_keys(ui: &egui::Ui, context: ViewContext<'_>, page: &str) {
    const LINE: f32 = 36.0;
    let id = egui::Id::unique(("train_scroll", page));
    let wanted = context.app.train.n_scrolled;
    let known: i64 = ui.data(|data| data.get_temp(id)).unwrap_or(wanted);
    if wanted != known {
        let lines = wanted.saturating_sub(known).clamp(-1_000, 1_000) as f32;
        ui.scroll_with_delta(egui::vec2(0.0, -LINE * lines));
    }
    ui.data_mut(|data| data.insert_temp(id, wanted));
}

/// Local time of a run.
fn clock(at_millis: i64) -> String {
    if at_millis == 0 {
        return "at an unknown time".to_owned();
    }
    jiff::Timestamp::from_millisecond(at_millis).map_or_else(
        |_| String::new(),
        |time| time.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
    )
}

#[cfg(test)]
mod tests;
