//! Learning from the command line: recipes, receipts, what is put to use, and what is refused.

use std::path::Path;

use serde_json::Value;

use crate::program::{json, number, refused, tiny_project};

/// Twenty epochs are not needed to see that it learns.
const SHORT: [&str; 4] = ["--set", "max_epochs=4", "--set", "width=64"];

/// A demo of 60 products, indexed without any model: (home, project).
fn demo_project() -> (tempfile::TempDir, String) {
    let home = tempfile::tempdir().unwrap();
    json(home.path(), &["demo", "--out", "demo", "--products", "60", "--seed", "3"]);
    let project = home.path().join("demo.lookalike").display().to_string();
    json(home.path(), &["index", "demo/catalog.csv", "--project", &project]);
    (home, project)
}

fn train(home: &Path, project: &str, more: &[&str]) -> Value {
    let args = [&["train", "--project", project, "--recipe", "lookalike-best"], &SHORT[..], more].concat();
    json(home, &args)
}

fn head(project: &str) -> Vec<u8> {
    std::fs::read(Path::new(project).join("trained/lookalike-best/head.safetensors")).unwrap()
}

#[test]
fn recipes_explain_every_parameter() {
    let home = tempfile::tempdir().unwrap();
    let answer = json(home.path(), &["recipes"]);
    let recipes = answer["recipes"].as_array().unwrap();
    let ids: Vec<&str> = recipes.iter().map(|recipe| recipe["id"].as_str().unwrap()).collect();
    let expected = [
        "lookalike-best",
        "image-head",
        "siamese-cosine",
        "siamese-cosine-naive",
        "siamese-neuron",
        "shopee-arcface",
        "shopee-arcface-ensemble",
        "catalog-softmax",
        "catalog-arcface",
        "catalog-arcface-glove",
        "autoencoder-knn",
        "tll-two-backbones",
        "mobilenetv2-finetune",
    ];
    assert_eq!(ids, expected);
    for recipe in recipes {
        let parameters = recipe["parameters"].as_array().unwrap();
        assert!(parameters.len() > 12, "{recipe}");
        assert!(parameters.iter().all(|line| !line["explanation"].as_str().unwrap().is_empty()), "{recipe}");
    }
    refused(home.path(), &["recipes", "none"], 1);
}

#[test]
fn what_is_learned_is_kept_promoted_and_rolled_back() {
    let (home, project) = demo_project();
    let home = home.path();
    let answer = train(home, &project, &[]);
    assert_eq!(answer["encoders"], serde_json::json!(["perceptual", "idf-word"]), "{answer}");
    let notes = answer["notes"].to_string();
    assert!(notes.contains("perceptual stands in for mobilenetv2_tf"), "{notes}");
    assert!(notes.contains("idf-word stands in for all-MiniLM-L6-v2") && notes.contains("hashed"), "{notes}");
    let after = answer["f1_after"].as_f64().unwrap();
    assert!((0.3..=1.0).contains(&after), "{answer}");
    assert!(number(&answer, "test_rows") > 0.0 && number(&answer, "epochs") >= 1.0);

    // The same recipe, seed and labels give the same head; another seed does not.
    let first = head(&project);
    train(home, &project, &[]);
    assert!(head(&project) == first, "training again gave another head");
    let receipts = json(home, &["receipts", "--project", &project]);
    assert_eq!(receipts["receipts"].as_array().unwrap().len(), 1, "{receipts}");
    assert!(receipts["promoted"].is_null());

    let frozen = json(home, &["evaluate", "--project", &project, "--tune"]);
    assert!(frozen["trained"].is_null(), "{frozen}");
    let named = json(home, &["evaluate", "--project", &project, "--trained", "lookalike-best", "--tune"]);
    assert_eq!(named["trained"], "lookalike-best");
    assert!(named["note"].as_str().unwrap().contains("learned from"));
    assert!(number(&named, "mean_f1") != number(&frozen, "mean_f1"), "the head changed nothing");

    json(home, &["promote", "lookalike-best", "--project", &project]);
    let promoted = json(home, &["evaluate", "--project", &project, "--tune"]);
    assert_eq!(number(&promoted, "mean_f1"), number(&named, "mean_f1"));
    let matched = json(home, &["match", "--project", &project]);
    assert_eq!(matched["trained"], "lookalike-best", "{matched}");
    for asked in [["--trained", "none"], ["--fusion", "mean"]] {
        let args = [&["evaluate", "--project", &project, "--tune"], &asked[..]].concat();
        assert_eq!(number(&json(home, &args), "mean_f1"), number(&frozen, "mean_f1"), "{asked:?}");
    }
    // What is in use does not change when another is trained.
    train(home, &project, &["--seed", "2"]);
    assert!(head(&project) != first, "the seed decides nothing");
    let still = json(home, &["evaluate", "--project", &project, "--tune"]);
    assert_eq!(number(&still, "mean_f1"), number(&named, "mean_f1"));

    json(home, &["rollback", "--project", &project]);
    assert!(json(home, &["evaluate", "--project", &project, "--tune"])["trained"].is_null());
    let message = refused(home, &["rollback", "--project", &project], 1);
    assert!(message.contains("no trained model is in use"), "{message}");
    refused(home, &["promote", "siamese-cosine", "--project", &project], 1);
}

