//! Which pairs of the test part a trained head decides otherwise than the frozen embeddings did, rightly or wrongly.

use std::collections::BTreeSet;

use candle_core::Device;

use super::heads::Head;
use super::receipt::frozen_head;
use super::trainer::{TrainingData, head_neighbors};
use super::{Part, Receipt, Relation, TrainError};
use crate::matching::{MatchOptions, row_matches};

/// Pairs of rows, smaller first, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PairChanges {
    /// Wrong before, right now.
    pub fixed: Vec<(u32, u32)>,
    /// Right before, wrong now.
    pub broken: Vec<(u32, u32)>,
}

/// The pairs of the test part on which `head` and the frozen embeddings differ, each at its threshold of the receipt. A pair
/// is matched when either row's matches name the other; pairs of which nobody knows the truth are left out.
///
/// # Errors
/// When the device fails.
pub fn changed_pairs(
    data: &TrainingData<'_>,
    head: &Head,
    receipt: &Receipt,
    device: &Device,
) -> Result<PairChanges, TrainError> {
    let pool = data.embedded_rows(Part::Test);
    let frozen = frozen_head(data, device)?;
    let before = matched_pairs(data, &frozen, &pool, receipt.before.threshold, device)?;
    let after = matched_pairs(data, head, &pool, receipt.after.threshold, device)?;
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
    Ok(changes)
}

/// Pairs of catalogue rows, smaller first.
fn matched_pairs(
    data: &TrainingData<'_>,
    head: &Head,
    pool: &[u32],
    threshold: f32,
    device: &Device,
) -> Result<BTreeSet<(u32, u32)>, TrainError> {
    let neighbors = head_neighbors(head, data, pool, device)?;
    let options = MatchOptions { threshold: Some(threshold), ..MatchOptions::default() };
    let matches = row_matches(&neighbors, &options);
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
    Ok(pairs)
}
