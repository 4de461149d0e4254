//! Fields that open over the item: the note, and the search for something to merge with.

use egui::{Align2, Key, RichText, vec2};

use crate::app::{Command, DuplicatesCommand};
use crate::catalog::PostingIdx;
use crate::ui::{Outbox, ViewContext, widgets};

const N_FOUND: usize = 8;
const WIDTH: f32 = 480.0;

/// Draws whichever field is open.
pub(super) fn show(ui: &egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    if let Some(draft) = &context.app.duplicates.note_draft {
        over(ui, context, "note_field", |ui| note(ui, draft, out));
    } else if let Some(query) = &context.app.duplicates.merge_query {
        over(ui, context, "merge_field", |ui| merge(ui, context, query, out));
    }
}

fn over(ui: &egui::Ui, context: ViewContext<'_>, id: &str, contents: impl FnOnce(&mut egui::Ui)) {
    let area = egui::Area::new(egui::Id::unique(id)).anchor(Align2::CENTER_TOP, vec2(0.0, 96.0));
    area.order(egui::Order::Foreground).show(ui.ctx(), |ui| {
        let frame = egui::Frame::new()
            .fill(context.theme.palette.panel)
            .stroke(egui::Stroke::new(1.0, context.theme.palette.outline))
            .corner_radius(context.theme.corner_radius)
            .inner_margin(12);
        frame.show(ui, |ui| {
            ui.set_width(WIDTH);
            contents(ui);
        });
    });
}

fn field(ui: &mut egui::Ui, label: &str, text: &mut String) -> egui::Response {
    let name = ui.label(RichText::new(label).small());
    let response = ui.add(egui::TextEdit::singleline(text).desired_width(f32::INFINITY)).labelled_by(name.id);
    if !response.has_focus() && !response.lost_focus() {
        response.request_focus();
    }
    response
}

fn note(ui: &mut egui::Ui, draft: &str, out: &mut Outbox) {
    let mut text = draft.to_owned();
    let response = field(ui, "Note on the posting (Enter saves, Esc leaves it as it was)", &mut text);
    if text != draft {
        out.push(Command::Duplicates(DuplicatesCommand::NoteDraft(Some(text))));
    }
    if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
        out.push(Command::Duplicates(DuplicatesCommand::SaveNote));
    }
}

fn merge(ui: &mut egui::Ui, context: ViewContext<'_>, query: &str, out: &mut Outbox) {
    let mut text = query.to_owned();
    let response = field(ui, "Merge with the cluster of (title or id)", &mut text);
    if text != query {
        out.push(Command::Duplicates(DuplicatesCommand::MergeQuery(Some(text))));
    }
    let found = found(ui, context, query);
    for (at, posting) in found.iter().enumerate() {
        let Some(session) = &context.app.session.open else { return };
        ui.horizontal(|ui| {
            widgets::picture(ui, context, *posting, vec2(40.0, 40.0));
            let title = session.catalog.title(*posting);
            let hint = if at == 0 { "Enter adds it with its cluster" } else { "Adds it with its cluster" };
            if ui.add(egui::Button::new(title).truncate()).on_hover_text(hint).clicked() {
                out.push(Command::Duplicates(DuplicatesCommand::MergeWith(*posting)));
            }
        });
    }
    if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
        match found.first() {
            Some(posting) => out.push(Command::Duplicates(DuplicatesCommand::MergeWith(*posting))),
            None => out.push(Command::Duplicates(DuplicatesCommand::MergeQuery(None))),
        }
    }
}

/// Postings whose title or key holds the text, outside the item; kept until the text changes, so that a large catalogue is
/// searched once per keystroke.
fn found(ui: &egui::Ui, context: ViewContext<'_>, query: &str) -> Vec<PostingIdx> {
    let query = query.trim().to_lowercase();
    let Some(session) = context.app.session.open.as_ref().filter(|_| !query.is_empty()) else {
        return Vec::new();
    };
    let id = egui::Id::unique("merge_found");
    let kept: Option<(String, Vec<PostingIdx>)> = ui.data(|data| data.get_temp(id));
    if let Some((_, found)) = kept.filter(|(kept_query, _)| *kept_query == query) {
        return found;
    }
    let item = context.app.duplicates.item.as_ref();
    let is_there = |posting: PostingIdx| {
        item.is_some_and(|item| item.cards.iter().any(|card| card.postings.contains(&posting)))
    };
    let holds = |posting: &PostingIdx| {
        session.catalog.key(*posting).to_lowercase() == query
            || session.catalog.title(*posting).to_lowercase().contains(&query)
    };
    let found: Vec<PostingIdx> = session
        .catalog
        .postings()
        .filter(holds)
        .filter(|posting| !is_there(*posting))
        .take(N_FOUND)
        .collect();
    ui.data_mut(|data| data.insert_temp(id, (query, found.clone())));
    found
}
