//! One left posting, one true right among several: the true one shall beat the best of the others.

use candle_core::{D, Result, Tensor};

use super::spec::wrong_batch;
use super::{LossBatch, LossNeeds, LossParams, LossSpec};
use crate::nn::ops::normalise_rows;
use crate::train::math::hinge;

/// The line in the table.
pub const SPEC: LossSpec = LossSpec {
    id: "ranked-hardest-negative",
    label: "Ranked, hardest negative",
    summary: "The true match shall score above the best of the wrong candidates by a margin.",
    formula: "max(0, max_k s(l, n_k) - s(l, p) + margin), with s = (cos + 1) / 2",
    reference: "Rosenfeld, Solbach and Tsotsos, Totally Looks Like, ACCV 2018; hardest negative after Faghri et al., VSE++, BMVC 2018",
    needs: LossNeeds::Ranked,
    uses: &["margin"],
    defaults: || LossParams { margin: 0.2, ..LossParams::default() },
    compute: |batch, params| match batch {
        LossBatch::Ranked { left, right } => ranked_hardest_negative(left, right, params.margin),
        _ => wrong_batch(SPEC.id),
    },
};

/// The mean over anchors; `left` (n, d), `right` (n, k, d) with the positive first and k at least 2. Of equal negatives
/// the first is pushed.
///
/// # Errors
/// When shapes do not fit.
pub fn ranked_hardest_negative(left: &Tensor, right: &Tensor, margin: f64) -> Result<Tensor> {
    let n_candidates = right.dim(1)?;
    let cosines =
        (normalise_rows(left)?.unsqueeze(1)?.broadcast_mul(&normalise_rows(right)?))?.sum(D::Minus1)?;
    let scores = cosines.affine(0.5, 0.5)?;
    let negatives = scores.narrow(1, 1, n_candidates.saturating_sub(1))?.contiguous()?;
    let hardest = negatives.detach().argmax_keepdim(1)?;
    let negative = negatives.gather(&hardest, 1)?.squeeze(1)?;
    let positive = scores.narrow(1, 0, 1)?.squeeze(1)?;
    hinge(&((negative - positive)? + margin)?)?.mean_all()
}
