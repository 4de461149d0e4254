//! Composite encoders and the autoencoder through the whole program: indexed, matched, evaluated, searched.

use std::path::Path;

use crate::program::{json, number, refused, shared};

/// A models folder with composites of the user's own.
fn models(home: &Path, text: &str) -> String {
    let folder = home.join("models");
    std::fs::create_dir_all(folder.join("composites")).unwrap();
    std::fs::write(folder.join("composites/mine.ron"), text).unwrap();
    folder.display().to_string()
}

const MINE: &str = r#"[
    (id: "look", label: "Look", summary: "Shape, colour and hash", combine: Concatenate,
        parts: [(encoder: "perceptual", weight: 2), (encoder: "phash")]),
    (id: "look-twice", label: "Look twice", summary: "And mirrored", combine: Average, flip: true, parts: [(encoder: "look")]),
]"#;

#[test]
fn composites_are_indexed_matched_evaluated_and_searched_on_the_demo() {
    let home = tempfile::tempdir().unwrap();
    let models = models(home.path(), MINE);
    json(home.path(), &["demo", "--out", "demo", "--products", "12", "--seed", "5"]);
    let index = ["index", "demo/catalog.csv", "--project", "p", "--models", &models];
    let encoders = ["--image-encoder", "look-twice,look", "--text-encoder", "words-and-letters"];
    let answer = json(home.path(), &[&index[..], &encoders].concat());
    for line in answer["encoders"].as_array().unwrap() {
        assert_eq!(number(line, "present"), number(&answer, "rows"), "{line}");
        for clock in ["decode", "resize", "inference", "write"] {
            assert!(number(&line["timings"], clock) >= 0.0, "{line}");
        }
    }
    assert!(number(&answer["encoders"][1]["timings"], "decode") > 0.0, "{answer}");
    let evaluate = ["evaluate", "--project", "p", "--models", &models, "--tune"];
    let both = number(&json(home.path(), &evaluate), "mean_f1");
    assert!(both > 0.6, "{both}");
    for encoder in ["look", "look-twice"] {
        let one = [&evaluate[..], &["--fusion", "image", "--image-encoder", encoder]].concat();
        assert!(number(&json(home.path(), &one), "mean_f1") > 0.5, "{encoder}");
    }
    let search = ["search", "--project", "p", "--models", &models, "--k", "2", "--title"];
    let catalog = std::fs::read_to_string(home.path().join("demo/catalog.csv")).unwrap();
    let words = catalog.lines().nth(1).unwrap().split(',').find(|cell| cell.contains(' ')).unwrap();
    let found = json(home.path(), &[&search[..], &[words]].concat());
    assert_eq!(found["results"].as_array().unwrap().len(), 2, "{found}");
}

#[test]
fn a_broken_composite_is_told_and_disturbs_nothing_else() {
    let home = tempfile::tempdir().unwrap();
    let circle = r#"[(id: "round", label: "R", summary: "s", combine: Ensemble, parts: [(encoder: "round"), (encoder: "phash")])]"#;
    let models = models(home.path(), circle);
    let listed = json(home.path(), &["encoders", "--models", &models]);
    let problem = listed["problems"][0].as_str().unwrap();
    assert!(problem.contains("round in round") && problem.contains("mine.ron"), "{problem}");
    json(home.path(), &["demo", "--out", "demo", "--products", "3"]);
    let index = ["index", "demo/catalog.csv", "--project", "p", "--models", &models, "--image-encoder"];
    let message = refused(home.path(), &[&index[..], &["round"]].concat(), 1);
    assert!(message.contains("contains itself") && message.contains("mine.ron"), "{message}");
    json(home.path(), &[&index[..], &["phash"]].concat());
}

#[test]
fn the_autoencoder_learns_the_demo_first() {
    let home = tempfile::tempdir().unwrap();
    json(home.path(), &["demo", "--out", "demo", "--products", "8", "--seed", "5"]);
    let index = [
        "index",
        "demo/catalog.csv",
        "--project",
        "p",
        "--image-encoder",
        "autoencoder",
        "--text-encoder",
        "none",
    ];
    let answer = json(home.path(), &index);
    assert_eq!(number(&answer["encoders"][0], "present"), number(&answer, "rows"), "{answer}");
    assert!(home.path().join("p/trained/autoencoder/model.safetensors").is_file());
    assert_eq!(number(&json(home.path(), &index)["encoders"][0], "new"), 0.0);
    assert_eq!(number(&json(home.path(), &[&index[..], &["--relearn"]].concat())["encoders"][0], "new"), 0.0);
}

/// Mean F1 on mix, threshold tuned on the same rows. Measured on two cores: see each line.
#[test]
fn composites_on_mix_are_at_least_as_good_as_their_parts() {
    let Some(shared) = shared() else { return };
    let home = tempfile::tempdir().unwrap();
    let catalog = shared.join("data/mix/catalog.csv").display().to_string();
    let models = shared.join("models").display().to_string();
    let index = ["index", &catalog, "--project", "mix", "--titles", "raw", "--models", &models];
    let encoders =
        ["--image-encoder", "mobilenetv2-perceptual", "--text-encoder", "words-and-letters,idf-word"];
    println!("{}", json(home.path(), &[&index[..], &encoders].concat()));
    let f1 = |options: &[&str]| {
        let evaluate = ["evaluate", "--project", "mix", "--models", &models, "--tune"];
        let answer = json(home.path(), &[&evaluate[..], options].concat());
        println!("mix {options:?}: mean F1 {} at {}", answer["mean_f1"], answer["threshold"]);
        number(&answer, "mean_f1")
    };
    // MobileNetV2 alone 0.6264, rare words alone 0.8419. Measured: 0.6799; 0.8522; the means 0.9347, 0.9407.
    let net = ["--image-encoder", "mobilenetv2-perceptual"];
    for (options, at_least) in [
        ([&["--fusion", "image"][..], &net].concat(), 0.679),
        (vec!["--fusion", "text", "--text-encoder", "words-and-letters"], 0.851),
        ([&["--fusion", "mean", "--text-encoder", "idf-word"][..], &net].concat(), 0.9337),
        ([&["--fusion", "mean", "--text-encoder", "words-and-letters"][..], &net].concat(), 0.9397),
    ] {
        let found = f1(&options);
        assert!(found >= at_least, "{options:?}: mean F1 {found} is below {at_least}");
    }
}
