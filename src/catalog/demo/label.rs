//! Label layouts: how brand, series, name and motif are arranged in a rectangle. Families paint the
//! package and its light; this prints on it.

use super::canvas::{Canvas, curve, rounded};
use super::look::Look;
use super::palette::Rgb;
use super::text::{Face, Line};

/// Where a label is printed: its centre line, its top, its size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) cx: f32,
    pub(super) top: f32,
    pub(super) width: f32,
    pub(super) height: f32,
    /// The part of the width that letters may fill; the rest bends out of sight on round packages.
    pub(super) reach: f32,
}

/// Number of layouts.
pub(super) const N_LAYOUTS: u8 = 8;

impl Area {
    fn left(self) -> f32 {
        self.cx - self.width / 2.0
    }

    fn y(self, part: f32) -> f32 {
        self.top + self.height * part
    }
}

/// Prints the label of `look` in `area`, the background included.
pub(super) fn print(canvas: &mut Canvas, look: &Look, area: Area) {
    let palette = &look.palette;
    // The smaller side bounds every letter and picture, so that narrow labels stay calm.
    let wide = area.width * area.reach;
    let unit = (wide * 1.16).min(area.height * 1.15);
    let paper = palette.paper;
    let paper_ink =
        if palette.body.luma() < 140 { palette.body.darker(200) } else { palette.accent.darker(350) };
    let paper_ink = if paper_ink.luma() > 120 { paper_ink.darker(500) } else { paper_ink };
    let back =
        |canvas: &mut Canvas, rgb: Rgb| canvas.rect(area.left(), area.top, area.width, area.height, rgb);
    let brand = |size: f32, ink: Rgb| Line::new(look.brand, Face::Bold, unit * size, wide, ink);
    let series = |size: f32, ink: Rgb| Line::new(look.series, Face::Light, unit * size, wide, ink);
    let noun = |size: f32, ink: Rgb| Line::new(look.noun, Face::Light, unit * size, wide, ink);
    match look.layout % N_LAYOUTS {
        0 => {
            back(canvas, paper);
            canvas.text(area.cx, area.y(0.22), brand(0.23, paper_ink));
            canvas.motif(look.motif, area.cx, area.y(0.48), unit * 0.20, palette);
            canvas.text(area.cx, area.y(0.80), series(0.14, paper_ink));
            canvas.text(area.cx, area.y(0.92), noun(0.095, paper_ink));
        }
        1 => {
            back(canvas, paper);
            canvas.rect(area.left(), area.top, area.width, area.height * 0.40, palette.accent);
            canvas.text(area.cx, area.y(0.27), brand(0.24, palette.accent.readable_ink()));
            canvas.text(area.cx, area.y(0.54), series(0.15, paper_ink));
            canvas.motif(look.motif, area.cx, area.y(0.73), unit * 0.14, palette);
            canvas.text(area.cx, area.y(0.94), noun(0.09, paper_ink));
        }
        2 => {
            back(canvas, palette.body);
            let ink = palette.body.readable_ink();
            canvas.oval(area.cx, area.y(0.58), unit * 0.36, unit * 0.36, paper);
            canvas.motif(look.motif, area.cx, area.y(0.54), unit * 0.19, palette);
            canvas.text(area.cx, area.y(0.58) + unit * 0.29, noun(0.072, paper_ink));
            canvas.text(area.cx, area.y(0.18), brand(0.23, ink));
        }
        3 => {
            back(canvas, paper);
            canvas.clipped(rounded(area.left(), area.top, area.width, area.height, 1.0), |c| {
                let (x0, x1) = (area.left(), area.left() + area.width);
                for (shift, rgb) in
                    [(0.0, palette.content.lighter(300)), (0.10, palette.content), (0.2, palette.accent)]
                {
                    let y = area.y(0.58 + shift);
                    let mut points = vec![(x0 - 30.0, y), (x0 + area.width * 0.3, y - unit * 0.09)];
                    points.extend([(x0 + area.width * 0.7, y + unit * 0.09), (x1 + 30.0, y - unit * 0.05)]);
                    points.extend([(x1 + 30.0, area.y(1.4)), (x0 - 30.0, area.y(1.4))]);
                    c.smooth(&points, rgb);
                }
            });
            canvas.text(area.cx, area.y(0.24), brand(0.25, paper_ink));
            canvas.text(area.cx, area.y(0.40), series(0.14, paper_ink));
            canvas.text(area.cx, area.y(0.94), noun(0.10, palette.accent.readable_ink()));
        }
        4 => {
            back(canvas, paper);
            let inset = unit * 0.05;
            let frame = rounded(
                area.left() + inset,
                area.top + inset,
                area.width - 2.0 * inset,
                area.height - 2.0 * inset,
                3.0,
            );
            canvas.stroke(frame, 1.6, paper_ink);
            canvas.text(
                area.cx,
                area.y(0.24),
                Line::new(look.brand, Face::Light, unit * 0.15, wide * 0.84, paper_ink).spaced(0.12),
            );
            canvas.stroke(
                curve(
                    (area.cx - unit * 0.12, area.y(0.32)),
                    (area.cx, area.y(0.32)),
                    (area.cx, area.y(0.32)),
                    (area.cx + unit * 0.12, area.y(0.32)),
                ),
                1.4,
                palette.accent,
            );
            canvas.text(
                area.cx,
                area.y(0.52),
                Line::new(look.series, Face::Bold, unit * 0.17, wide * 0.84, paper_ink),
            );
            canvas.motif(look.motif, area.cx, area.y(0.70), unit * 0.10, palette);
            canvas.text(area.cx, area.y(0.89), noun(0.08, paper_ink));
        }
        5 => {
            back(canvas, palette.content.lighter(250));
            let stripe = area.width / 9.0;
            for i in 0..5 {
                canvas.rect(area.left() + stripe * (i as f32 * 2.0), area.top, stripe, area.height, paper);
            }
            canvas.rounded(
                area.left() + area.width * 0.06,
                area.y(0.26),
                area.width * 0.88,
                area.height * 0.46,
                unit * 0.08,
                palette.body.darker(80),
            );
            let ink = palette.body.darker(80).readable_ink();
            canvas.text(area.cx, area.y(0.47), brand(0.22, ink));
            canvas.text(area.cx, area.y(0.64), series(0.12, ink));
            canvas.motif_in(look.motif, area.cx, area.y(0.14), unit * 0.10, palette.accent);
        }
        6 => {
            back(canvas, palette.body);
            let ink = palette.body.readable_ink();
            let tone = palette.body.mix(ink, 120);
            for row in 0..5 {
                for column in 0..4 {
                    let x = area.left() + area.width * (0.125 + 0.25 * column as f32);
                    canvas.motif_in(look.motif, x, area.y(0.1 + 0.2 * row as f32), unit * 0.075, tone);
                }
            }
            canvas.rect(area.left(), area.y(0.32), area.width, area.height * 0.36, paper);
            canvas.text(area.cx, area.y(0.50), brand(0.22, paper_ink));
            canvas.text(area.cx, area.y(0.63), noun(0.10, paper_ink));
        }
        _ => {
            back(canvas, palette.body);
            canvas.polygon(
                &[
                    (area.left(), area.y(0.62)),
                    (area.left() + area.width, area.y(0.42)),
                    (area.left() + area.width, area.y(1.0)),
                    (area.left(), area.y(1.0)),
                ],
                palette.accent,
            );
            let ink = palette.body.readable_ink();
            canvas.text(area.cx, area.y(0.26), brand(0.26, ink));
            canvas.text(area.cx, area.y(0.40), series(0.13, ink));
            let spot = palette.accent.readable_ink();
            canvas.motif_in(look.motif, area.cx, area.y(0.72), unit * 0.15, spot);
            canvas.text(area.cx, area.y(0.94), noun(0.085, spot));
        }
    }
}
