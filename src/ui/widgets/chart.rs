//! Curves in a frame with axes: each line has a colour, a sign and a name, and the whole has a sentence for those who hear it.

use egui::{Align2, Color32, FontId, Rect, Sense, Shape, Stroke, StrokeKind, Vec2, pos2, vec2};

use super::mark::Mark;
use crate::ui::ViewContext;

/// Space for the numbers of the axes and the names of the lines, points at 100 % text.
const LEFT: f32 = 44.0;
const BELOW: f32 = 20.0;
const ABOVE: f32 = 26.0;
const RIGHT: f32 = 12.0;
/// Signs drawn along a line at most.
const MOST_MARKS: usize = 12;

/// One curve.
pub(in crate::ui) struct Line<'a> {
    /// Its name.
    pub name: &'a str,
    /// Points, x ascending.
    pub points: Vec<[f64; 2]>,
    /// Its colour.
    pub colour: Color32,
    /// The sign along it.
    pub mark: Mark,
}

/// A place on the x axis that means something.
pub(in crate::ui) struct Rule {
    /// Where.
    pub x: f64,
    /// Its colour.
    pub colour: Color32,
}

/// A chart.
pub(in crate::ui) struct Chart<'a> {
    /// What it shows.
    pub name: &'a str,
    /// What runs along the x axis.
    pub x_name: &'a str,
    /// The curves.
    pub lines: &'a [Line<'a>],
    /// Upright lines.
    pub rules: &'a [Rule],
}

/// From numbers to points on screen.
struct Frame {
    rect: Rect,
    x: [f64; 2],
    y: [f64; 2],
}

impl Frame {
    fn at(&self, [x, y]: [f64; 2]) -> egui::Pos2 {
        let share = |value: f64, [low, high]: [f64; 2]| ((value - low) / (high - low)) as f32;
        pos2(
            self.rect.left() + share(x, self.x) * self.rect.width(),
            self.rect.bottom() - share(y, self.y) * self.rect.height(),
        )
    }
}

