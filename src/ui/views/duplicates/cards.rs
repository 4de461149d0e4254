//! The cards of the open item, reference first, and the near misses under them. The grid is one focusable canvas.

use egui::{Align2, FontId, Rect, RichText, Sense, Stroke, StrokeKind, pos2, vec2};

use crate::app::{Card, Command, DuplicatesCommand, DuplicatesMode, Mark, OpenItem};
use crate::catalog::{Catalog, PostingIdx};
use crate::matching::title_flags;
use crate::review::{PairStanding, QueueItem};
use crate::ui::{Outbox, ViewContext, input, widgets};

use super::header::letter;

/// Size of a card in a wide and in a narrow window.
const WIDE: egui::Vec2 = vec2(192.0, 300.0);
const NARROW: egui::Vec2 = vec2(168.0, 250.0);
const GAP: f32 = 12.0;
const PADDING: f32 = 8.0;

/// Draws cards and near misses, and reports which cards were drawn with their pictures.
pub(super) fn show(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    open: &OpenItem,
    queued: &QueueItem,
    out: &mut Outbox,
) {
    let size = card_size(ui);
    let name = format!("Cards, {} of {}", open.cursor + 1, open.cards.len());
    input::canvas(ui, ui.available_rect_before_wrap(), &name);
    let mut seen = Vec::new();
    egui::ScrollArea::vertical().id_salt("cards").auto_shrink(false).show(ui, |ui| {
        let n_columns = (((ui.available_width() + GAP) / (size.x + GAP)).floor() as usize).max(1);
        let n_rows = open.cards.len().div_ceil(n_columns);
        let grid = vec2(ui.available_width(), n_rows as f32 * (size.y + GAP));
        let (area, _) = ui.allocate_exact_size(grid, Sense::hover());
        for (number, card) in open.cards.iter().enumerate() {
            let (row, column) = (number / n_columns, number % n_columns);
            let at = area.min + vec2(column as f32 * (size.x + GAP), row as f32 * (size.y + GAP));
            let rect = Rect::from_min_size(at, size);
            if open.cursor == number && scrolled_to(ui, open) {
                ui.scroll_to_rect(rect, None);
            }
            if !ui.is_rect_visible(rect) {
                continue;
            }
            if draw(ui, context, open, number, card, rect, out) == widgets::Drawn::Yes && !card.is_seen {
                seen.push(number);
            }
        }
        near_misses(ui, context, open, queued, out);
    });
    if !seen.is_empty() {
        out.push(Command::Duplicates(DuplicatesCommand::Drawn { position: open.position, cards: seen }));
        ui.ctx().request_repaint();
    }
}

fn card_size(ui: &egui::Ui) -> egui::Vec2 {
    let scale = widgets::text_scale(ui).min(1.35);
    if ui.ctx().content_rect().width() >= 1200.0 { WIDE * scale } else { NARROW * scale }
}

/// Longer side of the picture on a card, points.
pub(super) fn picture_side(ui: &egui::Ui) -> f32 {
    picture_size(ui, card_size(ui)).max_elem()
}

fn picture_size(ui: &egui::Ui, card: egui::Vec2) -> egui::Vec2 {
    let line = ui.text_style_height(&egui::TextStyle::Small) * 1.15;
    vec2(card.x - 2.0 * PADDING, card.y - 2.0 * PADDING - line * 5.2)
}

/// Whether the cursor has moved since the last frame, so that its card should be brought into view.
fn scrolled_to(ui: &egui::Ui, open: &OpenItem) -> bool {
    let id = egui::Id::unique("cards_last_cursor");
    let now = (open.position, open.cursor);
    let last: Option<(usize, usize)> = ui.data(|data| data.get_temp(id));
    ui.data_mut(|data| data.insert_temp(id, now));
    last.is_some_and(|last| last != now)
}

