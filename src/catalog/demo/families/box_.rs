//! Cartons with a front, one visible side and a top: tea, cereal, biscuits, vitamins.

use tiny_skia::Transform;

use crate::catalog::demo::canvas::{Canvas, rounded};
use crate::catalog::demo::ink::Ink;
use crate::catalog::demo::label::{self, Area};
use crate::catalog::demo::look::{Look, Pose};
use crate::catalog::demo::palette::{BLACK, WHITE};
use crate::catalog::demo::text::{Face, Line};

pub(super) fn draw(canvas: &mut Canvas, look: &Look, pose: Pose) {
    let width = look.shape(0, 136.0, 222.0);
    let height = look.shape(1, 172.0, 290.0);
    let turn = pose.turn();
    // The further it is turned, the more of the side and the less of the front is seen.
    let depth = look.shape(2, 26.0, 44.0) + turn.abs() * 26.0;
    let front = width * (1.0 - turn.abs() * 0.16);
    let side_is_right = turn >= 0.0;
    canvas.ground_shadow((front + depth) / 2.0);
    let left = -(front + depth) / 2.0 + if side_is_right { 0.0 } else { depth };
    let palette = &look.palette;

    let rise = 0.22 * depth;
    let (edge, far) = if side_is_right { (left + front, left + front + depth) } else { (left, left - depth) };
    let shade = if side_is_right { 420 } else { 160 };
    canvas.polygon(
        &[(edge, 0.0), (far, -rise), (far, -height - rise), (edge, -height)],
        Ink::across(
            edge.min(far),
            edge.max(far),
            palette.body.darker(shade - 60),
            palette.body.darker(shade),
        ),
    );
    let back = if side_is_right { depth } else { -depth };
    canvas.polygon(
        &[
            (left, -height),
            (left + front, -height),
            (left + front + back, -height - rise),
            (left + back, -height - rise),
        ],
        Ink::glaze(palette.body.lighter(380), 1.0),
    );

    canvas.rect(left, -height, front, height, palette.body);
    // The front is printed at its full width and then narrowed by the turn.
    let local = Transform::from_row(front / width, 0.0, 0.0, 1.0, left + front / 2.0, 0.0);
    canvas.within(local, |c| {
        c.clipped(rounded(-width / 2.0, -height, width, height, 1.0), |c| {
            label::print(c, look, Area { cx: 0.0, top: -height, width, height, reach: 0.86 });
        });
    });
    canvas.rect(
        left,
        -height,
        front,
        height,
        Ink::line(
            (left, -height),
            (left + front, 0.0),
            &[(0.0, WHITE, 0.22), (0.5, WHITE, 0.0), (1.0, BLACK, 0.16)],
        ),
    );
    // Brand on the side, running upwards.
    let middle = (edge + far) / 2.0;
    let skew = if side_is_right { -0.22 } else { 0.22 };
    let upright = Transform::from_row(0.0, -1.0, 0.8, 0.8 * skew, middle + 8.0, -height * 0.5 - rise * 0.5);
    canvas.within(upright, |c| {
        let ink = palette.body.darker(shade).readable_ink();
        c.text(0.0, 0.0, Line::new(look.brand, Face::Light, 24.0, height * 0.7, ink));
    });
}
