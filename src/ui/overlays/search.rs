//! Search: the nearest postings to a typed title or to a picture file.

use std::path::PathBuf;

use egui::{Key, RichText};

use crate::app::{ChromeCommand, Command, DuplicatesCommand};
use crate::catalog::PostingIdx;
use crate::jobs::SearchQuery;
use crate::ui::{Outbox, ViewContext, widgets};

pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let field =
        super::focused_field(ui, context, "Title, posting id or picture path", "Type and press Enter", out);
    let typed = context.app.chrome.typed.trim();
    let enter = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    let Some(session) = &context.app.session.open else {
        ui.label("Open a catalogue first");
        return;
    };
    if enter && !typed.is_empty() {
        if let Some(posting) = session.catalog.find(typed) {
            out.push(Command::Duplicates(DuplicatesCommand::GoTo(posting)));
        } else {
            let is_path = typed.contains(['/', '\\']) && typed.contains('.');
            let query = if is_path {
                SearchQuery::Picture(PathBuf::from(typed))
            } else {
                SearchQuery::Title(typed.to_owned())
            };
            out.push(Command::Chrome(ChromeCommand::Search(query)));
        }
    }
    let hits = &context.app.chrome.hits;
    let row_height = 56.0;
    egui::ScrollArea::vertical().max_height(420.0).show_rows(ui, row_height, hits.len(), |ui, range| {
        for hit in hits.get(range).unwrap_or_default() {
            let posting = PostingIdx(hit.row);
            ui.horizontal(|ui| {
                ui.set_height(row_height - ui.spacing().item_spacing.y);
                widgets::picture(ui, context, posting, egui::vec2(48.0, 48.0));
                ui.label(RichText::new(format!("{:.2}", hit.score)).monospace());
                let title = session.catalog.title(posting);
                if ui
                    .add(egui::Button::new(title).frame(false).truncate())
                    .on_hover_text("Goes to its item in the queue")
                    .clicked()
                {
                    out.push(Command::Duplicates(DuplicatesCommand::GoTo(posting)));
                }
            });
        }
    });
}
