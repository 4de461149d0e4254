//! The log as a virtual table, newest first.

use egui::{Align2, pos2, vec2};

use crate::app::{Command, HistoryCommand, HistoryFilter, entry_verdict, entry_wording, view_label};
use crate::review::Entry;
use crate::ui::views::table::{Column, Table, cell_text, cell_text_aligned};
use crate::ui::{Outbox, ViewContext, widgets};

use super::{clock, duration};

/// Draws the table.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let review = &context.app.saving.review;
    let history = &context.app.history;
    let n_entries = review.entries().len();
    let n_lines = history.listing.n_lines(n_entries);
    if n_lines == 0 && !history.listing.is_outdated(n_entries) {
        ui.add_space(24.0);
        ui.label("No entry passes the filter");
        if ui.button("Show all entries").clicked() {
            out.push(Command::History(HistoryCommand::Filter(HistoryFilter::default())));
        }
        return;
    }
    let columns = [
        Column::new("Time", 148.0),
        Column::new("Reviewer", 96.0),
        Column::new("What", 300.0),
        Column::new("State", 88.0),
        Column::new("View", 72.0),
        Column::new("Threshold", 76.0),
        Column::new("Took", 76.0),
        Column::new("Model", 260.0),
    ];
    let line_height = (widgets::text_scale(ui) * 8.0).round() * 4.0;
    let table = Table { id: "history", columns: &columns, n_lines, line_height, cursor: history.cursor };
    let name = |line: usize| {
        history.entry(line, review).map_or_else(String::new, |entry| {
            let (_, state) = state(context, entry);
            format!(
                "{}, {state}, {}, {}",
                entry_wording(entry, review),
                entry.reviewer,
                clock(entry.at_millis)
            )
        })
    };
    let palette = context.theme.palette;
    let clicks = table.show(ui, context, name, |ui, line, column, rect| {
        let Some(entry) = history.entry(line, review) else { return };
        let is_active = review.is_active(entry.id);
        let ink = if is_active { palette.text } else { palette.text_weak };
        let seen = &entry.seen;
        match column {
            0 => cell_text(ui, rect, &clock(entry.at_millis), palette.text_weak),
            1 => cell_text(ui, rect, &entry.reviewer, palette.text_weak),
            2 => wording(ui, context, entry, rect, ink),
            3 => {
                let (mark, state) = state(context, entry);
                let ink = if is_active { palette.success } else { palette.warning };
                cell_text(ui, rect, &format!("{mark} {state}"), ink);
            }
            4 => cell_text(ui, rect, view_label(seen.view), palette.text_weak),
            5 if !seen.model.is_empty() => {
                let text = format!("{:.3}", seen.threshold);
                cell_text_aligned(ui, rect, &text, palette.text_weak, Align2::RIGHT_CENTER);
            }
            6 => {
                let text = duration(seen.millis);
                cell_text_aligned(ui, rect, &text, palette.text_weak, Align2::RIGHT_CENTER);
            }
            7 => cell_text(ui, rect, &seen.model, palette.text_weak),
            _ => {}
        }
    });
    if let Some(line) = clicks.line {
        out.push(Command::History(HistoryCommand::SetCursor(line)));
    }
}

/// A sign and a word for whether an entry counts.
pub(super) fn state(context: ViewContext<'_>, entry: &Entry) -> (&'static str, &'static str) {
    let is_active = context.app.saving.review.is_active(entry.id);
    if is_active { ("\u{2714}", "active") } else { ("\u{21a9}", "undone") }
}

fn wording(ui: &egui::Ui, context: ViewContext<'_>, entry: &Entry, rect: egui::Rect, ink: egui::Color32) {
    const MARK: f32 = 22.0;
    if let Some(verdict) = entry_verdict(entry) {
        let centre = pos2(rect.left() + 9.0, rect.center().y);
        widgets::verdict_mark(ui, context.theme, verdict, centre, 8.0);
    }
    let text = entry_wording(entry, &context.app.saving.review);
    let inside = egui::Rect::from_min_max(rect.min + vec2(MARK, 0.0), rect.max);
    cell_text(ui, inside, &text, ink);
}
