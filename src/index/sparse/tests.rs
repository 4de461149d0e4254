//! The join against the naive way, and the F1 it leads to against scikit-learn's.
#![allow(clippy::unwrap_used, reason = "a test that cannot unwrap should fail")]

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::{Strategy, prop, proptest};

use super::{sparse_query, sparse_self_join};
use crate::encode::{CsrMatrix, Embeddings, Encoder, EncoderOptions, EncoderTable, ModelStore};
use crate::index::{Hit, JoinOptions, Metric, Neighbors, score_from_distance};
use crate::nn::DeviceChoice;

/// A matrix of L2-normalised rows, who is present, and the rank of each key.
#[derive(Clone, Debug)]
struct Case {
    matrix: CsrMatrix,
    present: Vec<bool>,
    key_ranks: Vec<u32>,
}

/// Rows with the given weights by column; a row is present if it has one.
fn case(width: usize, rows: &[Vec<(u32, f32)>], key_ranks: Vec<u32>) -> Case {
    let mut matrix = CsrMatrix::new(width);
    for row in rows {
        let norm = row.iter().map(|entry| entry.1 * entry.1).sum::<f32>().sqrt();
        let columns: Vec<u32> = row.iter().map(|entry| entry.0).collect();
        let values: Vec<f32> = row.iter().map(|entry| entry.1 / norm).collect();
        matrix.push_row(&columns, &values);
    }
    Case { present: matrix.non_empty_rows(), matrix, key_ranks }
}

/// Rows over few columns, so that they meet, of few different weights, so that they tie.
fn any_case(lowest: i32) -> impl Strategy<Value = Case> {
    let row = prop::collection::btree_map(0..12u32, (lowest..4).prop_filter("zero", |v| *v != 0), 0..6);
    prop::collection::vec(row, 1..60)
        .prop_flat_map(|rows| {
            let ranks: Vec<u32> = (0..rows.len() as u32).collect();
            (proptest::strategy::Just(rows), proptest::strategy::Just(ranks).prop_shuffle())
        })
        .prop_map(|(rows, ranks)| {
            let rows: Vec<Vec<(u32, f32)>> = rows
                .iter()
                .map(|row| row.iter().map(|(&column, &value)| (column, value as f32)).collect())
                .collect();
            case(12, &rows, ranks)
        })
}

/// Every score of `row`, best first.
fn brute_force(embeddings: &Embeddings, row: usize, metric: Metric) -> Vec<Hit> {
    let mut hits: Vec<Hit> = (0..embeddings.n_rows())
        .filter_map(|other| Some(Hit { row: other as u32, score: embeddings.similarity(row, other)? }))
        .filter(|hit| hit.score > 0.0)
        .map(|hit| match metric {
            Metric::Cosine => hit,
            Metric::Euclidean => {
                Hit { score: score_from_distance((2.0 - 2.0 * hit.score).max(0.0).sqrt()), ..hit }
            }
        })
        .collect();
    hits.sort_by(|a, b| b.score.total_cmp(&a.score));
    hits
}

/// Scores within rounding of the naive ones, each hit's own score right, ties in order of key.
fn check_hits(case: &Case, hits: &[Hit], naive: &[Hit], k: usize, tolerance: f32) {
    // Whether products that cancel leave nothing or a trace depends on the order of summing.
    let [hits, naive] =
        [hits, naive].map(|hits| hits.iter().filter(|hit| hit.score > 1e-6).collect::<Vec<_>>());
    assert_eq!(hits.len(), naive.len().min(k), "{hits:?} {naive:?}");
    for (hit, expected) in hits.iter().zip(&naive) {
        assert!((hit.score - expected.score).abs() <= tolerance, "{hits:?} {naive:?}");
        let own = naive.iter().find(|other| other.row == hit.row).unwrap();
        assert!((hit.score - own.score).abs() <= tolerance, "{hit:?} {own:?}");
    }
    let rank = |hit: &Hit| case.key_ranks[hit.row as usize];
    for pair in hits.windows(2) {
        let in_order = pair[0].score > pair[1].score
            || (pair[0].score == pair[1].score && rank(pair[0]) < rank(pair[1]));
        assert!(in_order, "{hits:?}");
    }
}

