//! Where negatives come from: one file a miner, one line in [`MINERS`]. A miner only ever names pairs that are known to
//! be different; unreviewed pairs are left alone. All draws come from a seeded generator.

mod batch_hard;
mod foils;
mod nearest_wrong;
mod random_negatives;
mod rejected_pairs;
mod semi_hard;
mod spec;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;

pub use batch_hard::batch_hard;
pub use foils::{FoilPool, foils, nearest_share};
pub use nearest_wrong::nearest_wrong;
pub use random_negatives::random_negatives;
pub use rejected_pairs::rejected_pairs;
pub use semi_hard::semi_hard;
pub use spec::{BatchDistances, MinerRecipe, MinerSpec, Triplet};

/// Every miner, in the order pickers show them.
#[rustfmt::skip]
pub const MINERS: &[MinerSpec] = &[
    random_negatives::SPEC,
    rejected_pairs::SPEC,
    nearest_wrong::SPEC,
    foils::SPEC,
    semi_hard::SPEC,
    batch_hard::SPEC,
];
