//! Every text architecture against transformers, with weights made by a hash: CLS and mean-pooled rows of a padded
//! batch, and the pooled rows of the text towers of CLIP and SigLIP.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use lookalike::encode::{Pooling, TextConfig, text_architecture};
use lookalike::nn::{Graph, NetworkInput, Plan, Precision, Weights};
use serde::Deserialize;

use super::{cosine, hash_made, shared};

const SEED: &str = "0";

/// One file of reference outputs.
#[derive(Deserialize)]
struct Case {
    config: serde_json::Value,
    ids: Vec<Vec<u32>>,
    mask: Vec<Vec<f32>>,
    #[serde(default)]
    cls: Vec<Vec<f64>>,
    #[serde(default)]
    mean_pooled: Vec<Vec<f64>>,
    /// What CLIP and SigLIP end in.
    #[serde(default)]
    pooled: Vec<Vec<f64>>,
    tensors: BTreeMap<String, Vec<usize>>,
}

/// Every JSON file of a folder that describes a network, with its name.
fn cases(folder: &Path) -> Vec<(String, Case)> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let case = serde_json::from_slice(&std::fs::read(path).unwrap());
        (name, case.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    };
    paths.iter().map(read).collect()
}

fn check(name: &str, case: &Case) {
    let model_type = case.config["model_type"].as_str().unwrap();
    let architecture =
        text_architecture(model_type).unwrap_or_else(|| panic!("{name}: no architecture `{model_type}`"));
    let config =
        (architecture.configure)(&case.config.to_string()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let graph = (config.graph)(&config, Pooling::Own);
    let named: BTreeMap<String, Vec<usize>> =
        graph.parameters().into_iter().map(|parameter| (parameter.name, parameter.shape)).collect();
    assert_eq!(named, case.tensors, "{name}: the tensors are not those of the published files");

    let tensors = case.tensors.iter();
    let tensors =
        tensors.map(|(name, shape)| (name.clone(), (shape.clone(), hash_made::fill(name, shape, SEED))));
    let weights = Weights::from_tensors(name, tensors.collect()).unwrap();
    let outputs =
        [(Pooling::Cls, &case.cls), (Pooling::Mean, &case.mean_pooled), (Pooling::Own, &case.pooled)];
    let mut n_checked = 0;
    for (pooling, expected) in outputs.into_iter().filter(|(_, expected)| !expected.is_empty()) {
        let found = run(&config, &(config.graph)(&config, pooling), &weights, case);
        check_rows(&format!("{name} {pooling:?}"), &found, expected);
        n_checked += 1;
    }
    assert!(n_checked > 0, "{name}: nothing to compare with");
}

fn run(config: &TextConfig, graph: &Graph, weights: &Weights, case: &Case) -> Vec<Vec<f32>> {
    let shape = (case.ids.len(), case.ids[0].len());
    let ids = Tensor::from_vec(case.ids.concat(), shape, &Device::Cpu).unwrap();
    let mask = Tensor::from_vec(case.mask.concat(), shape, &Device::Cpu).unwrap();
    let plan = Plan::compile(graph, weights, &Device::Cpu, Precision::F32).unwrap();
    let rows = plan.run(NetworkInput::Tokens { ids: &ids, mask: &mask }).unwrap();
    assert_eq!(rows.dims(), [case.ids.len(), config.output_width]);
    rows.to_vec2().unwrap()
}

/// Relative error at most 1e-3 of the largest value, cosine at least 0.99999.
fn check_rows(name: &str, found: &[Vec<f32>], expected: &[Vec<f64>]) {
    assert_eq!(found.len(), expected.len(), "{name}");
    let largest = expected.iter().flatten().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
        let worst = found.iter().zip(expected).map(|(&a, b)| (f64::from(a) - b).abs()).fold(0.0, f64::max);
        let angle = cosine(found, expected);
        eprintln!("{name} row {row}: error {:.1e} of the largest value, cosine {angle:.9}", worst / largest);
        assert!(
            worst <= 1e-3 * largest && angle >= 0.99999,
            "{name} row {row}: error {worst}, cosine {angle}"
        );
    }
}

#[test]
fn parity_of_text_architectures() {
    let Some(shared) = shared() else { return };
    let cases = cases(&shared.join("parity/text"));
    for wanted in ["bert_base_4l", "distilbert_3l", "minilm_l6", "xlm_roberta_4l"] {
        assert!(cases.iter().any(|(name, _)| name == wanted), "{wanted} is missing in {}", shared.display());
    }
    cases.iter().for_each(|(name, case)| check(name, case));
}

#[test]
fn parity_of_text_towers() {
    let golden = [
        ("clip_text_tiny", include_str!("../golden/text/clip_text_tiny.json")),
        ("clip_text_end_id_tiny", include_str!("../golden/text/clip_text_end_id_tiny.json")),
        ("siglip_text_tiny", include_str!("../golden/text/siglip_text_tiny.json")),
    ];
    for (name, json) in golden {
        check(name, &serde_json::from_str(json).unwrap());
    }
}
