//! Pictures to the numbers a network expects, as timm's evaluation transforms and Pillow's antialiased resizing make
//! them, read from the model's own config. Decodes nothing.

use image::RgbImage;
use serde::{Deserialize, Serialize};

#[path = "preprocess_resize.rs"]
mod resize;

use resize::{Window, resize};

/// How a picture gets the network's size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fit {
    /// Both sides to the network's, whatever the proportions.
    Squash,
    /// The shorter side to floor(size / fraction), then the centre of the network's size is cut out.
    CropCentre {
        /// timm's `crop_pct`.
        fraction: f64,
    },
}

/// Pillow's resizing filters, all antialiased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interpolation {
    /// Triangle.
    Bilinear,
    /// Cubic with a = -0.5.
    Bicubic,
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
const CODE_VERSION: u32 = 1;

/// The keys of timm's config.json that matter here; newer ones keep them under `pretrained_cfg`.
#[derive(Deserialize)]
struct Config {
    pretrained_cfg: Option<Box<Config>>,
    input_size: Option<[u32; 3]>,
    interpolation: Option<Interpolation>,
    #[serde(alias = "crop_mode")]
    crop: Option<String>,
    crop_pct: Option<f64>,
    mean: Option<[f32; 3]>,
    std: Option<[f32; 3]>,
}

impl Preprocess {
    /// Reads timm's config.json.
    ///
    /// # Errors
    /// What is missing or out of range, in words.
    pub fn from_config(json: &str) -> Result<Self, String> {
        let config: Config = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let config = config.pretrained_cfg.map_or_else(|| serde_json::from_str(json), |inner| Ok(*inner));
        let config: Config = config.map_err(|error| error.to_string())?;
        let missing = |key: &str| format!("`{key}` is missing");
        let [channels, height, width] = config.input_size.ok_or_else(|| missing("input_size"))?;
        if channels != 3 || height != width || !(1..=4096).contains(&width) {
            return Err(format!("`input_size` is [{channels}, {height}, {width}], where [3, n, n] is read"));
        }
        let fraction = config.crop_pct.unwrap_or(0.875);
        if !(0.05..=1.0).contains(&fraction) {
            return Err(format!("`crop_pct` is {fraction}, outside 0.05 to 1"));
        }
        let fit = match config.crop.as_deref() {
            None | Some("center") => Fit::CropCentre { fraction },
            Some("squash") => Fit::Squash,
            Some(other) => return Err(format!("`crop` is {other:?}, where center or squash is read")),
        };
        let std = config.std.ok_or_else(|| missing("std"))?;
        if std.iter().any(|&value| value <= 0.0) {
            return Err("`std` must be above zero".to_owned());
        }
        Ok(Self {
            size: width,
            fit,
            interpolation: config.interpolation.ok_or_else(|| missing("interpolation"))?,
            mean: config.mean.ok_or_else(|| missing("mean"))?,
            std,
        })
    }

    /// The same as timm's config.json, which [`Self::from_config`] reads back.
    pub fn to_config(&self) -> String {
        let interpolation = match self.interpolation {
            Interpolation::Bilinear => "bilinear",
            Interpolation::Bicubic => "bicubic",
        };
        let (crop_mode, crop_pct) = match self.fit {
            Fit::Squash => ("squash", 1.0),
            Fit::CropCentre { fraction } => ("center", fraction),
        };
        serde_json::json!({
            "input_size": [3, self.size, self.size], "interpolation": interpolation, "crop_mode": crop_mode,
            "crop_pct": crop_pct, "mean": self.mean, "std": self.std,
        })
        .to_string()
    }