impl Chart<'_> {
    /// Draws it at this size.
    pub(in crate::ui) fn show(&self, ui: &mut egui::Ui, context: ViewContext<'_>, size: Vec2) {
        let palette = context.theme.palette;
        let (outer, response) = ui.allocate_exact_size(size, Sense::hover());
        let name = self.in_words();
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &name));
        ui.painter().rect(
            outer,
            f32::from(context.theme.corner_radius),
            palette.card,
            Stroke::new(1.0, palette.rail),
            StrokeKind::Inside,
        );
        let font = egui::TextStyle::Small.resolve(ui.style());
        let scale = super::text_scale(ui);
        self.header(ui, context, outer, &font);
        let rect =
            Rect::from_min_max(outer.min + scale * vec2(LEFT, ABOVE), outer.max - scale * vec2(RIGHT, BELOW));
        let points = || self.lines.iter().flat_map(|line| &line.points).filter(|point| is_finite(point));
        if points().count() == 0 || !rect.is_positive() {
            let text = "Nothing to draw yet";
            ui.painter().text(outer.center(), Align2::CENTER_CENTER, text, font, palette.text_weak);
            return;
        }
        let frame = Frame {
            rect,
            x: range(points().map(|point| point[0]).chain(self.rules.iter().map(|rule| rule.x))),
            y: range(points().map(|point| point[1])),
        };
        self.axes(ui, context, &frame, &font);
        for rule in self.rules {
            let (top, foot) = (frame.at([rule.x, frame.y[1]]), frame.at([rule.x, frame.y[0]]));
            let stroke = Stroke::new(1.5, rule.colour);
            ui.painter().extend(Shape::dashed_line(&[top, foot], stroke, 4.0, 3.0));
        }
        for line in self.lines {
            line.paint(ui, &frame);
        }
        if let Some(pointer) = response.hover_pos().filter(|pointer| rect.contains(*pointer)) {
            let text = self.near(&frame, pointer.x);
            response.on_hover_text_at_pointer(text);
        }
    }

    /// Name of the chart and of its lines.
    fn header(&self, ui: &egui::Ui, context: ViewContext<'_>, outer: Rect, font: &FontId) {
        let palette = context.theme.palette;
        let painter = ui.painter().with_clip_rect(outer.intersect(ui.clip_rect()));
        let mut x = outer.left() + 8.0;
        let y = outer.top() + font.size * 0.5 + 7.0;
        let title = painter.text(pos2(x, y), Align2::LEFT_CENTER, self.name, font.clone(), palette.text);
        x = title.right() + 14.0;
        for line in self.lines {
            line.mark.paint(&painter, pos2(x + 4.0, y), font.size * 0.33, line.colour);
            let text = painter.text(
                pos2(x + 12.0, y),
                Align2::LEFT_CENTER,
                line.name,
                font.clone(),
                palette.text_weak,
            );
            x = text.right() + 12.0;
        }
    }

    fn axes(&self, ui: &egui::Ui, context: ViewContext<'_>, frame: &Frame, font: &FontId) {
        let palette = context.theme.palette;
        let painter = ui.painter();
        let rect = frame.rect;
        let grid = Stroke::new(1.0, palette.rail);
        for y in ticks(frame.y, (rect.height() / (font.size * 2.2)) as usize) {
            let at = frame.at([frame.x[0], y]);
            painter.hline(rect.x_range(), at.y, grid);
            let text = number(y, frame.y);
            let place = pos2(rect.left() - 5.0, at.y);
            painter.text(place, Align2::RIGHT_CENTER, text, font.clone(), palette.text_weak);
        }
        let x_name = painter.layout_no_wrap(self.x_name.to_owned(), font.clone(), palette.text_weak);
        let name_left = rect.right() - x_name.size().x;
        for x in ticks(frame.x, (rect.width() / (font.size * 5.0)) as usize) {
            let at = frame.at([x, frame.y[0]]);
            painter.vline(at.x, (rect.bottom() - 3.0)..=rect.bottom(), Stroke::new(1.0, palette.outline));
            let galley = painter.layout_no_wrap(number(x, frame.x), font.clone(), palette.text_weak);
            let left = at.x - galley.size().x / 2.0;
            if left + galley.size().x + 6.0 < name_left {
                painter.galley(pos2(left, rect.bottom() + 3.0), galley, palette.text_weak);
            }
        }
        painter.galley(pos2(name_left, rect.bottom() + 3.0), x_name, palette.text_weak);
        painter.hline(rect.x_range(), rect.bottom(), Stroke::new(1.0, palette.outline));
    }

    /// The values of every line nearest to a place.
    fn near(&self, frame: &Frame, x: f32) -> String {
        let nearest = |line: &Line<'_>| {
            let far = |point: &&[f64; 2]| (frame.at(**point).x - x).abs();
            line.points.iter().min_by(|a, b| far(a).total_cmp(&far(b))).copied()
        };
        let mut lines = Vec::new();
        for line in self.lines {
            if let Some([x, y]) = nearest(line) {
                if lines.is_empty() {
                    lines.push(format!("{} {}", self.x_name, number(x, frame.x)));
                }
                lines.push(format!("{} {y:.4}", line.name));
            }
        }
        lines.join("\n")
    }

    /// The chart as a sentence.
    fn in_words(&self) -> String {
        let line = |line: &Line<'_>| {
            let highest = line.points.iter().map(|point| point[1]).fold(f64::NEG_INFINITY, f64::max);
            let last = line.points.last()?;
            Some(format!("{}: last {:.4}, highest {highest:.4}", line.name, last[1]))
        };
        let lines: Vec<String> = self.lines.iter().filter_map(line).collect();
        if lines.is_empty() {
            return format!("{}: nothing to draw yet", self.name);
        }
        format!("{} by {}. {}", self.name, self.x_name, lines.join("; "))
    }
}

