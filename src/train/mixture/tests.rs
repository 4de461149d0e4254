//! Mixtures against brute force.

use std::borrow::Cow;

use super::{CohortMember, FittedMixture, MixtureTable};
use crate::encode::{CsrMatrix, DenseMatrix, EmbeddingRows, Embeddings};
use crate::train::Random;

const N_ROWS: usize = 60;
const N_COHORT: usize = 90;

fn dense(width: usize, seed: u64, absent_every: usize) -> Embeddings {
    let mut random = Random::new(seed, "dense");
    let n_rows = N_ROWS + N_COHORT;
    let present: Vec<bool> = (0..n_rows).map(|row| (row + 1) % absent_every != 0).collect();
    let mut values = Vec::new();
    for is_present in &present {
        let row: Vec<f32> = (0..width).map(|_| (random.unit() - 0.3) as f32).collect();
        let length = row.iter().map(|v| v * v).sum::<f32>().sqrt();
        values.extend(row.iter().map(|value| if *is_present { value / length } else { 0.0 }));
    }
    Embeddings { rows: EmbeddingRows::Dense(DenseMatrix { width, values }), present }
}

fn sparse(seed: u64) -> Embeddings {
    let mut random = Random::new(seed, "sparse");
    let mut matrix = CsrMatrix::new(30);
    for _ in 0..N_ROWS + N_COHORT {
        let mut columns: Vec<u32> = (0..4).map(|_| random.below(30) as u32).collect();
        columns.sort_unstable();
        columns.dedup();
        let value = 1.0 / (columns.len() as f32).sqrt();
        let values = vec![value; columns.len()];
        matrix.push_row(&columns, &values);
    }
    let present = matrix.non_empty_rows();
    Embeddings { rows: EmbeddingRows::Sparse(matrix), present }
}

fn cohort() -> Vec<CohortMember> {
    // Some of the pool are members themselves, as when a whole catalogue is matched.
    let rows = (0..10).chain(N_ROWS as u32..(N_ROWS + N_COHORT) as u32);
    rows.map(|row| CohortMember { row, group: row / 3 }).collect()
}

#[test]
fn scores_are_those_of_brute_force() {
    let parts = [Cow::Owned(dense(8, 1, 7)), Cow::Owned(dense(5, 2, 1000)), Cow::Owned(sparse(3))];
    let pool: Vec<u32> = (0..N_ROWS as u32).collect();
    let weights = [0.5_f32, 0.2, 0.3];
    let table = MixtureTable::new(&parts, &pool, &cohort());
    for cohort_neighbors in [0, 3] {
        let lists = table.lists(&weights, cohort_neighbors);
        assert_eq!(lists.n_rows(), N_ROWS);
        let fused = |a: usize, b: usize| -> f32 {
            let (mut sum, mut total) = (0.0, 0.0);
            for (part, weight) in parts.iter().zip(weights) {
                if let Some(similarity) = part.similarity(a, b) {
                    sum += weight * similarity;
                    total += weight;
                }
            }
            sum / total
        };
        let crowding = |row: usize| -> f32 {
            let own = cohort().into_iter().find(|member| member.row as usize == row).map(|it| it.group);
            let wrong = cohort().into_iter().filter(|it| Some(it.group) != own && it.row as usize != row);
            let mut scores: Vec<f32> = wrong.map(|it| fused(row, it.row as usize)).collect();
            scores.sort_by(|a, b| b.total_cmp(a));
            scores.truncate(cohort_neighbors);
            scores.iter().sum::<f32>() / scores.len().max(1) as f32
        };
        for row in 0..N_ROWS {
            let (others, scores) = lists.list(row);
            assert_eq!((others[0], scores[0]), (row as u32, 1.0));
            for (other, score) in others.iter().zip(scores).skip(1) {
                let other = *other as usize;
                let expected = fused(row, other) - 0.5 * (crowding(row) + crowding(other));
                assert!(
                    (score - expected.clamp(-1.0, 1.0)).abs() < 1e-5,
                    "{row} {other}: {score} {expected}"
                );
            }
            // With 59 others, three parts and 50 of each, the best is always among the candidates.
            let best = (0..N_ROWS)
                .filter(|other| *other != row)
                .map(|other| fused(row, other) - 0.5 * (crowding(row) + crowding(other)));
            let best = best.max_by(f32::total_cmp).unwrap();
            assert!((scores[1] - best.clamp(-1.0, 1.0)).abs() < 1e-5);
        }
    }
}

#[test]
fn the_part_that_knows_gets_the_weight() {
    // The first part is noise; the second is the group, blurred.
    let noise = dense(8, 4, 1000);
    let mut random = Random::new(9, "groups");
    let mut values = Vec::new();
    for row in 0..N_ROWS + N_COHORT {
        let mut of_row = vec![0.0_f32; 64];
        of_row[(row / 3) % 64] = 1.0;
        of_row.iter_mut().for_each(|value| *value += 0.12 * (random.unit() - 0.5) as f32);
        let length = of_row.iter().map(|v| v * v).sum::<f32>().sqrt();
        values.extend(of_row.iter().map(|value| value / length));
    }
    let present = vec![true; N_ROWS + N_COHORT];
    let knowing = Embeddings { rows: EmbeddingRows::Dense(DenseMatrix { width: 64, values }), present };
    let pool: Vec<u32> = (0..N_ROWS as u32).collect();
    let groups: Vec<Option<u32>> = pool.iter().map(|row| Some(row / 3)).collect();
    let parts = [Cow::Owned(noise), Cow::Owned(knowing)];
    let table = MixtureTable::new(&parts, &pool, &[]);
    let (fitted, tuned) = table.fit(&groups, 0, 50).unwrap();
    assert!(tuned.scores.mean_f1 > 0.99, "{tuned:?}");
    assert!(fitted.weights[1] > 0.55, "{fitted:?}");
    assert!((fitted.weights.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    let text = ron::to_string(&fitted).unwrap();
    assert_eq!(ron::from_str::<FittedMixture>(&text).unwrap(), fitted);
    assert!(table.fit(&vec![None; N_ROWS], 0, 50).is_none());
}