fn draw(
    ui: &egui::Ui,
    context: ViewContext<'_>,
    open: &OpenItem,
    number: usize,
    card: &Card,
    rect: Rect,
    out: &mut Outbox,
) -> widgets::Drawn {
    let palette = context.theme.palette;
    let Some(session) = &context.app.session.open else { return widgets::Drawn::NotYet };
    let catalog = &session.catalog;
    let response = ui.interact(rect, egui::Id::unique(("card", open.position, number)), Sense::click());
    let is_cursor = open.cursor == number;
    let is_reference = open.reference == number;
    let reference = open.reference_card().map(Card::front);
    let score = reference
        .filter(|_| !is_reference)
        .and_then(|reference| context.app.matching.score(reference, card.front()));
    let flags = reference
        .filter(|_| !is_reference)
        .map(|reference| title_flags(catalog.title(reference), catalog.title(card.front())))
        .unwrap_or_default();
    response.widget_info(|| {
        let mut name = format!("posting {} of {}", number + 1, open.cards.len());
        if is_reference {
            name.push_str(", reference");
        }
        if let Some(score) = score.filter(|_| !context.app.preferences.hide_scores) {
            name.push_str(&format!(", similarity {score:.2}"));
        }
        for flag in &flags {
            name.push_str(&format!(", {} differs", flag.kind));
        }
        match card.mark {
            Mark::In => {}
            Mark::OutDifferent => name.push_str(", out as different"),
            Mark::OutVariant => name.push_str(", out as variant"),
        }
        name.push_str(&format!(", {}", catalog.title(card.front())));
        egui::WidgetInfo::selected(egui::Role::ListItem, true, is_cursor, name)
    });
    if response.clicked() {
        out.push(Command::Duplicates(DuplicatesCommand::SetCursor(number)));
    }
    if response.double_clicked() {
        out.push(Command::Duplicates(DuplicatesCommand::Compare));
    }
    let is_outlined = card.postings.iter().any(|posting| context.app.duplicates.outlined.contains(posting));
    stack_edges(ui, context, card, rect);
    let stroke = match (is_cursor, is_outlined) {
        (true, _) => Stroke::new(3.0, palette.focus),
        (false, true) => Stroke::new(3.0, palette.warning),
        (false, false) => Stroke::new(1.0, palette.outline),
    };
    ui.painter().rect(rect, f32::from(context.theme.corner_radius), palette.card, stroke, StrokeKind::Inside);
    let inner = rect.shrink(PADDING);
    let line = ui.text_style_height(&egui::TextStyle::Small) * 1.15;
    let picture = Rect::from_min_size(inner.min, picture_size(ui, rect.size()));
    let drawn = widgets::paint_picture(ui, context, card.front(), picture);
    badges(ui, context, number, card, picture);
    let painter = ui.painter().with_clip_rect(inner);
    let font = FontId::proportional(egui::TextStyle::Small.resolve(ui.style()).size);
    let mut y = picture.bottom() + 4.0;
    let top = match (is_reference, score.filter(|_| !context.app.preferences.hide_scores)) {
        (true, _) => "Reference".to_owned(),
        (false, Some(score)) => format!("{score:.2} to {}", letter(open.reference)),
        (false, None) if context.app.preferences.hide_scores => String::new(),
        (false, None) => "not near".to_owned(),
    };
    let colour = if is_reference { palette.accent } else { palette.text_weak };
    painter.text(pos2(inner.left(), y), Align2::LEFT_TOP, top, font.clone(), colour);
    let standing = reference
        .filter(|_| !is_reference)
        .map(|reference| standing(context, catalog, reference, card.front()));
    if let Some(PairStanding::Decided(verdict)) = standing {
        widgets::verdict_mark(ui, context.theme, verdict, pos2(inner.right() - 8.0, y + line * 0.5), 7.0);
    }
    y += line;
    if let Some(flag) = flags.first() {
        let text = format!("\u{26a0} {}: {} / {}", flag.kind, flag.left, flag.right);
        painter.text(pos2(inner.left(), y), Align2::LEFT_TOP, text, font.clone(), palette.warning);
        y += line;
    }
    let width = inner.width();
    let other = reference.filter(|_| !is_reference).map(|reference| catalog.title(reference));
    let title = widgets::title_galley(ui, context.theme, catalog.title(card.front()), other, font, width, 3);
    painter.galley(pos2(inner.left(), y), title, palette.text);
    drawn
}

fn standing(context: ViewContext<'_>, catalog: &Catalog, a: PostingIdx, b: PostingIdx) -> PairStanding {
    context.app.saving.review.standing(catalog.key(a), catalog.key(b))
}

