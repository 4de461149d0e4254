//! Table lamps with a fabric shade and jointed desk lamps.

use crate::catalog::demo::canvas::{Canvas, band, curve, polyline, turned};
use crate::catalog::demo::ink::Ink;
use crate::catalog::demo::look::{Look, Pose};
use crate::catalog::demo::palette::{BRASS, Rgb, STEEL};

pub(super) fn draw(canvas: &mut Canvas, look: &Look, pose: Pose) {
    if look.style(0, 2) == 0 { table(canvas, look) } else { desk(canvas, look, pose) }
}

fn table(canvas: &mut Canvas, look: &Look) {
    let palette = &look.palette;
    let half = look.shape(1, 84.0, 124.0);
    let upper = half * look.shape(2, 0.45, 0.95);
    let tall = look.shape(3, 100.0, 146.0);
    let stand = -look.shape(4, 128.0, 176.0);
    let belly = look.shape(5, 16.0, 62.0);
    canvas.ground_shadow(belly.max(50.0));
    canvas.soft_oval(0.0, stand - tall * 0.4, half * 2.0, 180.0, Rgb(255, 222, 150), 0.32);
    canvas.fill(band(-54.0, 54.0, -12.0, 0.0, 5.0), Ink::cylinder(-54.0, 54.0, palette.accent));
    canvas.oval(0.0, -12.0, 54.0, 8.0, palette.accent.lighter(260));
    let outline =
        [(9.0, stand), (9.0, stand * 0.86), (belly, stand * 0.48), (belly * 0.5, -24.0), (24.0, -12.0)];
    canvas.fill(turned(&outline, 3.0), Ink::cylinder(-belly, belly, palette.body));
    if look.style(6, 2) == 0 {
        canvas.clipped(turned(&outline, 3.0), |c| {
            for ring in 0..4 {
                c.fill(
                    band(
                        -belly,
                        belly,
                        stand * (0.66 - 0.11 * ring as f32),
                        stand * (0.63 - 0.11 * ring as f32),
                        5.0,
                    ),
                    palette.content,
                );
            }
        });
    }
    canvas.rect(-5.0, stand - 16.0, 10.0, 20.0, Ink::metal(-5.0, 5.0, BRASS));
    let cloth = if look.style(7, 2) == 0 { Rgb(246, 236, 214) } else { palette.content.lighter(350) };
    let warm = cloth.mix(Rgb(255, 224, 150), 420);
    let top = stand - tall;
    let points = [
        (-upper, top),
        (upper, top),
        (half, stand),
        (half * 0.5, stand + 9.0),
        (0.0, stand + 12.0),
        (-half * 0.5, stand + 9.0),
        (-half, stand),
    ];
    canvas.polygon(
        &points,
        Ink::line(
            (-half, 0.0),
            (half, 0.0),
            &[
                (0.0, cloth.darker(240), 1.0),
                (0.4, warm.lighter(350), 1.0),
                (0.6, warm, 1.0),
                (1.0, cloth.darker(330), 1.0),
            ],
        ),
    );
    for pleat in 1..12 {
        let part = pleat as f32 / 6.0 - 1.0;
        canvas.stroke(
            polyline(&[(upper * part, top + 2.0), (half * part, stand + 8.0)]),
            1.0,
            Ink::glaze(cloth.darker(500), 0.20),
        );
    }
    canvas.oval(0.0, top, upper, 7.0, warm.lighter(600));
    canvas.stroke(
        curve(
            (-half, stand - 1.0),
            (-half * 0.4, stand + 14.0),
            (half * 0.4, stand + 14.0),
            (half, stand - 1.0),
        ),
        4.0,
        palette.accent,
    );
}

fn desk(canvas: &mut Canvas, look: &Look, pose: Pose) {
    let palette = &look.palette;
    let lean = look.shape(1, -28.0, 10.0) + pose.turn() * 12.0;
    canvas.ground_shadow(72.0);
    canvas.fill(band(-66.0, 66.0, -16.0, 0.0, 8.0), Ink::cylinder(-66.0, 66.0, palette.body));
    canvas.oval(0.0, -16.0, 66.0, 12.0, palette.body.lighter(230));
    let knee = (-74.0 + lean, -look.shape(2, 142.0, 172.0));
    let head = (36.0 + lean, -look.shape(3, 246.0, 284.0));
    let rod = if look.style(4, 2) == 0 { STEEL } else { palette.body };
    for (from, to) in [((0.0, -20.0), knee), (knee, head)] {
        canvas.stroke(polyline(&[from, to]), 13.0, rod.darker(380));
        canvas.stroke(polyline(&[from, to]), 9.0, rod);
        canvas.stroke(polyline(&[(from.0 - 2.0, from.1), (to.0 - 2.0, to.1)]), 2.5, rod.lighter(620));
    }
    canvas.oval(knee.0, knee.1, 13.0, 13.0, palette.accent);
    canvas.oval(knee.0 - 3.0, knee.1 - 3.0, 5.0, 5.0, palette.accent.lighter(500));
    let (x, y) = head;
    let wide = look.shape(5, 44.0, 62.0);
    canvas.polygon(
        &[(x + 18.0, y + 52.0), (x + 92.0, y + 12.0), (x + 150.0, y + 200.0), (x - 20.0, y + 220.0)],
        Ink::line(
            (x + 50.0, y + 30.0),
            (x + 80.0, y + 200.0),
            &[(0.0, Rgb(255, 236, 170), 0.55), (1.0, Rgb(255, 236, 170), 0.0)],
        ),
    );
    let points = [
        (x - 18.0, y - 12.0),
        (x + 10.0, y - 28.0),
        (x + 48.0 + wide, y - 2.0),
        (x + 22.0, y + 36.0 + wide * 0.5),
        (x - 16.0, y + 16.0),
    ];
    canvas.smooth(
        &points,
        Ink::line(
            (x, y - 20.0),
            (x + 40.0, y + 60.0),
            &[
                (0.0, palette.body.lighter(380), 1.0),
                (0.5, palette.body, 1.0),
                (1.0, palette.body.darker(300), 1.0),
            ],
        ),
    );
    canvas.stroke(
        polyline(&[(x + 46.0 + wide, y + 2.0), (x + 24.0, y + 36.0 + wide * 0.5)]),
        9.0,
        Rgb(255, 240, 190),
    );
    canvas.oval(x, y, 9.0, 9.0, palette.accent);
}
