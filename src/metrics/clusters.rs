//! Agreement of a clustering with the labelled groups: pairwise and B-cubed (Bagga and Baldwin, 1998).

use super::PairScores;

/// Agreement of a clustering with labels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClusterScores {
    /// Over all pairs implied by the clusters.
    pub pairs: PairScores,
    /// B-cubed precision.
    pub bcubed_precision: f64,
    /// B-cubed recall.
    pub bcubed_recall: f64,
    /// B-cubed F1.
    pub bcubed_f1: f64,
}

/// Scores `cluster_of[row]` against `groups`.
pub fn cluster_scores(cluster_of: &[u32], groups: &[Option<u32>]) -> ClusterScores {
    unimplemented!("{cluster_of:?}{groups:?}")
}
