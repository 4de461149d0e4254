//! Stand-up pouches and pillow bags: coffee, crisps, pet food.

use crate::catalog::demo::canvas::{Canvas, smooth};
use crate::catalog::demo::ink::Ink;
use crate::catalog::demo::label::{self, Area};
use crate::catalog::demo::look::{Look, Pose};
use crate::catalog::demo::palette::{BLACK, WHITE};

pub(super) fn draw(canvas: &mut Canvas, look: &Look, pose: Pose) {
    let half = look.shape(0, 82.0, 116.0);
    let height = look.shape(1, 230.0, 292.0);
    let belly = half * look.shape(2, 1.03, 1.12);
    let palette = &look.palette;
    canvas.ground_shadow(half);
    let outline = [
        (-half, -height),
        (0.0, -height - 2.0),
        (half, -height),
        (half * 0.97, -height * 0.75),
        (belly, -height * 0.35),
        (half * 0.98, -8.0),
        (half * 0.5, 4.0),
        (-half * 0.5, 4.0),
        (-half * 0.98, -8.0),
        (-belly, -height * 0.35),
        (-half * 0.97, -height * 0.75),
    ];
    canvas.fill(smooth(&outline), Ink::cylinder(-belly, belly, palette.body));
    canvas.clipped(smooth(&outline), |c| {
        let cx = pose.turn() * half * 0.3;
        let area = Area { cx, top: -height + 44.0, width: belly * 2.25, height: height - 62.0 };
        label::print(c, look, Area { cx, width: area.width, ..area });
        c.rect(-belly, -height - 4.0, belly * 2.0, height + 12.0, Ink::cylinder_glaze(-belly, belly));
        // Seal, zip and the folds of the foil.
        c.rect(
            -belly,
            -height - 4.0,
            belly * 2.0,
            26.0,
            Ink::down(-height, -height + 26.0, palette.body.lighter(300), palette.body.darker(120)),
        );
        c.rect(-belly, -height + 34.0, belly * 2.0, 3.0, Ink::glaze(BLACK, 0.22));
        c.rect(-belly, -height + 37.0, belly * 2.0, 2.0, Ink::glaze(WHITE, 0.4));
        for fold in 0..4 {
            let x = -half + half * 0.52 * fold as f32 + look.shape(3, 0.0, 40.0);
            c.polygon(
                &[(x, -height + 40.0), (x + 9.0, -height + 40.0), (x + 26.0, -height * 0.45)],
                Ink::glaze(WHITE, 0.17),
            );
            c.polygon(&[(x + 14.0, 2.0), (x + 22.0, 2.0), (x + 2.0, -height * 0.3)], Ink::glaze(BLACK, 0.12));
        }
        c.smooth(
            &[(-half, 8.0), (-half * 0.5, -20.0), (half * 0.5, -20.0), (half, 8.0), (0.0, 14.0)],
            Ink::glaze(BLACK, 0.16),
        );
    });
    if look.style(4, 2) == 0 {
        canvas.oval(half * 0.55, -height + 62.0, 8.0, 8.0, Ink::glaze(palette.body.darker(300), 0.7));
        canvas.oval(half * 0.55, -height + 61.0, 3.0, 3.0, Ink::glaze(WHITE, 0.5));
    }
}
