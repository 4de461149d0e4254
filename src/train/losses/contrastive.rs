//! The original contrastive loss: same pairs to distance 0, different pairs beyond a margin.

use candle_core::{Result, Tensor};

use super::spec::wrong_batch;
use super::{LossBatch, LossNeeds, LossParams, LossSpec};
use crate::train::math::{hinge, row_distances};

/// The line in the table.
pub const SPEC: LossSpec = LossSpec {
    id: "contrastive",
    label: "Contrastive",
    summary: "Pulls same pairs to distance 0 and pushes different pairs beyond the margin, both with the square.",
    formula: "same: d^2 / 2; different: max(0, margin - d)^2 / 2, with d = |a - b|",
    reference: "Hadsell, Chopra and LeCun, CVPR 2006, eq. 4",
    needs: LossNeeds::Pairs,
    uses: &["margin"],
    defaults: || LossParams { margin: 1.0, ..LossParams::default() },
    compute: |batch, params| match batch {
        LossBatch::Pairs { a, b, same } => contrastive(a, b, same, params.margin),
        _ => wrong_batch(SPEC.id),
    },
};

/// The mean over pairs; (n, d), (n, d), `same` (n) of 1 and 0. The margin is a distance: at most 2 for L2-normalised rows.
///
/// # Errors
/// When shapes do not fit.
pub fn contrastive(a: &Tensor, b: &Tensor, same: &Tensor, margin: f64) -> Result<Tensor> {
    let distance = row_distances(a, b)?;
    let pull = (same * distance.sqr()?)?;
    let push = (same.affine(-1.0, 1.0)? * hinge(&distance.affine(-1.0, margin)?)?.sqr()?)?;
    ((pull + push)? * 0.5)?.mean_all()
}