fn check(case: &Case, k: usize, metric: Metric) {
    // A distance near 0 is the root of a rounded difference.
    let tolerance = if metric == Metric::Cosine { 1e-6 } else { 1e-3 };
    let options = JoinOptions { k, metric };
    let found = sparse_self_join(&case.matrix, &case.present, &case.key_ranks, options, &|_| true).unwrap();
    assert_eq!(found.n_rows(), case.present.len());
    let embeddings = Embeddings::from_sparse(case.matrix.clone());
    for row in 0..case.present.len() {
        let (rows, scores) = found.list(row);
        let hits: Vec<Hit> = rows.iter().zip(scores).map(|(&row, &score)| Hit { row, score }).collect();
        let Some((first, others)) = hits.split_first() else {
            assert!(!case.present[row] || k == 0);
            continue;
        };
        assert!(case.present[row]);
        assert_eq!(*first, Hit { row: row as u32, score: 1.0 });
        let mut naive = brute_force(&embeddings, row, metric);
        let queried =
            sparse_query(&case.matrix, &case.present, case.matrix.row(row), &case.key_ranks, k, metric);
        check_hits(case, &queried, &naive, k, tolerance);
        naive.retain(|hit| hit.row as usize != row);
        check_hits(case, others, &naive, k - 1, tolerance);
    }
}

proptest! {
    #[test]
    fn the_join_is_brute_force(case in any_case(1), k in 0..8usize) {
        check(&case, k, Metric::Cosine);
        check(&case, k, Metric::Euclidean);
    }

    #[test]
    fn negative_weights_are_no_exception(case in any_case(-3), k in 0..8usize) {
        check(&case, k, Metric::Cosine);
    }
}

/// Wide enough a matrix that rows are searched both ways: few products and many.
#[test]
fn rows_of_rare_and_of_common_terms_are_brute_force() {
    let rows: Vec<Vec<(u32, f32)>> = (0..700u32)
        .map(|i| {
            let mut row =
                vec![(i * 31 % 97 % 3, 1.0), (3 + i * 17 % 50, 2.0 + (i % 5) as f32), (53 + i % 233, 5.0)];
            row.truncate(3 - (i % 7 == 0) as usize);
            if i % 3 > 0 {
                row.remove(0);
            }
            row
        })
        .collect();
    check(&case(286, &rows, (0..700).rev().collect()), 10, Metric::Cosine);
}

#[test]
fn equal_rows_score_exactly_one_and_come_in_order_of_key() {
    let row = vec![(0, 0.3), (1, 0.7), (2, 1.9)];
    let case = case(3, &[row.clone(), row.clone(), row.clone(), row], vec![3, 1, 0, 2]);
    let options = JoinOptions { k: 3, metric: Metric::Euclidean };
    let found = sparse_self_join(&case.matrix, &case.present, &case.key_ranks, options, &|_| true).unwrap();
    assert_eq!(found.list(0), (&[0, 2, 1][..], &[1.0; 3][..]));
    assert_eq!(found.list(2), (&[2, 1, 3][..], &[1.0; 3][..]));
}

