//! Mean per-row F1, the measure of the Shopee "Price Match Guarantee" competition.

/// Means over rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RowScores {
    /// Mean of each row's F1.
    pub mean_f1: f64,
    /// Mean of each row's precision.
    pub precision: f64,
    /// Mean of each row's recall.
    pub recall: f64,
}

/// One point of the threshold curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ThresholdPoint {
    /// Matches are candidates with score at least this.
    pub threshold: f32,
    /// Scores at that threshold.
    pub scores: RowScores,
}

/// Scores `matches` (row -> matched rows, the row itself included) against `groups`.
pub fn row_scores<'a>(matches: impl Iterator<Item = &'a [u32]>, groups: &[Option<u32>]) -> RowScores {
    let _ = (matches.count(), groups);
    unimplemented!()
}

/// Row scores at every threshold of `thresholds` (any order), in one pass over the candidates.
/// `offsets` (n + 1), `candidates` and `scores` are a CSR of ranked candidates, the row itself included, best first.
/// At most `max_matches` are kept a row; at least `min_matches` (best first) even below the threshold.
pub fn threshold_curve(
    offsets: &[usize],
    candidates: &[u32],
    scores: &[f32],
    groups: &[Option<u32>],
    thresholds: &[f32],
    min_matches: usize,
    max_matches: usize,
) -> Vec<ThresholdPoint> {
    unimplemented!("{offsets:?}{candidates:?}{scores:?}{groups:?}{thresholds:?}{min_matches}{max_matches}")
}
