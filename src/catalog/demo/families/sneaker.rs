//! Sneakers from the side: low and high tops, several soles, stripes and swatches.

use tiny_skia::{Path, PathBuilder, Transform};

use crate::catalog::demo::canvas::{Canvas, curve, rotation, smooth};
use crate::catalog::demo::ink::Ink;
use crate::catalog::demo::look::{Look, Pose};
use crate::catalog::demo::palette::{BLACK, Rgb, WHITE};
use crate::catalog::demo::text::{Face, Line};

fn upper(collar: f32, toe: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.move_to(-134.0, -30.0);
    path.cubic_to(-142.0, -80.0, -132.0, collar + 20.0, -122.0, collar);
    path.quad_to(-84.0, collar + 26.0, -46.0, collar + 6.0);
    path.cubic_to(-14.0, -108.0, 26.0, -88.0, 66.0, -toe - 8.0);
    path.cubic_to(110.0, -toe, 142.0, -56.0, 144.0, -26.0);
    path.close();
    path.finish()
}

pub(super) fn draw(canvas: &mut Canvas, look: &Look, pose: Pose) {
    let collar = -look.shape(0, 116.0, 188.0);
    let toe = look.shape(1, 60.0, 80.0);
    let sole = look.shape(2, 20.0, 42.0);
    let palette = &look.palette;
    let body = palette.body;
    let sole_color = match look.style(3, 3) {
        0 => Rgb(246, 244, 238),
        1 => palette.content,
        _ => body.darker(350),
    };
    canvas.soft_oval(6.0, 2.0, 178.0, 20.0, BLACK, 0.5);
    canvas.within(
        rotation(pose.turn() * -6.0).pre_translate(0.0, -2.0).pre_concat(Transform::from_row(
            1.0,
            0.0,
            0.0,
            1.0,
            0.0,
            -sole + 22.0,
        )),
        |c| {
            // Inside of the collar, tongue, then the upper.
            c.smooth(
                &[
                    (-122.0, collar + 4.0),
                    (-84.0, collar - 7.0),
                    (-46.0, collar + 8.0),
                    (-60.0, collar + 34.0),
                    (-108.0, collar + 32.0),
                ],
                palette.accent.darker(350),
            );
            c.smooth(
                &[
                    (-62.0, collar + 20.0),
                    (-50.0, collar - 24.0),
                    (-30.0, collar - 18.0),
                    (20.0, -92.0),
                    (4.0, -82.0),
                ],
                palette.accent,
            );
            c.fill(
                upper(collar, toe),
                Ink::line(
                    (-60.0, collar),
                    (20.0, -20.0),
                    &[(0.0, body.lighter(230), 1.0), (0.5, body, 1.0), (1.0, body.darker(240), 1.0)],
                ),
            );
            c.clipped(upper(collar, toe), |c| {
                panels(c, look, collar);
                c.smooth(
                    &[(70.0, -18.0), (84.0, -60.0), (122.0, -66.0), (152.0, -20.0)],
                    Ink::glaze(if look.style(5, 2) == 0 { palette.accent } else { WHITE }, 0.85),
                );
                c.smooth(
                    &[(-150.0, -18.0), (-146.0, -84.0), (-112.0, -84.0), (-96.0, -20.0)],
                    palette.accent,
                );
                c.text(
                    -118.0,
                    -50.0,
                    Line::new(look.brand, Face::Light, 13.0, 34.0, palette.accent.readable_ink()),
                );
            });
            for lace in 0..5 {
                let (x, y) = (-36.0 + 19.0 * lace as f32, collar.max(-132.0) + 26.0 + 11.0 * lace as f32);
                c.stroke(
                    curve((x - 6.0, y + 16.0), (x + 2.0, y + 4.0), (x + 8.0, y), (x + 15.0, y - 1.0)),
                    5.0,
                    Rgb(250, 249, 245),
                );
                c.oval(x - 6.0, y + 17.0, 2.6, 2.6, body.darker(600));
            }
            let bottom = sole - 24.0;
            let base = [
                (-140.0, -34.0),
                (-60.0, -27.0),
                (40.0, -28.0),
                (120.0, -36.0),
                (152.0, -30.0),
                (146.0, bottom - 4.0),
                (100.0, bottom + 2.0),
                (-100.0, bottom + 2.0),
                (-142.0, bottom - 6.0),
            ];
            c.fill(smooth(&base), Ink::down(-34.0, bottom, sole_color.lighter(200), sole_color.darker(230)));
            c.clipped(smooth(&base), |c| {
                c.rect(-150.0, bottom - 7.0, 310.0, 12.0, palette.accent.darker(150));
                if look.style(6, 2) == 0 {
                    c.stroke(
                        curve((-140.0, -20.0), (-40.0, -12.0), (60.0, -14.0), (150.0, -24.0)),
                        3.0,
                        palette.accent,
                    );
                } else {
                    for notch in 0..22 {
                        c.rect(-140.0 + 13.0 * notch as f32, bottom - 7.0, 5.0, 12.0, sole_color.darker(450));
                    }
                }
            });
        },
    );
}

fn panels(c: &mut Canvas, look: &Look, collar: f32) {
    let palette = &look.palette;
    match look.style(4, 4) {
        0 => {
            for stripe in 0..3 {
                let x = -36.0 + 25.0 * stripe as f32;
                c.polygon(
                    &[(x, -26.0), (x + 12.0, -26.0), (x - 22.0, -116.0), (x - 34.0, -116.0)],
                    palette.content,
                );
            }
        }
        1 => c.smooth(
            &[(-96.0, -78.0), (-44.0, -40.0), (52.0, -84.0), (-20.0, -58.0), (-60.0, -84.0)],
            palette.content,
        ),
        2 => {
            for row in 0..6 {
                for column in 0..16 {
                    c.oval(
                        -100.0 + 13.0 * column as f32 + 6.0 * (row % 2) as f32,
                        -44.0 - 11.0 * row as f32,
                        2.4,
                        2.4,
                        palette.body.darker(330),
                    );
                }
            }
            c.stroke(
                curve((-96.0, -100.0), (-40.0, -40.0), (0.0, -70.0), (90.0, -40.0)),
                9.0,
                palette.content,
            );
        }
        _ => {
            c.smooth(&[(-96.0, -30.0), (-84.0, -88.0), (-20.0, -96.0), (20.0, -30.0)], palette.content);
            c.motif_in(look.motif, -46.0, -62.0, 20.0, palette.content.readable_ink());
        }
    }
    if collar < -150.0 {
        c.oval(-86.0, collar + 52.0, 22.0, 22.0, palette.content);
        c.motif_in(look.motif, -86.0, collar + 52.0, 14.0, palette.content.readable_ink());
    }
}
