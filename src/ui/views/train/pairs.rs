//! The pairs a run fixed and the pairs it broke, as pictures side by side; each opens in Compare.

use egui::{Align2, RichText, Sense, Stroke, StrokeKind, Vec2, pos2, vec2};

use super::{send, weak};
use crate::app::{PairKind, TrainCommand};
use crate::catalog::{Catalog, PostingIdx};
use crate::jobs::TrainedReceipt;
use crate::review::{PairStanding, Verdict};
use crate::ui::{Outbox, ViewContext, widgets};

const THUMBNAIL: f32 = 84.0;
/// Narrowest card, points at 100 % text.
const CARD_WIDTH: f32 = 250.0;
/// Lines of cards on a page.
const N_LINES: usize = 3;

/// Draws both tabs and the page of cards that holds the cursor.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, receipt: &TrainedReceipt, out: &mut Outbox) {
    let train = &context.app.train;
    let Some(session) = &context.app.session.open else { return };
    ui.horizontal_wrapped(|ui| {
        for (kind, label, n_pairs, tooltip) in [
            (
                PairKind::Fixed,
                "Fixed",
                receipt.n_fixed,
                "Pairs of the test part that were wrong and are right now",
            ),
            (
                PairKind::Broken,
                "Broken",
                receipt.n_broken,
                "Pairs of the test part that were right and are wrong now",
            ),
        ] {
            let sign = if kind == PairKind::Fixed { "\u{2714}" } else { "\u{2716}" };
            let is_open = train.pairs == kind;
            let response = ui.selectable_label(is_open, format!("{sign} {label} {n_pairs}"));
            let name = format!("{label}: {n_pairs} pairs");
            response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Tab, true, is_open, &name));
            let key = context.keymap.keycap("train.pairs").unwrap_or_default();
            if response.on_hover_text(format!("{tooltip} (key {key})")).clicked() {
                send(out, TrainCommand::Pairs(kind));
            }
        }
        let pairs = train.pairs_of(receipt);
        if pairs.is_empty() {
            weak(ui, context, "None");
        } else {
            let open = context.keymap.keycap("train.open").unwrap_or_default();
            weak(
                ui,
                context,
                format!(
                    "{} of {}; Left and Right go through them, {open} compares",
                    train.pair_cursor + 1,
                    pairs.len()
                ),
            );
        }
    });
    let pairs = train.pairs_of(receipt);
    let scale = widgets::text_scale(ui);
    let gap = 8.0;
    let width = ui.available_width() - 8.0;
    let n_columns = ((width + gap) / (CARD_WIDTH * scale + gap)).floor().max(1.0) as usize;
    let card = vec2(
        (width + gap) / n_columns as f32 - gap,
        THUMBNAIL + 16.0 + 3.7 * ui.text_style_height(&egui::TextStyle::Small),
    );
    let n_page = n_columns * N_LINES;
    let first = train.pair_cursor / n_page * n_page;
    ui.spacing_mut().item_spacing = Vec2::splat(gap);
    let numbered: Vec<(usize, &(String, String))> =
        pairs.iter().enumerate().skip(first).take(n_page).collect();
    for line in numbered.chunks(n_columns) {
        ui.horizontal_top(|ui| {
            for (number, pair) in line {
                one(ui, context, &session.catalog, (*number, pair), card, out);
            }
        });
    }
    if pairs.len() > n_page {
        ui.horizontal(|ui| {
            let last = (first + n_page).min(pairs.len());
            let earlier = ui.add_enabled(first > 0, egui::Button::new("Earlier pairs"));
            if earlier.clicked() {
                send(out, TrainCommand::SetCursor(first.saturating_sub(n_page)));
            }
            weak(ui, context, format!("{} to {last} of {}", first + 1, pairs.len()));
            let later = ui.add_enabled(last < pairs.len(), egui::Button::new("Later pairs"));
            if later.clicked() {
                send(out, TrainCommand::SetCursor(last));
            }
        });
    }
}

/// One pair; a click opens it.
fn one(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    catalog: &Catalog,
    (number, (left, right)): (usize, &(String, String)),
    size: Vec2,
    out: &mut Outbox,
) {
    let palette = context.theme.palette;
    let train = &context.app.train;
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let found: Option<(PostingIdx, PostingIdx)> = catalog.find(left).zip(catalog.find(right));
    let kind = if train.pairs == PairKind::Fixed { "Fixed" } else { "Broken" };
    let change = found.map_or("", |pair| change(context, catalog, pair, (left, right)));
    let name = match found {
        Some((a, b)) => {
            format!("{kind} pair {}, {change}: {} and {}", number + 1, catalog.title(a), catalog.title(b))
        }
        None => format!("{kind} pair {} is not in this catalogue any more", number + 1),
    };
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, found.is_some(), &name));
    let is_current = number == train.pair_cursor;
    let is_lit = response.hovered() || response.has_focus();
    let fill = if is_lit || is_current { palette.card_hover } else { palette.card };
    let stroke = match (is_current, response.has_focus()) {
        (_, true) => Stroke::new(2.0, palette.focus),
        (true, false) => Stroke::new(2.0, palette.accent),
        (false, false) => Stroke::new(1.0, palette.rail),
    };
    ui.painter().rect(rect, 4.0, fill, stroke, StrokeKind::Inside);
    let Some((a, b)) = found else {
        let text = RichText::new("Not in this catalogue any more").small();
        ui.put(rect.shrink(6.0), egui::Label::new(text).wrap());
        return;
    };
    let font = egui::TextStyle::Small.resolve(ui.style());
    let half = (rect.width() - 24.0) / 2.0;
    for (place, posting, other) in [(0.0, a, b), (1.0, b, a)] {
        let corner = rect.min + vec2(8.0 + place * (half + 8.0), 8.0);
        let picture = egui::Rect::from_min_size(corner, vec2(half, THUMBNAIL));
        widgets::paint_picture(ui, context, posting, picture);
        let galley = widgets::title_galley(
            ui,
            context.theme,
            catalog.title(posting),
            Some(catalog.title(other)),
            font.clone(),
            half,
            2,
        );
        ui.painter().galley(pos2(corner.x, picture.bottom() + 4.0), galley, palette.text);
    }
    let place = pos2(rect.left() + 8.0, rect.bottom() - 4.0);
    ui.painter().text(place, Align2::LEFT_BOTTOM, change, font, palette.text_weak);
    if response.clicked() {
        send(out, TrainCommand::SetCursor(number));
        send(out, TrainCommand::OpenPair(a, b));
    }
}

/// What changed about a pair, which its truth tells.
fn change(
    context: ViewContext<'_>,
    catalog: &Catalog,
    (a, b): (PostingIdx, PostingIdx),
    (left, right): (&str, &str),
) -> &'static str {
    let said = context.app.saving.review.standing(left, right);
    let is_labelled = catalog.group(a).is_some() && catalog.group(a) == catalog.group(b);
    let is_same = said == PairStanding::Decided(Verdict::Same) || is_labelled;
    match (context.app.train.pairs, is_same) {
        (PairKind::Fixed, true) => "= matched now",
        (PairKind::Fixed, false) => "\u{2260} no longer matched",
        (PairKind::Broken, true) => "\u{2260} no longer matched",
        (PairKind::Broken, false) => "= wrongly matched now",
    }
}
