//! Backpacks from the front: flap or zip, front pocket, straps, handle.

use crate::catalog::demo::canvas::{Canvas, curve, rounded, smooth};
use crate::catalog::demo::ink::Ink;
use crate::catalog::demo::look::{Look, Pose};
use crate::catalog::demo::palette::{BLACK, BRASS, WHITE};
use crate::catalog::demo::text::{Face, Line};

pub(super) fn draw(canvas: &mut Canvas, look: &Look, pose: Pose) {
    let half = look.shape(0, 88.0, 112.0);
    let height = look.shape(1, 244.0, 286.0);
    let palette = &look.palette;
    let body = palette.body;
    canvas.ground_shadow(half * 1.08);
    let turn = pose.turn();
    // Straps behind, more of one as it turns.
    for side in [-1.0_f32, 1.0] {
        let out = half * (1.10 + 0.12 * turn * side);
        canvas.stroke(
            curve(
                (side * half * 0.55, -height + 6.0),
                (side * out * 1.15, -height * 0.8),
                (side * out * 1.1, -height * 0.3),
                (side * half * 0.86, -22.0),
            ),
            17.0,
            palette.accent.darker(250),
        );
    }
    canvas.stroke(
        curve((-24.0, -height + 4.0), (-24.0, -height - 34.0), (24.0, -height - 34.0), (24.0, -height + 4.0)),
        10.0,
        palette.accent.darker(120),
    );
    let round = look.shape(2, 0.72, 0.94);
    let outline = [
        (0.0, -height - 3.0),
        (half * round, -height + 22.0),
        (half * 1.01, -height * 0.55),
        (half * 1.04, -height * 0.2),
        (half * 0.92, -6.0),
        (0.0, 0.0),
        (-half * 0.92, -6.0),
        (-half * 1.04, -height * 0.2),
        (-half * 1.01, -height * 0.55),
        (-half * round, -height + 22.0),
    ];
    canvas.fill(smooth(&outline), Ink::cylinder(-half * 1.05, half * 1.05, body));
    canvas.clipped(smooth(&outline), |c| {
        if look.style(3, 3) == 0 {
            c.rect(-half * 1.1, -height * 0.34, half * 2.2, height * 0.4, palette.accent);
        } else if look.style(3, 3) == 1 {
            for row in 0..7 {
                for column in 0..6 {
                    let x = -half + half * 0.4 * column as f32 + if row % 2 == 0 { 0.0 } else { half * 0.2 };
                    c.motif_in(
                        look.motif,
                        x,
                        -height + 24.0 + 42.0 * row as f32,
                        13.0,
                        body.mix(palette.content, 700),
                    );
                }
            }
        }
        c.rect(
            -half * 1.1,
            -height - 6.0,
            half * 2.2,
            height + 12.0,
            Ink::cylinder_glaze(-half * 1.05, half * 1.05),
        );
    });
    let shift = turn * half * 0.18;
    if look.style(4, 2) == 0 {
        let flap = [
            (-half * 0.80, -height + 10.0),
            (half * 0.80, -height + 10.0),
            (half * 0.92, -height * 0.62),
            (half * 0.5, -height * 0.50),
            (-half * 0.5, -height * 0.50),
            (-half * 0.92, -height * 0.62),
        ];
        canvas.fill(
            smooth(&flap),
            Ink::down(-height, -height * 0.5, palette.accent.lighter(150), palette.accent.darker(130)),
        );
        for side in [-1.0, 1.0] {
            let x = side * half * 0.42 + shift;
            canvas.rounded(x - 7.0, -height * 0.66, 14.0, 76.0, 3.0, body.darker(420));
            canvas.rounded(x - 10.0, -height * 0.47, 20.0, 14.0, 3.0, BRASS);
        }
    } else {
        canvas.stroke(
            curve(
                (-half * 0.86, -height * 0.52),
                (-half * 0.7, -height * 0.98),
                (half * 0.7, -height * 0.98),
                (half * 0.86, -height * 0.52),
            ),
            4.0,
            body.darker(500),
        );
        canvas.rounded(half * 0.78, -height * 0.56, 8.0, 22.0, 3.0, palette.accent);
    }
    let (pocket_half, pocket_top) = (half * look.shape(5, 0.62, 0.80), -height * look.shape(6, 0.34, 0.42));
    let pocket = || rounded(shift - pocket_half, pocket_top, pocket_half * 2.0, -pocket_top - 16.0, 20.0);
    canvas.fill(pocket(), Ink::down(pocket_top, 0.0, body.lighter(190), body.darker(160)));
    canvas.stroke(pocket(), 1.6, Ink::glaze(BLACK, 0.35));
    canvas.stroke(
        curve(
            (shift - pocket_half + 12.0, pocket_top + 15.0),
            (shift, pocket_top + 11.0),
            (shift, pocket_top + 11.0),
            (shift + pocket_half - 12.0, pocket_top + 15.0),
        ),
        3.0,
        Ink::glaze(body.darker(600), 0.8),
    );
    canvas.rounded(shift - 34.0, pocket_top + 30.0, 68.0, 30.0, 4.0, palette.paper);
    canvas.text(
        shift,
        pocket_top + 51.0,
        Line::new(look.brand, Face::Bold, 18.0, 60.0, palette.accent.mix(BLACK, 600)),
    );
    canvas.stroke(
        curve(
            (-half * 0.9, -height * 0.3),
            (-half * 0.97, -height * 0.5),
            (-half * 0.9, -height * 0.7),
            (-half * 0.8, -height * 0.85),
        ),
        3.0,
        Ink::glaze(WHITE, 0.22),
    );
}
