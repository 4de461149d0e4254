//! Phone cases and phones from behind: camera island, pattern, logo; half of them beside a screen.

use tiny_skia::Transform;

use crate::catalog::demo::canvas::{Canvas, rotation, rounded};
use crate::catalog::demo::ink::Ink;
use crate::catalog::demo::look::{Look, Pose};
use crate::catalog::demo::palette::{BLACK, Rgb, WHITE};
use crate::catalog::demo::text::{Face, Line};

const HEIGHT: f32 = 306.0;

pub(super) fn draw(canvas: &mut Canvas, look: &Look, pose: Pose) {
    let width = look.shape(0, 140.0, 158.0);
    let radius = look.shape(1, 20.0, 34.0);
    canvas.lying_shadow(0.0, -HEIGHT / 2.0, width * 0.56, HEIGHT * 0.47);
    let placed = Transform::from_translate(0.0, -HEIGHT / 2.0).pre_concat(rotation(pose.turn() * 16.0));
    let with_screen = look.style(2, 2) == 0;
    canvas.within(placed, |c| {
        if with_screen {
            c.within(Transform::from_translate(width * 0.40, -6.0).pre_concat(rotation(7.0)), |c| {
                screen(c, look, width, radius)
            });
        }
        let shift = if with_screen { -width * 0.26 } else { 0.0 };
        c.within(Transform::from_translate(shift, 0.0), |c| back(c, look, width, radius));
    });
}

fn screen(c: &mut Canvas, look: &Look, width: f32, radius: f32) {
    let (x, y) = (-width / 2.0, -HEIGHT / 2.0);
    c.rounded(x, y, width, HEIGHT, radius, look.palette.body.darker(350));
    c.rounded(x + 4.0, y + 4.0, width - 8.0, HEIGHT - 8.0, radius - 3.0, Rgb(20, 20, 24));
    let ink = Ink::line(
        (x, y),
        (-x, -y),
        &[
            (0.0, look.palette.content.lighter(300), 1.0),
            (0.6, look.palette.accent, 1.0),
            (1.0, look.palette.body, 1.0),
        ],
    );
    c.rounded(x + 8.0, y + 8.0, width - 16.0, HEIGHT - 16.0, radius - 6.0, ink);
    c.oval(0.0, y + 20.0, 5.0, 5.0, Rgb(12, 12, 14));
    c.text(0.0, y + 86.0, Line::new("10:08", Face::Light, 42.0, width * 0.7, WHITE));
}

fn back(c: &mut Canvas, look: &Look, width: f32, radius: f32) {
    let palette = &look.palette;
    let body = palette.body;
    let (x, y) = (-width / 2.0, -HEIGHT / 2.0);
    for (row, tall) in [(-70.0, 46.0), (-10.0, 30.0)] {
        c.rounded(-x - 2.0, row, 6.0, tall, 3.0, body.darker(450));
    }
    c.rounded(x - 3.0, y - 3.0, width + 6.0, HEIGHT + 6.0, radius + 3.0, body.darker(330));
    c.rounded(
        x,
        y,
        width,
        HEIGHT,
        radius,
        Ink::line(
            (x, y),
            (-x, -y),
            &[(0.0, body.lighter(260), 1.0), (0.45, body, 1.0), (1.0, body.darker(200), 1.0)],
        ),
    );
    c.clipped(rounded(x, y, width, HEIGHT, radius), |c| {
        pattern(c, look, width);
        c.polygon(&[(x, y + 120.0), (x + 120.0, y), (x + 164.0, y), (x, y + 164.0)], Ink::glaze(WHITE, 0.14));
    });
    island(c, look, x, y);
}

