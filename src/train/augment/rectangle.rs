//! Random rectangles of a wanted area within a picture, for crops and erasing.

use crate::train::Random;

/// Widest and narrowest proportions (Szegedy et al., "Going Deeper with Convolutions", CVPR 2015, section 6).
const PROPORTIONS: [f64; 2] = [3.0 / 4.0, 4.0 / 3.0];
/// Draws before it is given up.
const TRIES: usize = 10;

/// A part of a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rectangle {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Rectangle {
    /// A rectangle within `width` by `height` whose share of the area is uniform in `areas`, at a uniform place; `None` where
    /// none was found that fits.
    pub(super) fn draw([width, height]: [usize; 2], areas: [f64; 2], random: &mut Random) -> Option<Self> {
        let between = |[low, high]: [f64; 2], random: &mut Random| low + (high - low) * random.unit();
        for _ in 0..TRIES {
            let area = between(areas, random) * width as f64 * height as f64;
            let proportion = between(PROPORTIONS.map(f64::ln), random).exp();
            let [wanted_width, wanted_height] =
                [(area * proportion).sqrt(), (area / proportion).sqrt()].map(|side| side.round() as usize);
            if (1..=width).contains(&wanted_width) && (1..=height).contains(&wanted_height) {
                let left = random.below(width - wanted_width + 1);
                let top = random.below(height - wanted_height + 1);
                return Some(Self { left, top, width: wanted_width, height: wanted_height });
            }
        }
        None
    }

    /// Sets every number of a picture (3, side, side) within.
    pub(super) fn fill(&self, values: &mut [f32], side: usize, mut value: impl FnMut(usize) -> f32) {
        let Self { left, top, width, height } = *self;
        for channel in 0..3 {
            for row in top..top + height {
                let start = (channel * side + row) * side + left;
                for place in start..start + width {
                    if let Some(slot) = values.get_mut(place) {
                        *slot = value(place);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::{ProptestConfig, proptest};

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn rectangles_lie_within_and_have_their_area(
            seed in 0_u64..10_000, width in 1_usize..300, height in 1_usize..300, low in 0.01_f64..1.0,
        ) {
            if let Some(found) = Rectangle::draw([width, height], [low, 1.0], &mut Random::new(seed, "test")) {
                assert!(found.width > 0 && found.left + found.width <= width, "{found:?}");
                assert!(found.height > 0 && found.top + found.height <= height, "{found:?}");
                // Rounding a side moves the area by half a pixel's width of the other.
                let slack = (width + height) as f64;
                let area = (found.width * found.height) as f64;
                assert!(area + slack >= low * (width * height) as f64, "{found:?}");
            }
        }
    }

    #[test]
    fn what_cannot_fit_is_not_found() {
        // Half the area of a line has no proportion near a square.
        assert_eq!(Rectangle::draw([1000, 1], [0.5, 0.5], &mut Random::new(1, "test")), None);
        assert_eq!(Rectangle::draw([0, 5], [0.5, 1.0], &mut Random::new(1, "test")), None);
    }
}
