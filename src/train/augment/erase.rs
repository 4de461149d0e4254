//! A rectangle filled with noise, so that no single spot decides (Zhong et al., "Random Erasing Data Augmentation", AAAI 2020; of the
//! fillings compared there, random values).

use super::rectangle::Rectangle;
use super::{Augmentation, AugmentationSpec};
use crate::train::Random;

/// The line of the table.
pub(super) const SPEC: AugmentationSpec = AugmentationSpec {
    id: "erase",
    label: "Erase",
    summary: "Fills a random rectangle with noise",
    default: Augmentation::Erase { probability: 0.5, most_area: 0.3 },
};

/// Smallest share of the area, as in the paper.
const LEAST_AREA: f64 = 0.02;

/// Fills a rectangle of at most `most_area` of a prepared picture (3, side, side) with numbers uniform in -1 to 1, about the
/// range of normalised pixels. Nothing is changed where none fits.
pub fn erase(values: &mut [f32], side: usize, most_area: f64, random: &mut Random) {
    let areas = [LEAST_AREA.min(most_area), most_area];
    if let Some(part) = Rectangle::draw([side, side], areas, random) {
        part.fill(values, side, |_| (2.0 * random.unit() - 1.0) as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_rectangle_of_each_channel_is_filled() {
        let side = 20;
        for seed in 0..30 {
            // No noise is 9.
            let mut values = vec![9.0; 3 * side * side];
            erase(&mut values, side, 0.4, &mut Random::new(seed, "test"));
            let erased: Vec<Vec<usize>> = values
                .chunks(side * side)
                .map(|channel| (0..side * side).filter(|&place| channel[place] != 9.0).collect())
                .collect();
            assert!(erased.windows(2).all(|two| two[0] == two[1]));
            let places = &erased[0];
            let columns: std::collections::BTreeSet<usize> =
                places.iter().map(|place| place % side).collect();
            let rows: std::collections::BTreeSet<usize> = places.iter().map(|place| place / side).collect();
            assert_eq!(columns.len() * rows.len(), places.len(), "not a rectangle");
            assert!((1..=170).contains(&places.len()), "{}", places.len());
            assert!(values.iter().all(|value| *value == 9.0 || value.abs() <= 1.0));
        }
    }
}
