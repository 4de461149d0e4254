//! Mugs with a handle and a printed picture.

use crate::catalog::demo::canvas::{Canvas, band, curve, turned};
use crate::catalog::demo::ink::Ink;
use crate::catalog::demo::look::{Look, Pose};
use crate::catalog::demo::palette::{Rgb, WHITE};
use crate::catalog::demo::text::{Face, Line};

pub(super) fn draw(canvas: &mut Canvas, look: &Look, pose: Pose) {
    let half = look.shape(0, 88.0, 112.0);
    let foot = half * look.shape(1, 0.66, 1.0);
    let height = look.shape(2, 172.0, 244.0);
    let palette = &look.palette;
    let body = palette.body;
    let side = if pose.turn >= -20 { 1.0 } else { -1.0 };
    canvas.ground_shadow(half);

    let reach = look.shape(3, 52.0, 78.0);
    let (upper, lower) = (-height * 0.82, -height * 0.22);
    let start = half * 0.93 * side;
    let handle = || {
        curve(
            (start, upper),
            (start + reach * 1.35 * side, upper - 8.0),
            (start + reach * 1.2 * side, lower + 14.0),
            (start * 0.95, lower),
        )
    };
    canvas.stroke(handle(), 25.0, body.darker(380));
    canvas.stroke(handle(), 19.0, body.darker(60));
    canvas.stroke(handle(), 6.0, body.lighter(300));

    let outline = [(half, -height), (half, -height * 0.5), (foot, -14.0), (foot - 8.0, 0.0)];
    canvas.fill(turned(&outline, 10.0), Ink::cylinder(-half, half, body));
    canvas.clipped(turned(&outline, 10.0), |c| {
        let cx = pose.turn() * half * 0.5;
        let print = body.readable_ink();
        match look.style(4, 4) {
            0 => {
                c.fill(band(-half, half, -height * 0.36, 20.0, 10.0), palette.accent);
                c.motif(look.motif, cx, -height * 0.62, half * 0.34, palette);
            }
            1 => {
                for stripe in 0..3 {
                    let y = -height * (0.82 - 0.13 * stripe as f32);
                    c.fill(
                        band(-half, half, y, y + height * 0.06, 10.0),
                        if stripe == 1 { palette.accent } else { palette.content },
                    );
                }
                c.text(cx, -height * 0.20, Line::new(look.brand, Face::Bold, 34.0, half * 1.4, print));
            }
            2 => {
                for row in 0..5 {
                    for column in 0..7 {
                        let x = -half
                            + half * 0.34 * column as f32
                            + if row % 2 == 0 { 0.0 } else { half * 0.17 };
                        c.motif(look.motif, x, -height * (0.84 - 0.18 * row as f32), half * 0.11, palette);
                    }
                }
            }
            _ => {
                c.motif(look.motif, cx, -height * 0.64, half * 0.26, palette);
                c.text(cx, -height * 0.30, Line::new(look.series, Face::Bold, 44.0, half * 1.5, print));
                c.text(cx, -height * 0.14, Line::new(look.brand, Face::Light, 20.0, half * 1.2, print));
            }
        }
        c.rect(-half, -height - 12.0, half * 2.0, height + 34.0, Ink::cylinder_glaze(-half, half));
    });
    canvas
        .fill(band(-half * 0.70, -half * 0.60, -height * 0.86, -height * 0.2, 3.0), Ink::glaze(WHITE, 0.35));
    let inside = if look.style(5, 2) == 0 { palette.accent } else { Rgb(248, 246, 240) };
    canvas.oval(0.0, -height, half, 15.0, body.lighter(350));
    canvas.oval(0.0, -height + 1.0, half - 6.0, 12.0, Ink::across(-half, half, inside.darker(420), inside));
    if look.style(6, 3) == 0 {
        canvas.clipped(band(-half + 6.0, half - 6.0, -height + 1.0, -height + 4.0, 6.0), |c| {
            c.oval(0.0, -height + 8.0, half - 12.0, 9.0, Rgb(92, 56, 34));
        });
    }
}
