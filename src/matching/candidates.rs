//! Candidate pairs in order of doubt: the nearer to the threshold, the earlier.

use crate::index::Neighbors;

/// One unordered pair (a < b).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Smaller row.
    pub a: u32,
    /// Larger row.
    pub b: u32,
    /// Fused score (the larger of both directions where they differ).
    pub score: f32,
}

/// Every unordered pair with score at least `floor`, nearest to `threshold` first, then by score descending, then rows.
pub fn candidates_by_doubt(neighbors: &Neighbors, threshold: f32, floor: f32) -> Vec<Candidate> {
    unimplemented!("{neighbors:?}{threshold}{floor}")
}
