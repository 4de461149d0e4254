//! Exact scores of chosen pairs, rounded as the self-join rounds them.

use super::Metric;
use super::collector::score;
use crate::encode::{BitMatrix, CsrMatrix, EmbeddingRows, Embeddings};
use crate::nn::kernels::{DOT_LANES, dot_products};

/// Appends to `scores` the score of `row` with each of `others`; NaN where either is absent. A row has score 1 with
/// itself. Symmetric to the last bit.
///
/// # Panics
/// When a row is not in the embeddings.
pub fn exact_scores(
    embeddings: &Embeddings,
    metric: Metric,
    row: usize,
    others: &[u32],
    scores: &mut Vec<f32>,
) {
    let start = scores.len();
    match &embeddings.rows {
        EmbeddingRows::Dense(matrix) => {
            for batch in others.chunks(DOT_LANES) {
                let lanes = std::array::from_fn(|lane| matrix.row(batch[lane.min(batch.len() - 1)] as usize));
                scores.extend(
                    dot_products(matrix.row(row), lanes).iter().take(batch.len()).map(|&s| score(metric, s)),
                );
            }
        }
        EmbeddingRows::Sparse(matrix) => {
            scores.extend(others.iter().map(|&other| score(metric, sparse_dot(matrix, row, other as usize))));
        }
        EmbeddingRows::Bits(matrix) => {
            scores.extend(
                others.iter().map(|&other| hamming(matrix.row(row), matrix.row(other as usize), matrix)),
            );
        }
    }
    for (score, &other) in scores[start..].iter_mut().zip(others) {
        if !embeddings.present[row] || !embeddings.present[other as usize] {
            *score = f32::NAN;
        } else if other as usize == row {
            *score = 1.0;
        }
    }
}

/// Similarity of two bit strings.
pub(super) fn hamming(a: &[u64], b: &[u64], matrix: &BitMatrix) -> f32 {
    let distance: u64 = a.iter().zip(b).map(|(a, b)| u64::from((a ^ b).count_ones())).sum();
    1.0 - distance as f32 / matrix.n_bits as f32
}

/// Dot product of two sparse rows, products added in order of the columns.
fn sparse_dot(matrix: &CsrMatrix, a: usize, b: usize) -> f32 {
    let ((a_columns, a_values), (b_columns, b_values)) = (matrix.row(a), matrix.row(b));
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while let (Some(a_column), Some(b_column)) = (a_columns.get(i), b_columns.get(j)) {
        match a_column.cmp(b_column) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                sum += a_values[i] * b_values[j];
                i += 1;
                j += 1;
            }
        }
    }
    sum
}
