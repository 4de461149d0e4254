//! One query against the catalogue.

use rayon::prelude::*;

use super::collector::score;
use super::ranking::{RankOrder, ScoreKey};
use super::similarity::hamming;
use super::sparse::sparse_query;
use super::{Hit, Metric};
use crate::encode::{DenseMatrix, EmbeddingRows, Embeddings};
use crate::nn::kernels::{DOT_LANES, dot_products};

/// Rows a task.
const TASK: usize = 1024;

/// The `k` nearest rows of `embeddings` to the single row of `query` (same storage and width), best first, ties by `key_ranks`.
/// Absent rows are not found; an absent query, or one of another storage or width, finds nothing. Only positive scores are
/// listed for sparse rows.
pub fn query(
    embeddings: &Embeddings,
    query: &Embeddings,
    key_ranks: &[u32],
    k: usize,
    metric: Metric,
) -> Vec<Hit> {
    if query.present.first() != Some(&true) {
        return Vec::new();
    }
    let present = &embeddings.present;
    let order = || RankOrder::new(present.len(), key_ranks, |row| present[row]);
    match (&embeddings.rows, &query.rows) {
        (EmbeddingRows::Sparse(matrix), EmbeddingRows::Sparse(query)) if query.n_rows() > 0 => {
            sparse_query(matrix, present, query.row(0), key_ranks, k, metric)
        }
        (EmbeddingRows::Dense(matrix), EmbeddingRows::Dense(query)) if matrix.width == query.width => {
            best(&order(), k, |rows, keys, first| {
                dense_scores(matrix, query.row(0), metric, rows, keys, first)
            })
        }
        (EmbeddingRows::Bits(matrix), EmbeddingRows::Bits(query)) if matrix.n_bits == query.n_bits => {
            best(&order(), k, |rows, keys, first| {
                keys.extend(rows.iter().zip(first..).map(|(&row, position)| {
                    ScoreKey::new(hamming(query.row(0), matrix.row(row as usize), matrix), position)
                }));
            })
        }
        _ => Vec::new(),
    }
}

/// The best `k` of all rows; `score_rows(rows, keys, first)` appends the keys of rows at positions from `first` on.
fn best(
    order: &RankOrder,
    k: usize,
    score_rows: impl Fn(&[u32], &mut Vec<ScoreKey>, u32) + Sync,
) -> Vec<Hit> {
    let task = |(task, rows): (usize, &[u32])| {
        let mut keys = Vec::with_capacity(rows.len());
        score_rows(rows, &mut keys, (task * TASK) as u32);
        ScoreKey::keep_best(&mut keys, k);
        keys
    };
    let mut keys: Vec<ScoreKey> = order.rows.par_chunks(TASK).enumerate().flat_map_iter(task).collect();
    ScoreKey::keep_best(&mut keys, k);
    keys.iter().map(|key| Hit { row: order.rows[key.position() as usize], score: key.score() }).collect()
}

fn dense_scores(
    matrix: &DenseMatrix,
    query: &[f32],
    metric: Metric,
    rows: &[u32],
    keys: &mut Vec<ScoreKey>,
    first: u32,
) {
    let mut position = first;
    for batch in rows.chunks(DOT_LANES) {
        let lanes = std::array::from_fn(|lane| matrix.row(batch[lane.min(batch.len() - 1)] as usize));
        for &similarity in dot_products(query, lanes).iter().take(batch.len()) {
            keys.push(ScoreKey::new(score(metric, similarity), position));
            position += 1;
        }
    }
}
