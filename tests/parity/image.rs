//! Every image architecture against timm, with weights made by a hash: `parity/image` of the shared folder and the
//! project's own `tests/golden/image` (make_golden.py there says how). Any further file of the same layout is checked too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use image::{Rgb, RgbImage};
use lookalike::encode::{ImageArchitecture, Preprocess, adapt_weights, image_architecture};
use lookalike::nn::{Graph, Mode, NetworkInput, Plan, Precision, TrainableNetwork, Weights};
use rayon::prelude::{IntoParallelIterator as _, ParallelIterator as _};
use serde::Deserialize;

use super::hash_made::{fill, images, uniform};
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
const OWN: [&str; 19] = [
    "densenet201",
    "eca_nfnet_l0@damped",
    "eca_nfnet_l0@exact",
    "eca_nfnet_l1",
    "efficientnet_b1",
    "efficientnet_b2",
    "efficientnet_b4",
    "mobilenetv2_100",
    "mobilenetv2_tf",
    "resnet101",
    "resnet34",
    "tf_efficientnetv2_s@damped",
    "tf_efficientnetv2_s@exact",
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
    /// Multiplies the scales of norms and the gains, 1 where absent.
    damping: Option<f32>,
    /// Whether the numbers were computed in f64, and are to be met in f64.
    #[serde(default)]
    is_exact: bool,
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
    let damping = fixture.damping.unwrap_or(1.0);
    let tensors = shapes.into_par_iter().map(|(name, shape)| {
        let mut values = fill(&name, &shape, seed);
        if name.ends_with(".gain") || (name.ends_with(".weight") && shape.len() == 1) {
            values.iter_mut().for_each(|value| *value *= damping);
        }
        (name, (shape, values))
    });
    let weights = Weights::from_tensors(name, tensors.collect()).map_err(|error| error.to_string())?;
    let graph = (architecture.graph)(side);
    let weights = adapt_weights(weights, architecture, &graph).map_err(|error| error.to_string())?;
    if fixture.is_exact {
        let distance = Distance::between(
            &in_f64(&graph, &weights, images(seed, n_pictures, side as usize), fixture.input)?,
            &fixture.embedding,
        );
        let words = format!("{distance} in f64");
        return if distance.relative <= 1e-6 { Ok(words) } else { Err(words) };
    }
    let plan = Plan::compile(&graph, &weights, &Device::Cpu, Precision::F32).map_err(|e| e.to_string())?;
    let pictures = images(seed, n_pictures, side as usize);
    let rows = in_f64_of(run(&plan, pictures.clone(), fixture.input)?);
    if rows.len() != n_pictures || rows.iter().any(|row| row.len() != fixture.dim) {
        return Err(format!("not {n_pictures} rows of {} numbers", fixture.dim));
    }
    if fixture.dim != architecture.width {
        return Err(format!("{} numbers here, {} in timm", architecture.width, fixture.dim));
    }
    let distance = Distance::between(&rows, &fixture.embedding);
    if distance.is_near() {
        return Ok(distance.to_string());
    }
    // With these weights some networks blow their numbers up until a rounding of f32 shows in the third digit or turns the
    // result over. How far the plan's own rows move under roundings of its input says whether that is so...
    let own = own_movement(&plan, &pictures, &rows, fixture.input)?;
    let words = format!("{distance}; itself moves by {own}");
    if own.relative < 1e-2 {
        return Err(words);
    }
    // ...and the same graph in f64 says whether it is the network that timm computes.
    let exact = Distance::between(&in_f64(&graph, &weights, pictures, fixture.input)?, &fixture.embedding);
    if exact.is_near() {
        return Ok(format!("{exact} in f64; in f32 {words}"));
    }
    // Where timm's own f64 does not give timm's f32 numbers either, these say nothing but names and shapes; the same
    // architecture meets timm's f64 numbers with these weights, and its f32 ones with damped weights, among the
    // project's own numbers.
    if OWN.contains(&format!("{id}@exact").as_str()) {
        return Ok(format!(
            "names and shapes only, the numbers are not well conditioned: {exact} in f64; in f32 {words}"
        ));
    }
    Err(format!("{exact} in f64; in f32 {words}"))
}

