//! Learning from the command line: recipes, receipts, what is put to use, and what is refused.

use std::path::Path;

use serde_json::Value;

use lookalike::train::{Part, SplitShares, part_of};

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
        "shopee-text",
        "catalog-softmax",
        "catalog-arcface",
        "catalog-arcface-glove",
        "autoencoder-knn",
        "tll-two-backbones",
        "tll-pooled",
        "tll-best",
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
    let read = serde_json::json!(["perceptual", "idf-word", "tfidf-char"]);
    assert_eq!(answer["encoders"], read, "{answer}");
    let notes = answer["notes"].to_string();
    assert!(notes.contains("perceptual stands in for mobilenetv2-flip"), "{notes}");
    assert!(notes.contains("all-MiniLM-L6-v2 is left out of the mixture"), "{notes}");
    let after = answer["f1_after"].as_f64().unwrap();
    assert!((0.3..=1.0 + 1e-9).contains(&after), "{answer}");
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
        (
            &["--set", "learning_rate=1e38", "--set", "clip_norm=null", "--set", "max_epochs=3"][..],
            "smaller learning_rate",
        ),
        (&["--labels", "decisions"], "no pair of postings known to be the same"),
        (&["--set", "no_such=1"], "no parameter `no_such`"),
        (&["--set", "start=Random"], "at least 1"),
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
    let recipes = json(home.path(), &["recipes"]);
    let ids = recipes["recipes"].as_array().unwrap().iter().map(|recipe| recipe["id"].as_str().unwrap());
    // A network has no stand-in; network.rs trains it where its weights are.
    for recipe in ids.filter(|id| !["lookalike-best", "mobilenetv2-finetune"].contains(id)) {
        // Recipes that learn nothing have no round to shorten.
        let is_still = recipe == "autoencoder-knn" || recipe == "shopee-text";
        let epochs = if is_still { "max_epochs=0" } else { "max_epochs=1" };
        let base = ["train", "--project", &project, "--recipe", recipe];
        let answer = json(home.path(), &[&base[..], &["--set", epochs, "--set", "width=32"]].concat());
        assert_eq!(answer["id"], recipe);
        let matched = json(home.path(), &["evaluate", "--project", &project, "--trained", recipe]);
        assert!(number(&matched, "mean_f1") > 0.05, "{recipe}: {matched}");
    }
}

#[test]
fn matchers_are_listed_run_and_kept_with_what_was_trained() {
    let (home, project) = demo_project();
    let home = home.path();
    let listed = json(home, &["matchers"]);
    let ids: Vec<&str> =
        listed["matchers"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"inb") && ids.contains(&"united-thresholds"), "{ids:?}");
    let base = ["evaluate", "--project", &project, "--tune"];
    let plain = json(home, &base);
    for id in ids.iter().filter(|id| **id != "pair-network") {
        let found = json(home, &[&base[..], &["--matcher", id]].concat());
        assert_eq!(found["matcher"]["id"], *id);
        let f1 = number(&found, "mean_f1");
        assert!((0.0..=1.0).contains(&f1));
        // What is tuned on the rows it is told of, and may stay as it is, does not lose by it.
        if ["threshold", "query-expansion", "modality-weights"].contains(id) {
            assert!(f1 >= number(&plain, "mean_f1") - 1e-9, "{id}: {f1} {plain}");
        }
    }
    let given = ["--matcher", "inb", "--matcher-set", "stages=2", "--matcher-set", "threshold1=0.9"];
    let found = json(home, &[&base[..], &given].concat());
    assert_eq!(found["matcher"]["values"]["stages"], 2.0, "{found}");
    for (wrong, reason) in [
        (["--matcher", "none"], "no matcher `none`"),
        (["--matcher", "pair-network"], "learns from pairs"),
        (["--matcher-set", "stages=2"], "no parameter `stages`"),
    ] {
        let message = refused(home, &[&base[..], &wrong].concat(), 1);
        assert!(message.contains(reason), "{message}");
    }
    refused(home, &[&base[..], &["--matcher-set", "stages"]].concat(), 2);

    // What the receipt keeps is what matches.
    for matcher in ["at-least-two", "inb", "pair-network", "group-size-prior"] {
        train(home, &project, &["--matcher", matcher]);
        let receipt =
            std::fs::read_to_string(Path::new(&project).join("trained/lookalike-best/receipt.ron")).unwrap();
        assert!(receipt.contains(&format!("id: \"{matcher}\"")), "{receipt}");
        let used = json(home, &["match", "--project", &project, "--trained", "lookalike-best"]);
        let (matched, rows) = (number(&used, "matched_rows"), number(&used, "rows"));
        assert!(matched <= rows && (matcher != "at-least-two" || matched == rows), "{matcher}: {used}");
    }
}

