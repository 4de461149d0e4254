//! The entry under the cursor: what it says, on what grounds, its postings, and its undo.

use egui::{RichText, Sense, Stroke, StrokeKind, vec2};

use crate::app::{Command, DuplicatesCommand, HistoryCommand, entry_postings, entry_wording, view_label};
use crate::catalog::{Catalog, PostingIdx};
use crate::review::{Entry, Key};
use crate::ui::{Outbox, ViewContext, widgets};

use super::{clock, duration, log};

const THUMBNAIL: f32 = 48.0;

/// Postings shown of one entry; an import may name thousands.
const MAX_POSTINGS: usize = 60;

/// Draws the pane.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let review = &context.app.saving.review;
    let Some(entry) = context.app.history.current(review) else {
        ui.label(RichText::new("No entry under the cursor").color(context.theme.palette.text_weak));
        return;
    };
    ui.add(egui::Label::new(RichText::new(entry_wording(entry, review)).strong()).wrap());
    buttons(ui, context, entry, out);
    ui.separator();
    egui::ScrollArea::vertical().id_salt("history_details").auto_shrink(false).show(ui, |ui| {
        grounds(ui, context, entry);
        ui.separator();
        postings(ui, context, &entry_postings(entry, review), out);
    });
}

fn buttons(ui: &mut egui::Ui, context: ViewContext<'_>, entry: &Entry, out: &mut Outbox) {
    let is_active = context.app.saving.review.is_active(entry.id);
    let (mark, state) = log::state(context, entry);
    let palette = context.theme.palette;
    let ink = if is_active { palette.success } else { palette.warning };
    ui.label(RichText::new(format!("{mark} {state}")).color(ink));
    ui.horizontal_wrapped(|ui| {
        let (label, id, command) = if is_active {
            ("Undo this", "history.undo", HistoryCommand::Undo)
        } else {
            ("Redo this", "history.redo", HistoryCommand::Redo)
        };
        let key = |id| context.keymap.keycap(id).unwrap_or_default();
        if ui.button(format!("{label} ({})", key(id))).clicked() {
            out.push(Command::History(command));
        }
        if ui.button(format!("Go to its postings ({})", key("history.go_to"))).clicked() {
            out.push(Command::History(HistoryCommand::GoTo));
        }
        if ui.button(format!("Hide ({})", key("history.details"))).clicked() {
            out.push(Command::History(HistoryCommand::ToggleDetails));
        }
    });
}

/// What the reviewer saw.
fn grounds(ui: &mut egui::Ui, context: ViewContext<'_>, entry: &Entry) {
    let seen = &entry.seen;
    let mut lines = vec![
        ("Time", clock(entry.at_millis)),
        ("Reviewer", entry.reviewer.clone()),
        ("View", view_label(seen.view).to_owned()),
    ];
    if !seen.model.is_empty() {
        lines.push(("Model", seen.model.clone()));
        lines.push(("Threshold", format!("{:.3}", seen.threshold)));
    }
    if let Some(score) = seen.score {
        lines.push(("Weakest score", format!("{score:.3}")));
    }
    if let Some(rank) = seen.rank {
        lines.push(("Place in queue", format!("{}", u64::from(rank) + 1)));
    }
    if seen.millis > 0 {
        lines.push(("Took", duration(seen.millis)));
    }
    if !seen.without_picture.is_empty() {
        lines.push(("Without picture", format!("{} of {}", seen.without_picture.len(), seen.postings.len())));
    }
    for (label, value) in lines {
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(label).small().color(context.theme.palette.text_weak));
            ui.label(RichText::new(value).small());
        });
    }
}

fn postings(ui: &mut egui::Ui, context: ViewContext<'_>, keys: &[Key], out: &mut Outbox) {
    let Some(session) = &context.app.session.open else { return };
    let count = if keys.len() == 1 { "1 posting".to_owned() } else { format!("{} postings", keys.len()) };
    ui.label(RichText::new(count).color(context.theme.palette.text_weak));
    for key in keys.iter().take(MAX_POSTINGS) {
        match session.catalog.find(key) {
            Some(posting) => one(ui, context, &session.catalog, posting, out),
            None => {
                let hides = context.app.preferences.presentation;
                let text = if hides {
                    "Not in this catalogue".to_owned()
                } else {
                    format!("{key} is not in this catalogue")
                };
                ui.add(egui::Label::new(RichText::new(text).small()).wrap());
            }
        }
    }
    if keys.len() > MAX_POSTINGS {
        ui.label(RichText::new(format!("and {} more", keys.len() - MAX_POSTINGS)).small());
    }
}

/// Picture, title and id of a posting; a click goes to it in the queue.
fn one(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    catalog: &Catalog,
    posting: PostingIdx,
    out: &mut Outbox,
) {
    const N_ROWS: usize = 3;
    let palette = context.theme.palette;
    let font = egui::TextStyle::Small.resolve(ui.style());
    let text_width = (ui.available_width() - THUMBNAIL - 20.0).max(40.0);
    let title = catalog.title(posting);
    let galley = widgets::title_galley(ui, context.theme, title, None, font.clone(), text_width, N_ROWS);
    let hides = context.app.preferences.presentation;
    let key_height = if hides { 0.0 } else { font.size * 1.4 };
    let height = (galley.size().y + key_height).max(THUMBNAIL) + 8.0;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let name = format!("Go to {title}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    let is_lit = response.hovered() || response.has_focus();
    let fill = if is_lit { palette.card_hover } else { palette.card };
    let stroke = if response.has_focus() { Stroke::new(2.0, palette.focus) } else { Stroke::NONE };
    ui.painter().rect(rect, 4.0, fill, stroke, StrokeKind::Inside);
    let corner = rect.min + vec2(4.0, 4.0);
    widgets::paint_picture(
        ui,
        context,
        posting,
        egui::Rect::from_min_size(corner, vec2(THUMBNAIL, THUMBNAIL)),
    );
    let at = corner + vec2(THUMBNAIL + 8.0, 0.0);
    let below = at + vec2(0.0, galley.size().y);
    ui.painter().galley(at, galley, palette.text);
    if !hides {
        let place = egui::Rect::from_min_size(below, vec2(text_width, key_height));
        let mut job = egui::text::LayoutJob::simple_singleline(
            catalog.key(posting).to_owned(),
            font,
            palette.text_weak,
        );
        job.wrap = egui::text::TextWrapping::truncate_at_width(text_width);
        let galley = ui.painter().layout_job(job);
        ui.painter().galley(place.min, galley, palette.text_weak);
    }
    if response.clicked() {
        out.push(Command::Duplicates(DuplicatesCommand::GoTo(posting)));
    }
}
