//! Metal cans: tall drinks and flat preserves.

use crate::catalog::demo::canvas::{Canvas, band, turned};
use crate::catalog::demo::ink::Ink;
use crate::catalog::demo::label::{self, Area};
use crate::catalog::demo::look::{Look, Pose};
use crate::catalog::demo::palette::{STEEL, WHITE};

pub(super) fn draw(canvas: &mut Canvas, look: &Look, pose: Pose) {
    let flat = look.style(6, 3) == 0;
    let (half, height) = if flat {
        (look.shape(0, 112.0, 138.0), look.shape(1, 106.0, 156.0))
    } else {
        (look.shape(0, 64.0, 84.0), look.shape(1, 228.0, 286.0))
    };
    let sag = if flat { 15.0 } else { 9.0 };
    canvas.ground_shadow(half);
    let rim = if flat { half } else { half - 9.0 };
    let side = [(rim, -height), (half, -height + 20.0), (half, -14.0), (rim, 0.0)];
    canvas.fill(turned(&side, sag), Ink::metal(-half, half, STEEL));

    let (top, bottom) = if flat { (-height + 10.0, -10.0) } else { (-height + 22.0, -16.0) };
    canvas.clipped(band(-half, half, top, bottom, sag), |c| {
        c.rect(-half, top, half * 2.0, bottom - top + 40.0, look.palette.body);
        let cx = pose.turn() * half * 0.5;
        c.rect(-half, top, half * 2.0, sag + 8.0, look.palette.accent);
        label::print(
            c,
            look,
            Area { cx, top: top + sag + 4.0, width: half * 2.1, height: bottom - top - 2.0, reach: 0.66 },
        );
        c.rect(-half, top, half * 2.0, bottom - top + 40.0, Ink::cylinder_glaze(-half, half));
    });
    canvas.fill(band(-half * 0.66, -half * 0.55, top + 4.0, bottom, sag * 0.4), Ink::glaze(WHITE, 0.35));
    canvas.oval(0.0, -height, rim, sag + 2.0, Ink::across(-rim, rim, STEEL.lighter(600), STEEL.darker(200)));
    canvas.oval(
        0.0,
        -height + 1.0,
        rim - 6.0,
        sag - 2.0,
        Ink::across(-rim, rim, STEEL.darker(200), STEEL.lighter(400)),
    );
    // The pull tab.
    canvas.oval(4.0, -height, rim * 0.28, sag * 0.36, STEEL.lighter(700));
    canvas.oval(10.0, -height, rim * 0.12, sag * 0.18, STEEL.darker(400));
}
