//! The nearest neighbours that are known to be different: what the untrained model confuses.

use std::collections::HashSet;

use super::{MinerRecipe, MinerSpec};
use crate::index::Neighbors;
use crate::train::labels::{Labels, Relation};

/// The line in the table.
pub const SPEC: MinerSpec = MinerSpec {
    id: "nearest-wrong",
    label: "Nearest wrong neighbours",
    summary: "The neighbours the frozen model wrongly ranks highest: hard negatives from the whole catalogue at once.",
    default: MinerRecipe::NearestWrong { per_row: 5 },
};

/// For each of `rows` its `per_row` best neighbours among `rows` that are known to be different, best first. Each
/// unordered pair once, where it is met first.
pub fn nearest_wrong(
    neighbors: &Neighbors,
    per_row: usize,
    rows: &[u32],
    labels: &Labels,
) -> Vec<(u32, u32)> {
    let among: HashSet<u32> = rows.iter().copied().collect();
    let mut seen = HashSet::new();
    let mut pairs = Vec::new();
    for &row in rows.iter().filter(|row| (**row as usize) < neighbors.n_rows()) {
        let (others, _) = neighbors.list(row as usize);
        let wrong = others
            .iter()
            .filter(|other| among.contains(other) && labels.relation(row, **other) == Relation::Different)
            .take(per_row);
        for &other in wrong {
            if seen.insert((row.min(other), row.max(other))) {
                pairs.push((row, other));
            }
        }
    }
    pairs
}
