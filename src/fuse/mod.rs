//! Station 2: several similarities become one. One file a strategy, one line in [`FUSIONS`].
//! Late fusion: candidates of either list, each scored exactly in both modalities, never as 0.

mod pair_table;
mod strategy;

pub use pair_table::{PairTable, Side, pair_table};
pub use strategy::{FusionParams, FusionSpec, fuse, fusion_spec};

/// Every strategy, in the order pickers show them.
pub const FUSIONS: &[FusionSpec] = &[];
