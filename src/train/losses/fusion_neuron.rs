//! The loss of one neuron over two cosines: the pair's own, and one for each modality, so that no tower goes idle.

use candle_core::{Result, Tensor};

use super::binary_cross_entropy::bce_with_logits;
use super::cosine_embedding::cosine_embedding;
use super::spec::wrong_batch;
use super::{LossBatch, LossNeeds, LossParams, LossSpec};

/// The line in the table.
pub const SPEC: LossSpec = LossSpec {
    id: "fusion-neuron",
    label: "One-neuron fusion",
    summary: "Trains the weights of picture and title together with both towers: three losses, added.",
    formula: "bce(w_i cos_i + w_t cos_t + b) + cosine-embedding(picture) + cosine-embedding(title)",
    reference: "the sum of torch.nn.BCEWithLogitsLoss and two torch.nn.CosineEmbeddingLoss",
    needs: LossNeeds::TwoModalities,
    uses: &["margin"],
    defaults: || LossParams { margin: 0.0, ..LossParams::default() },
    compute: |batch, params| match batch {
        LossBatch::TwoModalities { a, b, logits, same } => fusion_neuron(*a, *b, logits, same, params.margin),
        _ => wrong_batch(SPEC.id),
    },
};

/// The mean over pairs of all three parts; towers (n, d) as (picture, title), logits and `same` (n).
///
/// # Errors
/// When shapes do not fit.
pub fn fusion_neuron(
    a: (&Tensor, &Tensor),
    b: (&Tensor, &Tensor),
    logits: &Tensor,
    same: &Tensor,
    margin: f64,
) -> Result<Tensor> {
    let fused = bce_with_logits(logits, same)?;
    let image = cosine_embedding(a.0, b.0, same, margin)?;
    let text = cosine_embedding(a.1, b.1, same, margin)?;
    (fused + image)? + text
}
