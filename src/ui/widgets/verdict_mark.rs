//! A verdict as shape, letter and colour together, so that none of them is needed alone.

use egui::{Align2, FontId, Pos2, Shape, Stroke, vec2};

use crate::review::Verdict;
use crate::ui::Theme;

/// Paints the mark: circle S, square D, diamond V, triangle U.
pub(in crate::ui) fn verdict_mark(ui: &egui::Ui, theme: &Theme, verdict: Verdict, centre: Pos2, radius: f32) {
    let colour = theme.verdict_colour(verdict);
    let corner = |x: f32, y: f32| centre + vec2(x, y) * radius;
    let stroke = Stroke::new(1.0, colour);
    let shape = match verdict {
        Verdict::Same => Shape::circle_filled(centre, radius, colour),
        Verdict::Different => Shape::convex_polygon(
            vec![corner(-0.9, -0.9), corner(0.9, -0.9), corner(0.9, 0.9), corner(-0.9, 0.9)],
            colour,
            stroke,
        ),
        Verdict::Variant => Shape::convex_polygon(
            vec![corner(0.0, -1.2), corner(1.2, 0.0), corner(0.0, 1.2), corner(-1.2, 0.0)],
            colour,
            stroke,
        ),
        Verdict::Unsure => Shape::convex_polygon(
            vec![corner(0.0, -1.2), corner(1.2, 0.9), corner(-1.2, 0.9)],
            colour,
            stroke,
        ),
    };
    ui.painter().add(shape);
    let letter = verdict.label().get(..1).unwrap_or_default();
    let at = if verdict == Verdict::Unsure { centre + vec2(0.0, radius * 0.2) } else { centre };
    let ink = theme.palette.card;
    ui.painter().text(at, Align2::CENTER_CENTER, letter, FontId::proportional(radius * 1.3), ink);
}