fn pattern(c: &mut Canvas, look: &Look, width: f32) {
    let palette = &look.palette;
    let half = width / 2.0;
    match look.style(3, 6) {
        0 => {
            for row in 0..7 {
                for column in 0..4 {
                    let x = -half
                        + width * (0.125 + 0.25 * column as f32)
                        + if row % 2 == 0 { 0.0 } else { 18.0 };
                    c.motif(look.motif, x, -128.0 + 44.0 * row as f32, 13.0, palette);
                }
            }
        }
        1 => {
            for (i, rgb) in [palette.content, palette.accent, palette.paper].into_iter().enumerate() {
                let y = 18.0 + 46.0 * i as f32;
                c.smooth(
                    &[
                        (-half - 20.0, y),
                        (-half * 0.3, y - 26.0),
                        (half * 0.4, y + 22.0),
                        (half + 20.0, y - 12.0),
                        (half + 20.0, 190.0),
                        (-half - 20.0, 190.0),
                    ],
                    rgb,
                );
            }
        }
        2 => {
            for stripe in 0..9 {
                let x = -half - 60.0 + 34.0 * stripe as f32;
                c.polygon(
                    &[(x, 160.0), (x + 15.0, 160.0), (x + 75.0, -160.0), (x + 60.0, -160.0)],
                    Ink::glaze(palette.accent, 0.8),
                );
            }
        }
        3 => {
            c.motif(look.motif, 0.0, 36.0, half * 0.62, palette);
            c.text(
                0.0,
                122.0,
                Line::new(look.series, Face::Bold, 26.0, width * 0.8, palette.body.readable_ink()),
            );
        }
        4 => {
            c.oval(0.0, 30.0, half * 0.66, half * 0.66, Ink::glaze(palette.accent, 0.9));
            c.ring(0.0, 30.0, half * 0.74, half * 0.74, 3.0, palette.accent);
            c.motif_in(look.motif, 0.0, 30.0, half * 0.3, palette.accent.readable_ink());
        }
        _ => {
            c.text(
                0.0,
                34.0,
                Line::new(look.brand, Face::Bold, 30.0, width * 0.72, palette.body.readable_ink()),
            );
            c.rect(-half, 112.0, width, 8.0, palette.accent);
            c.rect(-half, 124.0, width, 3.0, palette.accent);
        }
    }
}

fn island(c: &mut Canvas, look: &Look, x: f32, y: f32) {
    let lens = |c: &mut Canvas, cx: f32, cy: f32, r: f32| {
        c.oval(cx, cy, r + 3.0, r + 3.0, Rgb(86, 88, 94));
        c.oval(
            cx,
            cy,
            r,
            r,
            Ink::around(
                (cx - r * 0.3, cy - r * 0.3),
                r * 1.3,
                &[(0.0, Rgb(92, 112, 152), 1.0), (0.4, Rgb(30, 34, 46), 1.0), (1.0, BLACK, 1.0)],
            ),
        );
        c.oval(cx - r * 0.3, cy - r * 0.35, r * 0.2, r * 0.2, Ink::glaze(WHITE, 0.8));
    };
    let shell = look.palette.body.darker(260);
    match look.style(4, 4) {
        0 => {
            c.rounded(x + 10.0, y + 12.0, 68.0, 72.0, 18.0, shell);
            lens(c, x + 30.0, y + 32.0, 13.0);
            lens(c, x + 58.0, y + 48.0, 13.0);
            lens(c, x + 30.0, y + 64.0, 13.0);
        }
        1 => {
            c.rounded(x + 12.0, y + 12.0, 36.0, 92.0, 18.0, shell);
            for i in 0..3 {
                lens(c, x + 30.0, y + 30.0 + 28.0 * i as f32, 11.0);
            }
        }
        2 => {
            c.oval(0.0, y + 62.0, 44.0, 44.0, shell);
            for (dx, dy) in [(-16.0, -16.0), (16.0, -16.0), (-16.0, 16.0), (16.0, 16.0)] {
                lens(c, dx, y + 62.0 + dy, 10.0);
            }
        }
        _ => {
            c.rounded(x, y + 30.0, -2.0 * x, 40.0, 2.0, shell);
            for i in 0..3 {
                lens(c, x + 34.0 + 34.0 * i as f32, y + 50.0, 12.0);
            }
        }
    }
}
