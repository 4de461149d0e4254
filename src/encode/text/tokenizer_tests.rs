//! Tokens against transformers' own, from every form a tokenizer is published in.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fs;

use super::*;

const CLIP_VOCABULARY: &str = include_str!("../../../tests/golden/text/clip_bpe/vocab.json");
const CLIP_MERGES: &str = include_str!("../../../tests/golden/text/clip_bpe/merges.txt");
const CLIP_IDS: &str = include_str!("../../../tests/golden/text/clip_bpe/ids.json");

/// A store with one model, `m`, of these files.
fn store_of(files: &[(&str, &str)]) -> (tempfile::TempDir, ModelStore) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("m")).unwrap();
    for (name, text) in files {
        fs::write(folder.path().join("m").join(name), text).unwrap();
    }
    let store = ModelStore::new(folder.path().to_owned());
    (folder, store)
}

/// ids.json holds what transformers' CLIPTokenizer makes of the same two files.
#[test]
fn parity_of_byte_pairs() {
    let (_folder, store) = store_of(&[("vocab.json", CLIP_VOCABULARY), ("merges.txt", CLIP_MERGES)]);
    let tokenizer = TitleTokenizer::open(&store, "m", 77, 526).unwrap();
    let expected: Value = serde_json::from_str(CLIP_IDS).unwrap();
    let titles: Vec<String> = serde_json::from_value(expected["titles"].clone()).unwrap();
    let ids: Vec<Vec<u32>> = serde_json::from_value(expected["ids"].clone()).unwrap();
    assert!(!titles.is_empty());
    for (title, ids) in titles.iter().zip(&ids) {
        assert_eq!(&tokenizer.ids(title).unwrap(), ids, "{title:?}");
    }
    assert_eq!(
        TitleTokenizer::open(&store, "m", 4, 526).unwrap().ids("red bag shoes").unwrap(),
        [524, 513, 515, 525]
    );
}

const WORDS: &str = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nred\nba\n##gs\ncafe\nRed\n!\n";

#[test]
fn word_pieces_from_a_list_of_lines() {
    let cases = [
        ("{}", "Red  bags!", vec![2, 4, 5, 6, 9, 3]),
        ("{}", "Café zzz", vec![2, 7, 1, 3]),
        (r#"{"do_lower_case": false}"#, "Red bags", vec![2, 8, 5, 6, 3]),
        ("{}", "", vec![2, 3]),
    ];
    for (config, title, ids) in cases {
        let (_folder, store) = store_of(&[("vocab.txt", WORDS), ("tokenizer_config.json", config)]);
        let tokenizer = TitleTokenizer::open(&store, "m", 16, 10).unwrap();
        assert_eq!(tokenizer.ids(title).unwrap(), ids, "{config} {title:?}");
    }
}

/// The real model's folder holds both forms of one vocabulary.
#[test]
fn parity_of_both_forms_of_the_real_vocabulary() {
    let folder =
        std::env::var_os("LOOKALIKE_SHARED").map_or_else(|| "../shared".into(), std::path::PathBuf::from);
    let model = folder.join("models/all-MiniLM-L6-v2");
    let named = std::env::var_os("LOOKALIKE_SHARED").is_some();
    assert!(!named || model.is_dir(), "{} is missing", model.display());
    if !model.is_dir() {
        return;
    }
    let vocabulary = fs::read_to_string(model.join("vocab.txt")).unwrap();
    let (_folder, store) = store_of(&[("vocab.txt", &vocabulary)]);
    let from_lines = TitleTokenizer::open(&store, "m", 256, 30_522).unwrap();
    let real = ModelStore::new(folder.join("models"));
    let from_json = TitleTokenizer::open(&real, "all-MiniLM-L6-v2", 256, 30_522).unwrap();
    let titles = fs::read_to_string(folder.join("data/mix/catalog.csv")).unwrap();
    for title in titles.lines().take(500) {
        assert_eq!(from_lines.ids(title).unwrap(), from_json.ids(title).unwrap(), "{title}");
    }
}

fn check_refused(files: &[(&str, &str)], vocabulary: usize, expected: &[&str]) {
    let (_folder, store) = store_of(files);
    let Err(error) = TitleTokenizer::open(&store, "m", 16, vocabulary) else { panic!("{files:?} was taken") };
    let message = error.to_string();
    for part in expected {
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
}

#[test]
fn broken_tokenizers_are_refused_by_name() {
    check_refused(&[], 10, &["tokenizer.json is missing"]);
    for json in ["", "{}", "[1]", "{\"model\": 3}"] {
        check_refused(&[("tokenizer.json", json), ("vocab.txt", WORDS)], 10, &["tokenizer.json"]);
    }
    check_refused(&[("vocab.txt", "[UNK]\nred")], 10, &["[CLS]", "vocab.txt"]);
    check_refused(&[("vocab.txt", WORDS)], 9, &["token 9", "9 of the model", "vocab.txt"]);
    check_refused(&[("vocab.txt", WORDS), ("tokenizer_config.json", "{")], 10, &["tokenizer_config.json"]);
    check_refused(&[("vocab.json", "{"), ("merges.txt", "")], 10, &["vocab.json"]);
    check_refused(
        &[("vocab.json", "{\"a\": 0}"), ("merges.txt", "")],
        10,
        &["<|startoftext|>", "vocab.json"],
    );
    check_refused(&[("vocab.json", "{\"a\": 0}")], 10, &["tokenizer.json is missing"]);
}
