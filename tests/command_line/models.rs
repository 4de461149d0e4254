//! `lookalike models` on a hub on this machine, and on files the user brings.

use std::path::Path;
use std::process::Output;

use lookalike::encode::{Manifest, ModelEntry, ModelSource};
use serde_json::Value;

use crate::program::{lookalike, text};

#[allow(dead_code, reason = "shared with tests/models, which uses all of it")]
#[path = "../models/server.rs"]
mod server;
#[allow(dead_code, reason = "shared with tests/models, which uses all of it")]
#[path = "../models/weights.rs"]
mod weights;

use server::TestHub;

fn run(home: &Path, hub: &str, args: &[&str]) -> Output {
    let mut command = lookalike(home);
    for name in ["HF_HUB_OFFLINE", "LOOKALIKE_OFFLINE", "HF_TOKEN", "HF_HUB_CACHE"] {
        command.env_remove(name);
    }
    command.env("HF_ENDPOINT", hub).env("HF_HOME", home.join("hf")).arg("models").args(args);
    command.arg("--models").arg(home.join("models")).output().expect("the program runs")
}

fn json(home: &Path, hub: &str, args: &[&str]) -> Value {
    let output = run(home, hub, &[args, &["--json"]].concat());
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    serde_json::from_str(&text(&output.stdout)).expect("one JSON object")
}

fn refused(home: &Path, hub: &str, args: &[&str], expected: &str) {
    let output = run(home, hub, args);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{args:?}: {message}");
    assert!(message.contains(expected), "{args:?}: {message}");
}

/// The state of one model in the list.
fn listed(home: &Path, id: &str) -> Value {
    let list = json(home, "http://127.0.0.1:9", &["list"]);
    let models = list["models"].as_array().expect("models").clone();
    models.into_iter().find(|model| model["id"] == id).unwrap_or(Value::Null)
}

#[test]
fn a_model_is_listed_got_verified_and_removed() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let home = home.path();
    let known = Manifest::built_in().find("mobilenetv3_small_100").expect("a small network").clone();
    let source = Some(ModelSource { repository: "owner/tiny".to_owned(), revision: "main".to_owned() });
    let entry = ModelEntry { id: "tiny".to_owned(), source, ..known };
    let path = home.join("weights");
    weights::write(&path, &weights::needed(&entry, None));
    let bytes = std::fs::read(&path).expect("weights");
    let hub = TestHub::with(&[("model.safetensors", bytes.clone()), ("config.json", b"{}".to_vec())]);
    std::fs::create_dir_all(home.join("models/tiny")).expect("a folder");
    let described =
        format!("(entry: {}, references: {{}})", ron::to_string(&entry).expect("the entry is written"));
    std::fs::write(home.join("models/tiny/model.ron"), described).expect("the entry");

    assert_eq!(listed(home, "tiny")["state"], "absent");
    assert_eq!(listed(home, "resnet50")["licence"], "Apache-2.0");
    refused(home, &hub.address, &["get", "tiny", "--offline"], "switched off");
    refused(home, &hub.address, &["get", "nobody"], "there is no model `nobody`");
    refused(home, "http://127.0.0.1:9", &["get", "tiny"], "Check the network");
    let got = json(home, &hub.address, &["get", "tiny"]);
    assert_eq!(got["files"], 2);
    let there = listed(home, "tiny");
    assert_eq!((&there["state"], &there["digests_recorded"]), (&"ready".into(), &true.into()));
    assert_eq!(
        json(home, &hub.address, &["get", "tiny", "--offline"])["files"],
        0,
        "what is there needs no network"
    );
    let verified = json(home, &hub.address, &["verify", "tiny"]);
    assert_eq!(verified["verification"]["files"][0]["sha256"], server::sha256(&bytes));
    let mut wrong = bytes;
    if let Some(last) = wrong.last_mut() {
        *last = 1;
    }
    std::fs::write(home.join("models/tiny/model.safetensors"), wrong).expect("a changed file");
    refused(home, &hub.address, &["verify", "tiny"], "SHA-256");
    refused(home, &hub.address, &["verify"], "1 of 1 models are not as they should be");
    assert!(json(home, &hub.address, &["remove", "tiny"])["bytes"].as_u64() > Some(1_000_000));
    assert_eq!(listed(home, "tiny"), Value::Null);
}

