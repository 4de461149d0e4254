//! Tests of all miners: parity of batch-hard mining with pytorch-metric-learning, and that nobody mines the unreviewed.

use std::collections::HashSet;
use std::path::PathBuf;

use serde::Deserialize;

use super::{BatchDistances, MINERS, batch_hard, nearest_wrong, random_negatives, rejected_pairs, semi_hard};
use crate::index::{Hit, Neighbors};
use crate::train::Random;
use crate::train::labels::{Labels, Relation, Unreviewed};

#[derive(Deserialize)]
struct Golden {
    embeddings: Vec<Vec<f32>>,
    classes: Vec<u32>,
    anchor: Vec<u32>,
    positive: Vec<u32>,
    negative: Vec<u32>,
}

/// L2-normalised, row-major.
fn normalised(rows: &[Vec<f32>]) -> Vec<f32> {
    rows.iter()
        .flat_map(|row| {
            let length = row.iter().map(|x| x * x).sum::<f32>().sqrt();
            row.iter().map(move |x| x / length)
        })
        .collect()
}

#[test]
fn batch_hard_has_parity() {
    let shared =
        std::env::var_os("LOOKALIKE_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let path = shared.join("parity/losses.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is not there", path.display());
        return;
    };
    let mut file: serde_json::Value = serde_json::from_str(&text).unwrap();
    let golden: Golden = serde_json::from_value(file["batch_hard_miner"].take()).unwrap();
    let groups = golden.classes.iter().copied().map(Some).collect();
    let labels = Labels::new(groups, &[], Unreviewed::Different);
    let rows: Vec<u32> = (0..golden.classes.len() as u32).collect();
    let width = golden.embeddings[0].len();
    let batch = BatchDistances::new(&normalised(&golden.embeddings), width, &rows, &labels);
    let triplets = batch_hard(&batch);
    assert_eq!(triplets.iter().map(|triplet| triplet.anchor).collect::<Vec<_>>(), golden.anchor);
    assert_eq!(triplets.iter().map(|triplet| triplet.positive).collect::<Vec<_>>(), golden.positive);
    assert_eq!(triplets.iter().map(|triplet| triplet.negative).collect::<Vec<_>>(), golden.negative);
}

/// Points on a circle at these degrees.
fn circle(degrees: &[f32]) -> Vec<f32> {
    degrees.iter().flat_map(|degree| [degree.to_radians().cos(), degree.to_radians().sin()]).collect()
}

#[test]
fn semi_hard_negatives_lie_in_the_band() {
    let labels = Labels::new(vec![Some(1), Some(1), Some(2), Some(3), Some(4)], &[], Unreviewed::Different);
    // From row 0: the positive at 30 degrees; negatives nearer, just beyond, and far away.
    let batch = BatchDistances::new(&circle(&[0.0, 30.0, 20.0, -35.0, 180.0]), 2, &[0, 1, 2, 3, 4], &labels);
    let triplets = semi_hard(&batch, 0.2);
    let of_first: Vec<_> = triplets.iter().filter(|triplet| triplet.anchor == 0).collect();
    assert_eq!(of_first.len(), 1);
    assert_eq!((of_first[0].positive, of_first[0].negative), (1, 3));
    assert!(semi_hard(&batch, 0.01).iter().all(|triplet| triplet.anchor != 0));
}

/// Groups of two; only groups 0 and 1 were told apart, rows 8 and 9 have no group, and 0 and 8 were told apart.
fn reviewed() -> (Labels, Vec<u32>) {
    let groups = (0..8).map(|row| Some(row / 2)).chain([None, None]).collect();
    (Labels::new(groups, &[(0, 2), (0, 8)], Unreviewed::Unknown), (0..10).collect())
}

fn check_known(pairs: &[(u32, u32)], labels: &Labels) {
    for &(a, b) in pairs {
        assert_eq!(labels.relation(a, b), Relation::Different, "{a} {b}");
    }
}

#[test]
fn the_unreviewed_are_never_mined() {
    let (labels, rows) = reviewed();
    let positives = labels.positive_pairs(&rows, 10);
    let random = random_negatives(&positives, 10, &rows, &labels, &mut Random::new(1, "test"));
    check_known(&random, &labels);
    // The pairs of groups 0 and 1 find negatives, those of 2 and 3 know none.
    assert_eq!(random.len(), 20);

    let everything: Vec<Hit> = (0..10).map(|row| Hit { row, score: 1.0 - row as f32 / 20.0 }).collect();
    let neighbors = Neighbors::from_lists(vec![everything; 10]);
    let wrong = nearest_wrong(&neighbors, 3, &rows, &labels);
    check_known(&wrong, &labels);
    assert!(wrong.contains(&(0, 2)) && wrong.contains(&(1, 3)), "{wrong:?}");
    let distinct: HashSet<_> = wrong.iter().map(|(a, b)| (a.min(b), a.max(b))).collect();
    assert_eq!(distinct.len(), wrong.len());

    let rejected = rejected_pairs(5, &rows, &labels, &mut Random::new(1, "test"));
    check_known(&rejected, &labels);
    assert_eq!(rejected.len(), 5);
    assert_eq!(rejected_pairs(5, &[0, 2], &labels, &mut Random::new(1, "test")), [(0, 2); 5]);
    assert!(rejected_pairs(5, &[4, 5], &labels, &mut Random::new(1, "test")).is_empty());

    let angles: Vec<f32> = (0..10).map(|row| row as f32 * 9.0).collect();
    let batch = BatchDistances::new(&circle(&angles), 2, &rows, &labels);
    let triplets = [batch_hard(&batch), semi_hard(&batch, 2.0)].concat();
    assert!(!triplets.is_empty());
    for triplet in triplets {
        check_known(&[(triplet.anchor, triplet.negative)], &labels);
        assert_eq!(labels.relation(triplet.anchor, triplet.positive), Relation::Same);
        assert_ne!(triplet.anchor, triplet.positive);
    }
}

#[test]
fn the_ratio_is_kept_and_the_seed_decides() {
    let groups = (0..40).map(|row| Some(row / 2)).collect();
    let labels = Labels::new(groups, &[], Unreviewed::Different);
    let rows: Vec<u32> = (0..40).collect();
    let positives = labels.positive_pairs(&rows, 10);
    for per_positive in [1, 5, 10] {
        let draw =
            |seed| random_negatives(&positives, per_positive, &rows, &labels, &mut Random::new(seed, "test"));
        assert_eq!(draw(1).len(), positives.len() * per_positive);
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}

#[test]
fn ids_differ() {
    let ids: HashSet<&str> = MINERS.iter().map(|spec| spec.id).collect();
    assert_eq!(ids.len(), MINERS.len());
}
