//! Losses, one file each, one line in [`LOSSES`]. A loss is a pure function of embeddings; it never mines, samples or
//! updates anything. Values and gradients agree with PyTorch and pytorch-metric-learning (`parity.rs`): values within
//! 1e-4, gradients within 1e-3, both relative.

pub mod arcface;
pub mod binary_cross_entropy;
pub mod contrastive;
pub mod cosine_embedding;
pub mod fusion_neuron;
pub mod gated;
pub mod info_nce;
pub mod mean_squared_error;
pub mod multi_similarity;
pub mod ranked_hardest_negative;
pub mod softmax_cross_entropy;
mod spec;
pub mod supervised_contrastive;
pub mod triplet;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod parity;

pub use spec::{LossBatch, LossNeeds, LossParams, LossSpec, loss_spec};

/// Every loss, in the order pickers show them.
#[rustfmt::skip]
pub const LOSSES: &[LossSpec] = &[
    cosine_embedding::SPEC,
    triplet::SQUARED_SPEC,
    triplet::EUCLIDEAN_SPEC,
    contrastive::SPEC,
    ranked_hardest_negative::SPEC,
    arcface::SPEC,
    softmax_cross_entropy::SPEC,
    binary_cross_entropy::SPEC,
    info_nce::SPEC,
    multi_similarity::SPEC,
    supervised_contrastive::SPEC,
    mean_squared_error::SPEC,
    fusion_neuron::SPEC,
    gated::SPEC,
];
