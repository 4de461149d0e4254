//! Reads a model's preprocessing from its own files: timm's config.json and transformers' preprocessor_config.json.

use serde::Deserialize;

use super::{Fit, Interpolation, Preprocess};

/// The keys of timm's config.json that matter here; newer ones keep them under `pretrained_cfg`.
#[derive(Deserialize)]
struct TimmConfig {
    pretrained_cfg: Option<Box<TimmConfig>>,
    input_size: Option<[u32; 3]>,
    interpolation: Option<Interpolation>,
    #[serde(alias = "crop_mode")]
    crop: Option<String>,
    crop_pct: Option<f64>,
    mean: Option<[f32; 3]>,
    std: Option<[f32; 3]>,
}

/// The keys of transformers' preprocessor_config.json that matter here.
#[derive(Deserialize)]
struct TransformersConfig {
    do_resize: Option<bool>,
    do_center_crop: Option<bool>,
    do_rescale: Option<bool>,
    do_normalize: Option<bool>,
    size: Option<Size>,
    crop_size: Option<Size>,
    resample: Option<u32>,
    rescale_factor: Option<f64>,
    image_mean: Option<[f32; 3]>,
    image_std: Option<[f32; 3]>,
}

/// A size as transformers writes it, in old files a number.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
enum Size {
    Number(u32),
    Shorter { shortest_edge: u32 },
    Both { height: u32, width: u32 },
}

/// Largest side a network is believed to read.
const LARGEST_SIDE: u32 = 4096;

impl Preprocess {
    /// Reads timm's config.json or transformers' preprocessor_config.json.
    ///
    /// # Errors
    /// What is missing or out of range, in words.
    pub fn from_config(json: &str) -> Result<Self, String> {
        Self::find_in_config(json)?.ok_or_else(|| missing("input_size"))
    }

    /// The same, `None` where the file says nothing of pictures (a network's own config.json from transformers).
    ///
    /// # Errors
    /// As [`Preprocess::from_config`].
    pub fn find_in_config(json: &str) -> Result<Option<Self>, String> {
        let keys: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(json).map_err(|error| error.to_string())?;
        if ["image_mean", "image_processor_type"].iter().any(|key| keys.contains_key(*key)) {
            return from_transformers(json).map(Some);
        }
        let mut config: TimmConfig = serde_json::from_str(json).map_err(|error| error.to_string())?;
        if let Some(inner) = config.pretrained_cfg.take() {
            config = *inner;
        }
        if config.input_size.is_none() && config.mean.is_none() {
            return Ok(None);
        }
        from_timm(config).map(Some)
    }

    /// The same as a config file, which [`Self::from_config`] reads back.
    pub fn to_config(&self) -> String {
        let interpolation = match self.interpolation {
            Interpolation::Bilinear => "bilinear",
            Interpolation::Bicubic => "bicubic",
            Interpolation::Lanczos => "lanczos",
        };
        let (crop_mode, crop_pct) = match self.fit {
            Fit::Squash => ("squash", 1.0),
            Fit::SquashAndCropCentre { fraction } => ("squash", fraction),
            Fit::CropCentre { fraction } => ("center", fraction),
            Fit::Border { fraction } => ("border", fraction),
            Fit::ShorterSide { pixels } => return self.to_transformers_config(pixels),
        };
        serde_json::json!({
            "input_size": [3, self.size, self.size], "interpolation": interpolation, "crop_mode": crop_mode,
            "crop_pct": crop_pct, "mean": self.mean, "std": self.std,
        })
        .to_string()
    }

    fn to_transformers_config(&self, shorter: u32) -> String {
        let resample = match self.interpolation {
            Interpolation::Lanczos => 1,
            Interpolation::Bilinear => 2,
            Interpolation::Bicubic => 3,
        };
        serde_json::json!({
            "do_center_crop": true, "size": { "shortest_edge": shorter },
            "crop_size": { "height": self.size, "width": self.size }, "resample": resample,
            "image_mean": self.mean, "image_std": self.std,
        })
        .to_string()
    }
}

fn from_timm(config: TimmConfig) -> Result<Preprocess, String> {
    let [channels, height, width] = config.input_size.ok_or_else(|| missing("input_size"))?;
    if channels != 3 || height != width || !(1..=LARGEST_SIDE).contains(&width) {
        return Err(format!("`input_size` is [{channels}, {height}, {width}], where [3, n, n] is read"));
    }
    let fraction = config.crop_pct.unwrap_or(0.875);
    if !(0.05..=1.0).contains(&fraction) {
        return Err(format!("`crop_pct` is {fraction}, outside 0.05 to 1"));
    }
    let fit = match config.crop.as_deref() {
        None | Some("center") => Fit::CropCentre { fraction },
        // Without a fraction nothing is cut: the whole picture is what squashing is for.
        Some("squash") if config.crop_pct.is_none_or(|fraction| fraction == 1.0) => Fit::Squash,
        Some("squash") => Fit::SquashAndCropCentre { fraction },
        Some("border") => Fit::Border { fraction },
        Some(other) => return Err(format!("`crop` is {other:?}, where center, squash or border is read")),
    };
    let interpolation = config.interpolation.ok_or_else(|| missing("interpolation"))?;
    let mean = checked_mean(config.mean.ok_or_else(|| missing("mean"))?, "mean")?;
    let std = checked_std(config.std.ok_or_else(|| missing("std"))?, "std")?;
    Ok(Preprocess { size: width, fit, interpolation, mean, std })
}

