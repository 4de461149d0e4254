//! Stand-up pouches and pillow bags: coffee, crisps, pet food.

use tiny_skia::{Path, PathBuilder};

use crate::catalog::demo::canvas::{Canvas, curve};
use crate::catalog::demo::ink::Ink;
use crate::catalog::demo::label::{self, Area};
use crate::catalog::demo::look::{Look, Pose};
use crate::catalog::demo::palette::{BLACK, WHITE};

/// A bag with a straight seal on top, hips that bulge by `bulge` and a rounded bottom; a pillow bag has a
/// second, jagged seal there instead.
fn bag(half: f32, height: f32, bulge: f32, is_pillow: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.move_to(-half, -height);
    path.line_to(half, -height);
    path.line_to(half, -height + 26.0);
    if is_pillow {
        path.cubic_to(half + bulge, -height * 0.72, half + bulge, -height * 0.28, half, -26.0);
        path.line_to(half, 0.0);
        for tooth in 0..16 {
            let x = half - half * 2.0 * (tooth as f32 + 0.5) / 16.0;
            path.line_to(x, -6.0);
            path.line_to(x - half / 16.0, 0.0);
        }
        path.line_to(-half, -26.0);
        path.cubic_to(-half - bulge, -height * 0.28, -half - bulge, -height * 0.72, -half, -height + 26.0);
    } else {
        path.cubic_to(half * 0.92, -height * 0.66, half + bulge, -height * 0.30, half * 0.98, -10.0);
        path.quad_to(half * 0.6, 5.0, 0.0, 6.0);
        path.quad_to(-half * 0.6, 5.0, -half * 0.98, -10.0);
        path.cubic_to(-half - bulge, -height * 0.30, -half * 0.92, -height * 0.66, -half, -height + 26.0);
    }
    path.close();
    path.finish()
}

pub(super) fn draw(canvas: &mut Canvas, look: &Look, pose: Pose) {
    let half = look.shape(0, 84.0, 112.0);
    let height = look.shape(1, 262.0, 312.0);
    let bulge = look.shape(2, 6.0, 20.0);
    let is_pillow = look.style(5, 2) == 0;
    let palette = &look.palette;
    let edge = half + bulge * 0.75;
    canvas.ground_shadow(half);
    canvas.fill(bag(half, height, bulge, is_pillow), palette.body);
    canvas.clipped(bag(half, height, bulge, is_pillow), |c| {
        let cx = pose.turn() * half * 0.3;
        let top = -height + 40.0;
        label::print(c, look, Area { cx, top, width: edge * 2.5, height: height - 58.0, reach: 0.58 });
        c.rect(-edge, -height, edge * 2.0, height + 10.0, Ink::cylinder_glaze(-edge, edge));
        // Foil catches the light in long soft folds that start at the seals.
        for (x, lean, reach) in
            [(-0.78, 0.20, 0.5), (-0.30, -0.10, 0.3), (0.28, 0.12, 0.34), (0.74, -0.22, 0.55)]
        {
            let (x, lean) = (half * x, half * lean);
            c.polygon(
                &[(x - 7.0, -height + 24.0), (x + 7.0, -height + 24.0), (x + lean, -height * (1.0 - reach))],
                Ink::glaze(WHITE, 0.28),
            );
            c.polygon(
                &[
                    (x + 9.0, -height + 24.0),
                    (x + 17.0, -height + 24.0),
                    (x + lean + 6.0, -height * (1.0 - reach * 0.8)),
                ],
                Ink::glaze(BLACK, 0.13),
            );
            c.polygon(
                &[(x - 8.0, 2.0), (x + 8.0, 2.0), (x - lean, -height * reach * 0.6)],
                Ink::glaze(BLACK, 0.12),
            );
        }
        c.rect(
            -edge,
            -height,
            edge * 2.0,
            24.0,
            Ink::down(-height, -height + 24.0, palette.body.lighter(280), palette.body.darker(80)),
        );
        for line in 0..4 {
            c.rect(-edge, -height + 4.0 + 5.0 * line as f32, edge * 2.0, 1.5, Ink::glaze(BLACK, 0.12));
        }
        if is_pillow {
            c.rect(
                -edge,
                -22.0,
                edge * 2.0,
                24.0,
                Ink::down(-22.0, 0.0, palette.body.darker(60), palette.body.lighter(240)),
            );
            for line in 0..3 {
                c.rect(-edge, -18.0 + 5.0 * line as f32, edge * 2.0, 1.5, Ink::glaze(BLACK, 0.12));
            }
        } else {
            c.rect(-edge, -height + 33.0, edge * 2.0, 2.5, Ink::glaze(BLACK, 0.25));
            c.rect(-edge, -height + 35.5, edge * 2.0, 1.5, Ink::glaze(WHITE, 0.5));
            let gusset = || curve((-half, -6.0), (-half * 0.5, -34.0), (half * 0.5, -34.0), (half, -6.0));
            c.stroke(gusset(), 2.0, Ink::glaze(BLACK, 0.25));
            c.fill(gusset(), Ink::glaze(BLACK, 0.14));
            // Tear notches.
            for side in [-1.0, 1.0] {
                c.oval(side * half, -height + 15.0, 4.0, 3.0, palette.body.darker(600));
            }
        }
    });
}
