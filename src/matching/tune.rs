//! Chooses the threshold with the best mean per-row F1 on labelled groups.

use crate::index::Neighbors;
use crate::metrics::{RowScores, ThresholdPoint};

/// The chosen threshold and what it was chosen from.
#[derive(Clone, Debug)]
pub struct Tuned {
    /// The best threshold.
    pub threshold: f32,
    /// Scores there.
    pub scores: RowScores,
    /// The whole curve, thresholds ascending in steps of 0.005.
    pub curve: Vec<ThresholdPoint>,
    /// How many labelled rows it was tuned on.
    pub n_labelled_rows: usize,
}

/// Tunes on the rows with a label; `None` when there are none.
pub fn tune(
    neighbors: &Neighbors,
    groups: &[Option<u32>],
    min_matches: usize,
    max_matches: usize,
) -> Option<Tuned> {
    unimplemented!("{neighbors:?}{groups:?}{min_matches}{max_matches}")
}