fn from_transformers(json: &str) -> Result<Preprocess, String> {
    let config: TransformersConfig = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if config.do_resize == Some(false) || config.do_rescale == Some(false) {
        return Err("`do_resize` and `do_rescale` must be true".to_owned());
    }
    if config.rescale_factor.is_some_and(|factor| (factor * 255.0 - 1.0).abs() > 1e-6) {
        return Err("`rescale_factor` must be 1/255".to_owned());
    }
    let resized = config.size.ok_or_else(|| missing("size"))?;
    let (size, fit) = if config.do_center_crop == Some(true) {
        let size = square(config.crop_size.ok_or_else(|| missing("crop_size"))?, "crop_size")?;
        match resized {
            Size::Number(pixels) | Size::Shorter { shortest_edge: pixels } => {
                if !(size..=LARGEST_SIDE).contains(&pixels) {
                    return Err(format!("`size` is {pixels}, outside {size} to {LARGEST_SIDE}"));
                }
                (size, Fit::ShorterSide { pixels })
            }
            Size::Both { .. } if square(resized, "size")? == size => (size, Fit::Squash),
            Size::Both { .. } => return Err("`size` and `crop_size` differ".to_owned()),
        }
    } else {
        (square(resized, "size")?, Fit::Squash)
    };
    let interpolation = match config.resample {
        Some(1) => Interpolation::Lanczos,
        Some(2) => Interpolation::Bilinear,
        Some(3) | None => Interpolation::Bicubic,
        Some(other) => return Err(format!("`resample` is {other}, where 1, 2 or 3 is read")),
    };
    let (mut mean, mut std) = ([0.0; 3], [1.0; 3]);
    if config.do_normalize != Some(false) {
        mean = checked_mean(config.image_mean.ok_or_else(|| missing("image_mean"))?, "image_mean")?;
        std = checked_std(config.image_std.ok_or_else(|| missing("image_std"))?, "image_std")?;
    }
    Ok(Preprocess { size, fit, interpolation, mean, std })
}

/// The side of a square size.
fn square(size: Size, key: &str) -> Result<u32, String> {
    match size {
        Size::Number(side) | Size::Both { height: side, width: _ } if !(1..=LARGEST_SIDE).contains(&side) => {
            Err(format!("`{key}` is {side}, outside 1 to {LARGEST_SIDE}"))
        }
        Size::Number(side) => Ok(side),
        Size::Both { height, width } if height == width => Ok(width),
        Size::Both { height, width } => {
            Err(format!("`{key}` is {height} by {width}, where a square is read"))
        }
        Size::Shorter { .. } => Err(format!("`{key}` names one side, where a square is read")),
    }
}

fn checked_mean(mean: [f32; 3], key: &str) -> Result<[f32; 3], String> {
    let is_good = mean.iter().all(|value| (0.0..=1.0).contains(value));
    if is_good { Ok(mean) } else { Err(format!("`{key}` must lie within 0 and 1")) }
}

fn checked_std(std: [f32; 3], key: &str) -> Result<[f32; 3], String> {
    let is_good = std.iter().all(|&value| value > 0.0 && value.is_finite());
    if is_good { Ok(std) } else { Err(format!("`{key}` must be above zero")) }
}

