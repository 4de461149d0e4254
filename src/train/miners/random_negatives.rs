//! Random rows that are known to be different from an anchor.

use super::{MinerRecipe, MinerSpec};
use crate::train::Random;
use crate::train::labels::{Labels, Relation};

/// Draws before all rows are looked at: few of them are known to be different, then.
const MOST_DRAWS: usize = 64;

/// The line in the table.
pub const SPEC: MinerSpec = MinerSpec {
    id: "random-negatives",
    label: "Random negatives",
    summary: "Random postings known to be different, so many for each positive pair: gentle and never misleading.",
    default: MinerRecipe::RandomNegatives { per_positive: 5 },
};

/// `per_positive` pairs for each of `positives`: alternately its first and its second row with a random one of `rows`
/// that is known to be different. Fewer where too few are known.
pub fn random_negatives(
    positives: &[(u32, u32)],
    per_positive: usize,
    rows: &[u32],
    labels: &Labels,
    random: &mut Random,
) -> Vec<(u32, u32)> {
    let mut negatives = Vec::with_capacity(positives.len() * per_positive);
    for &(a, b) in positives {
        for round in 0..per_positive {
            let anchor = if round % 2 == 0 { a } else { b };
            if let Some(negative) = random_negative(anchor, rows, labels, random) {
                negatives.push((anchor, negative));
            }
        }
    }
    negatives
}

/// One of `rows` that is known to be different from `anchor`.
fn random_negative(anchor: u32, rows: &[u32], labels: &Labels, random: &mut Random) -> Option<u32> {
    let is_different = |row: u32| labels.relation(anchor, row) == Relation::Different;
    for _ in 0..MOST_DRAWS {
        let row = *random.choose(rows)?;
        if is_different(row) {
            return Some(row);
        }
    }
    // Few are known: look at all of them once instead of drawing for ever.
    let known: Vec<u32> = rows.iter().copied().filter(|&row| is_different(row)).collect();
    random.choose(&known).copied()
}
