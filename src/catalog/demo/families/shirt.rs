//! T-shirts, laid flat: plain, striped, printed, with contrasting sleeves.

use crate::catalog::demo::canvas::{Canvas, curve, smooth};
use crate::catalog::demo::ink::Ink;
use crate::catalog::demo::look::{Look, Pose};
use crate::catalog::demo::palette::{BLACK, WHITE};
use crate::catalog::demo::text::{Face, Line};
use tiny_skia::{Path, PathBuilder, Transform};

use crate::catalog::demo::canvas::rotation;

/// The shirt's outline without sleeves (`long` is the length below the arm).
fn torso(half: f32, top: f32, bottom: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.move_to(-half * 0.36, top);
    path.quad_to(0.0, top + 38.0, half * 0.36, top);
    path.line_to(half * 0.92, top + 24.0);
    path.quad_to(half, top + 90.0, half * 0.97, bottom);
    path.quad_to(0.0, bottom + 10.0, -half * 0.97, bottom);
    path.quad_to(-half, top + 90.0, -half * 0.92, top + 24.0);
    path.close();
    path.finish()
}

fn sleeve(half: f32, top: f32, side: f32, length: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.move_to(side * half * 0.80, top + 17.0);
    path.quad_to(
        side * half * 1.12,
        top + 26.0,
        side * half * (1.22 + length * 0.30),
        top + 70.0 + 62.0 * length,
    );
    path.line_to(side * half * (0.96 + length * 0.18), top + 104.0 + 70.0 * length);
    path.quad_to(side * half * 0.98, top + 84.0, side * half * 0.92, top + 74.0);
    path.close();
    path.finish()
}

pub(super) fn draw(canvas: &mut Canvas, look: &Look, pose: Pose) {
    let half = look.shape(0, 90.0, 106.0);
    let (top, bottom) = (-300.0, -300.0 + look.shape(1, 258.0, 292.0));
    let length = look.shape(2, 0.0, 1.0);
    let palette = &look.palette;
    let body = palette.body;
    let style = look.style(4, 5);
    canvas.lying_shadow(0.0, -150.0, half * 1.05, 130.0);
    canvas.within(
        Transform::from_translate(0.0, -150.0)
            .pre_concat(rotation(pose.turn() * 9.0))
            .pre_translate(0.0, 150.0),
        |c| {
            let sleeves = if style == 3 { palette.accent } else { body };
            for side in [-1.0, 1.0] {
                c.fill(
                    sleeve(half, top, side, length),
                    Ink::across(-half * 1.3, half * 1.3, sleeves.lighter(90), sleeves.darker(220)),
                );
            }
            // The back of the collar.
            c.smooth(
                &[(-half * 0.37, top + 1.0), (0.0, top - 9.0), (half * 0.37, top + 1.0), (0.0, top + 26.0)],
                body.darker(380),
            );
            c.fill(
                torso(half, top, bottom),
                Ink::line(
                    (-half, top),
                    (half, bottom),
                    &[(0.0, body.lighter(140), 1.0), (0.5, body, 1.0), (1.0, body.darker(200), 1.0)],
                ),
            );
            c.clipped(torso(half, top, bottom), |c| {
                decorate(c, look, style, half, top);
                for (x, lean) in [(-0.62, 14.0), (0.55, -18.0), (0.1, 8.0)] {
                    c.smooth(
                        &[
                            (half * x, bottom - 150.0),
                            (half * x + lean + 10.0, bottom - 60.0),
                            (half * x + lean, bottom + 6.0),
                            (half * x + lean - 8.0, bottom - 60.0),
                        ],
                        Ink::glaze(BLACK, 0.07),
                    );
                }
                c.smooth(
                    &[(-half, top + 90.0), (-half * 0.5, top + 122.0), (-half * 0.88, top + 160.0)],
                    Ink::glaze(BLACK, 0.08),
                );
            });
            let collar = if style == 3 { palette.accent } else { body.darker(140) };
            c.stroke(
                curve(
                    (-half * 0.36, top + 1.0),
                    (-half * 0.18, top + 27.0),
                    (half * 0.18, top + 27.0),
                    (half * 0.36, top + 1.0),
                ),
                8.0,
                collar,
            );
            c.rounded(-10.0, top + 2.0, 20.0, 9.0, 1.5, WHITE);
            for side in [-1.0, 1.0] {
                c.stroke(
                    curve(
                        (side * half * 0.86, top + 21.0),
                        (side * half * 0.93, top + 40.0),
                        (side * half * 0.95, top + 58.0),
                        (side * half * 0.92, top + 76.0),
                    ),
                    1.4,
                    Ink::glaze(BLACK, 0.28),
                );
            }
            c.stroke(
                curve(
                    (-half * 0.95, bottom - 9.0),
                    (-40.0, bottom - 4.0),
                    (40.0, bottom - 4.0),
                    (half * 0.95, bottom - 9.0),
                ),
                1.2,
                Ink::glaze(BLACK, 0.25),
            );
        },
    );
}

fn decorate(c: &mut Canvas, look: &Look, style: u32, half: f32, top: f32) {
    let palette = &look.palette;
    let print = palette.body.readable_ink();
    match style {
        0 => {
            let step = look.shape(5, 22.0, 44.0);
            for stripe in 0..12 {
                c.rect(-half, top + 50.0 + step * stripe as f32, half * 2.0, step * 0.42, palette.accent);
            }
        }
        1 => {
            c.oval(0.0, top + 118.0, 52.0, 52.0, palette.accent);
            c.motif(look.motif, 0.0, top + 118.0, 36.0, palette);
            c.text(0.0, top + 200.0, Line::new(look.series, Face::Bold, 30.0, half * 1.3, print));
        }
        2 => {
            c.text(0.0, top + 112.0, Line::new(look.brand, Face::Bold, 46.0, half * 1.45, print));
            c.rect(-half * 0.6, top + 124.0, half * 1.2, 4.0, palette.accent);
            c.text(
                0.0,
                top + 152.0,
                Line::new(look.series, Face::Light, 24.0, half * 1.2, print).spaced(0.1),
            );
        }
        3 => c.motif_in(look.motif, half * 0.45, top + 92.0, 17.0, palette.accent),
        _ => {
            c.fill(
                smooth(&[
                    (-half * 1.1, top + 116.0),
                    (0.0, top + 96.0),
                    (half * 1.1, top + 116.0),
                    (half * 1.1, top + 172.0),
                    (0.0, top + 188.0),
                    (-half * 1.1, top + 172.0),
                ]),
                palette.accent,
            );
            c.text(
                0.0,
                top + 154.0,
                Line::new(look.series, Face::Bold, 36.0, half * 1.4, palette.accent.readable_ink()),
            );
        }
    }
}
