//! InfoNCE with all positives of an anchor: each shall be found among everything in the batch.

use candle_core::{D, Result, Tensor};

use super::spec::wrong_batch;
use super::{LossBatch, LossNeeds, LossParams, LossSpec};
use crate::nn::ops::log_sum_exp_rows;
use crate::train::math::{cosine_matrix, masked};

/// The line in the table.
pub const SPEC: LossSpec = LossSpec {
    id: "supervised-contrastive",
    label: "Supervised contrastive",
    summary: "Each posting shall find all postings of its group in the batch; groups of any size are used whole.",
    formula: "-mean_pos log(exp(s_p / T) / sum_all exp(s / T)), the mean over anchors that have a positive",
    reference: "Khosla et al., Supervised Contrastive Learning, NeurIPS 2020, eq. 2",
    needs: LossNeeds::Relations,
    uses: &["temperature"],
    defaults: || LossParams { temperature: 0.1, ..LossParams::default() },
    compute: |batch, params| match batch {
        LossBatch::Relations { embeddings, same, different } => {
            supervised_contrastive(embeddings, same, different, params.temperature)
        }
        _ => wrong_batch(SPEC.id),
    },
};

/// The mean over anchors with a positive (0 where there are none); `embeddings` (n, d), `same` and `different` (n, n).
///
/// # Errors
/// When shapes do not fit.
pub fn supervised_contrastive(
    embeddings: &Tensor,
    same: &Tensor,
    different: &Tensor,
    temperature: f64,
) -> Result<Tensor> {
    let logits = (cosine_matrix(embeddings, embeddings)? / temperature)?;
    let everything = log_sum_exp_rows(&masked(&logits, &(same + different)?)?)?;
    let n_positives = same.sum(D::Minus1)?;
    let has_positives = n_positives.gt(0.5)?.to_dtype(logits.dtype())?;
    let mean_positive = ((logits * same)?.sum(D::Minus1)? / n_positives.maximum(1.0)?)?;
    // Anchors without positives may have nothing in `everything` either; their very low number is multiplied away.
    let each = ((everything - mean_positive)? * &has_positives)?;
    each.sum_all()? / has_positives.sum_all()?.maximum(1.0)?
}
