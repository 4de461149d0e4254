//! One question: the posting asked about, and for each strategy its candidates in order, the match marked and joined by a line from
//! row to row, so that one sees where it moves.

use egui::{Align2, Pos2, Rect, RichText, Sense, Shape, Stroke, StrokeKind, pos2, vec2};

use super::send;
use crate::app::ArenaCommand;
use crate::catalog::{Catalog, PostingIdx};
use crate::jobs::{RankedQuestions, StrategyScores};
use crate::matching::{Question, rank_order};
use crate::ui::{Outbox, ViewContext, widgets};

/// Side of the posting asked about, points at 100 % text.
const QUERY: f32 = 200.0;
/// Side of a candidate.
const TILE: f32 = 76.0;
/// Between candidates.
const GAP: f32 = 6.0;
/// Width of a row's name and scores.
const NAME: f32 = 190.0;
/// Height of the space between rows, where lines run.
const LINES: f32 = 30.0;

/// What all rows of a question share.
struct Shared<'a> {
    catalog: &'a Catalog,
    ranked: &'a RankedQuestions,
    number: usize,
    question: &'a Question,
    truths: &'a [bool],
    /// The candidate under the cursor.
    under: Option<usize>,
}

/// Draws the page.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let arena = &context.app.look_alikes.arena;
    let (Some(session), Some(ranked), Some(number)) =
        (&context.app.session.open, &arena.ranked, arena.question())
    else {
        return;
    };
    let (Some(question), Some(truths)) = (ranked.questions.get(number), ranked.truths.get(number)) else {
        return;
    };
    let under = arena.candidate(arena.row, arena.rank);
    let shared = Shared { catalog: &session.catalog, ranked, number, question, truths, under };
    let scale = widgets::text_scale(ui);
    ui.horizontal_top(|ui| {
        ui.vertical(|ui| {
            ui.set_width(QUERY * scale.min(1.25));
            asked(ui, context, &shared);
        });
        ui.separator();
        ui.vertical(|ui| {
            egui::ScrollArea::vertical().id_salt("arena_rows").auto_shrink(false).show(ui, |ui| {
                rows(ui, context, &shared, out);
            });
        });
    });
}

/// The posting asked about and its match.
fn asked(ui: &mut egui::Ui, context: ViewContext<'_>, shared: &Shared<'_>) {
    let side = ui.available_width();
    let query = PostingIdx(shared.question.query);
    widgets::picture(ui, context, query, vec2(side, side));
    ui.add(egui::Label::new(RichText::new(shared.catalog.key(query)).strong()).wrap());
    described(ui, context, shared.catalog, query);
    ui.add_space(8.0);
    let matches: Vec<PostingIdx> = shared
        .question
        .candidates
        .iter()
        .zip(shared.truths)
        .filter(|(_, is_match)| **is_match)
        .map(|(row, _)| PostingIdx(*row))
        .collect();
    if matches.is_empty() {
        super::weak(ui, context, "No candidate is known to match");
    }
    for posting in matches.into_iter().take(2) {
        ui.label(RichText::new("\u{2714} The match").color(context.theme.palette.success));
        widgets::picture(ui, context, posting, vec2(side, side * 0.75));
        described(ui, context, shared.catalog, posting);
    }
}

fn described(ui: &mut egui::Ui, context: ViewContext<'_>, catalog: &Catalog, posting: PostingIdx) {
    let title = catalog.title(posting);
    if !title.is_empty() {
        widgets::title(ui, context.theme, title, None);
    }
}

