//! Little pictures on labels: fruit, leaves, stars. Each is drawn around (0, 0) within a radius of 1.

use tiny_skia::Transform;

use super::canvas::{Canvas, curve, polar, rotation};
use super::palette::{Palette, Rgb};

/// What a label shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Motif {
    Leaf,
    Drop,
    Sun,
    Heart,
    Star,
    Flower,
    Wave,
    Peak,
    Bolt,
    Bean,
    Berry,
    Citrus,
    Moon,
    Paw,
    Fish,
    Grain,
}

impl Canvas {
    /// Draws `motif` at (x, y) with this radius.
    pub(super) fn motif(&mut self, motif: Motif, x: f32, y: f32, radius: f32, palette: &Palette) {
        let fill = palette.content;
        self.within(Transform::from_row(radius, 0.0, 0.0, radius, x, y), |canvas| {
            canvas.unit_motif(motif, fill)
        });
    }

    /// Draws `motif` in a colour of the caller's.
    pub(super) fn motif_in(&mut self, motif: Motif, x: f32, y: f32, radius: f32, fill: Rgb) {
        self.within(Transform::from_row(radius, 0.0, 0.0, radius, x, y), |canvas| {
            canvas.unit_motif(motif, fill)
        });
    }

    fn unit_motif(&mut self, motif: Motif, fill: Rgb) {
        let dark = fill.darker(330);
        let light = fill.lighter(420);
        match motif {
            Motif::Leaf => self.leaf(fill, dark),
            Motif::Drop => {
                self.smooth(
                    &[(0.0, -1.0), (0.42, -0.25), (0.62, 0.35), (0.0, 0.95), (-0.62, 0.35), (-0.42, -0.25)],
                    fill,
                );
                self.oval(-0.24, 0.38, 0.12, 0.22, light);
            }
            Motif::Sun => {
                for ray in 0..12 {
                    self.within(rotation(ray as f32 * 30.0), |c| {
                        c.polygon(&[(0.62, -0.09), (1.0, 0.0), (0.62, 0.09)], fill)
                    });
                }
                self.oval(0.0, 0.0, 0.52, 0.52, fill);
                self.oval(-0.12, -0.14, 0.26, 0.24, light);
            }
            Motif::Heart => {
                self.smooth(
                    &[
                        (0.0, -0.42),
                        (0.45, -0.82),
                        (0.95, -0.42),
                        (0.62, 0.32),
                        (0.0, 0.92),
                        (-0.62, 0.32),
                        (-0.95, -0.42),
                        (-0.45, -0.82),
                    ],
                    fill,
                );
                self.oval(-0.46, -0.42, 0.16, 0.16, light);
            }
            Motif::Star => {
                let points: Vec<_> = (0..10)
                    .map(|i| polar((0.0, 0.0), if i % 2 == 0 { 1.0 } else { 0.44 }, i as f32 * 36.0 - 90.0))
                    .collect();
                self.polygon(&points, fill);
            }
            Motif::Flower => {
                for petal in 0..6 {
                    let (x, y) = polar((0.0, 0.0), 0.58, petal as f32 * 60.0);
                    self.oval(x, y, 0.38, 0.38, fill);
                }
                self.oval(0.0, 0.0, 0.34, 0.34, light);
            }
            Motif::Wave => {
                for (row, shade) in [(-0.45, light), (0.0, fill), (0.45, dark)] {
                    self.stroke(
                        curve((-0.95, row), (-0.4, row - 0.7), (0.4, row + 0.7), (0.95, row)),
                        0.22,
                        shade,
                    );
                }
            }
            Motif::Peak => {
                self.polygon(&[(-1.0, 0.7), (-0.35, -0.45), (0.15, 0.7)], dark);
                self.polygon(&[(-0.45, 0.7), (0.3, -0.8), (1.0, 0.7)], fill);
                self.polygon(&[(0.08, -0.38), (0.3, -0.8), (0.52, -0.36), (0.3, -0.22)], light);
            }
            Motif::Bolt => {
                self.polygon(
                    &[(0.25, -1.0), (-0.6, 0.15), (-0.05, 0.15), (-0.25, 1.0), (0.6, -0.2), (0.08, -0.2)],
                    fill,
                );
            }
            Motif::Bean => {
                for (x, y, angle) in [(-0.42, -0.28, -30.0), (0.44, -0.12, 35.0), (-0.02, 0.46, 80.0)] {
                    self.within(Transform::from_translate(x, y).pre_concat(rotation(angle)), |c| {
                        c.oval(0.0, 0.0, 0.34, 0.46, fill);
                        c.stroke(
                            curve((0.0, -0.42), (0.18, -0.1), (-0.18, 0.1), (0.0, 0.42)),
                            0.08,
                            dark.darker(300),
                        );
                    });
                }
            }
            Motif::Berry => {
                self.smooth(
                    &[(0.0, -0.5), (0.62, -0.52), (0.72, 0.05), (0.0, 0.95), (-0.72, 0.05), (-0.62, -0.52)],
                    fill,
                );
                for (x, y) in
                    [(-0.3, -0.2), (0.1, -0.15), (0.42, -0.1), (-0.12, 0.25), (0.25, 0.3), (-0.02, 0.6)]
                {
                    self.oval(x, y, 0.05, 0.08, light);
                }
                let green = Rgb(92, 150, 72);
                self.polygon(
                    &[(0.0, -0.3), (-0.6, -0.55), (-0.2, -0.62), (0.0, -0.98), (0.2, -0.62), (0.6, -0.55)],
                    green,
                );
            }
            Motif::Citrus => {
                self.oval(0.0, 0.0, 0.95, 0.95, fill);
                self.oval(0.0, 0.0, 0.82, 0.82, fill.lighter(780));
                for piece in 0..8 {
                    self.within(rotation(piece as f32 * 45.0), |c| {
                        c.smooth(&[(0.12, 0.0), (0.62, -0.23), (0.74, 0.0), (0.62, 0.23)], fill);
                    });
                }
            }
            Motif::Moon => {
                self.smooth(
                    &[
                        (0.1, -0.95),
                        (-0.75, -0.5),
                        (-0.8, 0.45),
                        (0.05, 0.95),
                        (0.7, 0.6),
                        (-0.05, 0.35),
                        (-0.15, -0.45),
                    ],
                    fill,
                );
                self.oval(0.5, -0.35, 0.12, 0.12, light);
            }
            Motif::Paw => {
                self.smooth(&[(0.0, -0.1), (0.55, 0.4), (0.35, 0.85), (-0.35, 0.85), (-0.55, 0.4)], fill);
                for (x, y) in [(-0.7, -0.1), (-0.28, -0.58), (0.28, -0.58), (0.7, -0.1)] {
                    self.oval(x, y, 0.2, 0.27, fill);
                }
            }
            Motif::Fish => {
                self.polygon(&[(0.35, 0.0), (1.0, -0.5), (0.85, 0.0), (1.0, 0.5)], dark);
                self.smooth(&[(-1.0, 0.05), (-0.3, -0.48), (0.55, 0.0), (-0.3, 0.48)], fill);
                self.oval(-0.58, -0.08, 0.08, 0.08, dark.darker(500));
            }
            Motif::Grain => {
                self.stroke(curve((0.0, 1.0), (0.0, 0.3), (0.05, -0.3), (0.0, -0.9)), 0.08, dark);
                for step in 0..4 {
                    let y = 0.35 - step as f32 * 0.36;
                    for (side, angle) in [(0.26, 28.0), (-0.26, -28.0)] {
                        self.within(Transform::from_translate(side, y).pre_concat(rotation(angle)), |c| {
                            c.oval(0.0, 0.0, 0.15, 0.27, fill)
                        });
                    }
                }
            }
        }
    }

    fn leaf(&mut self, fill: Rgb, dark: Rgb) {
        for angle in [-38.0, 34.0] {
            self.within(Transform::from_translate(0.0, 0.85).pre_concat(rotation(angle)), |c| {
                c.smooth(&[(0.0, -0.1), (0.36, -0.75), (0.0, -1.75), (-0.36, -0.75)], fill);
                c.stroke(curve((0.0, 0.1), (0.03, -0.4), (0.0, -1.0), (0.0, -1.4)), 0.07, dark);
            });
        }
    }
}
