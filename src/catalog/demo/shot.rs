//! One photograph: background, arrangement, camera. It draws the scene; what a seller does to the
//! picture afterwards is in `edits`.

use tiny_skia::Transform;

use super::backgrounds::{Background, GROUND_Y};
use super::canvas::Canvas;
use super::look::{Look, Pose};
use super::rng::Rng;

/// How many items stand in the picture, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrangement {
    Single,
    /// Two side by side.
    Pair,
    /// One in front of another.
    Behind,
    /// Three in a row, the middle one in front.
    Trio,
}

/// A photograph of a product, as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shot {
    pub(super) background: Background,
    pub(super) arrangement: Arrangement,
    pub(super) pose: Pose,
    /// Size of the product in per cent of its full size.
    pub(super) zoom: u8,
    /// Where it stands off the middle, in pixels.
    pub(super) offset: (i8, i8),
}

impl Shot {
    /// The manufacturer's picture: centred, before a background of this style or a white one.
    pub(super) fn stock(style: u8, rng: &mut Rng) -> Self {
        let background = if rng.chance(15) {
            Background::studio(rng)
        } else {
            Background { style, ..Background::random(rng) }
        };
        Self {
            background,
            arrangement: Arrangement::Single,
            pose: Pose { turn: rng.range(-25, 25) as i8 },
            zoom: rng.range(96, 108) as u8,
            offset: (0, 0),
        }
    }

    /// Somebody's own picture: another place, angle and number of items.
    pub(super) fn own(rng: &mut Rng) -> Self {
        let arrangement = match rng.below(10) {
            0..6 => Arrangement::Single,
            6 | 7 => Arrangement::Pair,
            8 => Arrangement::Behind,
            _ => Arrangement::Trio,
        };
        Self {
            background: Background::random(rng),
            arrangement,
            pose: Pose { turn: rng.range(-100, 100) as i8 },
            zoom: rng.range(86, 112) as u8,
            offset: (rng.range(-26, 26) as i8, rng.range(-14, 16) as i8),
        }
    }

    /// Draws the scene through `view`.
    pub(super) fn draw(&self, canvas: &mut Canvas, view: Transform, look: &Look) {
        canvas.within(view, |c| {
            self.background.paint(c);
            let zoom = f32::from(self.zoom) / 100.0;
            let (dx, dy) = (f32::from(self.offset.0), f32::from(self.offset.1));
            let mut item = |x: f32, y: f32, scale: f32, pose: Pose| {
                let s = zoom * scale;
                let local = Transform::from_row(s, 0.0, 0.0, s, 240.0 + dx + x, GROUND_Y + dy + y);
                c.within(local, |c| look.family.draw(c, look, pose));
            };
            let other = Pose { turn: -self.pose.turn };
            match self.arrangement {
                Arrangement::Single => item(0.0, 0.0, 1.0, self.pose),
                Arrangement::Pair => {
                    item(-102.0, 0.0, 0.76, self.pose);
                    item(102.0, 10.0, 0.76, other);
                }
                Arrangement::Behind => {
                    item(62.0, -34.0, 0.74, other);
                    item(-46.0, 8.0, 0.86, self.pose);
                }
                Arrangement::Trio => {
                    item(-128.0, -20.0, 0.54, other);
                    item(128.0, -20.0, 0.54, other);
                    item(0.0, 14.0, 0.66, self.pose);
                }
            }
        });
    }
}
