//! The batch page: twelve sure clusters at once; X excludes one, Ctrl+Enter records the rest as one gesture.

use egui::{Align2, FontId, Rect, RichText, Sense, Stroke, StrokeKind, pos2, vec2};

use crate::app::{BatchState, Command, DuplicatesCommand};
use crate::catalog::PostingIdx;
use crate::ui::{Outbox, ViewContext, input, widgets};

const N_COLUMNS: usize = 4;
const GAP: f32 = 10.0;

/// Draws the page.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, page: &BatchState, out: &mut Outbox) {
    let n_taken = page.excluded.iter().filter(|excluded| !**excluded).count();
    ui.horizontal_wrapped(|ui| {
        ui.heading("Batch");
        let text = format!("{} clusters far above the threshold, no number disagrees", page.positions.len());
        ui.label(RichText::new(text).color(context.theme.palette.text_weak));
        let key = context.keymap.keycap("batch.record").unwrap_or_default();
        if ui.button(format!("Record {n_taken} clusters as same ({key})")).clicked() {
            out.push(Command::Duplicates(DuplicatesCommand::RecordBatch));
        }
        if ui.button("Back (Esc)").clicked() {
            out.push(Command::Duplicates(DuplicatesCommand::Leave));
        }
    });
    ui.add_space(4.0);
    input::canvas(ui, ui.available_rect_before_wrap(), "Clusters of the batch");
    let n_rows = page.positions.len().div_ceil(N_COLUMNS).max(1);
    let available = ui.available_size();
    let width = (available.x - GAP * (N_COLUMNS as f32 - 1.0)) / N_COLUMNS as f32;
    let height = ((available.y - GAP * n_rows as f32) / 3.0).max(150.0);
    egui::ScrollArea::vertical().id_salt("batch").auto_shrink(false).show(ui, |ui| {
        let (area, _) =
            ui.allocate_exact_size(vec2(available.x, n_rows as f32 * (height + GAP)), Sense::hover());
        for number in 0..page.positions.len() {
            let (row, column) = (number / N_COLUMNS, number % N_COLUMNS);
            let at = area.min + vec2(column as f32 * (width + GAP), row as f32 * (height + GAP));
            cell(ui, context, page, number, Rect::from_min_size(at, vec2(width, height)), out);
        }
    });
}

fn cell(
    ui: &egui::Ui,
    context: ViewContext<'_>,
    page: &BatchState,
    number: usize,
    rect: Rect,
    out: &mut Outbox,
) {
    let palette = context.theme.palette;
    let (Some(queue), Some(session)) = (&context.app.duplicates.queue, &context.app.session.open) else {
        return;
    };
    let Some(item) = page.positions.get(number).and_then(|at| queue.items.get(*at)) else { return };
    let is_excluded = page.excluded.get(number).copied().unwrap_or_default();
    let is_cursor = page.cursor == number;
    let response = ui.interact(rect, egui::Id::unique(("batch_cell", number)), Sense::click());
    let title = item.members.first().map_or("", |row| session.catalog.title(PostingIdx(*row)));
    response.widget_info(|| {
        let state = if is_excluded { "excluded" } else { "included" };
        let name = format!(
            "Cluster {} of {}, {} postings, {state}, {title}",
            number + 1,
            page.positions.len(),
            item.members.len()
        );
        egui::WidgetInfo::selected(egui::Role::ListItem, true, is_cursor, name)
    });
    if response.clicked() {
        out.push(Command::Duplicates(DuplicatesCommand::BatchToggle(Some(number))));
    }
    let stroke = if is_cursor { Stroke::new(3.0, palette.focus) } else { Stroke::new(1.0, palette.outline) };
    ui.painter().rect(rect, 4.0, palette.card, stroke, StrokeKind::Inside);
    let font = FontId::proportional(egui::TextStyle::Small.resolve(ui.style()).size);
    let inner = rect.shrink(8.0);
    let text_height = font.size * 2.8;
    let room = vec2(inner.width(), inner.height() - text_height - 4.0);
    let n_shown = item.members.len().min(4);
    let (n_columns, side) = arrangement(n_shown, room);
    for (place, row) in item.members.iter().take(n_shown).enumerate() {
        let (line, column) = (place / n_columns, place % n_columns);
        let at = inner.min + vec2(column as f32, line as f32) * (side + 4.0);
        widgets::paint_picture(ui, context, PostingIdx(*row), Rect::from_min_size(at, vec2(side, side)));
    }
    let painter = ui.painter().with_clip_rect(inner);
    let score = item
        .weakest
        .filter(|_| !context.app.preferences.hide_scores)
        .map_or_else(String::new, |(_, _, score)| format!(", weakest {score:.2}"));
    let top = inner.bottom() - text_height;
    let size = format!("{} postings{score}", item.members.len());
    painter.text(pos2(inner.left(), top), Align2::LEFT_TOP, size, font.clone(), palette.text_weak);
    let galley = widgets::title_galley(ui, context.theme, title, None, font.clone(), inner.width(), 1);
    painter.galley(pos2(inner.left(), top + font.size * 1.35), galley, palette.text);
    if is_excluded {
        let shade = palette.window.gamma_multiply(0.7);
        ui.painter().rect_filled(rect, 4.0, shade);
        let font = FontId::proportional(font.size * 1.4);
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, "X  excluded", font, palette.different);
    }
}

/// Columns and side of the pictures that fill the room best.
fn arrangement(n_shown: usize, room: egui::Vec2) -> (usize, f32) {
    let side = |n_columns: usize| {
        let n_lines = n_shown.div_ceil(n_columns) as f32;
        let across = (room.x - 4.0 * (n_columns as f32 - 1.0)) / n_columns as f32;
        across.min((room.y - 4.0 * (n_lines - 1.0)) / n_lines).max(8.0)
    };
    let best = (1..=n_shown.max(1)).max_by(|a, b| side(*a).total_cmp(&side(*b)).then(b.cmp(a))).unwrap_or(1);
    (best, side(best))
}
