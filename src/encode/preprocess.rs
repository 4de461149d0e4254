//! Pictures to the numbers a network expects, as timm's evaluation transforms, transformers' image processors and
//! Pillow's antialiased resizing make them, read from the model's own config. Decodes nothing.

use image::RgbImage;
use serde::{Deserialize, Serialize};

#[path = "preprocess_config.rs"]
mod config;
#[path = "preprocess_resize.rs"]
mod resize;

use super::encoder::detailed;
use resize::resize;

pub(in crate::encode) use resize::{Window, weights};

/// How a picture gets the network's size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fit {
    /// Both sides to the network's, whatever the proportions.
    Squash,
    /// Both sides to floor(size / fraction), whatever the proportions, then the centre is cut out.
    SquashAndCropCentre {
        /// timm's `crop_pct`.
        fraction: f64,
    },
    /// The shorter side to floor(size / fraction), then the centre of the network's size is cut out.
    CropCentre {
        /// timm's `crop_pct`.
        fraction: f64,
    },
    /// The longer side to floor(size / fraction), then the centre is cut out or laid on the mean colour.
    Border {
        /// timm's `crop_pct`.
        fraction: f64,
    },
    /// The shorter side to this many pixels, then the centre is cut out, an odd rest going below and right
    /// (transformers' `shortest_edge`).
    ShorterSide {
        /// At least the network's size.
        pixels: u32,
    },
}

/// Pillow's resizing filters, all antialiased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interpolation {
    /// Triangle.
    Bilinear,
    /// Cubic with a = -0.5. Networks trained with `random`, a change between these two, are evaluated with this one.
    #[serde(alias = "random")]
    Bicubic,
    /// Sinc windowed by a wider sinc, three pixels to each side.
    Lanczos,
}

/// A model's preprocessing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preprocess {
    /// Side of the square the network reads, in pixels.
    pub size: u32,
    /// How pictures get that size.
    pub fit: Fit,
    /// Filter of the resizing.
    pub interpolation: Interpolation,
    /// Subtracted from red, green and blue in [0, 1].
    pub mean: [f32; 3],
    /// Divides what is left.
    pub std: [f32; 3],
}

/// Raised when the same settings give other numbers.
const CODE_VERSION: u32 = 2;

/// One side of a picture: what is kept of it after resizing, and where that lies in the network's square.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Placement {
    window: Window,
    offset: u32,
}

impl Preprocess {
    /// The picture as (3, size, size), row-major. A picture without pixels is black.
    pub fn apply(&self, picture: &RgbImage) -> Vec<f32> {
        let side = self.size as usize;
        let (width, height) = self.resized_size(picture.dimensions());
        let (columns, rows) = (self.placement(width), self.placement(height));
        let mut bytes = resize(picture, columns.window, rows.window, self.interpolation);
        if columns.window.len < self.size || rows.window.len < self.size {
            bytes = self.on_mean_colour(&bytes, columns, rows);
        }
        let pixels = bytes.as_chunks::<3>().0;
        let mut values = vec![0.0_f32; 3 * side * side];
        // (byte / 255 - mean) / std, once for each of the 256 bytes.
        let tables: [[f32; 256]; 3] = std::array::from_fn(|channel| {
            std::array::from_fn(|byte| (byte as f32 / 255.0 - self.mean[channel]) / self.std[channel])
        });
        for (channel, (plane, table)) in values.chunks_exact_mut(side * side).zip(&tables).enumerate() {
            for (value, pixel) in plane.iter_mut().zip(pixels) {
                *value = table[usize::from(pixel[channel])];
            }
        }
        values
    }

    /// The least a picture of `full_size` must be decoded at, see [`super::ImageEncoder::least_size`].
    pub fn least_size(&self, full_size: (u32, u32)) -> (u32, u32) {
        detailed(self.resized_size(full_size))
    }

    /// Everything that changes the numbers, for cache keys.
    pub fn fingerprint(&self) -> String {
        format!("{self:?} v{CODE_VERSION}")
    }

    /// Width and height after resizing, before the crop; smaller than the crop only with borders.
    fn resized_size(&self, (width, height): (u32, u32)) -> (u32, u32) {
        // timm: floor(size / crop_pct).
        let enlarged = |fraction: f64| (f64::from(self.size) / fraction).floor() as u32;
        match self.fit {
            Fit::Squash => (self.size, self.size),
            Fit::SquashAndCropCentre { fraction } => (enlarged(fraction), enlarged(fraction)),
            Fit::CropCentre { fraction } => by_shorter_side((width, height), enlarged(fraction)),
            Fit::ShorterSide { pixels } => by_shorter_side((width, height), pixels.max(self.size)),
            Fit::Border { fraction } => {
                let ratio = f64::from(width.max(height).max(1)) / f64::from(enlarged(fraction));
                let scaled = |side: u32| (f64::from(side) / ratio).round_ties_even().max(1.0) as u32;
                (scaled(width), scaled(height))
            }
        }
    }