fn in_f64(
    graph: &Graph,
    weights: &Weights,
    pictures: Vec<f32>,
    shape: [usize; 4],
) -> Result<Vec<Vec<f64>>, String> {
    let rows = || -> Result<Vec<Vec<f64>>, lookalike::nn::NnError> {
        let network = TrainableNetwork::load_in_f64(graph, weights, &Device::Cpu)?;
        let batch = Tensor::from_vec(pictures, shape.as_slice(), &Device::Cpu)?.to_dtype(DType::F64)?;
        let rows = network.forward(NetworkInput::Images(&batch), &mut Mode::Evaluation)?;
        Ok(rows.to_vec2()?)
    };
    rows().map_err(|error| error.to_string())
}

fn run(plan: &Plan, pictures: Vec<f32>, shape: [usize; 4]) -> Result<Vec<Vec<f32>>, String> {
    let batch =
        Tensor::from_vec(pictures, shape.as_slice(), &Device::Cpu).map_err(|error| error.to_string())?;
    let rows = plan.run(NetworkInput::Images(&batch)).map_err(|error| error.to_string())?;
    rows.to_vec2().map_err(|error| error.to_string())
}

fn in_f64_of(rows: Vec<Vec<f32>>) -> Vec<Vec<f64>> {
    rows.into_iter().map(|row| row.into_iter().map(f64::from).collect()).collect()
}

/// How far the rows move when every number of the pictures moves by a few roundings of f32, the farthest of four tries.
fn own_movement(
    plan: &Plan,
    pictures: &[f32],
    rows: &[Vec<f64>],
    shape: [usize; 4],
) -> Result<Distance, String> {
    let mut farthest = Distance { relative: 0.0, cosine: 1.0 };
    for attempt in 0..4 {
        let noise = uniform(&format!("noise/{attempt}"), pictures.len(), "0");
        let moved = pictures.iter().zip(noise).map(|(&value, noise)| value * (1.0 + 1e-6 * noise as f32));
        let distance = Distance::between(&in_f64_of(run(plan, moved.collect(), shape)?), rows);
        farthest.relative = farthest.relative.max(distance.relative);
        farthest.cosine = farthest.cosine.min(distance.cosine);
    }
    Ok(farthest)
}

/// The worst over all rows.
struct Distance {
    /// Largest difference as a part of the largest number.
    relative: f64,
    cosine: f64,
}

impl Distance {
    fn is_near(&self) -> bool {
        self.relative <= 1e-3 && self.cosine >= 0.99999
    }

    fn between(found: &[Vec<f64>], expected: &[Vec<f64>]) -> Self {
        assert_eq!(found.len(), expected.len());
        let mut worst = Self { relative: 0.0, cosine: 1.0 };
        for (found, expected) in found.iter().zip(expected) {
            let largest = expected.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
            for (a, b) in found.iter().zip(expected) {
                let off = (a - b).abs() / largest;
                // `max` would let a NaN pass.
                worst.relative = if off <= worst.relative { worst.relative } else { off };
            }
            worst.cosine = worst.cosine.min(cosine(found, expected));
        }
        worst
    }
}

impl std::fmt::Display for Distance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "relative error {:.1e}, cosine {:.7}", self.relative, self.cosine)
    }
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
        let sampled =
            values.chunks_exact(side).enumerate().filter(|(line, _)| (line % side).is_multiple_of(5));
        let sampled: Vec<f32> = sampled.flat_map(|(_, line)| line.iter().step_by(5).copied()).collect();
        assert_eq!(sampled.len(), case.values.len());
        let off = sampled.iter().zip(&case.values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off < 1e-4, "{width}x{height} {}: {off}", case.config);
    }
}
