//! What a shape is filled with: a flat colour or a gradient. Gradients are how light is painted here.

use tiny_skia::{Color, GradientStop, LinearGradient, Point, RadialGradient, Shader, SpreadMode, Transform};

use super::palette::{BLACK, Rgb, WHITE};

/// A fill. Positions are in the coordinates of the shape that it fills.
#[derive(Clone, Debug)]
pub(super) struct Ink(pub(super) Shader<'static>);

fn color(rgb: Rgb, alpha: f32) -> Color {
    Color::from_rgba8(rgb.0, rgb.1, rgb.2, (alpha.clamp(0.0, 1.0) * 255.0) as u8)
}

fn stops(list: &[(f32, Rgb, f32)]) -> Vec<GradientStop> {
    list.iter().map(|&(at, rgb, alpha)| GradientStop::new(at, color(rgb, alpha))).collect()
}

impl From<Rgb> for Ink {
    fn from(rgb: Rgb) -> Self {
        Self::glaze(rgb, 1.0)
    }
}

impl Ink {
    /// A see-through flat colour.
    pub(super) fn glaze(rgb: Rgb, alpha: f32) -> Self {
        Self(Shader::SolidColor(color(rgb, alpha)))
    }

    /// A gradient along a line; stops are (place from 0 to 1, colour, opacity).
    pub(super) fn line(from: (f32, f32), to: (f32, f32), list: &[(f32, Rgb, f32)]) -> Self {
        let fallback = list.first().map_or(Color::TRANSPARENT, |&(_, rgb, alpha)| color(rgb, alpha));
        let shader = LinearGradient::new(
            Point::from_xy(from.0, from.1),
            Point::from_xy(to.0, to.1),
            stops(list),
            SpreadMode::Pad,
            Transform::identity(),
        );
        Self(shader.unwrap_or(Shader::SolidColor(fallback)))
    }

    /// From `top` at `y0` to `bottom` at `y1`.
    pub(super) fn down(y0: f32, y1: f32, top: Rgb, bottom: Rgb) -> Self {
        Self::line((0.0, y0), (0.0, y1), &[(0.0, top, 1.0), (1.0, bottom, 1.0)])
    }

    /// From `left` at `x0` to `right` at `x1`.
    pub(super) fn across(x0: f32, x1: f32, left: Rgb, right: Rgb) -> Self {
        Self::line((x0, 0.0), (x1, 0.0), &[(0.0, left, 1.0), (1.0, right, 1.0)])
    }

    /// Around a point; stops as in [`Self::line`], 1 lies `radius` away.
    pub(super) fn around(center: (f32, f32), radius: f32, list: &[(f32, Rgb, f32)]) -> Self {
        let fallback = list.last().map_or(Color::TRANSPARENT, |&(_, rgb, alpha)| color(rgb, alpha));
        let center = Point::from_xy(center.0, center.1);
        let shader = RadialGradient::new(
            center,
            0.0,
            center,
            radius,
            stops(list),
            SpreadMode::Pad,
            Transform::identity(),
        );
        Self(shader.unwrap_or(Shader::SolidColor(fallback)))
    }

    /// A matt round body between `x0` and `x1`, lit from the left.
    pub(super) fn cylinder(x0: f32, x1: f32, rgb: Rgb) -> Self {
        Self::line(
            (x0, 0.0),
            (x1, 0.0),
            &[
                (0.0, rgb.darker(330), 1.0),
                (0.14, rgb.darker(60), 1.0),
                (0.34, rgb.lighter(200), 1.0),
                (0.58, rgb, 1.0),
                (0.88, rgb.darker(360), 1.0),
                (1.0, rgb.darker(280), 1.0),
            ],
        )
    }

    /// The same light without the body's own colour, to lay over a printed label.
    pub(super) fn cylinder_glaze(x0: f32, x1: f32) -> Self {
        Self::line(
            (x0, 0.0),
            (x1, 0.0),
            &[
                (0.0, BLACK, 0.30),
                (0.16, BLACK, 0.03),
                (0.30, WHITE, 0.20),
                (0.42, WHITE, 0.02),
                (0.62, BLACK, 0.02),
                (0.90, BLACK, 0.30),
                (1.0, BLACK, 0.24),
            ],
        )
    }

    /// Polished metal between `x0` and `x1`.
    pub(super) fn metal(x0: f32, x1: f32, rgb: Rgb) -> Self {
        Self::line(
            (x0, 0.0),
            (x1, 0.0),
            &[
                (0.0, rgb.darker(480), 1.0),
                (0.12, rgb.darker(80), 1.0),
                (0.26, rgb.lighter(700), 1.0),
                (0.40, rgb.darker(100), 1.0),
                (0.62, rgb.lighter(250), 1.0),
                (0.84, rgb.darker(420), 1.0),
                (1.0, rgb.darker(120), 1.0),
            ],
        )
    }
}
