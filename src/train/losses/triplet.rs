//! An anchor shall be nearer to its positive than to its negative, by a margin; in two measures of distance.

use candle_core::{D, Result, Tensor};

use super::spec::wrong_batch;
use super::{LossBatch, LossNeeds, LossParams, LossSpec};
use crate::train::math::{hinge, row_distances};

/// The line in the table, squared distances.
pub const SQUARED_SPEC: LossSpec = LossSpec {
    id: "triplet-squared",
    label: "Triplet (squared distance)",
    summary: "An anchor shall be nearer to its positive than to its negative by a margin of squared distance.",
    formula: "max(0, |a - p|^2 - |a - n|^2 + margin)",
    reference: "Schroff, Kalenichenko and Philbin, FaceNet, CVPR 2015, eq. 3",
    needs: LossNeeds::Triplets,
    uses: &["margin"],
    defaults: || LossParams { margin: 0.2, ..LossParams::default() },
    compute: |batch, params| match batch {
        LossBatch::Triplets { anchor, positive, negative } => {
            triplet_squared(anchor, positive, negative, params.margin)
        }
        _ => wrong_batch(SQUARED_SPEC.id),
    },
};

/// The line in the table, plain distances.
pub const EUCLIDEAN_SPEC: LossSpec = LossSpec {
    id: "triplet-euclidean",
    label: "Triplet (distance)",
    summary: "An anchor shall be nearer to its positive than to its negative by a margin of distance.",
    formula: "max(0, |a - p| - |a - n| + margin)",
    reference: "torch.nn.TripletMarginLoss; Balntas et al., BMVC 2016",
    needs: LossNeeds::Triplets,
    uses: &["margin"],
    defaults: || LossParams { margin: 0.3, ..LossParams::default() },
    compute: |batch, params| match batch {
        LossBatch::Triplets { anchor, positive, negative } => {
            triplet_euclidean(anchor, positive, negative, params.margin)
        }
        _ => wrong_batch(EUCLIDEAN_SPEC.id),
    },
};

/// The mean over triplets, (n, d) each.
///
/// # Errors
/// When shapes do not fit.
pub fn triplet_squared(anchor: &Tensor, positive: &Tensor, negative: &Tensor, margin: f64) -> Result<Tensor> {
    let squared = |other: &Tensor| (anchor - other)?.sqr()?.sum(D::Minus1);
    hinge(&((squared(positive)? - squared(negative)?)? + margin)?)?.mean_all()
}

/// The mean over triplets, (n, d) each.
///
/// # Errors
/// When shapes do not fit.
pub fn triplet_euclidean(
    anchor: &Tensor,
    positive: &Tensor,
    negative: &Tensor,
    margin: f64,
) -> Result<Tensor> {
    let near = row_distances(anchor, positive)?;
    let far = row_distances(anchor, negative)?;
    hinge(&((near - far)? + margin)?)?.mean_all()
}
