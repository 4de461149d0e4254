//! Opening and running an encoder whose files the tests make themselves.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::encode::ModelFile;

const WIDTH: usize = 8;
const WORDS: &str = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nred\nba\n##gs\nshoe\n";

fn config() -> Value {
    json!({
        "vocab_size": 8, "hidden_size": WIDTH, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 12,
        "max_position_embeddings": 10, "type_vocab_size": 2, "hidden_act": "gelu"
    })
}

fn entry(pooling: Pooling, max_tokens: usize) -> ModelEntry {
    ModelEntry {
        purpose: crate::encode::Purpose::Encode,
        id: "m".to_owned(),
        files: vec![ModelFile { name: "model.safetensors".to_owned(), n_bytes: None, sha256: None }],
        width: WIDTH,
        text: Some(TextInput { max_tokens, pooling, prefix: String::new() }),
        ..crate::encode::Manifest::built_in().find("all-MiniLM-L6-v2").unwrap().clone()
    }
}

/// Name, shape and values of every parameter, by the network's own names.
fn parameters() -> Vec<(String, Vec<usize>, Vec<f32>)> {
    let config = (text_architecture("bert").unwrap().configure)(&config().to_string()).unwrap();
    let graph = (config.graph)(&config, Pooling::Own);
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 24) - 0.5
    };
    let fill = |parameter: crate::nn::Parameter| {
        let values = (0..parameter.n_values()).map(|_| next() as f32).collect();
        (parameter.name, parameter.shape, values)
    };
    graph.parameters().into_iter().map(fill).collect()
}

fn safetensors(parameters: &[(String, Vec<usize>, Vec<f32>)], rename: impl Fn(&str) -> String) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::<u8>::new());
    for (name, shape, values) in parameters {
        let start = data.len();
        data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        let entry = json!({"dtype": "F32", "shape": shape, "data_offsets": [start, data.len()]});
        header.insert(rename(name), entry);
    }
    let header = serde_json::to_vec(&header).unwrap();
    [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
}

/// A models folder with one whole model, `m`.
fn folder() -> (tempfile::TempDir, ModelStore) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("m")).unwrap();
    let store = ModelStore::new(folder.path().to_owned());
    write(folder.path(), "config.json", config().to_string().as_bytes());
    write(folder.path(), "vocab.txt", WORDS.as_bytes());
    write(folder.path(), "model.safetensors", &safetensors(&parameters(), str::to_owned));
    (folder, store)
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join("m").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn open(store: &ModelStore, pooling: Pooling) -> Result<TransformerEncoder, EncodeError> {
    TransformerEncoder::open(&entry(pooling, 10), store, DeviceChoice::Cpu, Precision::F32)
}

fn close(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5)
}

#[test]
fn a_title_s_row_does_not_depend_on_the_titles_beside_it() {
    let (_folder, store) = folder();
    let titles =
        ["red", "red bags shoe red bags", "", "shoe zebra", "red bags shoe red bags shoe shoe shoe shoe"];
    for pooling in [Pooling::Mean, Pooling::Cls, Pooling::Own] {
        let encoder = open(&store, pooling).unwrap();
        let together = encoder.embed(&titles).unwrap();
        assert_eq!((together.width, together.n_rows()), (WIDTH, titles.len()));
        for (row, title) in titles.iter().enumerate() {
            let alone = encoder.embed(&[title]).unwrap();
            assert!(close(together.row(row), alone.row(0)), "{pooling:?} {title:?}");
            let length: f32 = alone.values.iter().map(|value| value * value).sum();
            assert!((length - 1.0).abs() < 1e-5, "{length}");
        }
        assert!(!close(together.row(0), together.row(1)));
        assert_eq!(encoder.embed(&[]).unwrap().n_rows(), 0);
    }
}

#[test]
fn long_titles_are_cut_to_the_entry_s_length_and_the_model_s() {
    let (_folder, store) = folder();
    let long = "red ".repeat(50);
    for (max_tokens, expected) in [(5, 5), (512, 10)] {
        let encoder = TransformerEncoder::open(
            &entry(Pooling::Mean, max_tokens),
            &store,
            DeviceChoice::Cpu,
            Precision::F32,
        )
        .unwrap();
        let ids = encoder.token_ids(&long).unwrap();
        assert_eq!((ids.len(), ids.first(), ids.last()), (expected, Some(&2), Some(&3)));
    }
}

#[test]
fn the_prefix_stands_before_every_title_and_in_the_fingerprint() {
    let (_folder, store) = folder();
    let mut entry = entry(Pooling::Mean, 10);
    let plain = TransformerEncoder::open(&entry, &store, DeviceChoice::Cpu, Precision::F32).unwrap();
    if let Some(text) = &mut entry.text {
        text.prefix = "shoe ".to_owned();
    }
    let prefixed = TransformerEncoder::open(&entry, &store, DeviceChoice::Cpu, Precision::F32).unwrap();
    assert_eq!(prefixed.token_ids("red").unwrap(), plain.token_ids("shoe red").unwrap());
    assert_ne!(prefixed.fingerprint(), plain.fingerprint());
}

#[test]
fn files_with_other_names_for_the_same_tensors_give_the_same_rows() {
    let (folder, store) = folder();
    let expected = open(&store, Pooling::Mean).unwrap().embed(&["red bags"]).unwrap();
    let old = |name: &str| match name.strip_suffix("LayerNorm.weight") {
        Some(norm) => format!("{norm}LayerNorm.gamma"),
        None => name.replace("LayerNorm.bias", "LayerNorm.beta"),
    };
    let namings: [&dyn Fn(&str) -> String; 3] =
        [&|name| format!("bert.{name}"), &|name| format!("bert.{}", old(name)), &old];
    for naming in namings {
        write(folder.path(), "model.safetensors", &safetensors(&parameters(), naming));
        assert_eq!(open(&store, Pooling::Mean).unwrap().embed(&["red bags"]).unwrap(), expected);
    }
}

