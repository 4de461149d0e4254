//! A part of the picture in its place, of random area and proportion (Szegedy et al., "Going Deeper with Convolutions", CVPR 2015,
//! section 6). It is made the network's size afterwards.

use image::RgbImage;

use super::rectangle::Rectangle;
use super::{Augmentation, AugmentationSpec};
use crate::train::Random;

/// The line of the table.
pub(super) const SPEC: AugmentationSpec = AugmentationSpec {
    id: "crop",
    label: "Crop",
    summary: "Takes a part of the picture, of random area and proportion",
    default: Augmentation::Crop { least_area: 0.6 },
};

/// A part of the picture with at least `least_area` of its area; the whole picture where none fits.
pub fn crop(picture: &RgbImage, least_area: f64, random: &mut Random) -> RgbImage {
    let (width, height) = picture.dimensions();
    let part = Rectangle::draw([width as usize, height as usize], [least_area, 1.0], random);
    let Some(Rectangle { left, top, width, height }) = part else { return picture.clone() };
    image::imageops::crop_imm(picture, left as u32, top as u32, width as u32, height as u32).to_image()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_part_of_the_picture() {
        let picture = RgbImage::from_fn(60, 50, |x, y| image::Rgb([x as u8, y as u8, 9]));
        let mut random = Random::new(4, "test");
        let mut sizes = std::collections::HashSet::new();
        for _ in 0..50 {
            let part = crop(&picture, 0.4, &mut random);
            let (width, height) = part.dimensions();
            sizes.insert((width, height));
            assert!(f64::from(width * height) > 0.38 * 3000.0, "{width} {height}");
            let [left, top, _] = part.get_pixel(0, 0).0;
            for (x, y, pixel) in part.enumerate_pixels() {
                assert_eq!(pixel.0, [left + x as u8, top + y as u8, 9]);
            }
        }
        assert!(sizes.len() > 20, "{sizes:?}");
    }
}