fn rows(ui: &mut egui::Ui, context: ViewContext<'_>, shared: &Shared<'_>, out: &mut Outbox) {
    let scale = widgets::text_scale(ui);
    let (tile, name) = (TILE * scale.min(1.25), NAME * scale);
    let width = ui.available_width();
    let n_fit = (((width - name - 8.0) / (tile + GAP)).floor() as usize).max(1);
    // Where the match and the candidate under the cursor stood in the row above.
    let mut above: [Option<Pos2>; 2] = [None, None];
    for (row, strategy) in shared.ranked.strategies.iter().enumerate() {
        let Some(scores) = strategy.scores.get(shared.number) else { continue };
        let (rect, response) = ui.allocate_exact_size(vec2(width, tile + LINES), Sense::hover());
        let order = rank_order(scores);
        let best = order.iter().position(|place| shared.truths.get(*place) == Some(&true));
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Group, true, in_words(strategy, scores, &order, best))
        });
        let names = Rect::from_min_size(rect.min, vec2(name, tile));
        named(ui, context, (row, strategy), (scores, &order, best), names);
        let shown = shown_ranks(order.len(), n_fit, best);
        let mut here: [Option<Pos2>; 2] = [None, None];
        for (slot, rank) in shown.iter().enumerate() {
            let corner = pos2(rect.left() + name + slot as f32 * (tile + GAP), rect.top());
            let place = Rect::from_min_size(corner, vec2(tile, tile));
            let Some(&candidate) = order.get(*rank) else { continue };
            if slot > 0 && *rank > shown[slot - 1] + 1 {
                let dots = pos2(corner.x - GAP / 2.0, place.bottom() + 6.0);
                let font = egui::TextStyle::Body.resolve(ui.style());
                ui.painter().text(
                    dots,
                    Align2::CENTER_CENTER,
                    "\u{2026}",
                    font,
                    context.theme.palette.text_weak,
                );
            }
            one(ui, context, shared, (row, *rank, candidate, scores), place, out);
            let is_first_match = Some(*rank) == best;
            if is_first_match {
                here[0] = Some(place.center());
            }
            if shared.under == Some(candidate) {
                here[1] = Some(place.center());
            }
        }
        joined(ui, context, (above, here), tile);
        above = here;
    }
}

/// Ranks (from 0) that are drawn: the first ones, and the match where it stands behind them.
fn shown_ranks(n: usize, n_fit: usize, best: Option<usize>) -> Vec<usize> {
    let mut shown: Vec<usize> = (0..n.min(n_fit)).collect();
    if let (Some(best), Some(last)) = (best, shown.last_mut()) {
        *last = (*last).max(best);
    }
    shown
}

fn in_words(strategy: &StrategyScores, scores: &[f32], order: &[usize], best: Option<usize>) -> String {
    match best.and_then(|rank| Some((rank, scores.get(*order.get(rank)?)?))) {
        Some((rank, score)) if !score.is_nan() => {
            format!("{}: the match ranks {} of {}, score {score:.2}", strategy.label, rank + 1, order.len())
        }
        Some(_) => format!("{}: the match has no score", strategy.label),
        None => format!("{}: no match is known", strategy.label),
    }
}

/// The name of a row, where it ranks the match, and how good it is over all.
fn named(
    ui: &egui::Ui,
    context: ViewContext<'_>,
    (row, strategy): (usize, &StrategyScores),
    (scores, order, best): (&[f32], &[usize], Option<usize>),
    rect: Rect,
) {
    let palette = context.theme.palette;
    let arena = &context.app.look_alikes.arena;
    let inner = Rect::from_min_max(rect.min, rect.max - vec2(10.0, 0.0));
    if arena.row == row {
        let bar = Rect::from_min_size(rect.min, vec2(3.0, rect.height()));
        ui.painter().rect_filled(bar, 0.0, palette.accent);
    }
    let left = inner.left() + 8.0;
    let body = egui::TextStyle::Body.resolve(ui.style());
    let small = egui::TextStyle::Small.resolve(ui.style());
    let mut job =
        egui::text::LayoutJob::simple(strategy.label.clone(), body, palette.text, inner.width() - 8.0);
    job.wrap.max_rows = 2;
    let galley = ui.painter().layout_job(job);
    let below = inner.top() + galley.size().y;
    ui.painter().galley(pos2(left, inner.top()), galley, palette.text);
    let rank = match best.and_then(|rank| Some((rank, scores.get(*order.get(rank)?)?))) {
        Some((rank, score)) if !score.is_nan() => {
            format!("match at {} of {}, {score:.2}", rank + 1, order.len())
        }
        Some(_) => "match without score".to_owned(),
        None => String::new(),
    };
    let colour = if best == Some(0) { palette.success } else { palette.text };
    ui.painter().text(pos2(left, below + 2.0), Align2::LEFT_TOP, rank, small.clone(), colour);
    if let Some(summary) = arena.summaries.iter().find(|summary| summary.id == strategy.id) {
        let text = format!("top-1 {:.1} %, top-2 {:.1} %", summary.top_1 * 100.0, summary.top_2 * 100.0);
        let at = pos2(left, below + 4.0 + small.size * 1.3);
        ui.painter().text(at, Align2::LEFT_TOP, text, small, palette.text_weak);
    }
}

