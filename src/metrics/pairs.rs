//! Precision, recall and F1 over unordered pairs.

/// Scores over unordered pairs of different rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PairScores {
    /// True pairs among the predicted ones.
    pub precision: f64,
    /// Predicted pairs among the true ones.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
    /// Number of predicted pairs.
    pub n_predicted: u64,
    /// Number of true pairs.
    pub n_true: u64,
}

/// Scores the set of predicted pairs (each unordered pair once) against `groups`.
pub fn pair_scores(predicted: impl Iterator<Item = (u32, u32)>, groups: &[Option<u32>]) -> PairScores {
    let _ = (predicted.count(), groups);
    unimplemented!()
}