impl Line<'_> {
    fn paint(&self, ui: &egui::Ui, frame: &Frame) {
        let painter = ui.painter().with_clip_rect(frame.rect.expand(5.0).intersect(ui.clip_rect()));
        let places: Vec<egui::Pos2> =
            self.points.iter().filter(|point| is_finite(point)).map(|point| frame.at(*point)).collect();
        let every = places.len().div_ceil(MOST_MARKS).max(1);
        let last = places.len().saturating_sub(1);
        let marked = places.iter().enumerate().filter(|(at, _)| at % every == 0 || *at == last);
        for (_, place) in marked {
            self.mark.paint(&painter, *place, 3.6, self.colour);
        }
        painter.add(Shape::line(places.clone(), Stroke::new(1.8, self.colour)));
    }
}

fn is_finite(point: &[f64; 2]) -> bool {
    point[0].is_finite() && point[1].is_finite()
}

/// Lowest and highest with a little room; never without width.
fn range(values: impl Iterator<Item = f64>) -> [f64; 2] {
    let [low, high] = values
        .filter(|value| value.is_finite())
        .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| [low.min(value), high.max(value)]);
    if low > high {
        return [0.0, 1.0];
    }
    let room = if high > low { (high - low) * 0.05 } else { low.abs().max(1e-6) * 0.1 };
    // Nothing drawn here lies below 0 by nature; room must not suggest so.
    let floor = if low >= 0.0 { 0.0 } else { f64::NEG_INFINITY };
    [(low - room).max(floor), high + room]
}

/// Round numbers within a range, of at most about `n_wanted` at least half as many.
fn ticks([low, high]: [f64; 2], n_wanted: usize) -> Vec<f64> {
    let n_wanted = n_wanted.clamp(2, 8);
    let power = 10.0_f64.powf(((high - low) / n_wanted as f64).log10().floor());
    let within = |step: f64| -> Vec<f64> {
        let first = (low / step).ceil();
        (0..16).map(|number| (first + f64::from(number)) * step).take_while(|tick| *tick <= high).collect()
    };
    let all = [10.0, 5.0, 2.0, 1.0].map(|round| within(round * power));
    all.into_iter().find(|ticks| ticks.len() >= n_wanted.div_ceil(2).max(2)).unwrap_or_default()
}

/// A number with as many digits as its axis needs.
fn number(value: f64, [low, high]: [f64; 2]) -> String {
    let width = (high - low).abs();
    if value != 0.0 && value.abs() < 1e-3 {
        return format!("{value:.0e}");
    }
    match width {
        width if width >= 20.0 || width >= 2.0 && value.fract() == 0.0 => format!("{value:.0}"),
        width if width >= 2.0 => format!("{value:.1}"),
        width if width >= 0.05 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{number, range, ticks};

    #[test]
    fn ticks_are_round_and_within() {
        assert_eq!(ticks([0.0, 1.0], 5), [0.0, 0.5, 1.0]);
        assert_eq!(ticks([3.0, 47.0], 4), [20.0, 40.0]);
        for (low, high) in [(0.0, 1e-4), (-5.0, 7.0), (1e6, 1e6 + 3.0), (0.92, 0.992), (0.899, 0.9271)] {
            let found = ticks([low, high], 6);
            assert!((2..=8).contains(&found.len()), "{low} {high}: {found:?}");
            assert!(found.iter().all(|tick| (low..=high).contains(tick)), "{found:?}");
        }
    }

    #[test]
    fn ranges_have_width_and_numbers_few_digits() {
        assert_eq!(range([].into_iter()), [0.0, 1.0]);
        let [low, high] = range([0.5, 0.5, f64::NAN].into_iter());
        assert!(low < 0.5 && high > 0.5);
        assert_eq!(range([0.0, 1.0].into_iter())[0], 0.0);
        assert_eq!(number(0.25, [0.0, 1.0]), "0.25");
        assert_eq!(number(1200.0, [0.0, 3000.0]), "1200");
        assert_eq!(number(0.0005, [0.0, 0.001]), "5e-4");
    }
}