#[test]
fn weights_of_one_s_own_become_an_encoder() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let home = home.path();
    let path = home.join("mine.safetensors");
    let entry = Manifest::built_in().find("resnet18").expect("a network");
    weights::write(&path, &weights::needed(entry, None));
    let nobody = "http://127.0.0.1:9";
    let added = json(home, nobody, &["add", "mine.safetensors", "--label", "My own", "--reference"]);
    assert_eq!((&added["architecture"], &added["width"]), (&"resnet18".into(), &512.into()));
    let mut encoders = lookalike(home);
    let output = encoders.args(["encoders", "--json", "--models"]).arg(home.join("models")).output();
    let encoders: Value = serde_json::from_slice(&output.expect("the program runs").stdout).expect("JSON");
    let mine =
        encoders["encoders"].as_array().expect("a list").iter().find(|encoder| encoder["id"] == "mine");
    assert_eq!(mine.map(|mine| &mine["ready"]), Some(&true.into()));
    std::fs::write(home.join("evil.bin"), b"\x80\x04\x95\x1d\0\0\0\0\0\0\0\x8c\x05posix\x94.")
        .expect("a pickle");
    refused(home, nobody, &["add", "evil.bin"], "run code");
}

#[test]
fn word_vectors_are_two_encoders_plain_and_weighed_by_rarity() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let home = home.path();
    // The common word points one way, the rare ones another.
    std::fs::write(home.join("glove.txt"), "shirt 1 0 0\nred 0 1 0\nblue 0 0 1\n").expect("vectors");
    json(home, "http://127.0.0.1:9", &["add", "glove.txt", "--id", "words", "--architecture", "glove"]);
    let titles = ["shirt red", "shirt blue", "shirt red", "shirt", "shirt"];
    let rows = titles.iter().enumerate().map(|(row, title)| format!("p{row},{title}\n"));
    let table = format!("posting_id,title\n{}", rows.collect::<String>());
    std::fs::write(home.join("catalog.csv"), table).expect("a catalogue");
    let score = |encoder: &str| -> f64 {
        let models = home.join("models");
        let models = models.to_str().expect("a path");
        let project = format!("{encoder}.lookalike");
        let common = ["--project", &project, "--models", models];
        let index = ["index", "catalog.csv", "--image-encoder", "none", "--text-encoder", encoder];
        crate::program::json(home, &[&index[..], &common].concat());
        let search = ["search", "--title", "red shirt", "--k", "5"];
        let found = crate::program::json(home, &[&search[..], &common].concat());
        let hits = found["results"].as_array().expect("results").clone();
        let hit = hits.iter().find(|hit| hit["posting"] == "p1").expect("the blue shirt is found");
        hit["score"].as_f64().expect("a score")
    };
    let (plain, weighed) = (score("words"), score("words-idf"));
    // Cosine of (1, 1, 0) and (1, 0, 1); then of (1, r, 0) and (1, 0, b) with idf(df) = ln(6 / (1 + df)) + 1.
    let idf = |df: f64| (6.0_f64 / (1.0 + df)).ln() + 1.0;
    let (shirt, red, blue) = (idf(5.0), idf(2.0), idf(1.0));
    let expected = shirt * shirt / ((shirt.powi(2) + red.powi(2)) * (shirt.powi(2) + blue.powi(2))).sqrt();
    assert!((plain - 0.5).abs() < 1e-6, "{plain}");
    assert!((weighed - expected).abs() < 1e-6, "{weighed}, expected {expected}");
}
