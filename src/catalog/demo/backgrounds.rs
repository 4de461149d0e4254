//! What stands behind the product: studio sweeps, tables, gradients, shop banners. The picture is
//! 480 x 480; each background covers 200 more on every side, so that a tilted view shows no gap.

use super::canvas::{Canvas, curve, rotation};
use super::ink::Ink;
use super::palette::{BLACK, PALETTES, Rgb, WHITE};
use super::rng::Rng;
use tiny_skia::Transform;

/// A background, as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Background {
    /// Modulo [`N_STYLES`].
    pub(super) style: u8,
    pub(super) tint: Rgb,
    pub(super) second: Rgb,
    /// Varies the details.
    pub(super) grain: u8,
}

/// Number of styles.
pub(super) const N_STYLES: u8 = 12;

/// Where the ground meets the product.
pub(super) const GROUND_Y: f32 = 392.0;

const LOW: f32 = -200.0;
const SPAN: f32 = 880.0;

/// Wall colours that flatter any product.
const TINTS: [Rgb; 14] = [
    Rgb(238, 232, 222),
    Rgb(222, 232, 236),
    Rgb(246, 222, 212),
    Rgb(214, 226, 208),
    Rgb(232, 222, 240),
    Rgb(250, 236, 200),
    Rgb(196, 214, 226),
    Rgb(240, 206, 196),
    Rgb(120, 146, 150),
    Rgb(62, 74, 90),
    Rgb(178, 150, 128),
    Rgb(166, 186, 160),
    Rgb(204, 180, 206),
    Rgb(228, 200, 160),
];

/// A tint between two of the list, a little stronger or weaker.
fn shade(rng: &mut Rng) -> Rgb {
    let mixed = rng.pick(&TINTS).mix(rng.pick(&PALETTES).content, rng.range(0, 420));
    if rng.chance(50) { mixed.lighter(rng.range(0, 300)) } else { mixed.darker(rng.range(0, 240)) }
}

impl Background {
    /// Any background.
    pub(super) fn random(rng: &mut Rng) -> Self {
        let style = rng.below(u32::from(N_STYLES)) as u8;
        Self { style, tint: shade(rng), second: shade(rng), grain: rng.byte() }
    }

    /// The white sweep of a manufacturer's own picture.
    pub(super) fn studio(rng: &mut Rng) -> Self {
        Self { style: rng.below(2) as u8, tint: shade(rng), second: WHITE, grain: rng.byte() }
    }

    /// Paints the whole picture.
    pub(super) fn paint(&self, canvas: &mut Canvas) {
        match self.style % N_STYLES {
            0 => self.sweep(canvas, Rgb(244, 244, 245)),
            1 | 2 => self.sweep(canvas, self.tint),
            3 => self.wooden_table(canvas),
            4 => self.diagonal(canvas),
            5 => self.shop_rays(canvas),
            6 => self.marble(canvas),
            7 => self.lights(canvas),
            8 => self.podium(canvas),
            9 => self.big_disc(canvas),
            10 => self.window(canvas),
            _ => self.cloth(canvas),
        }
    }

    fn all(canvas: &mut Canvas, ink: impl Into<Ink>) {
        canvas.rect(LOW, LOW, SPAN, SPAN, ink);
    }

    /// A wall that curves into the floor.
    fn sweep(&self, canvas: &mut Canvas, rgb: Rgb) {
        // Three gradients of two stops are much faster than one of four.
        let stops = [
            (0.0, rgb.darker(70)),
            (278.0, rgb.lighter(280)),
            (336.0, rgb.lighter(60)),
            (480.0, rgb.lighter(380)),
        ];
        canvas.rect(LOW, LOW, SPAN, 0.5 - LOW, stops[0].1);
        canvas.rect(LOW, 480.0, SPAN, 200.0, stops[3].1);
        for pair in stops.windows(2) {
            if let &[(y0, top), (y1, bottom)] = pair {
                canvas.rect(LOW, y0, SPAN, y1 - y0 + 0.5, Ink::down(y0, y1, top, bottom));
            }
        }
        canvas.soft_oval(170.0, 150.0, 330.0, 260.0, WHITE, 0.45);
    }

