//! What each subcommand answers on a catalogue small enough to know the answer.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use crate::program::{json, lookalike, number, run, text, tiny_catalogue, tiny_project};

#[test]
fn help_and_version_of_everything() {
    let home = tempfile::tempdir().unwrap();
    let subcommands = [
        "open", "demo", "index", "match", "evaluate", "search", "export", "import", "encoders", "fusions",
        "doctor",
    ];
    for subcommand in subcommands {
        let output = run(home.path(), &[subcommand, "--help"]);
        assert_eq!(output.status.code(), Some(0), "{subcommand}");
    }
    let help = text(&run(home.path(), &["--help"]).stdout);
    for needed in ["Exit codes", "130"].into_iter().chain(subcommands) {
        assert!(help.contains(needed), "--help lacks {needed}");
    }
    assert!(text(&run(home.path(), &["--version"]).stdout).contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn help_is_made_from_the_tables() {
    let home = tempfile::tempdir().unwrap();
    let ids = |subcommand: &str, list: &str| -> Vec<String> {
        json(home.path(), &[subcommand])[list]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let (encoders, fusions) = (ids("encoders", "encoders"), ids("fusions", "fusions"));
    let lines = json(home.path(), &["encoders"])["encoders"].as_array().unwrap().clone();
    let own = lines.iter().filter(|line| line["needs"].as_array().unwrap().is_empty());
    let own: Vec<String> = own.map(|line| line["id"].as_str().unwrap().to_owned()).collect();
    for id in
        ["phash", "perceptual", "mobilenetv2_tf", "all-MiniLM-L6-v2", "idf-word", "tfidf-word", "tfidf-char"]
    {
        assert!(encoders.iter().any(|known| known == id), "{id} is no encoder");
    }
    for id in ["image", "text", "mean", "concat", "noisy-or", "union"] {
        assert!(fusions.iter().any(|known| known == id), "{id} is no fusion");
    }
    let help = text(&run(home.path(), &["match", "--help"]).stdout);
    assert!(own.len() >= 5 && help.contains("lookalike encoders"), "models are listed elsewhere: {own:?}");
    for id in own.iter().chain(&fusions) {
        assert!(help.contains(id.as_str()), "`match --help` lacks {id}");
    }
}

#[test]
fn indexing_again_computes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let catalog = tiny_catalogue(home.path()).display().to_string();
    let args = ["index", &catalog, "--project", "p.lookalike", "--image-encoder", "phash,perceptual"];
    let first = json(home.path(), &args);
    assert_eq!((number(&first, "rows"), number(&first, "groups")), (8.0, 4.0));
    assert_eq!(first["problems"], serde_json::json!([]));
    let of = |answer: &serde_json::Value, name: &str| -> BTreeMap<String, f64> {
        let lines = answer["encoders"].as_array().unwrap();
        lines.iter().map(|line| (line["id"].as_str().unwrap().to_owned(), number(line, name))).collect()
    };
    let ids: Vec<String> = of(&first, "new").into_keys().collect();
    assert_eq!(ids, ["idf-word", "perceptual", "phash"]);
    assert!(of(&first, "new").values().all(|&n| n == 8.0), "{first}");
    assert!(of(&first, "present").values().all(|&n| n == 8.0), "{first}");
    assert!(of(&json(home.path(), &args), "new").values().all(|&n| n == 0.0));
}

#[test]
fn a_catalogue_that_has_grown_gets_the_neighbours_of_a_new_one() {
    let home = tempfile::tempdir().unwrap();
    let catalog = tiny_catalogue(home.path());
    let table = std::fs::read_to_string(&catalog).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    let short = catalog.with_file_name("short.csv");
    std::fs::write(&short, lines[..lines.len() - 1].join("\n")).unwrap();
    let index = |table: &Path, project: &str| {
        let table = table.display().to_string();
        json(home.path(), &["index", &table, "--project", project, "--image-encoder", "phash,perceptual"])
    };
    // Numbers of the neighbour lists by folder, which is named by all that they follow from.
    let lists = |project: &str| -> BTreeMap<String, Vec<(String, Vec<u8>)>> {
        let folders = std::fs::read_dir(home.path().join(project).join("embeddings")).unwrap();
        let files = folders.map(|folder| folder.unwrap().path().join("neighbors.safetensors"));
        let numbers = |file: std::path::PathBuf| {
            let bytes = std::fs::read(&file).unwrap();
            let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
            let mut numbers: Vec<(String, Vec<u8>)> =
                tensors.iter().map(|(name, view)| (name.to_owned(), view.data().to_vec())).collect();
            numbers.sort();
            (file.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned(), numbers)
        };
        files.filter(|file| file.exists()).map(numbers).collect()
    };
    assert_eq!(number(&index(&short, "grown.lookalike"), "rows"), 7.0);
    let before = lists("grown.lookalike");
    let answer = index(&catalog, "grown.lookalike");
    assert_eq!(answer["encoders"][1]["neighbors"], "exact", "{answer}");
    index(&catalog, "new.lookalike");
    let (grown, new) = (lists("grown.lookalike"), lists("new.lookalike"));
    assert!(new.len() == 3 && before.keys().all(|name| !new.contains_key(name)), "{:?}", new.keys());
    for (name, numbers) in new {
        assert_eq!(grown.get(&name), Some(&numbers), "{name}");
    }
}

#[test]
fn matching_finds_the_four_products() {
    let (home, project) = tiny_project();
    let args = ["match", "--project", &project, "--tune", "--out", "submission.csv"];
    let answer = json(home.path(), &args);
    assert_eq!(number(&answer, "rows"), 8.0);
    assert_eq!(number(&answer, "clusters"), 4.0, "{answer}");
    assert_eq!(number(&answer, "largest_cluster"), 2.0);
    let submission = std::fs::read_to_string(home.path().join("submission.csv")).unwrap();
    let lines: Vec<&str> = submission.lines().collect();
    assert_eq!(lines[..3], ["posting_id,matches", "post0,post0 post1", "post1,post1 post0"]);
    assert_eq!(lines.len(), 9);
}

#[test]
fn evaluating_scores_rows_pairs_and_clusters() {
    let (home, project) = tiny_project();
    let tuned = json(home.path(), &["evaluate", "--project", &project, "--tune"]);
    assert_eq!(number(&tuned, "mean_f1"), 1.0, "{tuned}");
    assert_eq!((number(&tuned, "rows"), number(&tuned, "groups")), (8.0, 4.0));
    assert!(tuned["tuned_on"].as_str().unwrap().contains("8 labelled rows"));
    assert_eq!(number(&tuned["pairs"], "f1"), 1.0);
    assert_eq!(number(&tuned["clusters"], "bcubed_f1"), 1.0);
    assert!(number(&tuned, "seconds") > 0.0);

    // Above every similarity each row matches itself alone: F1 is 2 * (1 * 1/2) / (1 + 1/2) = 2/3.
    let alone = json(home.path(), &["evaluate", "--project", &project, "--threshold", "1.01"]);
    assert!((number(&alone, "mean_f1") - 2.0 / 3.0).abs() < 1e-9, "{alone}");
    assert_eq!((number(&alone, "precision"), number(&alone, "recall")), (1.0, 0.5));
    assert!(alone["tuned_on"].is_null());
    assert!((number(&alone, "threshold") - 1.01).abs() < 1e-6);

    let two =
        json(home.path(), &["evaluate", "--project", &project, "--threshold", "1.01", "--at-least-two"]);
    assert_eq!(number(&two, "mean_f1"), 1.0, "the nearest other posting is the right one: {two}");
    let top = json(home.path(), &["evaluate", "--project", &project, "--no-threshold", "--k", "2"]);
    assert_eq!(number(&top, "mean_f1"), 1.0, "{top}");
    assert!(top["threshold"].is_null());
}

#[test]
fn every_fusion_evaluates_and_none_embeds_anything() {
    let (home, project) = tiny_project();
    let embeddings = Path::new(&project).join("embeddings");
    let before = listing(&embeddings);
    for fusion in json(home.path(), &["fusions"])["fusions"].as_array().unwrap() {
        let id = fusion["id"].as_str().unwrap();
        let answer = json(home.path(), &["evaluate", "--project", &project, "--fusion", id, "--tune"]);
        assert!(number(&answer, "mean_f1") > 0.66, "{id}: {answer}");
    }
    assert_eq!(listing(&embeddings), before, "evaluating wrote into the cache");
}

#[test]
fn searching_by_title_and_by_picture() {
    let (home, project) = tiny_project();
    for (query, first) in [("yellow lamp", "post6"), ("images/2.png", "post2")] {
        let answer = json(home.path(), &["search", query, "--project", &project, "--k", "2"]);
        let results = answer["results"].as_array().unwrap();
        let names: Vec<&str> = results.iter().map(|result| result["posting"].as_str().unwrap()).collect();
        assert_eq!(names.len(), 2, "{query}: {answer}");
        if first == "post6" {
            assert!(names.contains(&"post6") && names.contains(&"post7"), "{query}: {names:?}");
        } else {
            assert_eq!(names[0], first, "{query}");
        }
    }
}

#[test]
fn decided_pairs_go_in_and_out() {
    let (home, project) = tiny_project();
    let pairs =
        "posting_id_1,posting_id_2,verdict\npost0,post1,same\npost2,post4,different\npost2,post3,variant\n";
    std::fs::write(home.path().join("pairs.csv"), pairs).unwrap();
    let answer = json(home.path(), &["import", "pairs.csv", "--project", &project, "--reviewer", "ada"]);
    assert_eq!((number(&answer, "pairs"), number(&answer, "entries")), (3.0, 1.0), "{answer}");
    for format in ["pairs-csv", "pairs-jsonl", "clusters-csv", "actions-csv", "submission"] {
        let out = format!("{format}.out");
        let answer = json(home.path(), &["export", "--project", &project, "--format", format, "--out", &out]);
        let written = std::fs::read_to_string(home.path().join(&out)).unwrap();
        assert_eq!(number(&answer, "bytes"), written.len() as f64, "{format}");
        assert!(written.contains("post0"), "{format}: {written}");
    }
    // What was exported can be imported elsewhere.
    let other = json(home.path(), &["index", "catalog.csv", "--project", "other.lookalike"]);
    assert_eq!(number(&other, "rows"), 8.0);
    for file in ["pairs-csv.out", "pairs-jsonl.out"] {
        let answer = json(home.path(), &["import", file, "--project", "other.lookalike"]);
        assert_eq!(number(&answer, "pairs"), 3.0, "{file}: {answer}");
    }
}

#[test]
fn the_demo_is_written_and_indexed() {
    let home = tempfile::tempdir().unwrap();
    let written = json(home.path(), &["demo", "--out", "demo", "--products", "8", "--seed", "5"]);
    let indexed = json(home.path(), &["index", "demo/catalog.csv", "--project", "demo.lookalike"]);
    assert_eq!(number(&written, "postings"), number(&indexed, "rows"));
    assert_eq!(number(&indexed, "groups"), 8.0);
}

#[test]
fn without_a_display_the_demo_runs_headless() {
    let home = tempfile::tempdir().unwrap();
    let answer = json(home.path(), &[]);
    assert!(number(&answer, "postings") >= 800.0, "{answer}");
    assert!(number(&answer, "clusters") > 50.0, "{answer}");
    let said = text(&run(home.path(), &[]).stdout);
    assert!(said.contains("To see the window") && said.contains("DISPLAY"), "{said}");
}

#[test]
fn doctor_names_device_models_and_versions() {
    let home = tempfile::tempdir().unwrap();
    let answer = json(home.path(), &["doctor"]);
    for name in ["version", "system", "device", "renderer", "models_folder", "models"] {
        assert!(!answer[name].is_null(), "doctor lacks {name}: {answer}");
    }
}

#[test]
fn quiet_when_piped() {
    let home = tempfile::tempdir().unwrap();
    let catalog = tiny_catalogue(home.path());
    let output =
        lookalike(home.path()).arg("index").arg(catalog).args(["--project", "p.lookalike"]).output().unwrap();
    assert!(output.status.success());
    assert_eq!(text(&output.stderr), "");
    assert!(!text(&output.stdout).contains('\u{1b}'));
}

/// Files below a folder with their times of change.
fn listing(folder: &Path) -> BTreeMap<String, SystemTime> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            files.extend(listing(&entry.path()));
        } else {
            files.insert(entry.path().display().to_string(), entry.metadata().unwrap().modified().unwrap());
        }
    }
    files
}
