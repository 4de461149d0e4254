//! Tests against `metrics.json` of the shared parity folder (scikit-learn, and per-row F1 by definition).

use std::collections::HashMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::{average_precision, roc_auc, row_scores};

#[derive(Deserialize)]
struct Golden {
    per_row: PerRow,
    ranking: Ranking,
}

#[derive(Deserialize)]
struct PerRow {
    truth: Vec<Vec<String>>,
    pred: Vec<Vec<String>>,
    f1_rows: Vec<f64>,
    mean_f1: f64,
    mean_precision: f64,
    mean_recall: f64,
}

#[derive(Deserialize)]
struct Ranking {
    scores: Vec<f32>,
    labels: Vec<u8>,
    roc_auc: f64,
    average_precision: f64,
}

/// The golden numbers; `None`, said plainly, where the shared folder is absent.
fn golden() -> Option<Golden> {
    let shared =
        std::env::var_os("LOOKALIKE_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let path = shared.join("parity/metrics.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is not there", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

#[test]
fn per_row_f1() {
    let Some(Golden { per_row: golden, .. }) = golden() else { return };
    // Posting i of the table is the i-th letter; rows with equal truth are one group.
    let mut names: HashMap<String, u32> = HashMap::new();
    for (row, truth) in golden.truth.iter().enumerate() {
        let place = golden.truth.iter().take(row).filter(|before| *before == truth).count();
        names.insert(truth[place].clone(), row as u32);
    }
    let groups: Vec<Option<u32>> = golden.truth.iter().map(|truth| Some(names[&truth[0]])).collect();
    let answers: Vec<Vec<u32>> =
        golden.pred.iter().map(|pred| pred.iter().map(|name| names[name]).collect()).collect();
    let scores = row_scores(answers.iter().map(Vec::as_slice), &groups);
    let mean_of_rows = golden.f1_rows.iter().sum::<f64>() / golden.f1_rows.len() as f64;
    for (found, expected) in [
        (scores.mean_f1, golden.mean_f1),
        (scores.mean_f1, mean_of_rows),
        (scores.precision, golden.mean_precision),
        (scores.recall, golden.mean_recall),
    ] {
        assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
    }
}

#[test]
fn ranking_of_pairs() {
    let Some(Golden { ranking: golden, .. }) = golden() else { return };
    let positive: Vec<bool> = golden.labels.iter().map(|label| *label == 1).collect();
    let auc = roc_auc(&golden.scores, &positive).unwrap();
    let precision = average_precision(&golden.scores, &positive).unwrap();
    assert!((auc - golden.roc_auc).abs() < 1e-12, "{auc}");
    assert!((precision - golden.average_precision).abs() < 1e-12, "{precision}");
}
