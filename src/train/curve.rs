//! What each threshold would give on the test part, before and after: drawn in a receipt, never chosen by.

use serde::{Deserialize, Serialize};

use crate::index::Neighbors;
use crate::matching::{MatchOptions, tune};
use crate::metrics::ThresholdPoint;

/// Points of a curve at most.
const MOST_POINTS: usize = 60;

/// Scores at one threshold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// The threshold.
    pub threshold: f32,
    /// Mean per-row F1.
    pub mean_f1: f64,
    /// Mean per-row precision.
    pub precision: f64,
    /// Mean per-row recall.
    pub recall: f64,
}

/// Curves over the test part, thresholds ascending.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ThresholdCurves {
    /// Of the frozen embeddings.
    pub before: Vec<CurvePoint>,
    /// Of the trained head.
    pub after: Vec<CurvePoint>,
}

/// The curve of `lists` under any threshold, else cut as `options` say; empty where no row has a label.
pub(super) fn curve_of(lists: &Neighbors, groups: &[Option<u32>], options: &MatchOptions) -> Vec<CurvePoint> {
    let tuned = tune(lists, groups, options.min_matches, options.max_matches);
    let all = tuned.map(|tuned| tuned.curve).unwrap_or_default();
    let every = all.len().div_ceil(MOST_POINTS).max(1);
    let point = |point: &ThresholdPoint| CurvePoint {
        threshold: point.threshold,
        mean_f1: point.scores.mean_f1,
        precision: point.scores.precision,
        recall: point.scores.recall,
    };
    all.iter().step_by(every).map(point).collect()
}
