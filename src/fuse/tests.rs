//! Every strategy of the table under the same laws, and the table of pairs against the naive way.
#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

use proptest::prelude::*;

use super::{FUSIONS, FusionParams, FusionSpec, PairTable, Side, fuse, fusion_spec, pair_table};
use crate::encode::{CsrMatrix, DenseMatrix, EmbeddingRows, Embeddings};
use crate::index::{JoinOptions, Metric, Neighbors, exact_scores, self_join};

const PARAMS: FusionParams = FusionParams { image_weight: 0.3, image_threshold: 0.8, text_threshold: 0.4 };

fn spec(id: &str) -> &'static FusionSpec {
    fusion_spec(id).unwrap()
}

/// Scores one pair of complete postings.
fn check(id: &str, image: f32, text: f32, expected: f32) {
    let got = (spec(id).score)(image, text, &PARAMS);
    assert!(
        (got - expected).abs() < 1e-6 || (got.is_nan() && expected.is_nan()),
        "{id}({image}, {text}) = {got}, not {expected}"
    );
}

#[test]
fn formulas() {
    check("image", 0.7, 0.2, 0.7);
    check("text", 0.7, 0.2, 0.2);
    check("mean", 0.7, 0.2, 0.35);
    check("concat", 0.7, 0.2, 0.35);
    check("noisy-or", 0.7, 0.2, 0.76);
    check("noisy-or", -0.5, 0.2, 0.2);
    check("noisy-or", 1.0, -1.0, 1.0);
    check("union", 0.8, 0.0, 0.5);
    check("union", 0.0, 0.4, 0.5);
    check("union", 0.9, 0.7, 0.75);
    check("union", -1.0, -1.0, 0.0);
}

#[test]
fn one_absent_modality() {
    check("image", f32::NAN, 0.2, f32::NAN);
    check("text", 0.2, f32::NAN, f32::NAN);
    for id in ["mean", "concat", "noisy-or"] {
        check(id, f32::NAN, 0.2, 0.2);
        check(id, 0.2, f32::NAN, 0.2);
    }
    check("union", f32::NAN, 0.4, 0.5);
    for spec in FUSIONS {
        check(spec.id, f32::NAN, f32::NAN, f32::NAN);
    }
}

#[test]
fn ids_are_unique_and_documented() {
    for spec in FUSIONS {
        assert_eq!(FUSIONS.iter().filter(|other| other.id == spec.id).count(), 1, "{}", spec.id);
        assert!(!spec.summary.is_empty() && !spec.absent.is_empty() && !spec.label.is_empty(), "{}", spec.id);
        assert!(!(spec.uses_weight && spec.uses_two_thresholds), "{}", spec.id);
    }
    assert!(fusion_spec("no such strategy").is_none());
}

proptest! {
    #[test]
    fn scores_are_finite_monotone_and_at_most_one(
        image in -1.0_f32..=1.0, text in -1.0_f32..=1.0, image_more in 0.0_f32..1.0, text_more in 0.0_f32..1.0,
        image_weight in 0.0_f32..=1.0, image_threshold in -1.0_f32..=1.0, text_threshold in -1.0_f32..=1.0,
    ) {
        let params = FusionParams { image_weight, image_threshold, text_threshold };
        let (better_image, better_text) = ((image + image_more).min(1.0), (text + text_more).min(1.0));
        for spec in FUSIONS {
            let score = (spec.score)(image, text, &params);
            prop_assert!(score.is_finite() && (-1.0..=1.0).contains(&score), "{} {}", spec.id, score);
            prop_assert!((spec.score)(better_image, text, &params) >= score - 1e-6, "{}", spec.id);
            prop_assert!((spec.score)(image, better_text, &params) >= score - 1e-6, "{}", spec.id);
            for (image, text) in [(image, f32::NAN), (f32::NAN, text)] {
                prop_assert!(!(spec.score)(image, text, &params).is_infinite(), "{}", spec.id);
            }
            for lone in [super::Lone::Image, super::Lone::Text] {
                prop_assert!((0.0..=1.0).contains(&(spec.lone_factor)(lone, &params)), "{}", spec.id);
            }
        }
    }

    #[test]
    fn union_is_half_exactly_at_a_threshold(threshold in -0.99_f32..1.0, steps in -3_i32..4, text in -1.0_f32..0.3) {
        let image = f32::from_bits(threshold.to_bits().wrapping_add_signed(steps));
        let params = FusionParams { image_weight: 0.5, image_threshold: threshold, text_threshold: 0.3 };
        let score = (spec("union").score)(image, text, &params);
        prop_assert_eq!(score >= 0.5, image >= threshold, "{} {} {}", image, threshold, score);
    }
}