#[test]
fn the_missing_or_misshaped_tensor_is_named() {
    let (folder, store) = folder();
    let whole = parameters();
    for broken in 0..whole.len() {
        let mut parameters = parameters();
        parameters[broken].1 = vec![parameters[broken].2.len(), 1, 1];
        let name = parameters[broken].0.clone();
        write(folder.path(), "model.safetensors", &safetensors(&parameters, |name| format!("bert.{name}")));
        let message = open(&store, Pooling::Own).unwrap_err().to_string();
        assert!(message.contains(&format!("`{name}`")) && message.contains("model.safetensors"), "{message}");
        parameters.remove(broken);
        write(folder.path(), "model.safetensors", &safetensors(&parameters, |name| format!("bert.{name}")));
        let message = open(&store, Pooling::Own).unwrap_err().to_string();
        assert!(message.contains(&format!("`{name}`")) && message.contains("nothing"), "{message}");
    }
}

#[test]
fn the_folder_s_own_pooling_wins() {
    let (folder, store) = folder();
    let titles = ["red bags"];
    let [mean, cls] = [Pooling::Mean, Pooling::Cls].map(|pooling| open(&store, pooling).unwrap());
    let modules = json!([
        {"path": "", "type": "sentence_transformers.models.Transformer"},
        {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}
    ]);
    write(folder.path(), "modules.json", modules.to_string().as_bytes());
    for pooling in [json!({"pooling_mode_cls_token": true}), json!({"pooling_mode": "cls"})] {
        write(folder.path(), "1_Pooling/config.json", pooling.to_string().as_bytes());
        let opened = open(&store, Pooling::Mean).unwrap();
        assert_eq!(opened.embed(&titles).unwrap(), cls.embed(&titles).unwrap());
        assert_ne!(opened.fingerprint(), mean.fingerprint());
    }
    for (pooling, expected) in [
        (json!({"pooling_mode_max_tokens": true}), "`max`"),
        (json!({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true}), "several"),
        (json!({"pooling_mode": "weird"}), "weird"),
        (json!([]), "1_Pooling"),
    ] {
        write(folder.path(), "1_Pooling/config.json", pooling.to_string().as_bytes());
        let message = open(&store, Pooling::Mean).unwrap_err().to_string();
        assert!(message.contains(expected) && message.contains("1_Pooling"), "{message}");
    }
    let dense = json!([{"path": "2_Dense", "type": "sentence_transformers.models.Dense"}]);
    write(folder.path(), "modules.json", dense.to_string().as_bytes());
    let message = open(&store, Pooling::Mean).unwrap_err().to_string();
    assert!(message.contains("`Dense`") && message.contains("modules.json"), "{message}");
}

#[test]
fn unusable_files_are_refused_by_name() {
    let (folder, store) = folder();
    let check = |entry: &ModelEntry, expected: &[&str]| {
        let message = TransformerEncoder::open(entry, &store, DeviceChoice::Cpu, Precision::F32)
            .unwrap_err()
            .to_string();
        for part in expected {
            assert!(message.contains(part), "{message:?} lacks {part:?}");
        }
    };
    let good = entry(Pooling::Mean, 10);
    check(&ModelEntry { architecture: "gpt".to_owned(), ..good.clone() }, &["`gpt`", "distilbert"]);
    check(&ModelEntry { width: 9, ..good.clone() }, &["8 numbers, expected 9", "config.json"]);
    write(folder.path(), "config.json", b"{");
    check(&good, &["config.json"]);
    write(folder.path(), "config.json", config().to_string().as_bytes());
    write(folder.path(), "model.safetensors", b"PK\x03\x04");
    check(&good, &["zip archive", "model.safetensors"]);
    write(folder.path(), "vocab.txt", format!("{WORDS}one more\n").as_bytes());
    check(&good, &["vocab.txt", "8 of the model"]);
}

#[test]
fn passes_hold_every_title_once_with_little_padding() {
    let tokens = [7; 300];
    let of = |lengths: &[usize]| -> Vec<&[u32]> { lengths.iter().map(|&length| &tokens[..length]).collect() };
    let ids = of(&[3, 200, 5, 4, 0, 90, 100, 300, 1]);
    assert_eq!(passes(&ids, 256, TitleLength::AtMost(512)), [vec![7], vec![1], vec![6, 5], vec![2, 3, 0, 8]]);
    assert!(passes(&[], 256, TitleLength::AtMost(512)).is_empty());
    assert_eq!(passes(&of(&[3, 0, 5]), 128, TitleLength::Always(64)), [vec![0, 1], vec![2]]);
}

#[test]
fn equal_titles_have_one_row_each() {
    let (_folder, store) = folder();
    let encoder = open(&store, Pooling::Mean).unwrap();
    let rows = encoder.embed(&["red", "shoe", "RED", "red", "Shoe bags"]).unwrap();
    assert_eq!(rows.n_rows(), 5);
    assert!(rows.row(0) == rows.row(2) && rows.row(0) == rows.row(3));
    for (row, title) in [(1, "shoe"), (4, "shoe bags")] {
        assert!(close(rows.row(row), encoder.embed(&[title]).unwrap().row(0)), "{title}");
    }
}
