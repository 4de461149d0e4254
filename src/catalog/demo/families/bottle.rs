//! Bottles: screw caps, pumps, corks and flip tops; shampoo, oil, juice, sauces.

use crate::catalog::demo::canvas::{Canvas, band, rounded, turned};
use crate::catalog::demo::ink::Ink;
use crate::catalog::demo::label::{self, Area};
use crate::catalog::demo::look::{Look, Pose};
use crate::catalog::demo::palette::{BLACK, BRASS, Rgb, WHITE};

pub(super) fn draw(canvas: &mut Canvas, look: &Look, pose: Pose) {
    let cap_style = look.style(6, 4);
    let half = look.shape(0, 60.0, 92.0);
    let body = look.shape(1, 176.0, 206.0);
    let neck = half * look.shape(2, 0.24, 0.44);
    let shoulder = look.shape(3, 20.0, 50.0);
    let neck_height = if cap_style == 2 { 48.0 } else { 16.0 };
    let waist = half * look.shape(4, 0.90, 1.06);
    canvas.ground_shadow(half);

    let (shoulder_top, neck_top) = (-body - shoulder, -body - shoulder - neck_height);
    draw_cap(canvas, look, cap_style, neck, neck_top);

    // Glass shows the content; plastic has the body colour.
    let color = if look.style(5, 2) == 0 { look.palette.body } else { look.palette.content };
    let side = [
        (neck, neck_top),
        (neck, shoulder_top),
        (half, -body),
        (waist, -body * 0.5),
        (half, -16.0),
        (half - 9.0, 0.0),
    ];
    canvas.fill(turned(&side, 5.0), Ink::cylinder(-half, half, color));

    let top = -body + 16.0;
    let bottom = -20.0;
    let edge = half.min(waist) - 1.0;
    canvas.clipped(band(-edge, edge, top, bottom, 5.0), |c| {
        let cx = pose.turn() * half * 0.45;
        c.rect(
            -half,
            top - 4.0,
            half * 2.0,
            bottom - top + 24.0,
            if look.layout % 8 >= 5 { look.palette.body } else { look.palette.paper },
        );
        label::print(
            c,
            look,
            Area { cx, top: top + 4.0, width: half * 2.0, height: bottom - top + 2.0, reach: 0.74 },
        );
        c.rect(-half, top, half * 2.0, bottom - top + 20.0, Ink::cylinder_glaze(-half, half));
    });
    canvas.fill(rounded(-half * 0.70, -body - 2.0, half * 0.13, body * 0.84, 6.0), Ink::glaze(WHITE, 0.30));
}

fn draw_cap(canvas: &mut Canvas, look: &Look, style: u32, neck: f32, top: f32) {
    let accent = look.palette.accent;
    match style {
        0 => {
            let wide = neck + 9.0;
            canvas.fill(band(-wide, wide, top - 40.0, top + 6.0, 4.0), Ink::cylinder(-wide, wide, accent));
            for groove in 0..7 {
                let x = -wide * 0.8 + wide * 0.266 * groove as f32;
                canvas.rect(x, top - 32.0, 1.6, 34.0, Ink::glaze(BLACK, 0.16));
            }
            canvas.oval(0.0, top - 40.0, wide, 6.0, accent.lighter(350));
        }
        1 => {
            // A pump: collar, stem, head with its spout.
            let collar = neck + 8.0;
            canvas.rect(-4.5, top - 56.0, 9.0, 60.0, Ink::metal(-4.5, 4.5, Rgb(210, 210, 214)));
            canvas.fill(
                band(-collar, collar, top - 20.0, top + 8.0, 4.0),
                Ink::cylinder(-collar, collar, accent),
            );
            canvas.rounded(-18.0, top - 72.0, 36.0, 22.0, 7.0, Ink::cylinder(-18.0, 18.0, accent));
            canvas.rounded(
                -62.0,
                top - 70.0,
                54.0,
                13.0,
                6.0,
                Ink::down(top - 70.0, top - 57.0, accent.lighter(300), accent.darker(200)),
            );
        }
        2 => {
            let wide = neck + 2.0;
            let cork = Rgb(196, 154, 108);
            canvas.fill(
                band(-neck * 0.86, neck * 0.86, top - 22.0, top + 4.0, 3.0),
                Ink::cylinder(-wide, wide, cork),
            );
            canvas.oval(0.0, top - 22.0, neck * 0.86, 4.0, cork.lighter(300));
            canvas.fill(band(-wide - 3.0, wide + 3.0, top, top + 12.0, 3.0), Ink::metal(-wide, wide, BRASS));
        }
        _ => {
            let wide = neck + 16.0;
            canvas.rounded(-wide, top - 36.0, wide * 2.0, 44.0, 12.0, Ink::cylinder(-wide, wide, accent));
            canvas.rect(-wide, top - 8.0, wide * 2.0, 1.8, Ink::glaze(BLACK, 0.3));
        }
    }
}
