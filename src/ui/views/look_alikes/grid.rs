//! The candidates of the open question: twenty tiles at most, five in a row as the keys lie, all in view without scrolling.
//! The grid is one focusable canvas.

use egui::{Align2, Color32, FontId, Rect, Sense, Shape, Stroke, StrokeKind, pos2, vec2};

use super::send;
use crate::app::{LookAlikesCommand, OpenQuestion, PER_PAGE, shows_ranks, shows_scores, shows_truth};
use crate::catalog::PostingIdx;
use crate::project::PickKeys;
use crate::ui::{Outbox, ViewContext, input, widgets};

const GAP: f32 = 6.0;
const N_COLUMNS: usize = 5;
/// Longest side of the posting asked about.
const MAX_QUERY: f32 = 400.0;
/// Between the posting asked about and the grid.
const GUTTER: f32 = 12.0;

/// How large everything is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) query_width: f32,
    pub(super) query_side: f32,
    tile: egui::Vec2,
    caption: f32,
    caption_size: f32,
}

impl Layout {
    /// Fits the question into what is left of the page: the grid gets what it needs to show every tile, the posting asked
    /// about up to 400 points.
    pub(super) fn of(ui: &egui::Ui, item: &OpenQuestion) -> Self {
        let room = ui.available_size();
        let n = item.places().len().max(1);
        let n_columns = n.min(N_COLUMNS) as f32;
        let n_rows = n.div_ceil(N_COLUMNS) as f32;
        let least = (room.y - GAP * (n_rows - 1.0)) / n_rows;
        // Large text leaves most of a tile to its picture.
        let small = egui::TextStyle::Small.resolve(ui.style()).size;
        let caption_size = small.min((least * 0.17).max(12.0));
        let caption = caption_size * 1.5 + 2.0;
        let height = least.min(MAX_QUERY + caption);
        // Pictures are as wide as high at most; what the tiles do not need goes to the posting asked about.
        let widest = (height - caption).max(24.0) * n_columns + GAP * (n_columns - 1.0);
        let query_width = (room.x - widest - GUTTER).clamp(room.x * 0.26, MAX_QUERY).min(room.x * 0.45);
        let width = (room.x - query_width - GUTTER - GAP * (n_columns - 1.0)) / n_columns;
        let width = width.min(MAX_QUERY);
        // A picture may be higher than wide, but not without end.
        let height = height.min(width * 1.3 + caption);
        let query_side = query_width.min(room.y * 0.7);
        Self { query_width, query_side, tile: vec2(width, height), caption, caption_size }
    }

    /// Longer side of a candidate's picture.
    pub(super) fn picture_side(&self) -> f32 {
        self.tile.x.max(self.tile.y - self.caption)
    }
}

/// Draws the tiles; gives the places drawn with their pictures for the first time.
pub(super) fn show(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    item: &OpenQuestion,
    layout: &Layout,
    out: &mut Outbox,
) -> Vec<usize> {
    let area = ui.available_rect_before_wrap();
    let area = Rect::from_min_max(area.min + vec2(GUTTER, 0.0), area.max);
    let name = format!("Candidates, {} of {}", item.cursor + 1, item.order.len());
    input::canvas(ui, area, &name);
    let mut seen = Vec::new();
    for (tile, place) in item.places().enumerate() {
        let (row, column) = (tile / N_COLUMNS, tile % N_COLUMNS);
        let at = area.min + vec2(column as f32, row as f32) * (layout.tile + vec2(GAP, GAP));
        let rect = Rect::from_min_size(at, layout.tile);
        let is_new = !item.is_seen.get(place).copied().unwrap_or(true);
        if draw(ui, context, item, place, rect, layout, out) == widgets::Drawn::Yes && is_new {
            seen.push(place);
        }
    }
    seen
}

/// What a tile shows of its candidate.
struct Tile {
    posting: PostingIdx,
    rank: Option<usize>,
    score: Option<f32>,
    truth: Option<bool>,
    is_picked: bool,
    is_outlined: bool,
}

fn tile_of(context: ViewContext<'_>, item: &OpenQuestion, candidate: usize) -> Option<Tile> {
    let look_alikes = &context.app.look_alikes;
    let questions = look_alikes.questions.as_ref()?;
    let row = *questions.questions.get(item.number)?.candidates.get(candidate)?;
    let score = questions.strategies.first().and_then(|strategy| {
        strategy.scores.get(item.number)?.get(candidate).copied().filter(|score| !score.is_nan())
    });
    let truth = questions.truths.get(item.number).and_then(|truths| truths.get(candidate)).copied();
    Some(Tile {
        posting: PostingIdx(row),
        rank: item.ranks.get(candidate).copied().filter(|_| shows_ranks(context.app)),
        score: score.filter(|_| shows_scores(context.app)),
        truth: truth.filter(|_| shows_truth(context.app)),
        is_picked: item.is_picked(candidate),
        is_outlined: look_alikes.outlined.contains(&candidate),
    })
}

