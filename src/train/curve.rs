//! What each threshold would give on the test part, before and after: drawn in a receipt, never chosen by.

use candle_core::Device;
use serde::{Deserialize, Serialize};

use super::heads::Head;
use super::receipt::frozen_head;
use super::trainer::{TrainingData, head_neighbors};
use super::{Part, TrainError};
use crate::matching::tune;

/// Matches a row at most, itself included.
const MOST_MATCHES: usize = 50;
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

/// Both curves; empty where the test part holds no labelled row.
///
/// # Errors
/// When the device fails.
pub fn test_curves(
    data: &TrainingData<'_>,
    head: &Head,
    device: &Device,
) -> Result<ThresholdCurves, TrainError> {
    let pool = data.embedded_rows(Part::Test);
    let groups: Vec<Option<u32>> = pool.iter().map(|row| data.labels.group(*row)).collect();
    let curve = |head: &Head| -> Result<Vec<CurvePoint>, TrainError> {
        let neighbors = head_neighbors(head, data, &pool, device)?;
        let all = tune(&neighbors, &groups, 1, MOST_MATCHES).map(|tuned| tuned.curve).unwrap_or_default();
        let every = all.len().div_ceil(MOST_POINTS).max(1);
        let point = |point: &crate::metrics::ThresholdPoint| CurvePoint {
            threshold: point.threshold,
            mean_f1: point.scores.mean_f1,
            precision: point.scores.precision,
            recall: point.scores.recall,
        };
        Ok(all.iter().step_by(every).map(point).collect())
    };
    Ok(ThresholdCurves { before: curve(&frozen_head(data, device)?)?, after: curve(head)? })
}
