//! Wrist watches: round and square, with hands or a screen.

use tiny_skia::Transform;

use crate::catalog::demo::canvas::{Canvas, polar, polyline, rotation, rounded};
use crate::catalog::demo::ink::Ink;
use crate::catalog::demo::look::{Look, Pose};
use crate::catalog::demo::palette::{BLACK, BRASS, Rgb, STEEL, WHITE};
use crate::catalog::demo::text::{Face, Line};

pub(super) fn draw(canvas: &mut Canvas, look: &Look, pose: Pose) {
    let radius = look.shape(0, 66.0, 86.0);
    let is_smart = look.noun.contains("mart");
    let square = is_smart || look.style(1, 3) == 0;
    let palette = &look.palette;
    canvas.lying_shadow(0.0, -158.0, radius * 0.94, 150.0);
    canvas.within(Transform::from_translate(0.0, -158.0).pre_concat(rotation(pose.turn() * 14.0)), |c| {
        let strap = look.shape(2, 0.50, 0.66) * radius;
        let band = palette.body;
        for side in [-1.0_f32, 1.0] {
            let (near, far) = (side * radius * 0.8, side * 158.0);
            let (y, tall) = (near.min(far), (far - near).abs());
            c.rounded(-strap, y, strap * 2.0, tall, 14.0, Ink::cylinder(-strap, strap, band));
            if look.style(3, 2) == 0 {
                // Metal links.
                for link in 0..6 {
                    c.rect(-strap, y + tall * link as f32 / 6.0, strap * 2.0, 2.0, Ink::glaze(BLACK, 0.35));
                }
                c.rect(-strap * 0.36, y + 4.0, strap * 0.72, tall - 8.0, Ink::glaze(WHITE, 0.22));
            } else {
                for edge in [-strap + 6.0, strap - 7.2] {
                    c.rect(edge, y + 8.0, 1.3, tall - 16.0, Ink::glaze(palette.accent.lighter(500), 0.75));
                }
                if side > 0.0 {
                    for hole in 0..4 {
                        c.oval(0.0, y + tall - 22.0 - 13.0 * hole as f32, 2.6, 2.6, Ink::glaze(BLACK, 0.65));
                    }
                }
            }
        }
        let metal = if look.style(4, 3) == 0 {
            BRASS
        } else if look.style(4, 3) == 1 {
            STEEL
        } else {
            Rgb(70, 70, 76)
        };
        c.rounded(
            radius - 3.0,
            -10.0,
            17.0,
            20.0,
            4.0,
            Ink::down(-10.0, 10.0, metal.lighter(400), metal.darker(300)),
        );
        let case = Ink::line(
            (-radius, -radius),
            (radius, radius),
            &[
                (0.0, metal.lighter(650), 1.0),
                (0.4, metal, 1.0),
                (0.7, metal.lighter(300), 1.0),
                (1.0, metal.darker(420), 1.0),
            ],
        );
        let shape = |r: f32| {
            if square {
                rounded(-r, -r * 1.08, r * 2.0, r * 2.16, r * 0.36)
            } else {
                rounded(-r, -r, r * 2.0, r * 2.0, r)
            }
        };
        c.fill(shape(radius + 4.0), case);
        c.fill(shape(radius - 7.0), metal.darker(520));
        if is_smart {
            screen(c, look, radius)
        } else {
            dial(c, look, shape(radius - 10.0), radius)
        }
        c.clipped(shape(radius - 10.0), |c| {
            c.polygon(
                &[
                    (-radius, -radius * 0.2),
                    (radius * 0.1, -radius * 1.2),
                    (radius * 0.6, -radius * 1.2),
                    (-radius, radius * 0.5),
                ],
                Ink::glaze(WHITE, 0.12),
            );
        });
    });
}

fn dial(c: &mut Canvas, look: &Look, face: Option<tiny_skia::Path>, radius: f32) {
    let palette = &look.palette;
    let plate = if look.style(5, 2) == 0 { palette.paper } else { palette.accent.darker(200) };
    let ink = plate.readable_ink();
    c.fill(
        face,
        Ink::around((0.0, 0.0), radius, &[(0.0, plate.lighter(150), 1.0), (1.0, plate.darker(120), 1.0)]),
    );
    for hour in 0..12 {
        let angle = hour as f32 * 30.0;
        let (inner, width) = if hour % 3 == 0 { (radius * 0.62, 5.0) } else { (radius * 0.70, 2.4) };
        c.stroke(
            polyline(&[polar((0.0, 0.0), inner, angle), polar((0.0, 0.0), radius * 0.78, angle)]),
            width,
            ink,
        );
    }
    c.text(0.0, -radius * 0.28, Line::new(look.brand, Face::Bold, 15.0, radius * 0.9, ink));
    if look.style(6, 3) == 0 {
        for x in [-0.32, 0.32] {
            c.ring(radius * x, radius * 0.26, radius * 0.17, radius * 0.17, 1.6, ink);
        }
    } else {
        c.motif_in(look.motif, 0.0, radius * 0.36, radius * 0.11, palette.content);
    }
    // Ten past ten, as on every picture of a watch.
    c.stroke(polyline(&[(0.0, 0.0), polar((0.0, 0.0), radius * 0.40, 214.0)]), 6.0, ink);
    c.stroke(polyline(&[(0.0, 0.0), polar((0.0, 0.0), radius * 0.62, 330.0)]), 4.0, ink);
    c.stroke(
        polyline(&[polar((0.0, 0.0), -radius * 0.14, 96.0), polar((0.0, 0.0), radius * 0.66, 96.0)]),
        1.6,
        palette.content,
    );
    c.oval(0.0, 0.0, 4.6, 4.6, palette.content);
}

fn screen(c: &mut Canvas, look: &Look, radius: f32) {
    let palette = &look.palette;
    let r = radius - 11.0;
    c.rounded(-r, -r * 1.08, r * 2.0, r * 2.16, r * 0.34, Rgb(14, 15, 19));
    c.text(0.0, -r * 0.28, Line::new("10:08", Face::Bold, 44.0, r * 1.5, WHITE));
    let colors = [palette.content, palette.accent.lighter(250), palette.body.lighter(380)];
    for (ring, rgb) in colors.into_iter().enumerate() {
        let x = r * (-0.54 + 0.54 * ring as f32);
        c.ring(x, r * 0.26, r * 0.17, r * 0.17, 5.0, rgb);
    }
    c.text(0.0, r * 0.80, Line::new(look.series, Face::Light, 19.0, r * 1.3, Rgb(190, 196, 206)));
}
