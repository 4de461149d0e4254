//! What cannot be done is said in words: the problem, what to do, which file; with the documented exit code.

use crate::program::{json, number, picture, refused, text, tiny_catalogue, tiny_project};

/// Fails with the code, and the message holds every word.
fn check(args: &[&str], code: i32, words: &[&str]) {
    let (home, project) = tiny_project();
    let args: Vec<&str> =
        args.iter().map(|&arg| if arg == "PROJECT" { project.as_str() } else { arg }).collect();
    let message = refused(home.path(), &args, code);
    for word in words {
        assert!(message.contains(word), "{args:?}: no `{word}` in: {message}");
    }
    assert!(!message.contains("panicked"), "{args:?}: {message}");
}

#[test]
fn wrong_arguments_exit_with_two() {
    check(&["indx"], 2, &["indx"]);
    check(&["index"], 2, &["--project"]);
    check(&["match", "--project", "PROJECT", "--weight", "2"], 2, &["from 0 to 1"]);
    check(&["match", "--project", "PROJECT", "--metric", "manhattan"], 2, &["cosine or euclidean"]);
    check(&["match", "--project", "PROJECT", "--neighbors", "approximate:2"], 2, &["between 0 and 1"]);
    check(&["match", "--project", "PROJECT", "--tune", "--threshold", "0.5"], 2, &["cannot be used with"]);
    check(&["index", "catalog.csv", "--project", "x", "--titles", "tidy"], 2, &["clean or raw"]);
    check(&["index", "catalog.csv", "--project", "x", "--map", "colour=red"], 2, &["colour"]);
    check(
        &["index", "catalog.csv", "--project", "x", "--device", "abacus"],
        2,
        &["auto, cpu, cuda or metal"],
    );
    check(&["search", "--project", "PROJECT"], 2, &["QUERY"]);
}

#[test]
fn what_is_not_there_is_named() {
    check(&["index", "nothing.csv", "--project", "x"], 1, &["nothing.csv"]);
    check(&["open", "nothing.csv"], 1, &["nothing.csv", "Check the path"]);
    check(&["match", "--project", "nowhere"], 1, &["not a Lookalike project", "nowhere"]);
    check(
        &["index", "catalog.csv", "--project", "x", "--image-encoder", "resnet9"],
        1,
        &["resnet9", "lookalike encoders"],
    );
    check(
        &["index", "catalog.csv", "--project", "x", "--image-encoder", "idf-word"],
        1,
        &["titles", "--text-encoder"],
    );
    check(&["match", "--project", "PROJECT", "--fusion", "magic"], 1, &["magic", "noisy-or"]);
    check(&["export", "--project", "PROJECT", "--format", "xml", "--out", "o"], 1, &["xml", "submission"]);
    check(&["import", "nothing.csv", "--project", "PROJECT"], 1, &["nothing.csv"]);
    let model =
        ["index", "catalog.csv", "--project", "x", "--image-encoder", "mobilenetv2_tf", "--models", "none"];
    check(&model, 1, &["mobilenetv2_tf", "--models"]);
}

#[test]
fn a_failed_index_leaves_no_project_behind() {
    let home = tempfile::tempdir().unwrap();
    refused(home.path(), &["index", "nothing.csv", "--project", "p.lookalike"], 1);
    assert!(!home.path().join("p.lookalike").exists());
}

#[test]
fn a_failure_is_a_json_object_too() {
    let home = tempfile::tempdir().unwrap();
    let output = crate::program::run(home.path(), &["match", "--project", "nowhere", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let answer: serde_json::Value = serde_json::from_str(&text(&output.stdout)).unwrap();
    assert!(answer["error"].as_str().unwrap().contains("nowhere"));
}

#[test]
fn nothing_is_tuned_or_scored_without_labels() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("plain.csv"), "id,title\n1,red mug\n2,red mug new\n").unwrap();
    json(home.path(), &["index", "plain.csv", "--project", "p.lookalike"]);
    let message = refused(home.path(), &["evaluate", "--project", "p.lookalike"], 1);
    assert!(message.contains("no group labels"), "{message}");
    let message = refused(home.path(), &["match", "--project", "p.lookalike", "--tune"], 1);
    assert!(message.contains("--threshold"), "{message}");
    let answer = json(home.path(), &["match", "--project", "p.lookalike", "--threshold", "0.3"]);
    assert_eq!(number(&answer, "clusters"), 1.0, "{answer}");
}

#[test]
fn broken_and_missing_pictures_are_problems_not_failures() {
    let home = tempfile::tempdir().unwrap();
    let catalog = tiny_catalogue(home.path());
    std::fs::write(home.path().join("images/3.png"), b"no picture at all").unwrap();
    std::fs::remove_file(home.path().join("images/4.png")).unwrap();
    let args = ["index", &catalog.display().to_string(), "--project", "p.lookalike"];
    for attempt in ["first", "again"] {
        let answer = json(home.path(), &args);
        let problems = answer["problems"].to_string();
        assert!(problems.contains("3.png") && problems.contains("4.png"), "{attempt}: {problems}");
        let line =
            answer["encoders"].as_array().unwrap().iter().find(|line| line["id"] == "perceptual").unwrap();
        assert_eq!((number(line, "present"), number(line, "failed")), (6.0, 1.0), "{attempt}: {answer}");
    }
    // A picture that was replaced is tried again.
    picture(1, 3).save(home.path().join("images/3.png")).unwrap();
    let answer = json(home.path(), &args);
    let line = answer["encoders"].as_array().unwrap().iter().find(|line| line["id"] == "perceptual").unwrap();
    assert_eq!(
        (number(line, "present"), number(line, "new"), number(line, "failed")),
        (7.0, 1.0, 0.0),
        "{answer}"
    );
}