#[test]
fn a_sweep_has_a_row_for_every_combination_and_saves_nothing() {
    let (home, project) = demo_project();
    let home = home.path();
    let base = ["train", "--project", &project, "--recipe", "siamese-cosine", "--set", "max_epochs=1"];
    let sweep = ["--sweep", "margin=0,0.7", "num_neg=1,5", "modality=text,both"];
    let answer = json(home, &[&base[..], &sweep].concat());
    let rows = answer["sweep"].as_array().unwrap();
    assert_eq!(rows.len(), 8, "{answer}");
    for (row, margin) in rows.iter().zip([0.0, 0.0, 0.0, 0.0, 0.7, 0.7, 0.7, 0.7]) {
        let pairs = &row["pairs"];
        assert!((number(pairs, "threshold") - margin).abs() < 1e-6, "{row}");
        assert!((0.0..=1.0).contains(&number(pairs, "accuracy")) && number(pairs, "loss") >= 0.0, "{row}");
    }
    let n_encoders = |row: &Value| row["encoders"].as_array().unwrap().len();
    assert_eq!([n_encoders(&rows[0]), n_encoders(&rows[1])], [1, 2]);
    assert!(number(&rows[2]["pairs"], "n_different") > number(&rows[0]["pairs"], "n_different"));
    assert!(!Path::new(&project).join("trained/siamese-cosine").exists());
    let one = ["--sweep", "margin=0.5", "--markdown", "--map", "grid.svg"];
    let output = crate::program::run(home, &[&base[..], &one].concat());
    let drawn = std::fs::read_to_string(home.join("grid.svg")).unwrap();
    assert!(drawn.contains("margin 0.5") && drawn.matches("fill=\"#").count() > 10, "{drawn}");
    assert!(crate::program::text(&output.stdout).starts_with("| margin | loss |"), "{output:?}");
    let message = refused(home, &[&base[..], &["--sweep", "margin=0", "modality=smell"]].concat(), 1);
    assert!(message.contains("no modality `smell`"), "{message}");
    refused(home, &[&base[..], &["--sweep", "margin="]].concat(), 2);
}

/// A project of `n_groups` groups with four titles each: (home, project).
fn groups_project(n_groups: usize) -> (tempfile::TempDir, String) {
    let home = tempfile::tempdir().unwrap();
    let mut text = String::from("posting_id,title,label_group\n");
    for group in 0..n_groups {
        for row in 0..4 {
            text.push_str(&format!(
                "p{group}-{row},thing{group} colour{row} sort{} plain,g{group}\n",
                group % 3
            ));
        }
    }
    std::fs::write(home.path().join("catalog.csv"), text).unwrap();
    let project = home.path().join("p.lookalike").display().to_string();
    json(home.path(), &["index", "catalog.csv", "--project", &project]);
    (home, project)
}

