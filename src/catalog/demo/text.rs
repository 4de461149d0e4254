//! Letters as shapes, set in a font that egui bundles. Only Latin letters are printed on packages;
//! a letter that a font lacks is left out.

use std::sync::OnceLock;

use ab_glyph::{Font, FontRef, OutlineCurve};
use epaint_default_fonts::UBUNTU_LIGHT;
use tiny_skia::{Path, PathBuilder, Transform};

use super::canvas::Canvas;
use super::ink::Ink;
use super::palette::Rgb;

/// A typeface with a weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// Thin and elegant.
    Light,
    /// For headlines.
    Bold,
}

fn font() -> Option<&'static FontRef<'static>> {
    static FONT: OnceLock<Option<FontRef<'static>>> = OnceLock::new();
    FONT.get_or_init(|| FontRef::try_from_slice(UBUNTU_LIGHT).ok()).as_ref()
}

/// The outline of `text` at size 1 with its left end at (0, 0) on the base line, and its width.
fn outline(text: &str, spacing: f32) -> Option<(Path, f32)> {
    let font = font()?;
    let unit = 1.0 / font.units_per_em()?;
    let mut path = PathBuilder::new();
    let mut pen = 0.0_f32;
    for letter in text.chars() {
        let glyph = font.glyph_id(letter);
        let mut end = (f32::NAN, f32::NAN);
        for piece in font.outline(glyph).map(|outline| outline.curves).unwrap_or_default() {
            let place = |point: ab_glyph::Point| (pen + point.x * unit, -point.y * unit);
            let from = match &piece {
                OutlineCurve::Line(from, _)
                | OutlineCurve::Quad(from, ..)
                | OutlineCurve::Cubic(from, ..) => place(*from),
            };
            if from != end {
                path.move_to(from.0, from.1);
            }
            match piece {
                OutlineCurve::Line(_, to) => {
                    end = place(to);
                    path.line_to(end.0, end.1);
                }
                OutlineCurve::Quad(_, a, to) => {
                    let a = place(a);
                    end = place(to);
                    path.quad_to(a.0, a.1, end.0, end.1);
                }
                OutlineCurve::Cubic(_, a, b, to) => {
                    let (a, b) = (place(a), place(b));
                    end = place(to);
                    path.cubic_to(a.0, a.1, b.0, b.1, end.0, end.1);
                }
            }
        }
        pen += font.h_advance_unscaled(glyph) * unit + spacing;
    }
    Some((path.finish()?, pen - spacing))
}

/// How a line of text is set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    pub(super) face: Face,
    /// Height of the em square.
    pub(super) size: f32,
    /// Extra space between letters, as a part of the size.
    pub(super) spacing: f32,
    /// The line shrinks until it fits.
    pub(super) max_width: f32,
    pub(super) ink: Rgb,
}

impl<'a> Line<'a> {
    pub(super) fn new(text: &'a str, face: Face, size: f32, max_width: f32, ink: Rgb) -> Self {
        Self { text, face, size, spacing: 0.0, max_width, ink }
    }

    pub(super) fn spaced(self, spacing: f32) -> Self {
        Self { spacing, ..self }
    }
}

impl Canvas {
    /// Sets `line` centred on `cx` with its base line at `base`.
    pub(super) fn text(&mut self, cx: f32, base: f32, line: Line<'_>) {
        self.text_glazed(cx, base, line, 1.0);
    }

    /// As [`Self::text`], see-through.
    pub(super) fn text_glazed(&mut self, cx: f32, base: f32, line: Line<'_>, alpha: f32) {
        let Some((path, width)) = outline(line.text, line.spacing) else { return };
        let size = line.size.min(line.max_width / width.max(0.01));
        let local = Transform::from_row(size, 0.0, 0.0, size, cx - width * size / 2.0, base);
        self.within(local, |canvas| {
            if line.face == Face::Bold {
                // The bundled face is a light one: its outline is thickened.
                canvas.stroke(Some(path.clone()), 0.07, Ink::glaze(line.ink, alpha));
            }
            canvas.fill(Some(path), Ink::glaze(line.ink, alpha));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::outline;

    #[test]
    fn the_font_can_be_read_and_longer_text_is_wider() {
        let (Some((_, short)), Some((_, long))) = (outline("Tea", 0.0), outline("Tea house", 0.0)) else {
            panic!("the font gave no outline");
        };
        assert!(long > short * 1.5, "{short} {long}");
    }

    #[test]
    fn nothing_to_print_is_nothing_drawn() {
        assert!(outline("", 0.0).is_none());
        assert!(outline(" ", 0.0).is_none());
    }
}
