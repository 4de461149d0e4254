//! A key as it looks on a keyboard.

use egui::{Align2, FontId, Sense, Stroke, StrokeKind, vec2};

use crate::ui::Theme;

/// Draws a keycap with this text.
pub(in crate::ui) fn keycap(ui: &mut egui::Ui, theme: &Theme, text: &str) -> egui::Response {
    let size = ui.text_style_height(&egui::TextStyle::Small) * 0.8;
    let font = FontId::proportional(size);
    let galley = ui.painter().layout_no_wrap(text.to_owned(), font.clone(), theme.palette.text);
    let wanted = vec2((galley.size().x + 10.0).max(size + 8.0), size + 7.0);
    let (rect, response) = ui.allocate_exact_size(wanted, Sense::hover());
    ui.painter().rect(
        rect,
        3.0,
        theme.palette.card,
        Stroke::new(1.0, theme.palette.outline),
        StrokeKind::Inside,
    );
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, text, font, theme.palette.text);
    response
}