/// The first seed whose split of the groups `g0`, `g1`... has these numbers of groups in training, validation and test.
fn seed_with(n_groups: usize, wanted: impl Fn([usize; 3]) -> bool) -> String {
    let of_seed = |seed: u64| {
        let mut counts = [0; 3];
        for group in 0..n_groups {
            let place = match part_of(seed, &format!("g{group}"), SplitShares::default()) {
                Part::Train => 0,
                Part::Validation => 1,
                Part::Test => 2,
            };
            counts[place] += 1;
        }
        counts
    };
    (0..100_000).find(|seed| wanted(of_seed(*seed))).unwrap().to_string()
}

#[test]
fn a_split_that_leaves_nothing_is_told_and_the_former_model_stays() {
    let (home, project) = groups_project(8);
    let home = home.path();
    let base = ["train", "--project", &project, "--recipe", "shopee-arcface", "--set", "max_epochs=2"];
    let run = |seed: &str| {
        [&base[..], &["--seed", seed]].concat().iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()
    };
    let good = seed_with(8, |[train, validation, test]| train > 2 && validation > 0 && test > 0);
    let args = run(&good);
    json(home, &args.iter().map(String::as_str).collect::<Vec<_>>());
    let path = Path::new(&project).join("trained/shopee-arcface/head.safetensors");
    let before = std::fs::read(&path).unwrap();
    for (seed, reason) in [
        (
            seed_with(8, |[train, validation, test]| train == 1 && validation > 0 && test > 0),
            "holds 1 group(s)",
        ),
        (
            seed_with(8, |[train, validation, test]| train == 0 && validation > 0 && test > 0),
            "holds 0 group(s)",
        ),
        (
            seed_with(8, |[train, validation, test]| train > 2 && validation == 0 && test > 0),
            "validation part holds no",
        ),
        (
            seed_with(8, |[train, validation, test]| train > 2 && validation > 0 && test == 0),
            "test part holds no",
        ),
    ] {
        let args = run(&seed);
        let message = refused(home, &args.iter().map(String::as_str).collect::<Vec<_>>(), 1);
        assert!(message.contains(reason) && message.contains("Review more duplicates"), "{seed}: {message}");
        assert!(std::fs::read(&path).unwrap() == before, "{reason}: the former model is gone");
    }
}

/// A file size limit stands for a full disk: both refuse a write half-way.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_former_model() {
    let (home, project) = groups_project(12);
    let home = home.path();
    let seed = seed_with(12, |[train, validation, test]| train > 2 && validation > 0 && test > 0);
    let args = [
        "train",
        "--project",
        &project,
        "--recipe",
        "siamese-cosine",
        "--seed",
        &seed,
        "--set",
        "max_epochs=1",
    ];
    json(home, &args);
    let folder = Path::new(&project).join("trained/siamese-cosine");
    let files = || ["head.safetensors", "receipt.ron"].map(|name| std::fs::read(folder.join(name)).unwrap());
    let before = files();
    let program = env!("CARGO_BIN_EXE_lookalike");
    // Half a megabyte: more than the receipt, less than the head.
    let script = format!("trap '' XFSZ; ulimit -f 1024; exec '{program}' \"$@\"");
    let output = std::process::Command::new("sh")
        .args(["-c", &script, "sh"])
        .args(args)
        .args(["--set", "max_epochs=2"])
        .env("HOME", home)
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_CONFIG_HOME", home.join("config"))
        .current_dir(home)
        .output()
        .unwrap();
    let message = crate::program::text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("head.safetensors") || message.contains("siamese-cosine"), "{message}");
    assert!(files() == before, "the former model is gone: {message}");
    let matched = json(home, &["evaluate", "--project", &project, "--trained", "siamese-cosine"]);
    assert_eq!(matched["trained"], "siamese-cosine");
}

#[test]
fn too_small_a_catalogue_is_refused() {
    let (home, project) = tiny_project();
    let message = refused(home.path(), &["train", "--project", &project, "--seed", "4"], 1);
    assert!(message.contains("part") && message.contains("seed"), "{message}");
}
