//! Sunglasses from the front: round, square, aviator and cat-eye frames.

use tiny_skia::{Path, Transform};

use crate::catalog::demo::canvas::{Canvas, curve, rotation, smooth};
use crate::catalog::demo::ink::Ink;
use crate::catalog::demo::look::{Look, Pose};
use crate::catalog::demo::palette::{BRASS, Rgb, WHITE};
use crate::catalog::demo::text::{Face, Line};

/// One lens around (cx, 0); `grow` moves the outline outwards; `side` is -1 or 1.
fn lens(style: u32, cx: f32, side: f32, wide: f32, tall: f32, grow: f32) -> Option<Path> {
    let (w, h) = (wide + grow, tall + grow);
    let points: &[(f32, f32)] = match style {
        0 => &[
            (-0.98, 0.0),
            (-0.70, -0.70),
            (0.0, -0.98),
            (0.70, -0.70),
            (0.98, 0.0),
            (0.70, 0.70),
            (0.0, 0.98),
            (-0.70, 0.70),
        ],
        1 => &[
            (-1.0, -0.4),
            (-0.82, -0.86),
            (0.0, -0.92),
            (0.86, -0.90),
            (1.06, -0.5),
            (0.86, 0.5),
            (0.3, 0.86),
            (-0.4, 0.82),
            (-0.9, 0.4),
        ],
        2 => &[
            (-0.86, -0.72),
            (0.0, -0.84),
            (0.92, -0.74),
            (1.04, -0.1),
            (0.66, 0.78),
            (0.05, 1.0),
            (-0.62, 0.62),
            (-0.94, -0.1),
        ],
        _ => &[
            (-0.92, -0.28),
            (-0.4, -0.70),
            (0.4, -0.84),
            (1.22, -1.06),
            (1.06, -0.1),
            (0.5, 0.70),
            (-0.25, 0.76),
            (-0.80, 0.36),
        ],
    };
    let points: Vec<_> = points.iter().map(|&(x, y)| (cx + x * w * side, y * h)).collect();
    smooth(&points)
}

pub(super) fn draw(canvas: &mut Canvas, look: &Look, pose: Pose) {
    let style = look.style(0, 4);
    let wide = look.shape(1, 54.0, 66.0);
    let tall = wide * look.shape(2, 0.74, 0.98);
    let rim = look.shape(3, 3.0, 10.0);
    let palette = &look.palette;
    let thin = rim < 5.0;
    let frame = if thin { BRASS.mix(palette.body, 350) } else { palette.body };
    let gap = wide + look.shape(4, 13.0, 20.0);
    let level = -96.0;
    canvas.soft_oval(8.0, level + tall + 26.0, wide * 2.7, 24.0, Rgb(20, 18, 24), 0.34);
    canvas.soft_oval(0.0, level + tall + 10.0, wide * 2.1, 14.0, palette.content, 0.30);
    canvas.within(Transform::from_translate(0.0, level).pre_concat(rotation(pose.turn() * 9.0)), |c| {
        for side in [-1.0_f32, 1.0] {
            // The arms, folded out behind.
            let hinge = (side * (gap + wide * 0.98), -tall * 0.55);
            c.stroke(
                curve(
                    hinge,
                    (hinge.0 - side * 4.0, -tall - 34.0),
                    (hinge.0 - side * 30.0, -tall - 62.0),
                    (hinge.0 - side * 54.0, -tall - 70.0),
                ),
                9.0,
                frame.darker(330),
            );
        }
        c.stroke(
            curve(
                (-gap + wide * 0.86, -tall * 0.2),
                (-10.0, -tall * 0.62),
                (10.0, -tall * 0.62),
                (gap - wide * 0.86, -tall * 0.2),
            ),
            rim.max(5.0),
            frame,
        );
        if style == 2 {
            c.stroke(
                curve(
                    (-gap + wide * 0.5, -tall * 0.80),
                    (-10.0, -tall * 0.88),
                    (10.0, -tall * 0.88),
                    (gap - wide * 0.5, -tall * 0.80),
                ),
                5.0,
                frame,
            );
        }
        for side in [-1.0_f32, 1.0] {
            let cx = side * gap;
            c.fill(
                lens(style, cx, side, wide, tall, rim + 1.0),
                Ink::line(
                    (cx - wide, -tall),
                    (cx + wide, tall),
                    &[(0.0, frame.lighter(380), 1.0), (0.4, frame, 1.0), (1.0, frame.darker(320), 1.0)],
                ),
            );
            let tint = palette.content.darker(350);
            c.fill(
                lens(style, cx, side, wide, tall, -1.0),
                Ink::line(
                    (cx, -tall),
                    (cx, tall),
                    &[(0.0, tint.darker(450), 1.0), (0.55, tint, 1.0), (1.0, tint.lighter(480), 1.0)],
                ),
            );
            c.clipped(lens(style, cx, side, wide, tall, -1.0), |c| {
                c.polygon(
                    &[
                        (cx - wide, tall * 0.2),
                        (cx + wide * 0.1, -tall * 1.1),
                        (cx + wide * 0.5, -tall * 1.1),
                        (cx - wide * 0.6, tall * 0.5),
                    ],
                    Ink::glaze(WHITE, 0.22),
                );
            });
            c.oval(side * (gap + wide * 0.96), -tall * 0.58, 3.6, 3.6, BRASS);
        }
        c.text(
            gap + wide * 0.35,
            -tall * 0.70,
            Line::new(look.brand, Face::Light, 9.0, wide * 0.6, Rgb(236, 236, 240)),
        );
    });
}
