//! The translator against transformers' MarianMTModel, with weights made by the hash that `tests/golden` describes.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;
use std::fs;

use candle_core::Tensor;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

const GOLDEN: &str = include_str!("../../../tests/golden/text/marian_tiny.json");
const CONFIG_JSON: &str = include_str!("../../../tests/golden/text/marian_tiny/config.json");
const VOCABULARY_JSON: &str = include_str!("../../../tests/golden/text/marian_tiny/vocab.json");
const SOURCE_SPM: &[u8] = include_bytes!("../../../tests/golden/text/marian_tiny/source.spm");

#[derive(Deserialize)]
struct Golden {
    titles: Vec<String>,
    ids: Vec<Vec<u32>>,
    tensors: BTreeMap<String, Vec<usize>>,
    scales: BTreeMap<String, f64>,
    end_bias: f32,
    forced: Vec<Vec<u32>>,
    encoded: Vec<Vec<Vec<f64>>>,
    logits: Vec<Vec<Vec<f64>>>,
    greedy: Vec<Vec<u32>>,
    greedy_text: Vec<String>,
    beam4: Vec<Vec<u32>>,
    beam4_text: Vec<String>,
}

fn golden() -> Golden {
    serde_json::from_str(GOLDEN).unwrap()
}

/// Number i of a parameter: the upper 24 bits of splitmix64 of FNV-1a("0/NAME") + (i + 1) steps, about 1 for norms'
/// scales, small for biases, by fan-in for tables.
fn fill(name: &str, shape: &[usize]) -> Vec<f32> {
    let mut start = 0xCBF2_9CE4_8422_2325_u64;
    for byte in format!("0/{name}").bytes() {
        start = (start ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    }
    let (around, spread) = match shape {
        [_] if name.ends_with(".weight") => (1.0, 0.1),
        [_] => (0.0, 0.1),
        _ => (0.0, (3.0 / shape[1..].iter().product::<usize>() as f64).sqrt()),
    };
    let n_values: usize = shape.iter().product();
    let uniform = (1..=n_values as u64).map(|i| {
        let mut z = start.wrapping_add(i.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 40) as f64 / f64::from(1 << 23) - 1.0
    });
    uniform.map(|u| (around + spread * u) as f32).collect()
}

fn tensors() -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
    let golden = golden();
    let made = golden.tensors.iter().map(|(name, shape)| {
        let mut values = fill(name, shape);
        let part = name.rsplit('.').nth(1).unwrap_or(name);
        if name.contains(".layers.") && shape.len() == 2 {
            let scale = golden.scales.get(part).copied().unwrap_or(1.0) as f32;
            values.iter_mut().for_each(|value| *value *= scale);
        }
        if name == "final_logits_bias" {
            let scale = golden.scales[name.as_str()] as f32;
            values.iter_mut().for_each(|value| *value *= scale);
            values[0] += golden.end_bias;
        }
        (name.clone(), (shape.clone(), values))
    });
    made.collect()
}

fn safetensors(tensors: &BTreeMap<String, (Vec<usize>, Vec<f32>)>) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::<u8>::new());
    for (name, (shape, values)) in tensors {
        let start = data.len();
        data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        header.insert(
            name.clone(),
            json!({"dtype": "F32", "shape": shape, "data_offsets": [start, data.len()]}),
        );
    }
    let header = serde_json::to_vec(&header).unwrap();
    [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
}

/// Writes the tiny translator's files into a folder.
pub(crate) fn write_tiny(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(CONFIG), CONFIG_JSON).unwrap();
    fs::write(folder.join(VOCABULARY), VOCABULARY_JSON).unwrap();
    fs::write(folder.join(SOURCE), SOURCE_SPM).unwrap();
    fs::write(folder.join(WEIGHTS), safetensors(&tensors())).unwrap();
}

/// The tiny translator's whole folder.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_tiny(folder.path());
    folder
}

fn open() -> Translator {
    Translator::open(folder().path(), DeviceChoice::Cpu).unwrap()
}

/// Without the limit that transformers does not know.
fn options(search: Search) -> TranslateOptions {
    TranslateOptions { search, tokens_per_token: None }
}

