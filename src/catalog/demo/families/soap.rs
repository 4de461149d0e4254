//! Soap bars: wrapped in printed paper, or bare with an embossed name beside the wrapper's band.

use tiny_skia::Transform;

use crate::catalog::demo::canvas::{Canvas, rotation, rounded};
use crate::catalog::demo::ink::Ink;
use crate::catalog::demo::label::{self, Area};
use crate::catalog::demo::look::{Look, Pose};
use crate::catalog::demo::palette::{BLACK, WHITE};
use crate::catalog::demo::text::{Face, Line};

pub(super) fn draw(canvas: &mut Canvas, look: &Look, pose: Pose) {
    let width = look.shape(0, 240.0, 300.0);
    let height = look.shape(1, 136.0, 180.0);
    let radius = look.shape(2, 16.0, 58.0);
    let bar = look.palette.content.lighter(520);
    let center_y = -110.0;
    canvas.lying_shadow(0.0, center_y + height * 0.42, width * 0.5, height * 0.36);
    canvas.within(Transform::from_translate(0.0, center_y).pre_concat(rotation(pose.turn() * 14.0)), |c| {
        let (x, y) = (-width / 2.0, -height / 2.0);
        // Thickness, seen from above.
        c.rounded(x, y + 16.0, width, height, radius, Ink::across(x, -x, bar.darker(200), bar.darker(420)));
        c.rounded(
            x,
            y,
            width,
            height,
            radius,
            Ink::line((x, y), (-x, -y), &[(0.0, bar.lighter(300), 1.0), (1.0, bar.darker(90), 1.0)]),
        );
        match look.style(3, 3) {
            0 => {
                c.clipped(rounded(x + 2.0, y + 2.0, width - 4.0, height - 4.0, radius), |c| {
                    label::print(c, look, Area { cx: 0.0, top: y, width, height, reach: 0.86 });
                    c.rect(
                        x,
                        y,
                        width,
                        height,
                        Ink::line(
                            (x, y),
                            (-x, -y),
                            &[(0.0, WHITE, 0.3), (0.5, WHITE, 0.0), (1.0, BLACK, 0.18)],
                        ),
                    );
                });
            }
            1 => {
                let band = width * 0.52;
                c.rect(-band / 2.0, y - 1.0, band, height + 18.0, look.palette.body.darker(250));
                c.clipped(rounded(-band / 2.0, y - 1.0, band, height + 2.0, 1.0), |c| {
                    label::print(c, look, Area { cx: 0.0, top: y, width: band, height, reach: 0.86 });
                });
                for side in [-1.0, 1.0] {
                    c.motif_in(
                        look.motif,
                        side * (band / 2.0 + (width - band) / 4.0),
                        0.0,
                        17.0,
                        bar.darker(170),
                    );
                }
            }
            _ => {
                let frame = rounded(x + 16.0, y + 16.0, width - 32.0, height - 32.0, radius * 0.7);
                c.stroke(frame, 3.0, bar.darker(160));
                c.text(1.5, 1.5, Line::new(look.brand, Face::Bold, 44.0, width * 0.66, bar.lighter(600)));
                c.text(0.0, 0.0, Line::new(look.brand, Face::Bold, 44.0, width * 0.66, bar.darker(260)));
                c.text(0.0, 30.0, Line::new(look.series, Face::Light, 22.0, width * 0.5, bar.darker(320)));
                for (dx, dy, r) in [(0.42, -0.46, 15.0), (0.50, -0.34, 9.0), (-0.46, 0.42, 12.0)] {
                    c.oval(width * dx, height * dy, r, r, Ink::glaze(WHITE, 0.55));
                    c.ring(width * dx, height * dy, r, r, 1.4, Ink::glaze(look.palette.accent, 0.4));
                }
            }
        }
    });
}
