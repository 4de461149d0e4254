//! Connected components of the match graph, with a guard against mega-clusters and respect for decisions.

use crate::index::Neighbors;

/// How edges become clusters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClusterOptions {
    /// Smallest score of an edge.
    pub threshold: f32,
    /// A component with more members is cut at its weakest links until every part fits.
    pub max_members: usize,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self { threshold: 0.5, max_members: 50 }
    }
}

/// One cluster of at least two rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Member rows, ascending.
    pub members: Vec<u32>,
    /// The weakest link of a maximum spanning tree: the pair that holds the cluster together least.
    pub weakest: (u32, u32),
    /// Its score.
    pub weakest_score: f32,
    /// Whether the guard cut it out of something larger.
    pub cut_by_guard: bool,
}

/// All clusters, and what the guard did.
#[derive(Clone, Debug, Default)]
pub struct Clusters {
    /// Clusters of at least two, ordered by smallest member row.
    pub clusters: Vec<Cluster>,
    /// Cluster number of each row; single rows get numbers after the clusters.
    pub cluster_of: Vec<u32>,
    /// Size of the largest component before the guard.
    pub largest_before_guard: usize,
    /// How many components the guard cut.
    pub n_cut_by_guard: usize,
}

/// Clusters the graph of `neighbors` at the threshold. `together` pairs (decided same) are always united;
/// an edge listed in `apart` (decided different or variant) is never used, and components it would still join stay as the graph says.
pub fn cluster(
    neighbors: &Neighbors,
    options: &ClusterOptions,
    together: &[(u32, u32)],
    apart: &[(u32, u32)],
) -> Clusters {
    unimplemented!("{neighbors:?}{options:?}{together:?}{apart:?}")
}