/// One candidate at its rank; a click puts the cursor on it, a second one compares.
fn one(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    shared: &Shared<'_>,
    (row, rank, candidate, scores): (usize, usize, usize, &[f32]),
    rect: Rect,
    out: &mut Outbox,
) {
    let palette = context.theme.palette;
    let Some(&posting) = shared.question.candidates.get(candidate) else { return };
    let posting = PostingIdx(posting);
    let is_match = shared.truths.get(candidate) == Some(&true);
    let score = scores.get(candidate).copied().unwrap_or(f32::NAN);
    let id = ui.scope_id().with(("arena_tile", row, rank));
    let response = ui.interact(rect, id, Sense::click());
    let what = if is_match { ", the match" } else { "" };
    let score_words = if score.is_nan() { "no score".to_owned() } else { format!("score {score:.2}") };
    let name = format!("rank {}, {score_words}{what}: {}", rank + 1, shared.catalog.key(posting));
    let is_under = shared.under == Some(candidate);
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_under, &name));
    ui.painter().rect_filled(rect, 4.0, palette.card);
    widgets::paint_picture(ui, context, posting, rect.shrink(3.0));
    let stroke = match (is_match, is_under) {
        (true, _) => Stroke::new(3.0, palette.success),
        (false, true) => Stroke::new(2.0, palette.accent),
        (false, false) => Stroke::new(1.0, palette.rail),
    };
    ui.painter().rect_stroke(rect, 4.0, stroke, StrokeKind::Inside);
    let small = egui::TextStyle::Small.resolve(ui.style());
    let sign = if is_match { format!("\u{2714} {}", rank + 1) } else { (rank + 1).to_string() };
    let text = ui.painter().layout_no_wrap(sign, small, palette.text);
    let plate = Rect::from_min_size(rect.min + vec2(3.0, 3.0), text.size() + vec2(6.0, 2.0));
    ui.painter().rect_filled(plate, 3.0, palette.card);
    ui.painter().galley(plate.min + vec2(3.0, 1.0), text, palette.text);
    if response.clicked() {
        if is_under && context.app.look_alikes.arena.row == row {
            send(out, ArenaCommand::Compare);
        }
        send(out, ArenaCommand::SetCursor { row, rank });
    }
    response.on_hover_text(name);
}

/// Lines from the row above to this one: the match, and the candidate under the cursor.
fn joined(
    ui: &egui::Ui,
    context: ViewContext<'_>,
    (above, here): ([Option<Pos2>; 2], [Option<Pos2>; 2]),
    tile: f32,
) {
    let palette = context.theme.palette;
    let strokes = [Stroke::new(3.0, palette.success), Stroke::new(1.5, palette.accent)];
    let both_same = above[0] == above[1] && here[0] == here[1];
    for (which, stroke) in strokes.into_iter().enumerate() {
        if which == 1 && both_same {
            continue;
        }
        if let (Some(from), Some(to)) = (above[which], here[which]) {
            let ends = [from + vec2(0.0, tile / 2.0), to - vec2(0.0, tile / 2.0)];
            let line = match which {
                0 => Shape::line_segment(ends, stroke),
                _ => Shape::Vec(Shape::dashed_line(&ends, stroke, 6.0, 4.0)),
            };
            ui.painter().add(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::shown_ranks;

    #[test]
    fn a_match_behind_the_rest_is_drawn_last() {
        assert_eq!(shown_ranks(20, 4, Some(11)), [0, 1, 2, 11]);
        assert_eq!(shown_ranks(20, 4, Some(1)), [0, 1, 2, 3]);
        assert_eq!(shown_ranks(2, 4, None), [0, 1]);
        assert_eq!(shown_ranks(0, 4, None), Vec::<usize>::new());
    }
}