/// Edges of further sheets behind a card that stands for several united postings.
fn stack_edges(ui: &egui::Ui, context: ViewContext<'_>, card: &Card, rect: Rect) {
    for sheet in (1..card.postings.len().min(3)).rev() {
        let shifted = rect.translate(vec2(3.0, -3.0) * sheet as f32);
        let stroke = Stroke::new(1.0, context.theme.palette.outline);
        ui.painter().rect(
            shifted,
            f32::from(context.theme.corner_radius),
            context.theme.palette.card_hover,
            stroke,
            StrokeKind::Inside,
        );
    }
}

/// Letter, stack size, marks, keeper, flag and cut group, each as a sign with text, never by colour alone.
fn badges(ui: &egui::Ui, context: ViewContext<'_>, number: usize, card: &Card, picture: Rect) {
    let palette = context.theme.palette;
    let mut left = picture.left_top() + vec2(4.0, 4.0);
    let mut badge = |text: &str, fill: egui::Color32, ink: egui::Color32| {
        let font = FontId::proportional(egui::TextStyle::Small.resolve(ui.style()).size);
        let galley = ui.painter().layout_no_wrap(text.to_owned(), font, ink);
        let rect = Rect::from_min_size(left, galley.size() + vec2(10.0, 4.0));
        ui.painter().rect(rect, 3.0, fill, Stroke::new(1.0, ink), StrokeKind::Inside);
        ui.painter().galley(rect.min + vec2(5.0, 2.0), galley, ink);
        left.x = rect.right() + 4.0;
    };
    badge(&letter(number), palette.panel, palette.text);
    if card.postings.len() > 1 {
        badge(&format!("\u{d7}{}", card.postings.len()), palette.panel, palette.same);
    }
    if card.is_added {
        badge("+ added", palette.panel, palette.accent);
    }
    match card.mark {
        Mark::In => {}
        Mark::OutDifferent => badge("X different", palette.panel, palette.different),
        Mark::OutVariant => badge("Y variant", palette.panel, palette.variant),
    }
    if let DuplicatesMode::Cut(cut) = &context.app.duplicates.mode {
        match cut.groups.get(number) {
            Some(0) | None => badge("says nothing", palette.panel, palette.text_weak),
            Some(group) => badge(&format!("Group {group}"), palette.accent, palette.on_accent),
        }
    }
    let Some(session) = &context.app.session.open else { return };
    let review = &context.app.saving.review;
    let key = session.catalog.key(card.front());
    if review.keeper(key).is_some_and(|keeper| *keeper == *key) {
        badge("\u{2605} keeper", palette.panel, palette.success);
    }
    if card.postings.iter().any(|posting| review.is_flagged(session.catalog.key(*posting))) {
        badge("\u{2691} flagged", palette.panel, palette.warning);
    }
    if card.postings.iter().any(|posting| review.note(session.catalog.key(*posting)).is_some()) {
        badge("note", palette.panel, palette.text);
    }
}

fn near_misses(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    open: &OpenItem,
    queued: &QueueItem,
    out: &mut Outbox,
) {
    let Some(session) = &context.app.session.open else { return };
    let is_there = |row: u32| open.cards.iter().any(|card| card.postings.contains(&PostingIdx(row)));
    let near: Vec<(u32, f32)> =
        queued.near_misses.iter().copied().filter(|(row, _)| !is_there(*row)).collect();
    if near.is_empty() {
        return;
    }
    ui.add_space(4.0);
    let key = context.keymap.keycap("duplicates.add").unwrap_or_default();
    let text = format!("Near misses, just below the threshold ({key} adds the first)");
    ui.label(RichText::new(text).small().color(context.theme.palette.text_weak));
    egui::ScrollArea::horizontal().id_salt("near_misses").show(ui, |ui| {
        ui.horizontal(|ui| {
            for (row, score) in near {
                let title = session.catalog.title(PostingIdx(row));
                ui.vertical(|ui| {
                    let (rect, response) = ui.allocate_exact_size(vec2(72.0, 72.0), Sense::click());
                    widgets::paint_picture(ui, context, PostingIdx(row), rect);
                    let name = format!("Add near miss, similarity {score:.2}, {title}");
                    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
                    if response.on_hover_text(title).clicked() {
                        out.push(Command::Duplicates(DuplicatesCommand::AddNearMiss(Some(row))));
                    }
                    if !context.app.preferences.hide_scores {
                        ui.label(RichText::new(format!("{score:.2}")).small());
                    }
                });
            }
        });
    });
}
