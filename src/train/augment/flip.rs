//! Left and right swapped; products have no handedness that listings keep to.

use image::RgbImage;

use super::{Augmentation, AugmentationSpec};

/// The line of the table.
pub(super) const SPEC: AugmentationSpec = AugmentationSpec {
    id: "flip",
    label: "Flip",
    summary: "Swaps left and right",
    default: Augmentation::Flip { probability: 0.5 },
};

/// The mirror image.
pub fn flip(picture: &RgbImage) -> RgbImage {
    image::imageops::flip_horizontal(picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_reversed_and_twice_is_nothing() {
        let picture = RgbImage::from_fn(5, 3, |x, y| image::Rgb([x as u8, y as u8, 0]));
        let flipped = flip(&picture);
        assert_eq!(flipped.get_pixel(0, 2).0, [4, 2, 0]);
        assert!(flip(&flipped) == picture);
    }
}
