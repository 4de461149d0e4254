//! A rectangle of one picture laid over another (Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers with
//! Localizable Features", ICCV 2019, equations 1 and 2). Both pictures' groups count, by their shares of the area: the loss is the
//! mean of the loss with the groups of either, so weighted. One rectangle serves a whole view.

use super::rectangle::Rectangle;
use super::{Augmentation, AugmentationSpec};
use crate::train::Random;

/// The line of the table.
pub(super) const SPEC: AugmentationSpec = AugmentationSpec {
    id: "cut-mix",
    label: "CutMix",
    summary: "Lays a rectangle of another group's picture over; both groups count by their shares of the area",
    default: Augmentation::CutMix { views: 1 },
};

/// Where the other picture is laid over squares of one size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MixedBox {
    side: usize,
    part: Rectangle,
}

impl MixedBox {
    /// A rectangle of the square's proportions with a uniform share of its area, at a uniform place; what hangs over the edge
    /// is cut off.
    pub fn draw(side: usize, random: &mut Random) -> Self {
        let half = (side as f64 * random.unit().sqrt() / 2.0).round() as usize;
        let [centre_left, centre_top] = [random.below(side), random.below(side)];
        let span = |centre: usize| {
            let start = centre.saturating_sub(half);
            (start, (centre + half).min(side) - start)
        };
        let ((left, width), (top, height)) = (span(centre_left), span(centre_top));
        Self { side, part: Rectangle { left, top, width, height } }
    }

    /// Share of the area that stays as it was.
    pub fn share_kept(&self) -> f64 {
        let area = (self.part.width * self.part.height) as f64;
        1.0 - area / (self.side * self.side).max(1) as f64
    }

    /// Lays the rectangle of `from` over `into`, both (3, side, side).
    pub fn paste(&self, into: &mut [f32], from: &[f32]) {
        self.part.fill(into, self.side, |place| from.get(place).copied().unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_is_of_one_of_the_two_by_the_shares() {
        let side = 24;
        let mut shares = Vec::new();
        for seed in 0..200 {
            let mixed = MixedBox::draw(side, &mut Random::new(seed, "test"));
            let mut into: Vec<f32> = (0..3 * side * side).map(|place| place as f32).collect();
            let from: Vec<f32> = into.iter().map(|value| -1.0 - value).collect();
            mixed.paste(&mut into, &from);
            let n_kept = into.iter().enumerate().filter(|(place, value)| **value == *place as f32).count();
            assert!(
                into.iter()
                    .zip(&from)
                    .enumerate()
                    .all(|(place, (value, from))| { *value == place as f32 || value == from })
            );
            let share = n_kept as f64 / (3 * side * side) as f64;
            assert!((share - mixed.share_kept()).abs() < 1e-9, "{share} {mixed:?}");
            shares.push(share);
        }
        assert!(shares.iter().any(|share| *share > 0.9) && shares.iter().any(|share| *share < 0.5));
    }
}
