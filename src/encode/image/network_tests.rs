//! Opening models: what counts as preprocessing, and honest refusals.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::HashMap;
use std::path::Path;

use image::RgbImage;
use safetensors::tensor::{Dtype, TensorView};

use super::open_model;
use crate::encode::{
    EmbeddingRows, Fit, Interpolation, Modality, ModelEntry, ModelFile, ModelStore, Preprocess,
    image_architecture,
};
use crate::nn::{DeviceChoice, Precision};

const ARCHITECTURE: &str = "mobilenetv3_small_100";
const CONFIG: &str =
    r#"{"input_size":[3,64,64],"interpolation":"bicubic","crop_pct":1,"mean":[0,0,0],"std":[1,1,1]}"#;

fn entry(architecture: &str, preprocess: Option<Preprocess>) -> ModelEntry {
    ModelEntry {
        purpose: crate::encode::Purpose::Encode,
        id: "mine".to_owned(),
        label: String::new(),
        summary: String::new(),
        modality: Modality::Image,
        architecture: architecture.to_owned(),
        source: None,
        files: vec![ModelFile { name: "model.safetensors".to_owned(), n_bytes: None, sha256: None }],
        licence: "MIT".to_owned(),
        width: 1024,
        preprocess,
        text: None,
        n_parameters: None,
    }
}

/// Small, uneven numbers for every parameter.
fn write_weights(path: &Path) {
    let graph = (image_architecture(ARCHITECTURE).unwrap().graph)(64);
    let bytes: HashMap<String, (Vec<usize>, Vec<u8>)> = graph
        .parameters()
        .into_iter()
        .map(|parameter| {
            let around = if parameter.name.ends_with("running_var") { 1.0 } else { 0.0 };
            let mut state = blake3::hash(parameter.name.as_bytes()).as_bytes()[0].into();
            let values = (0..parameter.n_values()).map(|_| {
                state = u32::wrapping_add(u32::wrapping_mul(state, 1_664_525), 1_013_904_223);
                around + (state >> 8) as f32 / (1 << 24) as f32 - 0.5
            });
            let bytes = values.flat_map(f32::to_le_bytes).collect();
            (parameter.name, (parameter.shape, bytes))
        })
        .collect();
    let views = bytes.iter().map(|(name, (shape, bytes))| {
        (name.clone(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    safetensors::serialize_to_file(views, None, path).unwrap();
}

/// A models folder with one model and this config.json, if any.
fn folder(configs: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("mine");
    std::fs::create_dir(&model).unwrap();
    write_weights(&model.join("model.safetensors"));
    for (name, text) in configs {
        std::fs::write(model.join(name), text).unwrap();
    }
    folder
}

fn of_entry(size: u32) -> Preprocess {
    let (mean, std) = ([0.5; 3], [0.5; 3]);
    Preprocess { size, fit: Fit::Squash, interpolation: Interpolation::Bilinear, mean, std }
}

#[test]
fn any_architecture_embeds_pictures() {
    let folder = folder(&[("config.json", CONFIG)]);
    let store = ModelStore::new(folder.path().to_owned());
    let encoder = open_model(&entry(ARCHITECTURE, None), &store, DeviceChoice::Cpu, Precision::F32).unwrap();
    let pictures: Vec<_> = (0..9_u8)
        .map(|i| {
            RgbImage::from_fn(70 + u32::from(i), 50, |x, y| image::Rgb([x as u8, (y * 5) as u8, i * 20]))
        })
        .map(|picture| encoder.prepare(&picture))
        .collect();
    let EmbeddingRows::Dense(rows) = encoder.embed(&pictures).unwrap() else { panic!("not dense") };
    assert_eq!((rows.width, rows.n_rows()), (1024, 9));
    for row in 0..9 {
        let length: f32 = rows.row(row).iter().map(|value| value * value).sum();
        assert!((length - 1.0).abs() < 1e-4, "{length}");
        let EmbeddingRows::Dense(alone) = encoder.embed(&pictures[row..=row]).unwrap() else {
            panic!("not dense")
        };
        let worst = alone.values.iter().zip(rows.row(row)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-5, "{worst}");
    }
    assert!(rows.row(0) != rows.row(8), "two pictures have one row");
}

#[test]
fn the_folder_s_config_comes_before_the_entry_s() {
    let transformers =
        r#"{"size":{"height":96,"width":96},"resample":2,"image_mean":[0,0,0],"image_std":[1,1,1]}"#;
    let names_no_pictures = r#"{"model_type":"clip"}"#;
    for (configs, side) in [
        (vec![("config.json", CONFIG)], 64),
        (vec![("preprocessor_config.json", transformers)], 96),
        (vec![("config.json", names_no_pictures), ("preprocessor_config.json", transformers)], 96),
        (vec![("config.json", names_no_pictures)], 128),
        (vec![], 128),
    ] {
        let folder = folder(&configs);
        let store = ModelStore::new(folder.path().to_owned());
        let entry = entry(ARCHITECTURE, Some(of_entry(128)));
        let encoder = open_model(&entry, &store, DeviceChoice::Cpu, Precision::F32).unwrap();
        let n_values = encoder.prepare(&RgbImage::new(5, 9)).0.len();
        assert_eq!(n_values, 3 * side * side, "{configs:?}");
    }
}

#[test]
fn what_does_not_fit_is_said() {
    let bad_config = CONFIG.replace("bicubic", "magic");
    for (architecture, configs, preprocess, expected) in [
        ("resnet99", vec![], Some(of_entry(64)), "`resnet99` is not known; known are resnet18, "),
        (ARCHITECTURE, vec![], None, "config.json"),
        (ARCHITECTURE, vec![("config.json", bad_config.as_str())], Some(of_entry(64)), "magic"),
        (ARCHITECTURE, vec![], Some(of_entry(16)), "16 pixels, the network takes 32 pixels or more"),
        ("vit_small_patch14_dinov2", vec![], Some(of_entry(64)), "takes a multiple of 14 pixels"),
        (
            "resnet18",
            vec![],
            Some(of_entry(64)),
            "tensor `conv1.weight`: expected [64, 3, 7, 7], found nothing",
        ),
    ] {
        let folder = folder(&configs);
        let store = ModelStore::new(folder.path().to_owned());
        let opened = open_model(&entry(architecture, preprocess), &store, DeviceChoice::Cpu, Precision::F32);
        let message = opened.err().unwrap().to_string();
        assert!(message.contains(expected) && message.contains("mine"), "{message}");
    }
    let empty = tempfile::tempdir().unwrap();
    let store = ModelStore::new(empty.path().to_owned());
    let opened = open_model(&entry(ARCHITECTURE, None), &store, DeviceChoice::Cpu, Precision::F32);
    assert!(opened.err().unwrap().to_string().contains("model.safetensors is missing"));
}

#[test]
fn the_fingerprint_tells_preprocessing_and_weights() {
    let other = CONFIG.replace("bicubic", "bilinear");
    let fingerprint = |config: &str, precision: Precision| {
        let folder = folder(&[("config.json", config)]);
        let store = ModelStore::new(folder.path().to_owned());
        let entry = entry(ARCHITECTURE, None);
        open_model(&entry, &store, DeviceChoice::Cpu, precision).unwrap().fingerprint()
    };
    let first = fingerprint(CONFIG, Precision::F32);
    assert_eq!(first, fingerprint(CONFIG, Precision::F32));
    assert_ne!(first, fingerprint(&other, Precision::F32));
    // The CPU computes in f32 whatever it is asked for.
    assert_eq!(first, fingerprint(CONFIG, Precision::F16));
}
