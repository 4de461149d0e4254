//! The Look-alikes station: one posting against many, the studio of hard negatives, and where questions come from. Files:
//! `header` (tabs, mode, counters), `grid` (the tiles), `query` (the posting asked about), `bar` (what can be recorded),
//! `pair` (two pictures side by side), `studio`, `questions`.

mod bar;
mod grid;
mod header;
mod pair;
mod query;
mod questions;
mod studio;

use egui::RichText;

use crate::app::{
    ChromeCommand, Command, Dialog, LookAlikesCommand, LookAlikesSection, SessionCommand, Station,
    look_alikes_page,
};
use crate::catalog::PostingIdx;
use crate::jobs::RankedQuestions;
use crate::ui::{Outbox, ViewContext, input, widgets};

/// Draws the station.
pub(in crate::ui) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let look_alikes = &context.app.look_alikes;
    if context.app.session.open.is_none() {
        return nothing_open(ui, out);
    }
    if look_alikes.wants_questions(context.app) {
        send(out, LookAlikesCommand::Load);
    }
    if look_alikes.is_outdated(context.app) {
        send(out, LookAlikesCommand::Refresh);
    }
    egui::Frame::new().inner_margin(egui::Margin::symmetric(12, 8)).show(ui, |ui| {
        header::show(ui, context, out);
        match look_alikes_page(context.app) {
            LookAlikesSection::Grid => one_against_many(ui, context, out),
            LookAlikesSection::HardNegatives => studio::show(ui, context, out),
            LookAlikesSection::Questions => questions::show(ui, context, out),
        }
    });
}

fn one_against_many(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let look_alikes = &context.app.look_alikes;
    let (Some(questions), Some(item)) = (&look_alikes.questions, &look_alikes.item) else {
        input::canvas(ui, ui.available_rect_before_wrap(), "Look-alikes");
        return finished(ui, context, out);
    };
    let bar = egui::Panel::bottom("look_alikes_bar").resizable(false).frame(egui::Frame::NONE);
    let bar = bar.show_separator_line(false);
    bar.show(ui, |ui| bar::show(ui, context, item, out));
    let layout = grid::Layout::of(ui, item);
    prefetch(ui, context, questions, &layout);
    let left = egui::Panel::left("look_alikes_query").resizable(false).frame(egui::Frame::NONE);
    let left = left.show_separator_line(false);
    let has_query = left
        .exact_size(layout.query_width)
        .show(ui, |ui| query::show(ui, context, item, layout.query_side))
        .inner;
    let places = grid::show(ui, context, item, &layout, out);
    let is_news = has_query == widgets::Drawn::Yes && !item.is_query_seen || !places.is_empty();
    if is_news {
        let has_query = has_query == widgets::Drawn::Yes;
        send(out, LookAlikesCommand::Drawn { showing: item.showing, places, has_query });
        ui.ctx().request_repaint();
    }
    if look_alikes.is_side_by_side {
        pair::show(ui, context, item);
    }
}

/// Decodes the pictures of the questions one will see next, nearest first, and of those just left.
fn prefetch(ui: &egui::Ui, context: ViewContext<'_>, questions: &RankedQuestions, layout: &grid::Layout) {
    let scale = ui.ctx().pixels_per_point();
    let (tile, query) =
        ((layout.picture_side() * scale).ceil() as u32, (layout.query_side * scale).ceil() as u32);
    for number in &context.app.look_alikes.nearby {
        let Some(question) = questions.questions.get(*number) else { continue };
        context.images.prefetch(ui.ctx(), &[PostingIdx(question.query)], query);
        let first = question.candidates.iter().take(crate::app::PER_PAGE).copied().map(PostingIdx);
        context.images.prefetch(ui.ctx(), &first.collect::<Vec<_>>(), tile);
    }
}

fn send(out: &mut Outbox, command: LookAlikesCommand) {
    out.push(Command::LookAlikes(command));
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

/// A line in the weak colour.
fn weak(ui: &mut egui::Ui, context: ViewContext<'_>, text: impl Into<String>) {
    let text = RichText::new(text.into()).color(context.theme.palette.text_weak);
    ui.add(egui::Label::new(text).wrap());
}

fn centred(ui: &mut egui::Ui, contents: impl FnOnce(&mut egui::Ui)) {
    let height = ui.available_height();
    ui.vertical_centered(|ui| {
        ui.add_space(height * 0.3);
        contents(ui);
    });
}

/// Every question is answered: what came of it and where to go from here.
fn finished(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let look_alikes = &context.app.look_alikes;
    let n = look_alikes.questions.as_ref().map_or(0, |questions| questions.questions.len());
    centred(ui, |ui| {
        ui.heading(format!("{} of {n} answered", look_alikes.known.n_answered()));
        ui.label(format!("{} triplets to learn from", look_alikes.known.n_triplets()));
        if let Some(text) = header::agreement(context) {
            ui.label(text);
        }
        ui.add_space(8.0);
        let commands = [
            (
                "Hard negatives",
                Command::LookAlikes(LookAlikesCommand::Section(LookAlikesSection::HardNegatives)),
            ),
            ("Previous answers", Command::LookAlikes(LookAlikesCommand::Previous)),
            ("Export\u{2026}", Command::Chrome(ChromeCommand::Open(Dialog::Export))),
            ("Train", Command::Chrome(ChromeCommand::Go(Station::Train))),
            (
                "Ask other questions",
                Command::LookAlikes(LookAlikesCommand::Section(LookAlikesSection::Questions)),
            ),
        ];
        for (label, command) in commands {
            if ui.button(label).clicked() {
                out.push(command);
            }
        }
    });
}

fn nothing_open(ui: &mut egui::Ui, out: &mut Outbox) {
    input::canvas(ui, ui.max_rect(), "Look-alikes");
    centred(ui, |ui| {
        ui.heading("Nothing to ask about");
        ui.label("Open a table of what looks like what (left,right), or any catalogue with pictures");
        ui.add_space(8.0);
        if ui.button("Open\u{2026}").clicked() {
            out.push(Command::Session(SessionCommand::Pick));
        }
        let demo = ui.button("Open the look-alikes demo");
        if demo.on_hover_text("Pairs of different things that look alike, drawn by code").clicked() {
            out.push(Command::Session(SessionCommand::OpenLooksLikeDemo));
        }
    });
}
