//! Pulls the cosine of same pairs to 1 and pushes that of different pairs below a margin.

use candle_core::{Result, Tensor};

use super::spec::wrong_batch;
use super::{LossBatch, LossNeeds, LossParams, LossSpec};
use crate::train::math::{hinge, row_cosines};

/// The line in the table.
pub const SPEC: LossSpec = LossSpec {
    id: "cosine-embedding",
    label: "Cosine embedding",
    summary: "Pulls same pairs together and pushes different pairs apart until their cosine is below the margin.",
    formula: "same: 1 - cos(a, b); different: max(0, cos(a, b) - margin)",
    reference: "torch.nn.CosineEmbeddingLoss",
    needs: LossNeeds::Pairs,
    uses: &["margin"],
    defaults: || LossParams { margin: 0.5, ..LossParams::default() },
    compute: |batch, params| match batch {
        LossBatch::Pairs { a, b, same } => cosine_embedding(a, b, same, params.margin),
        _ => wrong_batch(SPEC.id),
    },
};

/// The mean over pairs; (n, d), (n, d), `same` (n) of 1 and 0. The margin is a cosine, usually 0 to 0.7.
///
/// # Errors
/// When shapes do not fit.
pub fn cosine_embedding(a: &Tensor, b: &Tensor, same: &Tensor, margin: f64) -> Result<Tensor> {
    cosine_embedding_each(&row_cosines(a, b)?, same, margin)?.mean_all()
}

/// The loss of each pair from its cosine, (n).
pub(super) fn cosine_embedding_each(cosines: &Tensor, same: &Tensor, margin: f64) -> Result<Tensor> {
    let pull = (same * cosines.affine(-1.0, 1.0)?)?;
    let push = (same.affine(-1.0, 1.0)? * hinge(&(cosines - margin)?)?)?;
    pull + push
}
