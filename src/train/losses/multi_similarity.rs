//! Weighs every pair of a batch by how hard it is, among positives and among negatives.

use candle_core::{Result, Tensor};

use super::spec::wrong_batch;
use super::{LossBatch, LossNeeds, LossParams, LossSpec};
use crate::train::math::{cosine_matrix, log_one_plus_masked_sum_exp};

/// The line in the table.
pub const SPEC: LossSpec = LossSpec {
    id: "multi-similarity",
    label: "Multi-similarity",
    summary: "All pairs of a batch count, hard ones most: positives below and negatives above a base similarity.",
    formula: "log(1 + sum_pos exp(-alpha (s - base))) / alpha + log(1 + sum_neg exp(beta (s - base))) / beta",
    reference: "Wang et al., Multi-Similarity Loss, CVPR 2019, eq. 15",
    needs: LossNeeds::Relations,
    uses: &["alpha", "beta", "base"],
    defaults: || LossParams { alpha: 2.0, beta: 50.0, base: 0.5, ..LossParams::default() },
    compute: |batch, params| match batch {
        LossBatch::Relations { embeddings, same, different } => {
            multi_similarity(embeddings, same, different, params.alpha, params.beta, params.base)
        }
        _ => wrong_batch(SPEC.id),
    },
};

/// The mean over all rows; `embeddings` (n, d), `same` and `different` (n, n) of 1 and 0.
///
/// # Errors
/// When shapes do not fit.
pub fn multi_similarity(
    embeddings: &Tensor,
    same: &Tensor,
    different: &Tensor,
    alpha: f64,
    beta: f64,
    base: f64,
) -> Result<Tensor> {
    let excess = (cosine_matrix(embeddings, embeddings)? - base)?;
    let pull = (log_one_plus_masked_sum_exp(&(&excess * -alpha)?, same)? / alpha)?;
    let push = (log_one_plus_masked_sum_exp(&(&excess * beta)?, different)? / beta)?;
    (pull + push)?.mean_all()
}