    /// The picture as (3, size, size), row-major. A picture without pixels is black.
    pub fn apply(&self, picture: &RgbImage) -> Vec<f32> {
        let side = self.size as usize;
        let (width, height) = self.resized_size(picture.dimensions());
        let window = |resized: u32| Window { resized, start: crop_start(resized, self.size), len: self.size };
        let bytes = resize(picture, window(width), window(height), self.interpolation);
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

    /// Everything that changes the numbers, for cache keys.
    pub fn fingerprint(&self) -> String {
        format!("{self:?} v{CODE_VERSION}")
    }

    /// Width and height after resizing, before the crop; never smaller than the crop.
    fn resized_size(&self, (width, height): (u32, u32)) -> (u32, u32) {
        match self.fit {
            Fit::Squash => (self.size, self.size),
            Fit::CropCentre { fraction } => {
                // timm: floor(size / crop_pct); torchvision: the longer side is cut to a whole number.
                let shorter = (f64::from(self.size) / fraction).floor() as u32;
                let longer = |long: u32, short: u32| {
                    let scaled = u64::from(shorter) * u64::from(long) / u64::from(short.max(1));
                    u32::try_from(scaled).unwrap_or(u32::MAX).max(shorter)
                };
                if width <= height {
                    (shorter, longer(height, width))
                } else {
                    (longer(width, height), shorter)
                }
            }
        }
    }
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
        for fit in [Fit::Squash, Fit::CropCentre { fraction: 0.5 }] {
            let picture = RgbImage::from_pixel(7, 31, image::Rgb([255, 51, 0]));
            let preprocess = Preprocess { mean: [0.5; 3], std: [0.5; 3], ..preprocess(4, fit) };
            let values = preprocess.apply(&picture);
            let expected: Vec<f32> = [1.0, -0.6, -1.0].into_iter().flat_map(|value| [value; 16]).collect();
            assert!(values.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6), "{values:?}");
        }
    }

    #[test]
    fn a_picture_without_pixels_is_black() {
        for fit in [Fit::Squash, Fit::CropCentre { fraction: 1.0 }] {
            for (width, height) in [(0, 0), (0, 5), (5, 0)] {
                assert_eq!(preprocess(4, fit).apply(&RgbImage::new(width, height)), [0.0; 48]);
            }
        }
    }

    #[test]
    fn configs_old_and_new_are_read() {
        let plain = r#"{"input_size":[3,224,224],"interpolation":"bicubic","crop_pct":0.9,"mean":[0,0,0],"std":[1,1,1]}"#;
        let expected = Preprocess {
            interpolation: Interpolation::Bicubic,
            ..preprocess(224, Fit::CropCentre { fraction: 0.9 })
        };
        assert_eq!(Preprocess::from_config(plain).unwrap(), expected);
        let nested = format!(r#"{{"architecture":"x","pretrained_cfg":{plain}}}"#);
        assert_eq!(Preprocess::from_config(&nested).unwrap(), expected);
    }

    #[test]
    fn a_written_config_is_read_back() {
        for fit in [Fit::Squash, Fit::CropCentre { fraction: 0.95 }] {
            let preprocess = Preprocess { mean: [0.485, 0.456, 0.406], ..preprocess(288, fit) };
            assert_eq!(Preprocess::from_config(&preprocess.to_config()).unwrap(), preprocess);
        }
    }

    #[test]
    fn bad_configs_say_what_is_wrong() {
        for (from, to, expected) in [
            ("[3,224,224]", "[1,224,224]", "input_size"),
            ("[3,224,224]", "[3,0,0]", "input_size"),
            ("bilinear", "magic", "magic"),
            ("0.9", "0.0", "crop_pct"),
            ("[1,1,1]", "[1,0,1]", "std"),
            ("\"mean\"", "\"other\"", "mean"),
            ("{", "", "expected"),
        ] {
            let good = r#"{"input_size":[3,224,224],"interpolation":"bilinear","crop_pct":0.9,"mean":[0,0,0],"std":[1,1,1]}"#;
            let message = Preprocess::from_config(&good.replacen(from, to, 1)).unwrap_err();
            assert!(message.contains(expected), "{from} -> {to}: {message}");
        }
    }
}
