//! What to look at next: clusters and pairs that still hold open pairs.

use super::ReviewState;
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
    /// United groups among the members (each a stacked card); singles are groups of one. Same order as `members`.
    pub stacks: Vec<Vec<u32>>,
    /// Weakest link: the pair and its score.
    pub weakest: Option<(u32, u32, f32)>,
    /// How many open pairs a Same on the whole item settles, transitivity included.
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

/// Builds one tab's queue. Items without open pairs are left out (except in second look and conflicts).
pub fn build_queue(
    kind: QueueKind,
    sort: QueueSort,
    catalog: &Catalog,
    neighbors: &Neighbors,
    clusters: &Clusters,
    state: &ReviewState,
    threshold: f32,
) -> Queue {
    let _ = (kind, sort, catalog, neighbors, clusters, state, threshold);
    unimplemented!()
}
