//! Signs for points of a plot, ten that can be told apart without colour, each with its colour.

use egui::{Color32, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, pos2, vec2};

use crate::ui::Theme;

/// A sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Mark {
    /// A filled circle.
    Disc,
    /// A filled square.
    Square,
    /// A filled triangle.
    Up,
    /// A filled triangle upside down.
    Down,
    /// A filled square on its corner.
    Diamond,
    /// A ring.
    Ring,
    /// The outline of a square.
    Frame,
    /// Two lines across.
    Cross,
    /// Two lines upright.
    Plus,
    /// Three lines.
    Star,
}

impl Mark {
    /// All.
    pub(in crate::ui) const ALL: [Self; 10] = [
        Self::Disc,
        Self::Square,
        Self::Up,
        Self::Diamond,
        Self::Cross,
        Self::Ring,
        Self::Down,
        Self::Plus,
        Self::Frame,
        Self::Star,
    ];

    /// The sign of group `number`.
    pub(in crate::ui) fn numbered(number: usize) -> Self {
        Self::ALL[number % Self::ALL.len()]
    }

    /// Its name, for those who hear the plot.
    pub(in crate::ui) fn name(self) -> &'static str {
        match self {
            Self::Disc => "disc",
            Self::Square => "square",
            Self::Up => "triangle",
            Self::Down => "triangle upside down",
            Self::Diamond => "diamond",
            Self::Ring => "ring",
            Self::Frame => "frame",
            Self::Cross => "cross",
            Self::Plus => "plus",
            Self::Star => "star",
        }
    }

    /// Draws it.
    pub(in crate::ui) fn paint(self, painter: &egui::Painter, at: Pos2, radius: f32, colour: Color32) {
        let stroke = Stroke::new((radius * 0.45).max(1.2), colour);
        let corner = |x: f32, y: f32| at + radius * vec2(x, y);
        let line = |a: Pos2, b: Pos2| {
            painter.line_segment([a, b], stroke);
        };
        let fill = |corners: Vec<Pos2>| {
            painter.add(Shape::convex_polygon(corners, colour, Stroke::NONE));
        };
        match self {
            Self::Disc => {
                painter.circle_filled(at, radius, colour);
            }
            Self::Ring => {
                painter.circle_stroke(at, radius * 0.85, stroke);
            }
            Self::Square => {
                painter.rect_filled(Rect::from_center_size(at, Vec2::splat(radius * 1.8)), 0.0, colour);
            }
            Self::Frame => {
                let rect = Rect::from_center_size(at, Vec2::splat(radius * 1.7));
                painter.rect_stroke(rect, 0.0, stroke, StrokeKind::Middle);
            }
            Self::Up => fill(vec![corner(0.0, -1.15), corner(1.0, 0.8), corner(-1.0, 0.8)]),
            Self::Down => fill(vec![corner(0.0, 1.15), corner(-1.0, -0.8), corner(1.0, -0.8)]),
            Self::Diamond => {
                fill(vec![corner(0.0, -1.25), corner(1.0, 0.0), corner(0.0, 1.25), corner(-1.0, 0.0)]);
            }
            Self::Cross => {
                line(corner(-0.9, -0.9), corner(0.9, 0.9));
                line(corner(-0.9, 0.9), corner(0.9, -0.9));
            }
            Self::Plus => {
                line(corner(0.0, -1.1), corner(0.0, 1.1));
                line(corner(-1.1, 0.0), corner(1.1, 0.0));
            }
            Self::Star => {
                for turn in 0..3_u8 {
                    let angle = std::f32::consts::PI * f32::from(turn) / 3.0;
                    let tip = radius * 1.15 * vec2(angle.sin(), angle.cos());
                    line(pos2(at.x - tip.x, at.y - tip.y), at + tip);
                }
            }
        }
    }
}

/// The colour of group `number`; groups with like colours have unlike signs.
pub(in crate::ui) fn group_colour(theme: &Theme, number: usize) -> Color32 {
    let palette = theme.palette;
    let colours =
        [palette.accent, palette.different, palette.same, palette.variant, palette.unsure, palette.text];
    colours[number % colours.len()]
}