/// Pictures of `n` postings (dense) with every 5th absent, titles (sparse) with every 7th absent.
fn catalogue(n: usize) -> (Embeddings, Embeddings, Vec<u32>) {
    let number = |i: usize| ((i * 2_654_435_761) % 1_000_003) as f32 / 500_001.5 - 1.0;
    let mut values: Vec<f32> = (0..n * 6).map(number).collect();
    let mut matrix = CsrMatrix::new(12);
    for row in 0..n {
        let unit = &mut values[row * 6..(row + 1) * 6];
        let norm = unit.iter().map(|x| x * x).sum::<f32>().sqrt();
        unit.iter_mut().for_each(|x| *x /= norm);
        let columns: Vec<u32> =
            (0..12).filter(|&c| number(row * 12 + c as usize + 7) > 0.3 || c as usize == row % 12).collect();
        matrix.values.extend(columns.iter().map(|_| 1.0 / (columns.len() as f32).sqrt()));
        matrix.columns.extend(columns);
        matrix.offsets.push(matrix.columns.len());
    }
    let image = Embeddings {
        rows: EmbeddingRows::Dense(DenseMatrix { width: 6, values }),
        present: (0..n).map(|row| row % 5 != 1).collect(),
    };
    let text =
        Embeddings { rows: EmbeddingRows::Sparse(matrix), present: (0..n).map(|row| row % 7 != 2).collect() };
    (image, text, (0..n as u32).rev().collect())
}

fn join(embeddings: &Embeddings, ranks: &[u32], k: usize, metric: Metric) -> Neighbors {
    self_join(embeddings, ranks, JoinOptions { k, metric }, &|_| true).unwrap()
}

fn table_of(n: usize, k: usize, metric: Metric) -> (PairTable, Embeddings, Embeddings, Vec<u32>) {
    let (image, text, ranks) = catalogue(n);
    let (image_neighbors, text_neighbors) = (join(&image, &ranks, k, metric), join(&text, &ranks, k, metric));
    let table = pair_table(
        n,
        Some(Side { embeddings: &image, neighbors: &image_neighbors, metric }),
        Some(Side { embeddings: &text, neighbors: &text_neighbors, metric }),
    );
    for row in 0..n {
        let mut expected = image_neighbors.list(row).0.to_vec();
        expected.extend(text_neighbors.list(row).0);
        expected.push(row as u32);
        expected.sort_unstable();
        expected.dedup();
        assert_eq!(table.rows[table.offsets[row]..table.offsets[row + 1]], expected, "candidates of {row}");
    }
    (table, image, text, ranks)
}

#[test]
fn every_pair_has_its_exact_score_in_both_modalities() {
    // Near distance 0 the last bit of a cosine is worth its square root in distance.
    for (metric, tolerance) in [(Metric::Cosine, 1e-6), (Metric::Euclidean, 1e-3)] {
        let (table, image, text, _) = table_of(150, 9, metric);
        for row in 0..150 {
            let span = table.offsets[row]..table.offsets[row + 1];
            for (embeddings, got) in
                [(&image, &table.image[span.clone()]), (&text, &table.text[span.clone()])]
            {
                let mut expected = Vec::new();
                exact_scores(embeddings, metric, row, &table.rows[span.clone()], &mut expected);
                for ((got, expected), other) in got.iter().zip(&expected).zip(&table.rows[span.clone()]) {
                    let alike = (got - expected).abs() < tolerance || (got.is_nan() && expected.is_nan());
                    assert!(alike, "{row} with {other}: {got}, not {expected}");
                }
            }
        }
    }
}

