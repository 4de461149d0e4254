//! Choosing what to export, and where to: by dialog, or into the project folder when the path field is used.

use std::path::PathBuf;

use egui::RichText;

use crate::app::{ChromeCommand, Command, PickFor};
use crate::jobs::EXPORT_SUBMISSION;
use crate::review::LABEL_FORMATS;
use crate::ui::{Outbox, ViewContext};

pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let Some(session) = &context.app.session.open else {
        ui.label("Open a catalogue first");
        return;
    };
    ui.label("Files are written to the folder below, or wherever the dialog says.");
    let _ = super::focused_field(ui, context, "Folder", &session.folder.display().to_string(), out);
    let typed = context.app.chrome.typed.trim();
    let folder = if typed.is_empty() { session.folder.clone() } else { PathBuf::from(typed) };
    let matches = (
        "submission.csv",
        "Each posting's matches: posting_id,matches, the posting itself first, at most 50",
    );
    let submission = std::iter::once((EXPORT_SUBMISSION, "Matches", matches.1, matches.0));
    let labels =
        LABEL_FORMATS.iter().map(|format| (format.id, format.label, format.summary, format.file_name));
    for (id, label, summary, file_name) in submission.chain(labels) {
        ui.separator();
        ui.horizontal(|ui| {
            ui.strong(label);
            ui.label(RichText::new(file_name).small().color(context.theme.palette.text_weak));
        });
        ui.add(egui::Label::new(RichText::new(summary).small()).wrap());
        ui.horizontal(|ui| {
            let write = ui.button("Write");
            let name = format!("Write {file_name}");
            write.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
            if write.clicked() {
                out.push(Command::Chrome(ChromeCommand::Escape));
                out.push(Command::Chrome(ChromeCommand::Export {
                    format: id.to_owned(),
                    path: folder.join(file_name),
                }));
            }
            let choose = ui.button("Choose\u{2026}");
            let name = format!("Choose where to write {file_name}");
            choose.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
            if choose.clicked() {
                out.push(Command::Chrome(ChromeCommand::Escape));
                out.push(Command::Chrome(ChromeCommand::Pick(PickFor::Export { format: id, file_name })));
            }
        });
    }
}
