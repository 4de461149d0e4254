//! Which pairs of the test part a trained head decides otherwise than the frozen embeddings did, rightly or wrongly.

use std::collections::BTreeSet;

use super::Relation;
use super::receipt::Judged;
use super::trainer::TrainingData;
use crate::index::Neighbors;

/// Pairs of rows, smaller first, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PairChanges {
    /// Wrong before, right now.
    pub fixed: Vec<(u32, u32)>,
    /// Right before, wrong now.
    pub broken: Vec<(u32, u32)>,
}

/// The pairs of the test part on which the trained head and the frozen embeddings differ, each by its fitted matcher. A pair is
/// matched when either row's matches name the other; pairs of which nobody knows the truth are left out.
pub fn changed_pairs(data: &TrainingData<'_>, judged: &Judged) -> PairChanges {
    let before = matched_pairs(&judged.rows, &judged.before);
    let after = matched_pairs(&judged.rows, &judged.after);
    let mut changes = PairChanges::default();
    let newly = after.difference(&before).map(|pair| (*pair, Relation::Same));
    let no_longer = before.difference(&after).map(|pair| (*pair, Relation::Different));
    for ((a, b), right) in newly.chain(no_longer) {
        match data.labels.relation(a, b) {
            Relation::Unknown => {}
            relation if relation == right => changes.fixed.push((a, b)),
            _ => changes.broken.push((a, b)),
        }
    }
    changes.fixed.sort_unstable();
    changes.broken.sort_unstable();
    changes
}

/// Pairs of catalogue rows, smaller first.
fn matched_pairs(pool: &[u32], matches: &Neighbors) -> BTreeSet<(u32, u32)> {
    let mut pairs = BTreeSet::new();
    for (place, &row) in pool.iter().enumerate() {
        for other in matches.list(place).0 {
            if let Some(&other) = pool.get(*other as usize)
                && other != row
            {
                pairs.insert((row.min(other), row.max(other)));
            }
        }
    }
    pairs
}