#[test]
fn an_absent_row_is_found_by_none_though_it_has_terms() {
    let mut case = case(2, &[vec![(0, 1.0)], vec![(0, 1.0)], vec![(0, 1.0), (1, 1.0)]], vec![0, 1, 2]);
    case.present[0] = false;
    let options = JoinOptions { k: 9, metric: Metric::Cosine };
    let found = sparse_self_join(&case.matrix, &case.present, &case.key_ranks, options, &|_| true).unwrap();
    assert_eq!(found.list(0).0, [0u32; 0]);
    assert_eq!(found.list(1).0, [1, 2]);
    let queried =
        sparse_query(&case.matrix, &case.present, (&[0, 7], &[0.6, 0.8]), &case.key_ranks, 9, Metric::Cosine);
    assert_eq!(queried.iter().map(|hit| hit.row).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_join_that_may_not_go_on_stops() {
    let case = case(1, &vec![vec![(0, 1.0)]; 3000], (0..3000).collect());
    let options = JoinOptions { k: 50, metric: Metric::Cosine };
    let n_asked = AtomicUsize::new(0);
    let keep_going = |done: f32| {
        assert!((0.0..=1.0).contains(&done));
        n_asked.fetch_add(1, Ordering::Relaxed) > 0
    };
    assert!(sparse_self_join(&case.matrix, &case.present, &case.key_ranks, options, &keep_going).is_none());
}

/// The Shopee half's titles and groups, or `None` (said plainly) where it is not.
fn shopee() -> Option<(Vec<String>, Vec<String>)> {
    let folder =
        std::env::var_os("LOOKALIKE_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let path = folder.join("data/shopee/train.csv");
    if !path.exists() {
        let _ = writeln!(std::io::stderr(), "skipped: {} is not there", path.display());
        return None;
    }
    let mut reader = csv::Reader::from_path(path).unwrap();
    Some(reader.records().map(|row| row.unwrap()).map(|row| (row[3].to_owned(), row[4].to_owned())).unzip())
}

fn encoded(id: &str, options: &EncoderOptions, titles: &[&str]) -> CsrMatrix {
    let store = ModelStore::new(PathBuf::new());
    let table = EncoderTable::of(&store);
    match table.spec(id).unwrap().open(&store, DeviceChoice::default(), options).unwrap() {
        Encoder::Fits(encoder) => encoder.fit(titles).1,
        _ => panic!("{id} is not fitted"),
    }
}

/// Mean F1 over rows of the neighbours at `threshold` or more, the row itself among them.
fn mean_f1(neighbors: &Neighbors, groups: &[String], threshold: f32) -> f64 {
    let mut sizes: HashMap<&str, usize> = HashMap::new();
    groups.iter().for_each(|group| *sizes.entry(group).or_default() += 1);
    let f1 = |row: usize| {
        let (rows, scores) = neighbors.list(row);
        let found: Vec<usize> = rows
            .iter()
            .zip(scores)
            .filter(|(_, score)| **score >= threshold)
            .map(|(&row, _)| row as usize)
            .collect();
        let n_right = found.iter().filter(|&&other| groups[other] == groups[row]).count();
        // A row without a term in its title is its own only match.
        let (n_right, n_found) = if found.is_empty() { (1, 1) } else { (n_right, found.len()) };
        2.0 * n_right as f64 / (n_found + sizes[groups[row].as_str()]) as f64
    };
    (0..groups.len()).map(f1).sum::<f64>() / groups.len() as f64
}

// TfidfVectorizer (1.9.1), dense top 50 of the raw titles, mean F1 over the rows; binary=True for idf-word.
#[test]
fn shopee_f1_parity() {
    let Some((titles, groups)) = shopee() else { return };
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let key_ranks: Vec<u32> = (0..titles.len() as u32).collect();
    for (id, english_stop_words, golden) in [
        ("tfidf-word", false, [0.660_089, 0.700_949, 0.698_641]),
        ("idf-word", false, [0.696_273, 0.713_790, 0.703_059]),
        ("tfidf-word", true, [0.658_535, 0.701_276, 0.698_943]),
        ("idf-word", true, [0.695_273, 0.714_337, 0.703_528]),
        ("tfidf-char", false, [0.635_470, 0.691_907, 0.694_862]),
    ] {
        let matrix =
            encoded(id, &EncoderOptions { english_stop_words, ..EncoderOptions::default() }, &titles);
        let present = matrix.non_empty_rows();
        let options = JoinOptions { k: 50, metric: Metric::Cosine };
        let neighbors = sparse_self_join(&matrix, &present, &key_ranks, options, &|_| true).unwrap();
        for (threshold, golden) in [0.4, 0.5, 0.55].into_iter().zip(golden) {
            let found = mean_f1(&neighbors, &groups, threshold);
            assert!((found - golden).abs() < 2e-4, "{id} at {threshold}: {found} {golden}");
        }
    }
}