    fn wooden_table(&self, canvas: &mut Canvas) {
        let wall = self.tint;
        canvas.rect(LOW, LOW, SPAN, 520.0, Ink::down(0.0, 320.0, wall.lighter(120), wall.darker(120)));
        canvas.soft_oval(120.0, 90.0, 300.0, 240.0, WHITE, 0.38);
        let wood = [Rgb(196, 150, 104), Rgb(158, 112, 76), Rgb(222, 188, 148), Rgb(120, 82, 58)]
            [usize::from(self.grain % 4)];
        canvas.rect(LOW, 318.0, SPAN, 400.0, Ink::down(318.0, 480.0, wood.darker(180), wood.lighter(160)));
        let mut rng = Rng::new(u64::from(self.grain));
        for board in 0..4 {
            let y = 318.0 + [0.0, 26.0, 66.0, 120.0][board];
            canvas.rect(LOW, y, SPAN, 1.6 + board as f32 * 0.6, Ink::glaze(wood.darker(650), 0.55));
            for _ in 0..4 {
                let (x, dy) = (rng.range(-60, 400) as f32, y + rng.range(6, 24) as f32);
                canvas.stroke(
                    curve((x, dy), (x + 40.0, dy - 3.0), (x + 90.0, dy + 4.0), (x + 150.0, dy)),
                    1.4,
                    Ink::glaze(wood.darker(420), 0.4),
                );
            }
        }
        canvas.rect(LOW, 312.0, SPAN, 10.0, Ink::down(312.0, 322.0, wall.darker(260), wood.darker(350)));
    }

    fn diagonal(&self, canvas: &mut Canvas) {
        Self::all(
            canvas,
            Ink::line(
                (0.0, 0.0),
                (480.0, 480.0),
                &[(0.0, self.tint.lighter(250), 1.0), (1.0, self.second.darker(120), 1.0)],
            ),
        );
        let lean = f32::from(self.grain) - 60.0;
        canvas.polygon(
            &[(LOW, 480.0 + lean), (680.0, 150.0 + lean * 0.4), (680.0, 700.0), (LOW, 700.0)],
            Ink::glaze(self.second.darker(160), 0.55),
        );
    }

    /// The loud background of a shop's banner.
    fn shop_rays(&self, canvas: &mut Canvas) {
        let loud =
            [Rgb(240, 96, 66), Rgb(32, 128, 196), Rgb(246, 178, 44), Rgb(36, 160, 128), Rgb(214, 60, 110)]
                [usize::from(self.grain % 5)];
        Self::all(
            canvas,
            Ink::around((240.0, 250.0), 360.0, &[(0.0, loud.lighter(420), 1.0), (1.0, loud, 1.0)]),
        );
        for ray in 0..12 {
            canvas.within(
                Transform::from_translate(240.0, 250.0).pre_concat(rotation(ray as f32 * 30.0)),
                |c| {
                    c.polygon(&[(0.0, 0.0), (560.0, -70.0), (560.0, 70.0)], Ink::glaze(WHITE, 0.16));
                },
            );
        }
        canvas.oval(240.0, GROUND_Y + 4.0, 216.0, 44.0, loud.darker(260));
        canvas.oval(240.0, GROUND_Y - 6.0, 212.0, 42.0, Ink::across(30.0, 450.0, WHITE, loud.lighter(560)));
    }

    fn marble(&self, canvas: &mut Canvas) {
        let stone = if self.grain.is_multiple_of(3) { Rgb(74, 78, 84) } else { Rgb(236, 234, 232) };
        let vein = if stone.luma() > 128 { stone.darker(350) } else { stone.lighter(420) };
        Self::all(
            canvas,
            Ink::line(
                (0.0, 0.0),
                (480.0, 480.0),
                &[(0.0, stone.lighter(150), 1.0), (1.0, stone.darker(120), 1.0)],
            ),
        );
        let mut rng = Rng::new(u64::from(self.grain) + 77);
        for _ in 0..9 {
            let mut at = (rng.range(-60, 480) as f32, rng.range(-60, 300) as f32);
            let width = rng.range(8, 40) as f32 / 10.0;
            for _ in 0..3 {
                let to = (at.0 + rng.range(40, 150) as f32, at.1 + rng.range(-10, 120) as f32);
                let bend = rng.range(-40, 40) as f32;
                canvas.stroke(
                    curve(at, (at.0 + 30.0, at.1 + bend), (to.0 - 30.0, to.1 - bend), to),
                    width,
                    Ink::glaze(vein, 0.28),
                );
                at = to;
            }
        }
    }

