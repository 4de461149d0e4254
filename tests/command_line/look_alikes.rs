//! One against many from the command line: tables of pairs, candidate files, rankings, what is odd in them.

use std::path::Path;

use crate::program::{json, number, refused, shared, text};

/// The looks-like demo as files, indexed: (home, project).
fn demo_pairs(n_pairs: u32) -> (tempfile::TempDir, String) {
    let home = tempfile::tempdir().unwrap();
    let n = n_pairs.to_string();
    assert_eq!(
        number(&json(home.path(), &["demo", "--out", "pairs", "--looks-like", &n]), "pairs"),
        f64::from(n_pairs)
    );
    let project = home.path().join("pairs.lookalike").display().to_string();
    let index = [
        "index",
        "pairs/train.csv",
        "--project",
        &project,
        "--image-encoder",
        "perceptual,phash",
        "--text-encoder",
        "none",
    ];
    let answer = json(home.path(), &index);
    assert_eq!(
        (number(&answer, "rows"), number(&answer, "groups")),
        (f64::from(2 * n_pairs), f64::from(n_pairs))
    );
    assert_eq!(answer["problems"].as_array().unwrap().len(), 0, "{answer}");
    (home, project)
}

/// Lines of a CSV file, cells apart.
fn cells(path: &Path) -> Vec<Vec<String>> {
    let table = std::fs::read_to_string(path).unwrap();
    table.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn candidates_are_ranked_in_their_own_columns() {
    let (home, project) = demo_pairs(30);
    let out = home.path().join("out.csv");
    let rank = ["rank", "--project", &project, "--candidates", "pairs/candidates.csv", "--out", "out.csv"];
    let answer = json(home.path(), &rank);
    assert_eq!((number(&answer, "lines"), number(&answer, "without_score")), (30.0, 0.0));
    let (asked, ranked) = (cells(&home.path().join("pairs/candidates.csv")), cells(&out));
    assert_eq!(asked[0], ranked[0]);
    let partners: std::collections::HashMap<String, String> = cells(&home.path().join("pairs/train.csv"))
        .into_iter()
        .map(|line| (line[0].clone(), line[1].clone()))
        .collect();
    let mut n_first_two = 0;
    for (asked, ranked) in asked.iter().zip(&ranked).skip(1) {
        assert_eq!((asked.len(), ranked.len()), (21, 21));
        assert_eq!(asked[0], ranked[0]);
        let confidences: Vec<f64> = ranked[1..].iter().map(|cell| cell.parse().unwrap()).collect();
        assert!(confidences.iter().all(|it| (0.0..=1.0).contains(it)));
        let of_match = asked.iter().position(|name| *name == partners[&asked[0]]).unwrap() - 1;
        let n_better = confidences.iter().filter(|other| **other > confidences[of_match]).count();
        n_first_two += usize::from(n_better < 2);
    }
    // By chance 3 of 30.
    assert!(n_first_two >= 8, "{n_first_two} matches are among the first two of twenty");

    // The same file anywhere else, its pictures named; a strategy of two encoders.
    std::fs::create_dir(home.path().join("other")).unwrap();
    std::fs::copy(home.path().join("pairs/candidates.csv"), home.path().join("other/new.csv")).unwrap();
    let unseen = [
        "rank",
        "--project",
        &project,
        "--candidates",
        "other/new.csv",
        "--images",
        "pairs",
        "--strategy",
        "perceptual",
        "--out",
        "unseen.csv",
    ];
    json(home.path(), &unseen);
    assert_eq!(cells(&home.path().join("unseen.csv")), ranked);
}

#[test]
fn strategies_are_scored_on_the_same_questions() {
    let (home, project) = demo_pairs(30);
    let strategies =
        ["--strategy", "perceptual", "--strategy", "phash", "--strategy", "concat:perceptual,phash"];
    let args =
        [&["evaluate", "--task", "tll", "--project", &project, "--n-candidates", "10"][..], &strategies]
            .concat();
    let answer = json(home.path(), &args);
    assert_eq!(number(&answer, "questions"), 30.0);
    let scored = answer["strategies"].as_array().unwrap();
    assert_eq!(scored.len(), 3);
    for strategy in scored {
        let share = |name: &str| number(strategy, name);
        assert!(share("top_1") <= share("top_2") && share("top_2") <= share("top_5"), "{strategy}");
        assert!(
            share("recall_at_1") <= share("top_1") && share("recall_at_10") >= share("recall_at_1"),
            "{strategy}"
        );
        assert!(share("mean_reciprocal_rank") >= share("top_1"), "{strategy}");
        assert_eq!(share("n_parameters"), 0.0);
    }
    assert!(number(&scored[0], "top_2") > 0.3, "by chance 0.2: {answer}");
    // A labelled catalogue of another kind has questions too.
    let (home, project) = crate::program::tiny_project();
    let args = [
        "evaluate",
        "--task",
        "tll",
        "--project",
        &project,
        "--strategy",
        "mean:perceptual,idf-word",
        "--strategy",
        "idf-word",
    ];
    let answer = json(home.path(), &args);
    assert_eq!(number(&answer, "questions"), 8.0);
    assert!(number(&answer["strategies"][0], "top_1") > 0.8, "{answer}");
}

#[test]
fn a_model_trained_on_pairs_ranks_a_file_it_has_never_seen() {
    let (home, project) = demo_pairs(60);
    let home = home.path();
    let receipt = json(home, &["train", "--project", &project, "--recipe", "tll-best"]);
    assert!(receipt.to_string().contains("stands in"), "the network is not here: {receipt}");
    json(home, &["demo", "--out", "unseen", "--looks-like", "25", "--seed", "99"]);
    let unseen = ["--project", &project, "--candidates", "unseen/candidates.csv", "--images", "unseen"];
    let answer = json(home, &[&["rank", "--trained", "tll-best", "--out", "o.csv"][..], &unseen].concat());
    assert_eq!((number(&answer, "lines"), number(&answer, "without_score")), (25.0, 0.0));
    let (asked, ranked) = (cells(&home.join("unseen/candidates.csv")), cells(&home.join("o.csv")));
    assert_eq!(asked[0], ranked[0]);
    for (asked, ranked) in asked.iter().zip(&ranked).skip(1) {
        assert_eq!((ranked.len(), &asked[0]), (21, &ranked[0]));
        let confidences: Vec<f64> = ranked[1..].iter().map(|cell| cell.parse().unwrap()).collect();
        assert!(confidences.iter().all(|it| (0.0..=1.0).contains(it)), "{ranked:?}");
        assert!(confidences.iter().any(|it| *it != confidences[0]), "{ranked:?}");
    }
    // The model beside the frozen rows it reads, on the pairs it has seen.
    let strategies = ["--strategy", "trained:tll-best", "--strategy", "perceptual"];
    let args = [&["evaluate", "--task", "tll", "--project", &project][..], &strategies].concat();
    let scored = json(home, &args);
    let top_2 = |at: usize| number(&scored["strategies"][at], "top_2");
    assert!(top_2(0) > top_2(1), "{scored}");
    let message = refused(
        home,
        &["evaluate", "--task", "tll", "--project", &project, "--strategy", "trained:promoted"],
        1,
    );
    assert!(message.contains("no trained model is in use"), "{message}");
}

#[test]
fn what_is_odd_in_a_candidate_file_is_said_and_the_rest_is_ranked() {
    let (home, project) = demo_pairs(12);
    let names = cells(&home.path().join("pairs/train.csv"));
    let (left, right) = (&names[1][0], &names[1][1]);
    std::fs::remove_file(home.path().join(format!("pairs/right/{right}.jpg"))).unwrap();
    let mut odd =
        format!("left,c0,c1\n{left},{right},{}\n{left},{},zzz\nnobody,{right},\n", names[2][1], names[3][1]);
    for line in &names[4..] {
        odd.push_str(&format!("{},{},{}\n", line[0], line[1], names[3][1]));
    }
    std::fs::write(home.path().join("pairs/odd.csv"), odd).unwrap();
    let answer = json(
        home.path(),
        &["rank", "--project", &project, "--candidates", "pairs/odd.csv", "--out", "odd.csv"],
    );
    let said = answer["problems"].to_string();
    for word in [&format!("right/{right}.jpg"), "zzz", "nobody", "line 2"] {
        assert!(said.contains(word.trim_end_matches(".jpg")), "no {word} in {said}");
    }
    let ranked = cells(&home.path().join("odd.csv"));
    assert_eq!(ranked.len(), 13);
    // The picture that is gone stands last, the other candidate before it; what has no score has confidence 0.
    assert_eq!(ranked[1][1], "0.000000");
    assert_ne!(ranked[1][2], "0.000000");
    assert_eq!((ranked[3][1].as_str(), ranked[3][2].as_str()), ("0.000000", "0.000000"));
    // One candidate, and five hundred.
    for n in [1, 500] {
        let heads: Vec<String> = (0..n).map(|at| format!("c{at}")).collect();
        let many = vec![names[2][1].as_str(); n].join(",");
        std::fs::write(home.path().join("pairs/n.csv"), format!("left,{}\n{left},{many}\n", heads.join(",")))
            .unwrap();
        json(
            home.path(),
            &["rank", "--project", &project, "--candidates", "pairs/n.csv", "--out", "n-out.csv"],
        );
        assert_eq!(cells(&home.path().join("n-out.csv"))[1].len(), n + 1);
    }
}

#[test]
fn what_cannot_be_ranked_is_refused_with_the_file() {
    let (home, project) = demo_pairs(4);
    let check = |args: &[&str], words: &[&str]| {
        let message = refused(home.path(), &[args, &["--project", &project]].concat(), 1);
        for word in words {
            assert!(message.contains(word), "{args:?}: no `{word}` in: {message}");
        }
    };
    check(&["rank", "--candidates", "nothing.csv", "--out", "o"], &["nothing.csv"]);
    check(
        &["rank", "--candidates", "pairs/train.csv", "--out", "o"],
        &["pairs, not candidates", "train.csv"],
    );
    let known = ["rank", "--candidates", "pairs/candidates.csv", "--out", "o", "--strategy"];
    check(&[&known[..], &["magic"]].concat(), &["magic"]);
    check(&[&known[..], &["magic:a,b"]].concat(), &["magic:a,b", "concat:"]);
    check(&[&known[..], &["average:perceptual,phash"]].concat(), &["one width"]);
    check(&[&known[..], &["mean:phash,perceptual"]].concat(), &["titles"]);
}

/// Cosine of frozen MobileNetV2 on the candidates of the shared pairs: top-1 0.3524, top-2 0.4626; among all 962 rights R@1 0.0925
/// and R@10 0.2183 (NumPy on timm's features).
#[test]
fn frozen_mobilenetv2_ranks_as_the_reference_says() {
    let Some(shared) = shared() else { return };
    let home = tempfile::tempdir().unwrap();
    let data = shared.join("data/tll");
    let (pairs, candidates) =
        (data.join("train.csv").display().to_string(), data.join("candidates.csv").display().to_string());
    let models = shared.join("models").display().to_string();
    let index = [
        "index",
        &pairs,
        "--project",
        "tll",
        "--models",
        &models,
        "--image-encoder",
        "mobilenetv2_tf",
        "--text-encoder",
        "none",
    ];
    let answer = json(home.path(), &index);
    assert_eq!((number(&answer, "rows"), number(&answer, "groups")), (1924.0, 962.0), "{answer}");
    let args =
        ["evaluate", "--task", "tll", "--project", "tll", "--models", &models, "--candidates", &candidates];
    let answer = json(home.path(), &args);
    println!("tll, frozen MobileNetV2: {answer}");
    assert_eq!(number(&answer, "questions"), 962.0);
    let frozen = &answer["strategies"][0];
    for (name, expected) in
        [("top_1", 0.3524), ("top_2", 0.4626), ("recall_at_1", 0.0925), ("recall_at_10", 0.2183)]
    {
        let found = number(frozen, name);
        assert!((found - expected).abs() < 0.005, "{name}: {found} is not {expected}");
    }
    let rank =
        ["rank", "--project", "tll", "--models", &models, "--candidates", &candidates, "--out", "out.csv"];
    let output = crate::program::run(home.path(), &rank);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines = cells(&home.path().join("out.csv"));
    assert_eq!(lines.len(), 963);
    assert!(lines.iter().all(|line| line.len() == 21));
}
