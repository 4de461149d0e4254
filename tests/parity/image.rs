//! Every image architecture against timm, with weights made by a hash: `parity/image` of the shared folder and the
//! project's own `tests/golden/image` (make_golden.py there says how). Any further file of the same layout is checked too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use image::{Rgb, RgbImage};
use lookalike::encode::{ImageArchitecture, Preprocess, adapt_weights, image_architecture};
use lookalike::nn::{NetworkInput, Plan, Precision, Weights};
use rayon::prelude::{IntoParallelIterator as _, ParallelIterator as _};
use serde::Deserialize;

use super::hash_made::{fill, images};
use super::{cosine, json, shared};

/// What the shared folder must hold at least.
const SHARED: [&str; 14] = [
    "convnext_tiny",
    "densenet121",
    "eca_nfnet_l0",
    "efficientnet_b0",
    "efficientnet_b3",
    "inception_v3",
    "mobilenetv3_large_100",
    "mobilenetv3_small_100",
    "resnet18",
    "resnet50",
    "tf_efficientnetv2_s",
    "vgg16",
    "vgg19",
    "vit_small_patch14_dinov2",
];

/// What the project's own folder must hold at least.
const OWN: [&str; 15] = [
    "densenet201",
    "eca_nfnet_l1",
    "efficientnet_b1",
    "efficientnet_b2",
    "efficientnet_b4",
    "mobilenetv2_100",
    "mobilenetv2_tf",
    "resnet101",
    "resnet34",
    "vit_base_patch16_siglip_224",
    "vit_base_patch16_siglip_224@160",
    "vit_base_patch32_clip_224.openai",
    "vit_base_patch32_clip_quickgelu_224.openai",
    "vit_base_patch32_clip_quickgelu_224.openai.head",
    "vit_small_patch14_dinov2@224",
];

#[derive(Deserialize)]
struct Fixture {
    /// The file's name where absent.
    architecture: Option<String>,
    /// Pictures, channels, rows, columns.
    input: [usize; 4],
    /// The side the weights are made for, where it is not the pictures'.
    weights_side: Option<u32>,
    dim: usize,
    embedding: Vec<Vec<f64>>,
    /// Name and shape of every tensor...
    tensors: Option<BTreeMap<String, Vec<usize>>>,
    /// ...or FNV-1a of all lines "NAME ROWS,COLUMNS", in the order of names.
    shapes_digest: Option<String>,
}

#[test]
fn parity_with_the_shared_numbers() {
    let Some(shared) = shared() else { return };
    let seed: serde_json::Value = json(&shared, "parity/fill_check.json");
    let seed = seed["seed"].as_str().unwrap_or("0").to_owned();
    check_folder(&shared.join("parity/image"), &SHARED, &seed);
}

#[test]
fn parity_with_the_project_s_own_numbers() {
    check_folder(&golden().join("image"), &OWN, "0");
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Checks one fixture after the other: each fills both processors, and the largest networks take their memory in turn.
fn check_folder(folder: &Path, expected: &[&str], seed: &str) {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(".json")?.to_owned()))
        .collect();
    names.sort();
    for name in expected {
        assert!(names.iter().any(|found| found == name), "{name}.json is missing in {}", folder.display());
    }
    let outcomes: Vec<_> = names.iter().map(|name| (name, check(folder, name, seed))).collect();
    for (name, outcome) in &outcomes {
        eprintln!("{name}: {}", outcome.as_ref().unwrap_or_else(|failure| failure));
    }
    let failures: Vec<_> = outcomes.iter().filter(|(_, outcome)| outcome.is_err()).collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

/// How near the network comes, or how far away it stays.
fn check(folder: &Path, name: &str, seed: &str) -> Result<String, String> {
    let fixture: Fixture = json(folder, &format!("{name}.json"));
    let id = fixture.architecture.as_deref().unwrap_or(name);
    let architecture = image_architecture(id).ok_or_else(|| format!("no architecture `{id}`"))?;
    let [n_pictures, _, side, _] = fixture.input;
    let side = u32::try_from(side).map_err(|error| error.to_string())?;
    let shapes = check_structure(architecture, &fixture, fixture.weights_side.unwrap_or(side))?;
    let tensors = shapes.into_par_iter().map(|(name, shape)| {
        let values = fill(&name, &shape, seed);
        (name, (shape, values))
    });
    let weights = Weights::from_tensors(name, tensors.collect()).map_err(|error| error.to_string())?;
    let graph = (architecture.graph)(side);
    let weights = adapt_weights(weights, architecture, &graph).map_err(|error| error.to_string())?;
    let plan = Plan::compile(&graph, &weights, &Device::Cpu, Precision::F32).map_err(|e| e.to_string())?;
    drop(weights);
    let pictures = images(seed, n_pictures, side as usize);
    let batch = Tensor::from_vec(pictures, fixture.input.as_slice(), &Device::Cpu).unwrap();
    let rows = plan.run(NetworkInput::Images(&batch)).map_err(|error| error.to_string())?;
    if rows.dims() != [n_pictures, fixture.dim] || fixture.dim != architecture.width {
        return Err(format!("{:?} for {n_pictures} pictures, {} wanted", rows.dims(), fixture.dim));
    }
    compare(&rows.to_vec2().unwrap(), &fixture.embedding)
}