    /// Out-of-focus lights over a dark table.
    fn lights(&self, canvas: &mut Canvas) {
        let night = self.tint.darker(620);
        Self::all(canvas, Ink::down(0.0, 400.0, night.darker(300), night.lighter(120)));
        let mut rng = Rng::new(u64::from(self.grain) + 5);
        for _ in 0..16 {
            let (x, y, r) = (rng.range(0, 480) as f32, rng.range(0, 260) as f32, rng.range(12, 38) as f32);
            let glow =
                [Rgb(255, 214, 140), self.second.lighter(200), Rgb(255, 180, 150)][rng.below(3) as usize];
            canvas.oval(x, y, r, r, Ink::glaze(glow, 0.22));
            canvas.ring(x, y, r, r, 1.5, Ink::glaze(glow, 0.24));
        }
        canvas.rect(LOW, 320.0, SPAN, 400.0, Ink::down(320.0, 480.0, night.lighter(100), night.lighter(330)));
        canvas.soft_oval(240.0, 400.0, 260.0, 70.0, WHITE, 0.32);
    }

    /// A round stage before an arch.
    fn podium(&self, canvas: &mut Canvas) {
        let wall = self.tint;
        let stage = self.second.lighter(250);
        Self::all(canvas, Ink::down(0.0, 480.0, wall.lighter(150), wall.darker(130)));
        canvas.rounded(
            80.0,
            40.0,
            320.0,
            600.0,
            160.0,
            Ink::across(80.0, 400.0, stage.lighter(350), stage.darker(80)),
        );
        canvas.rect(LOW, 352.0, SPAN, 400.0, Ink::down(352.0, 480.0, wall.darker(200), wall.lighter(80)));
        canvas.soft_oval(270.0, 442.0, 260.0, 36.0, BLACK, 0.35);
        canvas.oval(240.0, GROUND_Y + 36.0, 204.0, 38.0, stage.darker(320));
        canvas.rect(36.0, GROUND_Y - 4.0, 408.0, 40.0, Ink::cylinder(36.0, 444.0, stage));
        canvas.oval(
            240.0,
            GROUND_Y - 4.0,
            204.0,
            38.0,
            Ink::across(36.0, 444.0, stage.lighter(600), stage.lighter(100)),
        );
    }

    fn big_disc(&self, canvas: &mut Canvas) {
        Self::all(canvas, self.tint.lighter(200));
        let strong = self.second.darker(180);
        canvas.oval(
            240.0,
            226.0,
            190.0,
            190.0,
            Ink::line((60.0, 40.0), (420.0, 420.0), &[(0.0, strong.lighter(250), 1.0), (1.0, strong, 1.0)]),
        );
        for (x, y, r) in [(66.0, 90.0, 16.0), (420.0, 70.0, 26.0), (430.0, 400.0, 20.0), (44.0, 330.0, 10.0)]
        {
            canvas.oval(x, y, r, r, Ink::glaze(strong, 0.55));
        }
    }

    /// Daylight through a window on a wall, and its leaves' shadow.
    fn window(&self, canvas: &mut Canvas) {
        self.sweep(canvas, self.tint.mix(Rgb(244, 226, 200), 400));
        for (row, column) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let (x, y) = (250.0 + 92.0 * column as f32, 20.0 + 120.0 * row as f32);
            canvas.polygon(
                &[(x, y), (x + 82.0, y - 14.0), (x + 122.0, y + 88.0), (x + 40.0, y + 102.0)],
                Ink::glaze(Rgb(255, 248, 224), 0.65),
            );
        }
        let mut rng = Rng::new(u64::from(self.grain) + 31);
        for _ in 0..7 {
            let (x, y) = (rng.range(-20, 150) as f32, rng.range(0, 230) as f32);
            canvas.within(
                Transform::from_translate(x, y).pre_concat(rotation(rng.range(10, 80) as f32)),
                |c| {
                    c.smooth(
                        &[(0.0, 0.0), (20.0, -14.0), (92.0, 0.0), (20.0, 14.0)],
                        Ink::glaze(BLACK, 0.075),
                    );
                },
            );
        }
    }

    fn cloth(&self, canvas: &mut Canvas) {
        let cloth = self.tint;
        Self::all(canvas, cloth.lighter(120));
        for stripe in -4..16 {
            let x = stripe as f32 * 44.0;
            canvas.polygon(
                &[(x, LOW), (x + 20.0, LOW), (x + 80.0, 680.0), (x + 60.0, 680.0)],
                Ink::glaze(self.second.darker(200), 0.30),
            );
        }
        for (x, lean) in [(60.0, 60.0), (330.0, -40.0)] {
            canvas.smooth(
                &[(x, -40.0), (x + 40.0 + lean, 200.0), (x + 20.0, 540.0), (x - 30.0 + lean, 220.0)],
                Ink::glaze(WHITE, 0.20),
            );
        }
    }
}
