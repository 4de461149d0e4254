//! Brightness, contrast and saturation by random factors (Howard, "Some Improvements on Deep Convolutional Neural Network Based
//! Image Classification", 2013, section 2): listings of one product are lit and edited differently.

use image::RgbImage;

use super::{Augmentation, AugmentationSpec};
use crate::train::Random;

/// The line of the table.
pub(super) const SPEC: AugmentationSpec = AugmentationSpec {
    id: "colour",
    label: "Colour",
    summary: "Multiplies brightness, contrast and saturation with random factors around 1",
    default: Augmentation::Colour { brightness: 0.3, contrast: 0.3, saturation: 0.3 },
};

/// Luma of ITU-R BT.601.
const LUMA: [f64; 3] = [0.299, 0.587, 0.114];

/// Multiplies brightness, contrast (about the picture's mean luma) and saturation (about each pixel's luma), in this order, with
/// factors uniform in 1 - strength to 1 + strength.
pub fn jitter_colours(picture: &mut RgbImage, strengths: [f64; 3], random: &mut Random) {
    let [brightness, contrast, saturation] =
        strengths.map(|strength| 1.0 + strength * (2.0 * random.unit() - 1.0));
    if [brightness, contrast, saturation] == [1.0; 3] {
        return;
    }
    let luma = |pixel: [f64; 3]| pixel.iter().zip(LUMA).map(|(value, weight)| value * weight).sum::<f64>();
    let n_pixels = (f64::from(picture.width()) * f64::from(picture.height())).max(1.0);
    let mean =
        brightness * picture.pixels().map(|pixel| luma(pixel.0.map(f64::from))).sum::<f64>() / n_pixels;
    for pixel in picture.pixels_mut() {
        let contrasted = pixel.0.map(|value| mean + (brightness * f64::from(value) - mean) * contrast);
        let grey = luma(contrasted);
        // A cast from float to byte ends at 0 and 255.
        pixel.0 = contrasted.map(|value| (grey + (value - grey) * saturation).round() as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn varied() -> RgbImage {
        RgbImage::from_fn(8, 8, |x, y| image::Rgb([60 + 10 * x as u8, 100 + 5 * y as u8, 90]))
    }

    #[test]
    fn each_strength_does_its_own() {
        for seed in 0..20 {
            let mut brighter = varied();
            jitter_colours(&mut brighter, [0.5, 0.0, 0.0], &mut Random::new(seed, "test"));
            let factor = 1.0 + 0.5 * (2.0 * Random::new(seed, "test").unit() - 1.0);
            let expected = (factor * 60.0).round() as u8;
            assert_eq!(brighter.get_pixel(0, 0).0[0], expected);

            let mut greyer = RgbImage::from_pixel(3, 3, image::Rgb([80, 80, 80]));
            jitter_colours(&mut greyer, [0.0, 0.9, 0.9], &mut Random::new(seed, "test"));
            // One grey has neither contrast nor saturation.
            assert_eq!(greyer.get_pixel(1, 1).0, [80, 80, 80]);
        }
    }

    #[test]
    fn bytes_end_at_their_bounds() {
        let mut picture = RgbImage::from_fn(2, 1, |x, _| image::Rgb([255 * x as u8; 3]));
        for seed in 0..20 {
            jitter_colours(&mut picture, [1.0, 1.0, 1.0], &mut Random::new(seed, "test"));
        }
        let mut nothing = RgbImage::new(0, 0);
        jitter_colours(&mut nothing, [1.0; 3], &mut Random::new(1, "test"));
        assert_eq!(nothing.dimensions(), (0, 0));
    }
}