#[test]
fn a_run_that_fails_leaves_the_former_model() {
    let (home, project) = demo_project();
    let home = home.path();
    train(home, &project, &["--set", "max_epochs=1"]);
    let before = head(&project);
    let base = ["train", "--project", &project, "--recipe", "lookalike-best"];
    for (more, reason) in [
        (&["--set", "learning_rate=1e38", "--set", "clip_norm=null"][..], "smaller learning_rate"),
        (&["--labels", "decisions"], "no pair of postings known to be the same"),
        (&["--set", "no_such=1"], "no parameter `no_such`"),
        (&["--set", "max_epochs=0"], "at least 1"),
        (&["--set", "text_encoders=[\"perceptual\"]"], "does not read titles"),
    ] {
        let message = refused(home, &[&base[..], more].concat(), 1);
        assert!(message.contains(reason), "{more:?}: {message}");
        assert!(head(&project) == before, "{more:?} changed the model");
    }
    refused(home, &["train", "--project", &project, "--recipe", "none"], 1);
    refused(home, &["train", "--project", &project, "--set", "no value"], 2);
    // A damaged head is not used.
    let path = Path::new(&project).join("trained/lookalike-best/head.safetensors");
    std::fs::write(&path, &before[..before.len() / 2]).unwrap();
    let message = refused(home, &["evaluate", "--project", &project, "--trained", "lookalike-best"], 1);
    assert!(message.contains("damaged"), "{message}");
}

#[test]
fn decisions_are_learned_from_and_only_said_differences_count() {
    let (home, project) = demo_project();
    let home = home.path();
    // Every group of the catalogue as decided pairs, and one rejection of each with the next.
    let catalog = std::fs::read_to_string(home.join("demo/catalog.csv")).unwrap();
    let mut lines = catalog.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let at = header.iter().position(|name| *name == "label_group").unwrap();
    let mut groups: std::collections::BTreeMap<String, Vec<String>> = Default::default();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        // Titles with commas shift the group; those lines are not needed.
        if cells.len() == header.len() {
            groups.entry(cells[at].to_owned()).or_default().push(cells[0].to_owned());
        }
    }
    let groups: Vec<Vec<String>> = groups.into_values().filter(|group| group.len() > 1).collect();
    let mut same = String::from("posting_id_1,posting_id_2,verdict\n");
    for group in &groups {
        same.extend(group.windows(2).map(|pair| format!("{},{},same\n", pair[0], pair[1])));
    }
    std::fs::write(home.join("same.csv"), &same).unwrap();
    json(home, &["import", "same.csv", "--project", &project]);
    let base = ["train", "--project", &project, "--labels", "decisions", "--set", "max_epochs=2"];
    let message = refused(home, &base, 1);
    assert!(message.contains("no pair of postings known to be different"), "{message}");
    let wrong: String =
        groups.windows(2).map(|two| format!("{},{},different\n", two[0][0], two[1][0])).collect();
    std::fs::write(home.join("wrong.csv"), format!("posting_id_1,posting_id_2,verdict\n{wrong}")).unwrap();
    json(home, &["import", "wrong.csv", "--project", &project]);
    let answer = json(home, &base);
    assert_eq!(number(&answer, "log_position"), 2.0, "{answer}");
    // A loss over all groups needs to be told that they are all different.
    let message = refused(home, &[&base[..], &["--recipe", "shopee-arcface"]].concat(), 1);
    assert!(message.contains("unreviewed postings count as different"), "{message}");
}

#[test]
fn every_recipe_runs() {
    let (home, project) = demo_project();
    for recipe in ["siamese-cosine", "siamese-neuron", "shopee-arcface"] {
        let args = [
            "train",
            "--project",
            &project,
            "--recipe",
            recipe,
            "--set",
            "max_epochs=1",
            "--set",
            "width=32",
        ];
        let answer = json(home.path(), &args);
        assert_eq!(answer["id"], recipe);
        let matched = json(home.path(), &["evaluate", "--project", &project, "--trained", recipe]);
        assert!(number(&matched, "mean_f1") > 0.2, "{recipe}: {matched}");
    }
}

#[test]
fn too_small_a_catalogue_is_refused() {
    let (home, project) = tiny_project();
    let message = refused(home.path(), &["train", "--project", &project, "--seed", "4"], 1);
    assert!(message.contains("part") && message.contains("seed"), "{message}");
}
