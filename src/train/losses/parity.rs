//! Tests against `losses.json` of the shared parity folder (PyTorch, pytorch-metric-learning): every loss, its value
//! and its gradients with respect to all inputs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use candle_core::{Device, Tensor, Var};
use serde::Deserialize;
use serde_json::Value;

use super::arcface::arcface;
use super::binary_cross_entropy::bce_with_logits;
use super::contrastive::contrastive;
use super::cosine_embedding::cosine_embedding;
use super::fusion_neuron::fusion_neuron;
use super::info_nce::info_nce;
use super::multi_similarity::multi_similarity;
use super::ranked_hardest_negative::ranked_hardest_negative;
use super::softmax_cross_entropy::softmax_cross_entropy;
use super::supervised_contrastive::supervised_contrastive;
use super::triplet::{triplet_euclidean, triplet_squared};
use crate::train::math::row_cosines;

/// One entry of the file.
#[derive(Deserialize)]
struct Golden {
    loss: f64,
    inputs: BTreeMap<String, Value>,
    grads: BTreeMap<String, Value>,
    y: Option<Vec<f32>>,
    classes: Option<Vec<u32>>,
    margin: Option<f64>,
    scale: Option<f64>,
    temperature: Option<f64>,
    alpha: Option<f64>,
    beta: Option<f64>,
    base: Option<f64>,
}

