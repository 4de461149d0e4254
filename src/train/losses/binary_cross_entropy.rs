//! A learned pair score is read as the log odds of "same". Stable for any logit: no probability is formed.

use candle_core::{Result, Tensor};

use super::spec::wrong_batch;
use super::{LossBatch, LossNeeds, LossParams, LossSpec};
use crate::train::math::softplus;

/// The line in the table.
pub const SPEC: LossSpec = LossSpec {
    id: "bce-with-logits",
    label: "Binary cross-entropy",
    summary: "A learned score of the pair is taken for the log odds of being the same.",
    formula: "log(1 + exp(x)) - x * same",
    reference: "torch.nn.BCEWithLogitsLoss",
    needs: LossNeeds::PairLogits,
    uses: &[],
    defaults: LossParams::default,
    compute: |batch, _| match batch {
        LossBatch::PairLogits { logits, same } => bce_with_logits(logits, same),
        _ => wrong_batch(SPEC.id),
    },
};

/// The mean over pairs; logits (n), `same` (n) of 1 and 0.
///
/// # Errors
/// When shapes do not fit.
pub fn bce_with_logits(logits: &Tensor, same: &Tensor) -> Result<Tensor> {
    (softplus(logits)? - (logits * same)?)?.mean_all()
}
