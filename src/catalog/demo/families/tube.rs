//! Squeeze tubes standing on their cap: toothpaste, hand cream, sun cream.

use crate::catalog::demo::canvas::{Canvas, band, polygon};
use crate::catalog::demo::ink::Ink;
use crate::catalog::demo::label::{self, Area};
use crate::catalog::demo::look::{Look, Pose};
use crate::catalog::demo::palette::{BLACK, WHITE};

pub(super) fn draw(canvas: &mut Canvas, look: &Look, pose: Pose) {
    let foot = look.shape(0, 44.0, 60.0);
    let crimp = foot * look.shape(1, 1.15, 1.42);
    let height = look.shape(2, 225.0, 285.0);
    let cap_height = look.shape(3, 30.0, 52.0);
    let palette = &look.palette;
    canvas.ground_shadow(foot);

    let cap = foot * look.shape(4, 0.72, 0.98);
    canvas.fill(band(-cap, cap, -cap_height, 0.0, 4.0), Ink::cylinder(-cap, cap, palette.accent));
    for groove in 0..9 {
        canvas.rect(
            -cap * 0.85 + cap * 0.212 * groove as f32,
            -cap_height + 8.0,
            1.5,
            cap_height - 10.0,
            Ink::glaze(BLACK, 0.14),
        );
    }
    let (low, high) = (-cap_height, -cap_height - height);
    let outline = [
        (-crimp, high),
        (crimp, high),
        (crimp, high + 20.0),
        (foot, low - 12.0),
        (foot * 0.9, low + 3.0),
        (-foot * 0.9, low + 3.0),
        (-foot, low - 12.0),
        (-crimp, high + 20.0),
    ];
    canvas.fill(polygon(&outline), Ink::cylinder(-crimp, crimp, palette.body));
    canvas.clipped(polygon(&outline), |c| {
        let cx = pose.turn() * foot * 0.35;
        let area = Area { cx, top: high + 26.0, width: crimp * 2.1, height: height - 44.0, reach: 0.62 };
        label::print(c, look, area);
        c.rect(-crimp, high, crimp * 2.0, height + 4.0, Ink::cylinder_glaze(-crimp, crimp));
        c.rect(
            -crimp,
            high,
            crimp * 2.0,
            24.0,
            Ink::down(high, high + 24.0, palette.body.lighter(250), palette.body.darker(150)),
        );
        for line in 0..24 {
            c.rect(-crimp + crimp * 2.0 * line as f32 / 24.0, high + 3.0, 1.4, 15.0, Ink::glaze(BLACK, 0.13));
        }
        // The fold that runs down from the crimp to the round foot.
        c.polygon(
            &[(-crimp * 0.5, high + 24.0), (-crimp * 0.36, high + 24.0), (-foot * 0.42, low - 30.0)],
            Ink::glaze(WHITE, 0.35),
        );
    });
}