fn missing(key: &str) -> String {
    format!("`{key}` is missing")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    const PLAIN: &str = r#"{"input_size":[3,224,224],"interpolation":"bilinear","crop_pct":0.9,"mean":[0,0,0],"std":[1,1,1]}"#;
    const CLIP: &str = r#"{"do_resize":true,"do_center_crop":true,"size":{"shortest_edge":224},"crop_size":{"height":224,"width":224},"resample":3,"image_mean":[0,0,0],"image_std":[1,1,1]}"#;

    fn expected(fit: Fit, interpolation: Interpolation) -> Preprocess {
        Preprocess { size: 224, fit, interpolation, mean: [0.0; 3], std: [1.0; 3] }
    }

    #[test]
    fn configs_old_and_new_are_read() {
        let crop = expected(Fit::CropCentre { fraction: 0.9 }, Interpolation::Bilinear);
        assert_eq!(Preprocess::from_config(PLAIN).unwrap(), crop);
        let nested = format!(r#"{{"architecture":"x","pretrained_cfg":{PLAIN}}}"#);
        assert_eq!(Preprocess::from_config(&nested).unwrap(), crop);
    }

    #[test]
    fn crop_modes_and_filters_are_timm_s() {
        for (mode, crop_pct, filter, fit, interpolation) in [
            ("center", "0.9", "bicubic", Fit::CropCentre { fraction: 0.9 }, Interpolation::Bicubic),
            ("squash", "1.0", "lanczos", Fit::Squash, Interpolation::Lanczos),
            ("squash", "null", "random", Fit::Squash, Interpolation::Bicubic),
            (
                "squash",
                "0.5",
                "bilinear",
                Fit::SquashAndCropCentre { fraction: 0.5 },
                Interpolation::Bilinear,
            ),
            ("border", "1.0", "bilinear", Fit::Border { fraction: 1.0 }, Interpolation::Bilinear),
        ] {
            let json = PLAIN
                .replace("0.9", &format!(r#"{crop_pct},"crop_mode":"{mode}""#))
                .replace("bilinear", filter);
            assert_eq!(Preprocess::from_config(&json).unwrap(), expected(fit, interpolation), "{json}");
        }
    }

    #[test]
    fn transformers_configs_are_read() {
        let shorter = |pixels: u32| expected(Fit::ShorterSide { pixels }, Interpolation::Bicubic);
        assert_eq!(Preprocess::from_config(CLIP).unwrap(), shorter(224));
        let old =
            CLIP.replace(r#"{"shortest_edge":224}"#, "256").replace(r#"{"height":224,"width":224}"#, "224");
        assert_eq!(Preprocess::from_config(&old).unwrap(), shorter(256));
        let siglip = r#"{"image_processor_type":"SiglipImageProcessor","size":{"height":224,"width":224},"resample":2,"do_normalize":false}"#;
        assert_eq!(Preprocess::from_config(siglip).unwrap(), expected(Fit::Squash, Interpolation::Bilinear));
    }

    #[test]
    fn a_written_config_is_read_back() {
        let filters = [Interpolation::Bilinear, Interpolation::Bicubic, Interpolation::Lanczos];
        for fit in [
            Fit::Squash,
            Fit::SquashAndCropCentre { fraction: 0.9 },
            Fit::CropCentre { fraction: 0.95 },
            Fit::Border { fraction: 1.0 },
            Fit::ShorterSide { pixels: 256 },
        ] {
            for interpolation in filters {
                let preprocess = Preprocess { mean: [0.485, 0.456, 0.406], ..expected(fit, interpolation) };
                assert_eq!(Preprocess::from_config(&preprocess.to_config()).unwrap(), preprocess);
            }
        }
    }

    #[test]
    fn a_config_without_pictures_has_none() {
        for json in [r#"{"model_type":"clip","hidden_size":768}"#, "{}", r#"{"pretrained_cfg":{}}"#] {
            assert_eq!(Preprocess::find_in_config(json), Ok(None), "{json}");
            assert!(Preprocess::from_config(json).unwrap_err().contains("input_size"));
        }
    }

    #[test]
    fn bad_configs_say_what_is_wrong() {
        for (good, from, to, expected) in [
            (PLAIN, "[3,224,224]", "[1,224,224]", "input_size"),
            (PLAIN, "[3,224,224]", "[3,0,0]", "input_size"),
            (PLAIN, "[3,224,224]", "[3,224,192]", "input_size"),
            (PLAIN, "bilinear", "magic", "magic"),
            (PLAIN, "0.9", "0.0", "crop_pct"),
            (PLAIN, "0.9", r#"0.9,"crop_mode":"round""#, "round"),
            (PLAIN, "[1,1,1]", "[1,0,1]", "std"),
            (PLAIN, "[0,0,0]", "[0,0,2]", "mean"),
            (PLAIN, "\"mean\"", "\"other\"", "mean"),
            (PLAIN, "{", "", "expected"),
            (CLIP, "\"resample\":3", "\"resample\":0", "resample"),
            (CLIP, "\"size\"", "\"other\"", "size"),
            (CLIP, "edge\":224", "edge\":100", "size"),
            (CLIP, "height\":224", "height\":225", "square"),
            (CLIP, "height\":224", "height\":0", "crop_size"),
            (CLIP, "\"do_resize\":true", "\"do_resize\":false", "do_resize"),
            (CLIP, "\"do_resize\":true", "\"rescale_factor\":1.0", "rescale_factor"),
            (CLIP, "[1,1,1]", "[1,-1,1]", "image_std"),
        ] {
            let message = Preprocess::from_config(&good.replacen(from, to, 1)).unwrap_err();
            assert!(message.contains(expected), "{from} -> {to}: {message}");
        }
    }
}
