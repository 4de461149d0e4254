//! What to look at next: clusters and pairs that still hold open pairs. The same inputs give the same queue; ties are
//! broken by posting key. Nothing here remembers what was shown.

mod item;
mod sources;
#[cfg(test)]
mod tests;

use self::item::ItemBuilder;
use super::ReviewState;
use super::rows::Rows;
use crate::catalog::Catalog;
use crate::index::Neighbors;
use crate::matching::Clusters;

/// The queue's tabs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum QueueKind {
    /// Clusters with open pairs.
    #[default]
    Clusters,
    /// Open pairs by doubt.
    Pairs,
    /// Unsure pairs and flagged postings.
    SecondLook,
    /// Contradictions.
    Conflicts,
}

/// Orders of the cluster tab.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum QueueSort {
    /// Weakest link nearest the threshold first.
    #[default]
    Doubt,
    /// Most members first.
    Size,
    /// Weakest link ascending.
    WeakestLink,
    /// Most pairs settled by one answer first.
    PairsSettled,
}

/// One thing to decide.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueItem {
    /// Catalogue rows, most typical (highest mean similarity) first. In the pairs and conflicts tabs there are two.
    pub members: Vec<u32>,
    /// United groups among the members (each a stacked card); singles are groups of one. In order of each stack's first
    /// member, inside a stack in the order of `members`. In the conflicts tab every member stands alone, so that both
    /// sides of a contradiction can be seen.
    pub stacks: Vec<Vec<u32>>,
    /// Weakest link: the pair and its score. That of the cluster while its pair is open, else of its open pairs.
    pub weakest: Option<(u32, u32, f32)>,
    /// How many open pairs a Same on the whole item settles: with the united groups its members belong to, whole, and
    /// with everything those were said to differ from.
    pub n_settled: u64,
    /// Open pairs among the members.
    pub n_open: u64,
    /// Postings just below the threshold from some member, best first, with their best score (at most 12).
    pub near_misses: Vec<(u32, f32)>,
}

/// A frozen order of items.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Queue {
    /// The items.
    pub items: Vec<QueueItem>,
}

/// Pairs and near misses may lie this far below the threshold.
pub const NEAR_MISS_MARGIN: f32 = 0.1;
/// Most near misses an item.
pub const MAX_NEAR_MISSES: usize = 12;
/// Most items of the pairs tab: the most doubtful ones; the next come when the queue is built again.
pub const MAX_PAIRS: usize = 10_000;

/// Builds one tab's queue. Items without open pairs are left out (except in second look and conflicts).
///
/// Pairs with an unsure answer are not asked again outside the second look. In the pairs tab, two united groups meet in
/// their most doubtful pair only; scores reach down to [`NEAR_MISS_MARGIN`] below the threshold. The second look holds
/// postings linked by unsure pairs together, and each flagged posting with its cluster.
pub fn build_queue(
    kind: QueueKind,
    sort: QueueSort,
    catalog: &Catalog,
    neighbors: &Neighbors,
    clusters: &Clusters,
    state: &ReviewState,
    threshold: f32,
) -> Queue {
    build(kind, sort, catalog, neighbors, clusters, state, threshold)
}

fn build(
    kind: QueueKind,
    sort: QueueSort,
    rows: &impl Rows,
    neighbors: &Neighbors,
    clusters: &Clusters,
    state: &ReviewState,
    threshold: f32,
) -> Queue {
    let mut builder = ItemBuilder::new(rows, neighbors, state, threshold);
    let mut items = match kind {
        QueueKind::Clusters => sources::clusters(&mut builder, clusters),
        QueueKind::Pairs => sources::pairs(&mut builder),
        QueueKind::SecondLook => sources::second_look(&mut builder, clusters),
        QueueKind::Conflicts => return Queue { items: sources::conflicts(&mut builder) },
    };
    let doubt =
        |item: &QueueItem| item.weakest.map_or(f32::INFINITY, |(_, _, score)| (score - threshold).abs());
    let weakest = |item: &QueueItem| item.weakest.map_or(f32::INFINITY, |(_, _, score)| score);
    let first_key = |item: &QueueItem| item.members.iter().map(|&row| rows.key_rank(row)).min();
    items.sort_by_cached_key(|item| {
        let score = match sort {
            QueueSort::Doubt => Ascending(doubt(item)),
            QueueSort::WeakestLink => Ascending(weakest(item)),
            QueueSort::Size | QueueSort::PairsSettled => Ascending(0.0),
        };
        let count = match sort {
            QueueSort::Size => item.members.len() as u64,
            QueueSort::PairsSettled => item.n_settled,
            QueueSort::Doubt | QueueSort::WeakestLink => 0,
        };
        let second = item.members.iter().map(|&row| rows.key_rank(row)).max();
        (score, std::cmp::Reverse(count), first_key(item), second)
    });
    Queue { items }
}

/// Scores from low to high, as a total order.
#[derive(Clone, Copy, Debug)]
struct Ascending(f32);

impl PartialEq for Ascending {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ascending {}

impl PartialOrd for Ascending {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ascending {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
