//! In each batch: the farthest positive and the nearest negative of each anchor (Hermans, Beyer and Leibe, "In Defense of
//! the Triplet Loss for Person Re-Identification", arXiv 1703.07737).

use super::{BatchDistances, MinerRecipe, MinerSpec, Triplet};
use crate::train::labels::Relation;

/// The line in the table.
pub const SPEC: MinerSpec = MinerSpec {
    id: "batch-hard",
    label: "Batch hard",
    summary: "The farthest positive and the nearest negative of each batch: strong, and sensitive to wrong labels.",
    default: MinerRecipe::BatchHard,
};

/// One triplet of places for each anchor that has both a positive and a negative; of equal distances the first.
pub fn batch_hard(batch: &BatchDistances) -> Vec<Triplet> {
    (0..batch.n_rows())
        .filter_map(|anchor| {
            let farther = |best: Option<(usize, f32)>, next: (usize, f32)| match best {
                Some(best) if best.1 >= next.1 => Some(best),
                _ => Some(next),
            };
            let nearer = |best: Option<(usize, f32)>, next: (usize, f32)| match best {
                Some(best) if best.1 <= next.1 => Some(best),
                _ => Some(next),
            };
            let (positive, _) = batch.related(anchor, Relation::Same).fold(None, farther)?;
            let (negative, _) = batch.related(anchor, Relation::Different).fold(None, nearer)?;
            Some(Triplet { anchor: anchor as u32, positive: positive as u32, negative: negative as u32 })
        })
        .collect()
}