/// "candidate 3 of 20, rank 3, score 0.71, picked".
fn name_of(tile: &Tile, place: usize, n: usize, title: &str) -> String {
    let mut name = format!("candidate {} of {n}", place + 1);
    if let Some(rank) = tile.rank {
        name.push_str(&format!(", rank {}", rank + 1));
    }
    if let Some(score) = tile.score {
        name.push_str(&format!(", score {score:.2}"));
    }
    if tile.is_picked {
        name.push_str(", picked");
    }
    match tile.truth {
        Some(true) => name.push_str(", the match"),
        Some(false) if tile.is_picked => name.push_str(", not the match"),
        _ => {}
    }
    if !title.is_empty() {
        name.push_str(&format!(", {title}"));
    }
    name
}

fn draw(
    ui: &egui::Ui,
    context: ViewContext<'_>,
    item: &OpenQuestion,
    place: usize,
    rect: Rect,
    layout: &Layout,
    out: &mut Outbox,
) -> widgets::Drawn {
    let candidate = item.order.get(place).copied();
    let Some((tile, session)) = candidate
        .and_then(|candidate| tile_of(context, item, candidate))
        .zip(context.app.session.open.as_ref())
    else {
        return widgets::Drawn::NotYet;
    };
    let palette = context.theme.palette;
    let is_cursor = item.cursor == place;
    let response = ui.interact(rect, egui::Id::unique(("look_alike_tile", place)), Sense::click());
    response.widget_info(|| {
        let name = name_of(&tile, place, item.order.len(), session.catalog.title(tile.posting));
        egui::WidgetInfo::selected(egui::Role::ListItem, true, tile.is_picked, name)
    });
    if response.clicked() {
        send(out, LookAlikesCommand::PickAt(place));
    }
    if response.secondary_clicked() {
        send(out, LookAlikesCommand::SetCursor(place));
    }
    let fill = if response.hovered() { palette.card_hover } else { palette.card };
    let (width, line) = match (tile.is_picked, is_cursor, tile.is_outlined) {
        (true, _, _) => (3.0, palette.accent),
        (false, true, _) => (2.0, palette.focus),
        (false, false, true) => (3.0, palette.warning),
        (false, false, false) => (1.0, palette.outline),
    };
    let corner = f32::from(context.theme.corner_radius);
    ui.painter().rect(rect, corner, fill, Stroke::new(width, line), StrokeKind::Inside);
    let inner = rect.shrink(4.0);
    let picture = Rect::from_min_max(inner.min, pos2(inner.right(), inner.bottom() - layout.caption));
    let drawn = widgets::paint_picture(ui, context, tile.posting, picture);
    let below = Rect::from_min_max(pos2(inner.left(), picture.bottom()), inner.max);
    caption(ui, context, &tile, place, below, layout.caption_size);
    if tile.is_picked && is_cursor {
        // The cursor shows inside a picked tile's frame, over its picture.
        let stroke = Stroke::new(2.0, palette.focus);
        ui.painter().rect_stroke(picture.shrink(1.0), corner, stroke, StrokeKind::Inside);
    }
    if tile.is_picked {
        badge(ui, picture.right_top() + vec2(-13.0, 13.0), palette.accent, palette.on_accent, "\u{2714}");
    }
    match tile.truth {
        Some(true) => truth_mark(ui, context, picture, layout, "match", palette.success),
        Some(false) if tile.is_picked => truth_mark(ui, context, picture, layout, "not it", palette.error),
        _ => {}
    }
    drawn
}

/// The key, and rank and score where they are shown, as far as there is room.
fn caption(ui: &egui::Ui, context: ViewContext<'_>, tile: &Tile, place: usize, rect: Rect, size: f32) {
    let palette = context.theme.palette;
    let font = FontId::proportional(size);
    let painter = ui.painter().with_clip_rect(rect);
    let (has_shift, label) = keycap(context, place % PER_PAGE);
    let galley = painter.layout_no_wrap(label, FontId::proportional(size * 0.9), palette.text);
    let arrow = if has_shift { size * 0.8 } else { 0.0 };
    let cap = vec2((galley.size().x + arrow + 8.0).max(galley.size().y + 4.0), galley.size().y + 2.0);
    let key = Rect::from_min_size(pos2(rect.left(), rect.center().y - cap.y / 2.0 + 1.0), cap);
    painter.rect(key, 3.0, palette.panel, Stroke::new(1.0, palette.outline), StrokeKind::Inside);
    let left = key.left() + (cap.x - arrow - galley.size().x) / 2.0;
    if has_shift {
        shift_arrow(&painter, pos2(left + arrow * 0.4, key.center().y), size * 0.36, palette.text);
    }
    painter.galley(pos2(left + arrow, key.top() + 1.0), galley, palette.text);
    let texts = match (tile.rank, tile.score) {
        (Some(rank), Some(score)) => vec![format!("#{}  {score:.2}", rank + 1), format!("#{}", rank + 1)],
        (Some(rank), None) => vec![format!("#{}", rank + 1)],
        (None, _) => return,
    };
    let room = rect.right() - key.right() - 4.0;
    let fitting = texts.into_iter().find_map(|text| {
        let galley = painter.layout_no_wrap(text, font.clone(), palette.text_weak);
        (galley.size().x <= room).then_some(galley)
    });
    if let Some(galley) = fitting {
        let at = pos2(rect.right() - galley.size().x, rect.center().y + 1.0 - galley.size().y / 2.0);
        painter.galley(at, galley, palette.text_weak);
    }
}

