//! Over-ear headphones, seen from the front and a little from the side.

use tiny_skia::Transform;

use crate::catalog::demo::canvas::{Canvas, curve, rotation};
use crate::catalog::demo::ink::Ink;
use crate::catalog::demo::look::{Look, Pose};
use crate::catalog::demo::palette::{BLACK, Rgb, STEEL, WHITE};
use crate::catalog::demo::text::{Face, Line};

pub(super) fn draw(canvas: &mut Canvas, look: &Look, pose: Pose) {
    let reach = look.shape(0, 98.0, 120.0);
    let cup_x = look.shape(1, 38.0, 52.0);
    let cup_y = look.shape(2, 52.0, 70.0);
    let band = look.shape(3, 14.0, 26.0);
    let palette = &look.palette;
    let body = palette.body;
    let square = look.style(4, 3) == 0;
    canvas.soft_oval(6.0, 0.0, reach * 1.55, 24.0, BLACK, 0.42);
    canvas.within(Transform::from_translate(0.0, -20.0).pre_concat(rotation(pose.turn() * 12.0)), |c| {
        let (cup_top, rise) = (-cup_y - 6.0, -292.0);
        let arch = |inset: f32| {
            curve(
                (-reach + inset, cup_top - 30.0),
                (-reach + inset, rise + inset),
                (reach - inset, rise + inset),
                (reach - inset, cup_top - 30.0),
            )
        };
        c.stroke(arch(0.0), band + 5.0, body.darker(420));
        c.stroke(arch(0.0), band, Ink::across(-reach, reach, body.lighter(280), body.darker(180)));
        c.stroke(arch(band * 0.62), band * 0.62, palette.accent.darker(120));
        c.stroke(arch(-band * 0.22), 2.2, Ink::glaze(WHITE, 0.45));
        for side in [-1.0_f32, 1.0] {
            let x = side * reach;
            c.rect(x - 5.0, cup_top - 44.0, 10.0, 60.0, Ink::metal(x - 5.0, x + 5.0, STEEL));
            // The cushion is seen on the inner side, the shell on the outer.
            let inner = x - side * cup_x * 0.42;
            let soft = Rgb(44, 43, 47).mix(palette.accent, 180);
            c.rounded(
                inner - cup_x * 0.62,
                -cup_y * 2.0,
                cup_x * 1.24,
                cup_y * 2.0,
                cup_x * 0.6,
                Ink::across(inner - cup_x, inner + cup_x, soft.lighter(180), soft.darker(300)),
            );
            let radius = if square { cup_x * 0.55 } else { cup_x };
            let ink = Ink::around(
                (x - 14.0, -cup_y * 1.35),
                cup_y * 1.5,
                &[(0.0, body.lighter(420), 1.0), (0.5, body, 1.0), (1.0, body.darker(420), 1.0)],
            );
            c.rounded(x - cup_x * 0.82, -cup_y * 1.94, cup_x * 1.64, cup_y * 1.88, radius, ink);
            match look.style(5, 3) {
                0 => c.ring(x, -cup_y, cup_x * 0.56, cup_y * 0.66, 4.0, palette.accent),
                1 => c.oval(
                    x,
                    -cup_y,
                    cup_x * 0.5,
                    cup_x * 0.5,
                    Ink::metal(x - cup_x * 0.5, x + cup_x * 0.5, palette.accent),
                ),
                _ => c.rounded(x - cup_x * 0.2, -cup_y * 1.7, cup_x * 0.4, cup_y * 1.4, 6.0, palette.accent),
            }
            if look.style(6, 2) == 0 {
                c.motif_in(look.motif, x, -cup_y, 13.0, body.readable_ink());
            } else {
                let ink = if look.style(5, 3) == 0 { body } else { palette.accent };
                c.text(
                    x,
                    -cup_y + 4.0,
                    Line::new(look.brand, Face::Bold, 14.0, cup_x * 0.9, ink.readable_ink()),
                );
            }
        }
    });
}