fn batch(translator: &Translator, ids: &[Vec<u32>]) -> (Tensor, Tensor) {
    let titles: Vec<&[u32]> = ids.iter().map(Vec::as_slice).collect();
    let longest = titles.iter().map(|ids| ids.len()).max().unwrap();
    search::padded(&titles, longest, translator.config.padding_id, &translator.model).unwrap()
}

/// Within a thousandth of the largest.
fn check_close(name: &str, found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{name}");
    let largest = expected.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    for (found, expected) in found.iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() <= 1e-3 * largest, "{name}: {found} {expected}");
    }
}

#[test]
fn parity_of_token_ids() {
    let (translator, golden) = (open(), golden());
    for (title, ids) in golden.titles.iter().zip(&golden.ids) {
        assert_eq!(&translator.token_ids(title), ids, "{title:?}");
    }
}

#[test]
fn parity_of_what_is_read() {
    let (translator, golden) = (open(), golden());
    let (ids, mask) = batch(&translator, &golden.ids);
    let read = translator.model.read(&ids, &mask).unwrap().to_vec3::<f32>().unwrap();
    for (title, expected) in golden.encoded.iter().enumerate() {
        for (token, expected) in expected.iter().enumerate() {
            check_close(&format!("title {title} token {token}"), &read[title][token], expected);
        }
    }
}

#[test]
fn parity_of_the_scores_of_forced_tokens() {
    let (translator, golden) = (open(), golden());
    let (ids, mask) = batch(&translator, &golden.ids);
    let read = translator.model.read(&ids, &mask).unwrap();
    let mut writing = translator.model.writing(&read, &mask).unwrap();
    for step in 0..golden.forced[0].len() {
        let forced: Vec<u32> = golden.forced.iter().map(|tokens| tokens[step]).collect();
        let scores = writing.step(&forced).unwrap().to_vec2::<f32>().unwrap();
        for (title, scores) in scores.iter().enumerate() {
            check_close(&format!("title {title} step {step}"), scores, &golden.logits[title][step]);
        }
    }
}

#[test]
fn parity_of_translations() {
    let golden = golden();
    let titles: Vec<&str> = golden.titles.iter().map(String::as_str).collect();
    for (search, expected, texts) in [
        (Search::Greedy, &golden.greedy, &golden.greedy_text),
        (Search::Beams(4), &golden.beam4, &golden.beam4_text),
    ] {
        let translator = open().with_options(options(search));
        let found = translator.translate_ids(&golden.ids).unwrap();
        let translated = translator.translate(&titles).unwrap();
        for (title, expected) in expected.iter().enumerate() {
            // transformers translates even the title of nothing; here it stays.
            if golden.ids[title].len() == 1 {
                assert_eq!((found[title].len(), translated[title].as_str()), (0, titles[title]));
                continue;
            }
            assert_eq!(&found[title], expected, "{search:?} {:?}", titles[title]);
            assert_eq!(translated[title], texts[title], "{search:?}");
        }
    }
}

#[test]
fn a_title_s_translation_does_not_depend_on_the_titles_beside_or_before_it() {
    let golden = golden();
    let titles: Vec<&str> = golden.titles.iter().map(String::as_str).collect();
    for search in [Search::Greedy, Search::Beams(3)] {
        let translator = open().with_options(options(search));
        let together = translator.translate(&titles).unwrap();
        for (title, together) in titles.iter().zip(&together) {
            assert_eq!(&translator.translate(&[title]).unwrap(), std::slice::from_ref(together));
        }
        assert_eq!(translator.translate(&titles).unwrap(), together);
        assert!(translator.translate(&[]).unwrap().is_empty());
    }
}

#[test]
fn translations_are_cut_at_their_share_and_identified() {
    let golden = golden();
    let short = TranslateOptions { search: Search::Greedy, tokens_per_token: Some(0) };
    let translator = open().with_options(short);
    for ids in translator.translate_ids(&golden.ids).unwrap() {
        assert!(ids.len() < SPARE_TOKENS && ids.last().is_none_or(|&last| last == 0), "{ids:?}");
    }
    let fingerprints =
        [short, TranslateOptions::default(), options(Search::Greedy), options(Search::Beams(2))]
            .map(|options| open().with_options(options).fingerprint());
    for (at, fingerprint) in fingerprints.iter().enumerate() {
        assert!(!fingerprints[..at].contains(fingerprint), "{fingerprint}");
    }
}