/// The arrow of the Shift key, which the fonts lack.
fn shift_arrow(painter: &egui::Painter, centre: egui::Pos2, radius: f32, colour: Color32) {
    let corner = |x: f32, y: f32| centre + vec2(x, y) * radius;
    let outline = vec![
        corner(0.0, -1.0),
        corner(1.0, 0.1),
        corner(0.45, 0.1),
        corner(0.45, 1.0),
        corner(-0.45, 1.0),
        corner(-0.45, 0.1),
        corner(-1.0, 0.1),
    ];
    painter.add(Shape::closed_line(outline, Stroke::new(1.0, colour)));
}

/// The key of a tile, of the set the project shows, and whether Shift goes with it; both sets work.
fn keycap(context: ViewContext<'_>, tile: usize) -> (bool, String) {
    let Some(action) = crate::app::action(&format!("look_alikes.pick{}", tile + 1)) else {
        return (false, String::new());
    };
    let wants =
        context.app.session.open.as_ref().map_or(PickKeys::Digits, |open| open.settings.look_alikes.keys);
    let labels: Vec<String> = context.keymap.bindings(action).iter().map(|key| key.label()).collect();
    let by_hand = labels.iter().find(|label| label.starts_with('['));
    let label = match wants {
        PickKeys::LeftHand => by_hand.or(labels.first()),
        PickKeys::Digits => labels.first(),
    };
    let label = label.cloned().unwrap_or_default();
    match label.strip_prefix("Shift+") {
        Some(key) => (true, key.to_owned()),
        None => (false, label.trim_matches(['[', ']']).to_owned()),
    }
}

fn badge(ui: &egui::Ui, centre: egui::Pos2, fill: Color32, ink: Color32, sign: &str) {
    ui.painter().circle(centre, 10.0, fill, Stroke::new(1.5, ink));
    ui.painter().text(centre, Align2::CENTER_CENTER, sign, FontId::proportional(12.0), ink);
}

/// A word on a band over the picture, so that colour is not the only sign.
fn truth_mark(
    ui: &egui::Ui,
    context: ViewContext<'_>,
    picture: Rect,
    layout: &Layout,
    word: &str,
    colour: Color32,
) {
    let font = FontId::proportional(layout.caption_size);
    let galley = ui.painter().layout_no_wrap(word.to_owned(), font, colour);
    let size = galley.size() + vec2(24.0, 4.0);
    let band = Rect::from_min_size(picture.left_bottom() - vec2(0.0, size.y), size);
    let corner = f32::from(context.theme.corner_radius);
    ui.painter().rect(
        band,
        corner,
        context.theme.palette.panel,
        Stroke::new(1.5, colour),
        StrokeKind::Inside,
    );
    let centre = pos2(band.left() + 10.0, band.center().y);
    let mark = if word == "match" {
        Shape::circle_filled(centre, 4.0, colour)
    } else {
        let half = vec2(4.0, 4.0);
        ui.painter().line_segment([centre - half, centre + half], Stroke::new(2.0, colour));
        let half = vec2(4.0, -4.0);
        Shape::line_segment([centre - half, centre + half], Stroke::new(2.0, colour))
    };
    ui.painter().add(mark);
    ui.painter().galley(pos2(band.left() + 18.0, band.top() + 2.0), galley, colour);
}

#[cfg(test)]
mod tests {
    use super::{Tile, name_of};
    use crate::catalog::PostingIdx;

    fn check(tile: &Tile, expected: &str) {
        assert_eq!(name_of(tile, 2, 20, "Mug"), expected);
    }

    #[test]
    fn a_tile_says_what_it_shows_and_no_more() {
        let tile = Tile {
            posting: PostingIdx(0),
            rank: Some(2),
            score: Some(0.714),
            truth: None,
            is_picked: true,
            is_outlined: false,
        };
        check(&tile, "candidate 3 of 20, rank 3, score 0.71, picked, Mug");
        let blind = Tile { rank: None, score: None, is_picked: false, ..tile };
        check(&blind, "candidate 3 of 20, Mug");
        let wrong = Tile { truth: Some(false), is_picked: true, ..blind };
        check(&wrong, "candidate 3 of 20, picked, not the match, Mug");
        let right = Tile { truth: Some(true), is_picked: false, ..wrong };
        check(&right, "candidate 3 of 20, the match, Mug");
    }
}