fn compare(found: &[Vec<f32>], expected: &[Vec<f64>]) -> Result<String, String> {
    let (mut error, mut nearness) = (0.0_f64, 1.0_f64);
    for (found, expected) in found.iter().zip(expected) {
        let largest = expected.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let off = found.iter().zip(expected).map(|(&a, b)| (f64::from(a) - b).abs());
        // `max` would let a NaN pass.
        error = off.fold(error, |worst, off| if off / largest <= worst { worst } else { off / largest });
        nearness = nearness.min(cosine(found, expected));
    }
    let words = format!("relative error {error:.1e}, cosine {nearness:.7}");
    if found.len() == expected.len() && error <= 1e-3 && nearness >= 0.99999 { Ok(words) } else { Err(words) }
}

/// The architecture's tensors for pictures of this side, which must be the fixture's.
fn check_structure(
    architecture: &ImageArchitecture,
    fixture: &Fixture,
    side: u32,
) -> Result<BTreeMap<String, Vec<usize>>, String> {
    let parameters = (architecture.graph)(side).parameters();
    let found: BTreeMap<_, _> = parameters.into_iter().map(|own| (own.name, own.shape)).collect();
    match (&fixture.tensors, &fixture.shapes_digest) {
        (Some(expected), _) => {
            for (name, shape) in expected {
                if found.get(name) != Some(shape) {
                    return Err(format!("`{name}` is {:?} here, {shape:?} in timm", found.get(name)));
                }
            }
            match found.keys().find(|name| !expected.contains_key(*name)) {
                Some(name) => Err(format!("timm has no `{name}`")),
                None => Ok(found),
            }
        }
        (None, Some(digest)) if *digest == digest_of(&found).to_string() => Ok(found),
        (None, Some(_)) => Err("names or shapes of tensors are not timm's".to_owned()),
        (None, None) => Err("the fixture does not name its tensors".to_owned()),
    }
}

fn digest_of(shapes: &BTreeMap<String, Vec<usize>>) -> u64 {
    let mut text = String::new();
    for (name, shape) in shapes {
        let shape: Vec<String> = shape.iter().map(usize::to_string).collect();
        text.push_str(&format!("{name} {}\n", shape.join(",")));
    }
    text.bytes()
        .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

#[derive(Deserialize)]
struct PreprocessCase {
    /// Width and height.
    size: (u32, u32),
    config: serde_json::Value,
    /// (3, every fifth row, every fifth column), row-major.
    values: Vec<f32>,
}

/// timm's and transformers' preprocessing of pictures made by a formula: every crop mode and filter, odd proportions.
#[test]
fn parity_of_preprocessing() {
    let cases: Vec<PreprocessCase> = json(&golden(), "preprocess.json");
    assert!(cases.len() >= 40);
    for case in cases {
        let (width, height) = case.size;
        let picture = RgbImage::from_fn(width, height, |x, y| {
            Rgb([0, 1, 2].map(|channel| ((x * 37 + y * 101 + channel * 59 + x * y) % 256) as u8))
        });
        let preprocess = Preprocess::from_config(&case.config.to_string()).unwrap();
        let side = preprocess.size as usize;
        let values = preprocess.apply(&picture);
        let sampled = values.chunks_exact(side).enumerate().filter(|(line, _)| line % side % 5 == 0);
        let sampled: Vec<f32> = sampled.flat_map(|(_, line)| line.iter().step_by(5).copied()).collect();
        assert_eq!(sampled.len(), case.values.len());
        let off = sampled.iter().zip(&case.values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off < 1e-4, "{width}x{height} {}: {off}", case.config);
    }
}
