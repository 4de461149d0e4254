//! Batches of P groups with K rows each (P x K batches, as in Hermans, Beyer and Leibe, arXiv 1703.07737): every anchor
//! then has a positive and many negatives within its batch.

use super::{SamplerRecipe, SamplerSpec};
use crate::train::Random;
use crate::train::labels::Labels;

/// The line in the table.
pub const SPEC: SamplerSpec = SamplerSpec {
    id: "classes-by-items",
    label: "Groups by postings",
    summary: "Each batch holds so many groups with so many postings each; what mining within the batch needs.",
    default: SamplerRecipe::ClassesByItems { classes: 32, items: 4 },
};

/// Batches of `classes` groups, each with up to `items` different rows, chosen anew each epoch (fewer where the group is
/// smaller). Every group of two rows or more comes once an epoch. A last batch of a single group would hold no negative:
/// it joins the one before it.
pub fn classes_by_items(
    rows: &[u32],
    labels: &Labels,
    classes: usize,
    items: usize,
    random: &mut Random,
) -> Vec<Vec<u32>> {
    let (classes, items) = (classes.max(2), items.max(2));
    let mut handfuls: Vec<Vec<u32>> = Vec::new();
    for (_, mut members) in labels.members(rows) {
        if members.len() >= 2 {
            random.shuffle(&mut members);
            members.truncate(items);
            handfuls.push(members);
        }
    }
    random.shuffle(&mut handfuls);
    let mut batches: Vec<Vec<u32>> = Vec::new();
    for chunk in handfuls.chunks(classes) {
        match batches.last_mut() {
            Some(before) if chunk.len() == 1 => before.extend(chunk.concat()),
            _ => batches.push(chunk.concat()),
        }
    }
    batches
}
