//! The pairs people have looked at and told apart: the model itself proposed them, so they are hard by nature.

use std::collections::HashSet;

use super::{MinerRecipe, MinerSpec};
use crate::train::Random;
use crate::train::labels::{Labels, Relation};

/// The line in the table.
pub const SPEC: MinerSpec = MinerSpec {
    id: "rejected-pairs",
    label: "Rejected pairs",
    summary: "Only what people rejected: the safest hard negatives there are, repeated where they are few.",
    default: MinerRecipe::RejectedPairs { per_positive: 1 },
};

/// `n_wanted` of the rejected pairs whose rows both are among `rows`: all of them in random order, then again, so that
/// none comes twice more than another. Empty when there are none.
pub fn rejected_pairs(
    n_wanted: usize,
    rows: &[u32],
    labels: &Labels,
    random: &mut Random,
) -> Vec<(u32, u32)> {
    let among: HashSet<u32> = rows.iter().copied().collect();
    let mut known: Vec<(u32, u32)> = labels
        .rejected_rows()
        .iter()
        .copied()
        .filter(|(a, b)| among.contains(a) && among.contains(b))
        .filter(|&(a, b)| labels.relation(a, b) == Relation::Different)
        .collect();
    let mut chosen = Vec::with_capacity(n_wanted);
    while chosen.len() < n_wanted && !known.is_empty() {
        random.shuffle(&mut known);
        chosen.extend(known.iter().take(n_wanted - chosen.len()));
    }
    chosen
}
