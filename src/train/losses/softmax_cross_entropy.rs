//! Plain classification of rows into their groups.

use candle_core::{Result, Tensor};

use super::spec::wrong_batch;
use super::{LossBatch, LossNeeds, LossParams, LossSpec};
use crate::train::math::{cosine_matrix, cross_entropy};

/// The line in the table.
pub const SPEC: LossSpec = LossSpec {
    id: "softmax",
    label: "Softmax cross-entropy",
    summary: "Each group is a class; rows are classified by the cosine with learned class vectors, without any margin.",
    formula: "-log softmax(scale * cos(x, w))_true",
    reference: "Wang et al., NormFace, ACM MM 2017; torch.nn.CrossEntropyLoss",
    needs: LossNeeds::Classes,
    uses: &["scale"],
    defaults: || LossParams { scale: 16.0, ..LossParams::default() },
    compute: |batch, params| match batch {
        LossBatch::Classes { embeddings, classes, weight, .. } => {
            softmax_cross_entropy(&(cosine_matrix(embeddings, weight)? * params.scale)?, classes)
        }
        _ => wrong_batch(SPEC.id),
    },
};

/// The mean over rows; logits (n, c), classes (n) of u32 below c.
///
/// # Errors
/// When shapes do not fit.
pub fn softmax_cross_entropy(logits: &Tensor, classes: &Tensor) -> Result<Tensor> {
    cross_entropy(logits, classes)
}
