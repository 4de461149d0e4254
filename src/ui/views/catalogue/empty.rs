//! Nothing is open: where to drop, what to press, what was open lately.

use egui::{RichText, Sense, Stroke, StrokeKind, vec2};

use crate::app::{ChromeCommand, Command, Dialog, PickFor, SessionCommand};
use crate::ui::{Outbox, ViewContext, widgets};

/// Draws the page.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let palette = context.theme.palette;
    let scale = widgets::text_scale(ui);
    let width = (560.0 * scale).min(ui.available_width());
    egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.vertical_centered(|ui| {
            ui.add_space((ui.available_height() * 0.12).min(96.0));
            ui.heading("Open a catalogue");
            ui.add_space(8.0);
            let is_dragging = ui.input(|input| !input.raw.hovered_files.is_empty());
            let (rect, response) = ui.allocate_exact_size(vec2(width, 120.0 * scale), Sense::click());
            let name = "Drop a catalogue file, a folder of pictures or a project here, or click to open one";
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
            let (fill, line) = if is_dragging || response.hovered() || response.has_focus() {
                (palette.card_hover, palette.accent)
            } else {
                (palette.card, palette.outline)
            };
            let corner = context.theme.corner_radius * 2;
            ui.painter().rect(rect, corner, fill, Stroke::new(2.0, line), StrokeKind::Inside);
            let text = if is_dragging {
                "Let go to open it"
            } else {
                "Drop a CSV, TSV or JSON Lines file, a folder of pictures, or a project here"
            };
            let font = egui::TextStyle::Body.resolve(ui.style());
            let galley = ui.painter().layout(text.to_owned(), font, palette.text, rect.width() - 32.0);
            let at = egui::Align2::CENTER_CENTER.align_size_within_rect(galley.size(), rect).min;
            ui.painter().galley(at, galley, palette.text);
            if response.clicked() {
                out.push(Command::Session(SessionCommand::Pick));
            }
            ui.add_space(8.0);
            ui.allocate_ui(vec2(width, 0.0), |ui| ways(ui, context, out));
            if let Some(path) = &context.app.session.opening {
                let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
                ui.label(format!("Opening {name}\u{2026}"));
            }
            super::refused(ui, context, out);
            recent(ui, context, width, out);
        });
    });
}

fn ways(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    ui.horizontal_wrapped(|ui| {
        if ui.button("Open\u{2026}").on_hover_text("A catalogue file (Ctrl+O)").clicked() {
            out.push(Command::Session(SessionCommand::Pick));
        }
        if ui.button("Open folder\u{2026}").on_hover_text("A folder of pictures, or a project").clicked() {
            out.push(Command::Chrome(ChromeCommand::Pick(PickFor::Folder)));
        }
        if ui.button("Open the demo").on_hover_text("900 postings drawn by code").clicked() {
            out.push(Command::Session(SessionCommand::OpenDemo));
        }
        let key = context.keymap.keycap("chrome.palette").unwrap_or_default();
        let typed = ui.button(format!("Type a path ({key})"));
        if typed.on_hover_text("Works without a file dialog too").clicked() {
            out.push(Command::Chrome(ChromeCommand::Open(Dialog::Palette)));
        }
    });
}

fn recent(ui: &mut egui::Ui, context: ViewContext<'_>, width: f32, out: &mut Outbox) {
    let recent = &context.app.preferences.recent;
    if recent.is_empty() {
        return;
    }
    ui.add_space(16.0);
    ui.label(RichText::new("Opened lately").color(context.theme.palette.text_weak));
    for folder in recent.iter().take(5) {
        let name = folder.file_stem().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        let button = egui::Button::new(RichText::new(&name)).truncate().min_size(vec2(width, 0.0));
        let response = ui.add(button);
        let named = format!("Open {name}");
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &named));
        let hides = context.app.preferences.presentation;
        let place = if hides { name } else { folder.display().to_string() };
        if response.on_hover_text(place).clicked() {
            out.push(Command::Session(SessionCommand::OpenPath(folder.clone())));
        }
    }
}