    fn placement(&self, resized: u32) -> Placement {
        if resized < self.size {
            let window = Window { resized, start: 0, len: resized };
            return Placement { window, offset: (self.size - resized) / 2 };
        }
        let start = match self.fit {
            Fit::ShorterSide { .. } => (resized - self.size) / 2,
            _ => crop_start(resized, self.size),
        };
        Placement { window: Window { resized, start, len: self.size }, offset: 0 }
    }

    /// The square of the network's size in the mean colour with the kept part of the picture in it.
    fn on_mean_colour(&self, kept: &[u8], columns: Placement, rows: Placement) -> Vec<u8> {
        let side = self.size as usize;
        let colour = self.mean.map(|mean| (255.0 * f64::from(mean)).round_ties_even() as u8);
        let mut square = colour.repeat(side * side);
        let line_bytes = columns.window.len as usize * 3;
        let lines = square.chunks_exact_mut(side * 3).skip(rows.offset as usize);
        for (line, from) in lines.zip(kept.chunks_exact(line_bytes.max(1))) {
            let start = columns.offset as usize * 3;
            line[start..start + line_bytes].copy_from_slice(from);
        }
        square
    }
}

/// The shorter side to `shorter`, the longer in proportion, cut to a whole number as torchvision does.
fn by_shorter_side((width, height): (u32, u32), shorter: u32) -> (u32, u32) {
    let longer = |long: u32, short: u32| {
        let scaled = u64::from(shorter) * u64::from(long) / u64::from(short.max(1));
        u32::try_from(scaled).unwrap_or(u32::MAX).max(shorter)
    };
    if width <= height { (shorter, longer(height, width)) } else { (longer(width, height), shorter) }
}

/// torchvision's centre crop: int(round((have - want) / 2)), halves to the even number.
fn crop_start(have: u32, want: u32) -> u32 {
    (f64::from(have.saturating_sub(want)) / 2.0).round_ties_even() as u32
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn preprocess(size: u32, fit: Fit) -> Preprocess {
        Preprocess { size, fit, interpolation: Interpolation::Bilinear, mean: [0.0; 3], std: [1.0; 3] }
    }

    #[test]
    fn sizes_are_torchvision_s() {
        let crop = preprocess(224, Fit::CropCentre { fraction: 0.875 });
        for (from, expected) in [
            ((500, 375), (341, 256)),
            ((375, 500), (256, 341)),
            ((256, 256), (256, 256)),
            ((1, 100_000), (256, 25_600_000)),
        ] {
            assert_eq!(crop.resized_size(from), expected, "{from:?}");
        }
        // Python: round(42.5) = 42, round(58.5) = 58, round(0.5) = 0, round(1.5) = 2.
        for (have, want, expected) in
            [(309, 224, 42), (341, 224, 58), (225, 224, 0), (227, 224, 2), (224, 224, 0)]
        {
            assert_eq!(crop_start(have, want), expected, "{have} {want}");
        }
    }

    #[test]
    fn one_colour_stays_that_colour() {
        for fit in [
            Fit::Squash,
            Fit::SquashAndCropCentre { fraction: 0.7 },
            Fit::CropCentre { fraction: 0.5 },
            Fit::ShorterSide { pixels: 9 },
        ] {
            let picture = RgbImage::from_pixel(7, 31, image::Rgb([255, 51, 0]));
            let preprocess = Preprocess { mean: [0.5; 3], std: [0.5; 3], ..preprocess(4, fit) };
            let values = preprocess.apply(&picture);
            let expected: Vec<f32> = [1.0, -0.6, -1.0].into_iter().flat_map(|value| [value; 16]).collect();
            assert!(values.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6), "{values:?}");
        }
    }

    #[test]
    fn a_picture_without_pixels_is_black() {
        for fit in [Fit::Squash, Fit::CropCentre { fraction: 1.0 }, Fit::ShorterSide { pixels: 1 }] {
            for (width, height) in [(0, 0), (0, 5), (5, 0)] {
                assert_eq!(preprocess(4, fit).apply(&RgbImage::new(width, height)), [0.0; 48]);
            }
        }
    }

    #[test]
    fn borders_have_the_mean_colour() {
        let mean = [0.2, 0.6, 1.0];
        let preprocess = Preprocess { mean, ..preprocess(4, Fit::Border { fraction: 1.0 }) };
        for (width, height) in [(80, 39), (2, 1), (4000, 1)] {
            let values = preprocess.apply(&RgbImage::new(width, height));
            // The picture is black, the border is the mean: after subtraction -mean and 0.
            for (plane, mean) in values.chunks_exact(16).zip(mean) {
                assert!(plane[..4].iter().all(|value| value.abs() < 1e-6), "{width}x{height}: {plane:?}");
                assert!((plane[4] + mean).abs() < 1e-6, "{width}x{height}: {plane:?}");
            }
        }
        let standing = preprocess.apply(&RgbImage::new(1, 2));
        assert!(
            (0..4).all(|row| standing[row * 4].abs() < 1e-6 && (standing[row * 4 + 1] + 0.2).abs() < 1e-6)
        );
    }
}
