//! Each row's own matches, before any clustering; what `evaluate` and `submission.csv` use.

use crate::index::Neighbors;

/// How neighbours become matches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MatchOptions {
    /// Smallest score of a match; `None` takes the plain top k.
    pub threshold: Option<f32>,
    /// Fewest matches a row, itself included, best first even below the threshold (2 = "at least two").
    pub min_matches: usize,
    /// Most matches a row, itself included (50 in the Shopee competition).
    pub max_matches: usize,
}

/// The lists cut to matches.
pub fn row_matches(neighbors: &Neighbors, options: &MatchOptions) -> Neighbors {
    unimplemented!("{neighbors:?}{options:?}")
}