#[test]
fn the_missing_or_misshaped_tensor_is_named() {
    let folder = folder();
    let path = folder.path().join(WEIGHTS);
    let whole = tensors();
    for name in whole.keys() {
        let mut broken = whole.clone();
        let (shape, values) = broken.remove(name).unwrap();
        fs::write(&path, safetensors(&broken)).unwrap();
        let message = Translator::open(folder.path(), DeviceChoice::Cpu).unwrap_err().to_string();
        assert!(message.contains(&format!("`{name}`")) && message.contains("nothing"), "{message}");
        broken.insert(name.clone(), ([&shape[..], &[1]].concat(), values));
        fs::write(&path, safetensors(&broken)).unwrap();
        let message = Translator::open(folder.path(), DeviceChoice::Cpu).unwrap_err().to_string();
        assert!(message.contains(&format!("`{name}`")) && message.contains("found ["), "{message}");
    }
}

#[test]
fn the_shared_table_may_have_any_of_its_names() {
    let folder = folder();
    let expected =
        Translator::open(folder.path(), DeviceChoice::Cpu).unwrap().translate(&["tas kertas"]).unwrap();
    for name in ["model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight", "lm_head.weight"] {
        let mut tensors = tensors();
        let table = tensors.remove("model.shared.weight").unwrap();
        tensors.insert(name.to_owned(), table);
        fs::write(folder.path().join(WEIGHTS), safetensors(&tensors)).unwrap();
        let translator = Translator::open(folder.path(), DeviceChoice::Cpu).unwrap();
        assert_eq!(translator.translate(&["tas kertas"]).unwrap(), expected);
    }
}

#[test]
fn a_translator_of_the_store_is_the_folder_s() {
    let folder = folder();
    let id = folder.path().file_name().unwrap().to_string_lossy().into_owned();
    let store = ModelStore::new(folder.path().parent().unwrap().to_owned());
    let entry = ModelEntry {
        id,
        architecture: "marian".to_owned(),
        ..crate::encode::Manifest::built_in().find("all-MiniLM-L6-v2").unwrap().clone()
    };
    let of_store = Translator::open_model(&entry, &store, DeviceChoice::Cpu).unwrap();
    let of_folder = Translator::open(folder.path(), DeviceChoice::Cpu).unwrap();
    assert_eq!(of_store.fingerprint(), of_folder.fingerprint());
    assert_eq!(of_store.translate(&["tas"]).unwrap(), of_folder.translate(&["tas"]).unwrap());
}

#[test]
fn absent_and_broken_files_are_named() {
    for name in TRANSLATOR_FILES {
        let folder = folder();
        let refused = |expected: &[&str]| {
            let message = Translator::open(folder.path(), DeviceChoice::Cpu).unwrap_err().to_string();
            for part in expected {
                assert!(message.contains(part), "{message:?} lacks {part:?}");
            }
        };
        fs::write(folder.path().join(name), b"{").unwrap();
        refused(&[name]);
        fs::remove_file(folder.path().join(name)).unwrap();
        refused(&[name, "missing"]);
    }
    let folder = folder();
    for (vocabulary, expected) in [(json!({"a": 0}), "<unk>"), (json!({"<unk>": 1, "a": 9999}), "9999")] {
        fs::write(folder.path().join(VOCABULARY), vocabulary.to_string()).unwrap();
        let message = Translator::open(folder.path(), DeviceChoice::Cpu).unwrap_err().to_string();
        assert!(message.contains(expected) && message.contains(VOCABULARY), "{message}");
    }
}

#[test]
fn configs_that_cannot_be_say_why() {
    for (field, value, expected) in [
        ("model_type", json!("bart"), "bart"),
        ("d_model", json!(50), "no multiple"),
        ("encoder_layers", json!(0), "encoder_layers"),
        ("activation_function", json!("magic"), "magic"),
        ("pad_token_id", json!(1_000_000), "pad_token_id"),
        ("decoder_vocab_size", json!(7), "separate vocabularies"),
        ("normalize_before", json!(true), "normalize_before"),
        ("vocab_size", Value::Null, "invalid type"),
    ] {
        let mut config: Value = serde_json::from_str(CONFIG_JSON).unwrap();
        config[field] = value;
        let message = MarianConfig::read(&config.to_string()).unwrap_err();
        assert!(message.contains(expected), "{field}: {message}");
    }
}
