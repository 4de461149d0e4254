//! Station 2: several similarities become one. One file a strategy, one line in [`FUSIONS`].
//! Late fusion: candidates of either list, each scored exactly in both modalities, never as 0.

mod concat;
mod image;
mod mean;
mod noisy_or;
mod pair_table;
mod strategy;
mod text;
mod union;

#[cfg(test)]
mod tests;

pub use pair_table::{PairTable, Side, pair_table};
pub use strategy::{FusionParams, FusionSpec, Lone, fuse, fused_score, fusion_spec};
pub use union::around_threshold;

/// Every strategy, in the order pickers show them.
pub const FUSIONS: &[FusionSpec] =
    &[mean::SPEC, image::SPEC, text::SPEC, concat::SPEC, noisy_or::SPEC, union::SPEC];
