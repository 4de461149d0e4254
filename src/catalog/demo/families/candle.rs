//! Scented candles in a glass or a tin, burning or not.

use crate::catalog::demo::canvas::{Canvas, band, curve, turned};
use crate::catalog::demo::ink::Ink;
use crate::catalog::demo::label::{self, Area};
use crate::catalog::demo::look::{Look, Pose};
use crate::catalog::demo::palette::{Rgb, STEEL, WHITE};

pub(super) fn draw(canvas: &mut Canvas, look: &Look, pose: Pose) {
    let half = look.shape(0, 90.0, 124.0);
    let height = look.shape(1, 150.0, 228.0);
    let wax = look.palette.content.lighter(620);
    let is_tin = look.style(2, 3) == 0;
    canvas.ground_shadow(half);
    let outline = [(half, -height), (half, -10.0), (half - 6.0, 0.0)];
    let body = if is_tin {
        Ink::metal(-half, half, STEEL)
    } else {
        Ink::cylinder(-half, half, look.palette.body.lighter(180))
    };
    canvas.fill(turned(&outline, 12.0), body);
    if !is_tin {
        let inner = half - 8.0;
        canvas.fill(band(-inner, inner, -height * 0.80, -10.0, 10.0), Ink::cylinder(-inner, inner, wax));
    }
    let (top, bottom) = (-height * 0.76, -height * 0.12);
    let wide = if is_tin { half } else { half * 0.72 };
    let shift = pose.turn() * half * 0.22;
    canvas.clipped(band(shift - wide, shift + wide, top, bottom, 9.0), |c| {
        c.rect(-half, top, half * 2.0, bottom - top + 30.0, look.palette.paper);
        label::print(
            c,
            look,
            Area { cx: shift, top: top + 10.0, width: wide * 2.0, height: bottom - top, reach: 0.80 },
        );
    });
    canvas.fill(band(-half, half, -height, 0.0, 12.0), Ink::cylinder_glaze(-half, half));
    canvas.fill(band(-half * 0.78, -half * 0.68, -height * 0.9, -14.0, 3.0), Ink::glaze(WHITE, 0.35));
    canvas.oval(0.0, -height, half, 16.0, look.palette.body.lighter(500));
    canvas.oval(
        0.0,
        -height + 2.0,
        half - 6.0,
        13.0,
        Ink::around(
            (0.0, -height),
            half,
            &[(0.0, wax.mix(Rgb(255, 236, 190), 600), 1.0), (1.0, wax.darker(180), 1.0)],
        ),
    );
    canvas.stroke(
        curve((0.0, -height + 2.0), (1.0, -height - 6.0), (-1.0, -height - 10.0), (1.0, -height - 18.0)),
        3.0,
        Rgb(52, 44, 40),
    );
    if look.style(3, 3) != 0 {
        let y = -height - 20.0;
        canvas.soft_oval(0.0, y - 20.0, 90.0, 90.0, Rgb(255, 214, 120), 0.42);
        canvas.smooth(
            &[
                (0.0, y - 48.0),
                (10.0, y - 18.0),
                (8.0, y - 2.0),
                (0.0, y + 4.0),
                (-8.0, y - 2.0),
                (-9.0, y - 18.0),
            ],
            Rgb(255, 178, 66),
        );
        canvas.smooth(
            &[(0.0, y - 30.0), (5.0, y - 12.0), (0.0, y + 1.0), (-5.0, y - 12.0)],
            Rgb(255, 244, 206),
        );
    }
}
