//! Connected components of the match graph, with a guard against mega-clusters and respect for decisions.
//!
//! Edges are taken strongest first (Kruskal's maximum spanning forest). The guard refuses an edge that would make a
//! part larger than allowed, so an oversized component falls apart at its weakest links while its strong cores stay
//! whole; parts that fit are never cut. Equal scores are taken in order of rows, so the result does not depend on the
//! order of lists or decisions. Nothing here decides what is the same: it proposes.

use std::collections::HashSet;

use rayon::slice::ParallelSliceMut;

use super::edges::unordered_pairs;
use super::union_find::UnionFind;
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
    /// Decisions are stronger than any score; a cluster that only decisions hold has one of them here.
    pub weakest: (u32, u32),
    /// Its score; 1 for a decision.
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

/// Clusters the graph of `neighbors` at the threshold. `together` pairs (decided same) are always united, above the
/// guard too and even where they are also listed in `apart`;
/// an edge listed in `apart` (decided different or variant) is never used, and components it would still join stay as the graph says.
/// Decisions about rows that do not exist are ignored.
pub fn cluster(
    neighbors: &Neighbors,
    options: &ClusterOptions,
    together: &[(u32, u32)],
    apart: &[(u32, u32)],
) -> Clusters {
    let n_rows = neighbors.n_rows();
    let apart: HashSet<(u32, u32)> = apart.iter().map(|&(a, b)| (a.min(b), a.max(b))).collect();
    let mut together: Vec<(u32, u32)> = together
        .iter()
        .map(|&(a, b)| (a.min(b), a.max(b)))
        .filter(|&(a, b)| a != b && (b as usize) < n_rows)
        .collect();
    together.sort_unstable();
    together.dedup();

    let mut edges: Vec<Edge> = unordered_pairs(neighbors, options.threshold)
        .into_iter()
        .filter(|pair| apart.is_empty() || !apart.contains(&(pair.a, pair.b)))
        .map(|pair| Edge::new(pair.a, pair.b, pair.score))
        .collect();
    edges.par_sort_unstable();

    let mut parts = UnionFind::new(n_rows);
    let mut before_guard = UnionFind::new(n_rows);
    let mut links = Vec::new();
    for &(a, b) in &together {
        before_guard.unite(a, b);
        if parts.unite(a, b) {
            links.push((a, b, 1.0));
        }
    }
    let mut refused = Vec::new();
    for edge in &edges {
        let (a, b) = edge.rows();
        if !before_guard.unite(a, b) && parts.root(a) == parts.root(b) {
            continue;
        }
        if parts.size(a) + parts.size(b) > options.max_members {
            refused.push(a);
        } else if parts.unite(a, b) {
            links.push((a, b, edge.score()));
        }
    }
    let n_cut_by_guard = refused.iter().map(|row| before_guard.root(*row)).collect::<HashSet<u32>>().len();

    number_clusters(n_rows, &mut parts, &mut before_guard, &links, n_cut_by_guard)
}

/// Gathers members and weakest links. `links` are the accepted edges, strongest first.
fn number_clusters(
    n_rows: usize,
    parts: &mut UnionFind,
    before_guard: &mut UnionFind,
    links: &[(u32, u32, f32)],
    n_cut_by_guard: usize,
) -> Clusters {
    let mut result = Clusters { cluster_of: vec![0; n_rows], n_cut_by_guard, ..Clusters::default() };
    const UNSEEN: u32 = u32::MAX;
    let mut number_of_root = vec![UNSEEN; n_rows];
    let mut singles = Vec::new();
    for row in 0..n_rows as u32 {
        let size_before = before_guard.size(row);
        result.largest_before_guard = result.largest_before_guard.max(size_before);
        let size = parts.size(row);
        if size == 1 {
            singles.push(row);
            continue;
        }
        let number = &mut number_of_root[parts.root(row) as usize];
        if *number == UNSEEN {
            *number = result.clusters.len() as u32;
            result.clusters.push(Cluster {
                members: Vec::with_capacity(size),
                weakest: (row, row),
                weakest_score: 1.0,
                cut_by_guard: size_before > size,
            });
        }
        result.cluster_of[row as usize] = *number;
        result.clusters[*number as usize].members.push(row);
    }
    for (place, row) in singles.into_iter().enumerate() {
        result.cluster_of[row as usize] = (result.clusters.len() + place) as u32;
    }
    for &(a, b, score) in links {
        let cluster = &mut result.clusters[result.cluster_of[a as usize] as usize];
        (cluster.weakest, cluster.weakest_score) = ((a, b), score);
    }
    result
}

/// An edge as one sortable number: strongest first, then rows ascending.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Edge(u128);

impl Edge {
    fn new(a: u32, b: u32, score: f32) -> Self {
        // Adding zero makes -0 the same as 0. Flipping all bits of negative numbers and the sign of the others
        // orders f32 bits as numbers; the complement puts the strongest first.
        let bits = (score + 0.0).to_bits();
        let ascending = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
        Self(u128::from(!ascending) << 64 | u128::from(a) << 32 | u128::from(b))
    }

    fn rows(self) -> (u32, u32) {
        ((self.0 >> 32) as u32, self.0 as u32)
    }

    fn score(self) -> f32 {
        let ascending = !((self.0 >> 64) as u32);
        f32::from_bits(if ascending >> 31 == 1 { ascending & !(1 << 31) } else { !ascending })
    }
}

#[cfg(test)]
#[path = "clusters_tests.rs"]
mod tests;
