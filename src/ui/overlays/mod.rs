//! Overlays that take the keyboard: palette, keys, settings, export, search. Esc closes them.

mod export;
mod keys;
mod models;
mod palette;
mod search;
mod settings;

use egui::{Align2, vec2};

use crate::app::{ChromeCommand, Command, Dialog};

use super::{Outbox, ViewContext};

/// Draws the open overlay, if any.
pub(super) fn show(ctx: &egui::Context, context: ViewContext<'_>, out: &mut Outbox) {
    let Some(dialog) = &context.app.chrome.dialog else { return };
    let (title, width): (&str, f32) = match dialog {
        Dialog::Palette => ("Palette", 560.0),
        Dialog::Keys => ("Keys", 720.0),
        Dialog::Settings => ("Settings", 640.0),
        Dialog::Export => ("Export", 520.0),
        Dialog::Search => ("Search", 640.0),
        Dialog::Models => ("Models", 1120.0),
    };
    let palette = context.theme.palette;
    let frame = egui::Frame::new()
        .fill(palette.panel)
        .stroke(egui::Stroke::new(1.0, palette.outline))
        .corner_radius(context.theme.corner_radius * 2)
        .inner_margin(16);
    let id = egui::Id::unique(("overlay", title));
    let area = egui::Area::new(id).anchor(Align2::CENTER_TOP, vec2(0.0, 64.0)).order(egui::Order::Foreground);
    let modal = egui::Modal::new(id).area(area).frame(frame).show(ctx, |ui| {
        let screen = ui.ctx().content_rect();
        ui.set_width(width.min(screen.width() - 48.0));
        ui.set_max_height(screen.height() - 160.0);
        ui.horizontal(|ui| {
            ui.heading(title);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.button("Close").on_hover_text("Esc").clicked() {
                    out.push(Command::Chrome(ChromeCommand::Escape));
                }
            });
        });
        match dialog {
            Dialog::Palette => palette::show(ui, context, out),
            Dialog::Keys => keys::show(ui, context),
            Dialog::Settings => settings::show(ui, context, out),
            Dialog::Export => export::show(ui, context, out),
            Dialog::Search => search::show(ui, context, out),
            Dialog::Models => models::show(ui, context, out),
        }
    });
    if modal.backdrop_response.clicked() {
        out.push(Command::Chrome(ChromeCommand::Escape));
    }
}

/// A field that has the keyboard as soon as it appears; the text lives in the application's state.
fn focused_field(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    label: &str,
    hint: &str,
    out: &mut Outbox,
) -> egui::Response {
    let mut text = context.app.chrome.typed.clone();
    let name = ui.label(egui::RichText::new(label).small());
    let field = egui::TextEdit::singleline(&mut text).hint_text(hint).desired_width(f32::INFINITY);
    let response = ui.add(field).labelled_by(name.id);
    if !response.has_focus() && !response.lost_focus() {
        response.request_focus();
    }
    if text != context.app.chrome.typed {
        out.push(Command::Chrome(ChromeCommand::Type(text)));
    }
    response
}