/// The file; `None`, said plainly, where the shared folder is absent.
fn file() -> Option<BTreeMap<String, Value>> {
    let shared =
        std::env::var_os("LOOKALIKE_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let path = shared.join("parity/losses.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is not there", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

/// Numbers in row-major order and the shape.
fn flat(value: &Value) -> (Vec<f32>, Vec<usize>) {
    let Some(list) = value.as_array() else { return (vec![value.as_f64().unwrap() as f32], Vec::new()) };
    let parts: Vec<_> = list.iter().map(flat).collect();
    let mut shape = vec![parts.len()];
    shape.extend(parts[0].1.iter());
    (parts.into_iter().flat_map(|(numbers, _)| numbers).collect(), shape)
}

impl Golden {
    /// 1 for a positive pair, 0 for a negative one.
    fn same(&self) -> Tensor {
        let same: Vec<f32> = self.y.as_ref().unwrap().iter().map(|y| f32::from(*y > 0.0)).collect();
        Tensor::new(same, &Device::Cpu).unwrap()
    }

    fn class_tensor(&self) -> Tensor {
        Tensor::new(self.classes.clone().unwrap(), &Device::Cpu).unwrap()
    }

    /// (n, n) matrices of 1 and 0: same (the diagonal left out) and different.
    fn relations(&self) -> (Tensor, Tensor) {
        let classes = self.classes.as_ref().unwrap();
        let n = classes.len();
        let matrix = |holds: &dyn Fn(usize, usize) -> bool| {
            let numbers: Vec<f32> = (0..n * n).map(|at| f32::from(holds(at / n, at % n))).collect();
            Tensor::from_vec(numbers, (n, n), &Device::Cpu).unwrap()
        };
        (matrix(&|a, b| a != b && classes[a] == classes[b]), matrix(&|a, b| classes[a] != classes[b]))
    }
}

type Inputs = BTreeMap<String, Var>;

/// The loss of the entry `name`; `None` for an entry that is no loss.
fn compute(name: &str, golden: &Golden, inputs: &Inputs) -> candle_core::Result<Tensor> {
    let at = |name: &str| inputs[name].as_tensor();
    let margin = golden.margin.unwrap_or(0.0);
    match name {
        _ if name.starts_with("cosine_embedding") => {
            cosine_embedding(at("a"), at("b"), &golden.same(), margin)
        }
        _ if name.starts_with("triplet_squared") => {
            triplet_squared(at("anchor"), at("positive"), at("negative"), margin)
        }
        _ if name.starts_with("triplet_margin") => {
            triplet_euclidean(at("anchor"), at("positive"), at("negative"), margin)
        }
        _ if name.starts_with("contrastive") => contrastive(at("a"), at("b"), &golden.same(), margin),
        _ if name.starts_with("ranked") => ranked_hardest_negative(at("left"), at("right"), margin),
        _ if name.starts_with("arcface") => {
            let n_classes = at("weight").dim(0)?;
            let margins = Tensor::full(margin as f32, n_classes, &Device::Cpu)?;
            arcface(at("embeddings"), at("weight"), &golden.class_tensor(), golden.scale.unwrap(), &margins)
        }
        "softmax_cross_entropy" => {
            softmax_cross_entropy(&at("logits").narrow(1, 0, 5)?.contiguous()?, &golden.class_tensor())
        }
        "bce_with_logits" => {
            let logits = (at("logits").narrow(1, 0, 1)?.squeeze(1)? * 20.0)?;
            bce_with_logits(&logits, &golden.same())
        }
        _ if name.starts_with("info_nce") => {
            let n = at("a").dim(0)?;
            let others = (1.0 - Tensor::eye(n, candle_core::DType::F32, &Device::Cpu)?)?;
            info_nce(at("a"), at("b"), &others, golden.temperature.unwrap())
        }
        "multi_similarity" => {
            let (same, different) = golden.relations();
            let [alpha, beta, base] = [golden.alpha, golden.beta, golden.base].map(Option::unwrap);
            multi_similarity(at("embeddings"), &same, &different, alpha, beta, base)
        }
        _ if name.starts_with("sup_con") => {
            let (same, different) = golden.relations();
            supervised_contrastive(at("embeddings"), &same, &different, golden.temperature.unwrap())
        }
        "fusion_neuron_total" => {
            let image = row_cosines(at("image_a"), at("image_b"))?;
            let text = row_cosines(at("text_a"), at("text_b"))?;
            let weight = |place: usize| at("w").narrow(0, place, 1);
            let logits = (image.broadcast_mul(&weight(0)?)? + text.broadcast_mul(&weight(1)?)?)?
                .broadcast_add(&weight(2)?)?;
            let (a, b) = ((at("image_a"), at("text_a")), (at("image_b"), at("text_b")));
            fusion_neuron(a, b, &logits, &golden.same(), 0.0)
        }
        _ => panic!("{name} is not tested"),
    }
}

#[test]
fn values_and_gradients_have_parity() {
    let Some(file) = file() else { return };
    let mut tested = BTreeSet::new();
    for (name, entry) in file {
        if name == "batch_hard_miner" {
            continue;
        }
        let golden: Golden = serde_json::from_value(entry).unwrap();
        let inputs: Inputs = golden
            .inputs
            .iter()
            .map(|(input, value)| {
                let (numbers, shape) = flat(value);
                (input.clone(), Var::from_vec(numbers, shape, &Device::Cpu).unwrap())
            })
            .collect();
        let loss = compute(&name, &golden, &inputs).unwrap();
        let found = f64::from(loss.to_scalar::<f32>().unwrap());
        assert!(
            (found - golden.loss).abs() <= 1e-4 * golden.loss.abs(),
            "{name}: {found}, not {}",
            golden.loss
        );
        let gradients = loss.backward().unwrap();
        for (input, value) in &golden.grads {
            let (expected, _) = flat(value);
            let found: Vec<f32> =
                gradients.get(&inputs[input]).unwrap().flatten_all().unwrap().to_vec1().unwrap();
            let largest = expected.iter().fold(0.0_f32, |largest, number| largest.max(number.abs()));
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                assert!(
                    (found - expected).abs() <= 1e-3 * expected.abs() + 1e-5 * largest,
                    "{name}, gradient of {input}: {found}, not {expected}"
                );
            }
        }
        tested.insert(name);
    }
    assert!(tested.len() >= 15, "{tested:?}");
}