#[test]
fn fused_lists_are_the_naive_ones_and_pairs_symmetric() {
    let (n, k) = (150, 9);
    let (table, image, text, ranks) = table_of(n, n, Metric::Cosine);
    for spec in FUSIONS {
        let fused = fuse(&table, spec, &PARAMS, &ranks, k);
        let all = fuse(&table, spec, &PARAMS, &ranks, n);
        let mut dense = vec![f32::NAN; n * n];
        for row in 0..n {
            let (rows, scores) = all.list(row);
            let (best_rows, best_scores) = fused.list(row);
            assert_eq!(best_rows, &rows[..rows.len().min(k)], "{} row {row}", spec.id);
            assert_eq!(best_scores, &scores[..scores.len().min(k)], "{} row {row}", spec.id);
            let is_scored = match spec.id {
                "image" => image.present[row],
                "text" => text.present[row],
                _ => image.present[row] || text.present[row],
            };
            assert_eq!(rows.first().copied(), is_scored.then_some(row as u32), "{}", spec.id);
            for pair in rows[1.min(rows.len())..].windows(2).zip(scores[1.min(scores.len())..].windows(2)) {
                let ((a, b), (x, y)) = ((pair.0[0], pair.0[1]), (pair.1[0], pair.1[1]));
                assert!(x > y || (x == y && ranks[a as usize] < ranks[b as usize]), "{} row {row}", spec.id);
            }
            for (&other, &score) in rows.iter().zip(scores) {
                assert!(score.is_finite(), "{}", spec.id);
                dense[row * n + other as usize] = score;
            }
        }
        for a in 0..n {
            for b in 0..a {
                let (ab, ba) = (dense[a * n + b], dense[b * n + a]);
                assert!(ab.is_nan() || ba.is_nan() || (ab - ba).abs() < 1e-6, "{} {a} {b}", spec.id);
            }
        }
    }
}

#[test]
fn concatenation_is_the_cosine_of_joined_vectors() {
    let n = 60;
    let (table, image, text, ranks) = table_of(n, n, Metric::Cosine);
    let (EmbeddingRows::Dense(pictures), EmbeddingRows::Sparse(titles)) = (&image.rows, &text.rows) else {
        unreachable!("the catalogue above is made so")
    };
    let joined = |row: usize| {
        let mut vector = vec![0.0_f32; 18];
        if image.present[row] {
            let weight = PARAMS.image_weight.sqrt();
            vector[..6].iter_mut().zip(pictures.row(row)).for_each(|(slot, x)| *slot = weight * x);
        }
        if text.present[row] {
            let (columns, values) = titles.row(row);
            for (&column, value) in columns.iter().zip(values) {
                vector[6 + column as usize] = (1.0 - PARAMS.image_weight).sqrt() * value;
            }
        }
        let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|x| *x /= norm);
        vector
    };
    let fused = fuse(&table, spec("concat"), &PARAMS, &ranks, n);
    let mut n_checked = 0;
    for row in 0..n {
        let (rows, scores) = fused.list(row);
        for (&other, &score) in rows.iter().zip(scores) {
            let cosine: f32 = joined(row).iter().zip(joined(other as usize)).map(|(a, b)| a * b).sum();
            assert!((score - cosine).abs() < 1e-5, "{row} with {other}: {score}, not {cosine}");
            n_checked += 1;
        }
    }
    assert!(n_checked > n * n / 2);
}

#[test]
fn one_side_or_none() {
    let (image, _, ranks) = catalogue(30);
    let neighbors = join(&image, &ranks, 5, Metric::Cosine);
    let side = Side { embeddings: &image, neighbors: &neighbors, metric: Metric::Cosine };
    let table = pair_table(30, Some(side), None);
    for id in ["image", "mean", "concat", "noisy-or"] {
        let fused = fuse(&table, spec(id), &PARAMS, &ranks, 5);
        assert_eq!(fused.offsets, neighbors.offsets, "{id}");
        if id != "noisy-or" {
            assert_eq!(fused, neighbors, "{id}");
        }
    }
    assert!(fuse(&table, spec("text"), &PARAMS, &ranks, 5).rows.is_empty());
    assert!(fuse(&pair_table(30, None, None), spec("mean"), &PARAMS, &ranks, 5).rows.is_empty());
    assert_eq!(fuse(&pair_table(0, None, None), spec("mean"), &PARAMS, &[], 5).n_rows(), 0);
    assert!(fuse(&table, spec("mean"), &PARAMS, &ranks, 0).rows.is_empty());
}
