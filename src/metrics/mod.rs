//! Station 0: how good an answer is, given labels. Knows nothing of catalogues, embeddings or reviews:
//! rows are numbers, groups are numbers. Definitions and sources stand at each function.
//! `groups[row]` is the label of a row; a row without a label (`None`) is a group of its own.

mod agreement;
mod binary;
mod clusters;
mod pairs;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod parity;
mod per_row;
mod ranking;
mod retrieval;

pub use agreement::cohen_kappa;
pub use binary::{BinaryScores, ReliabilityBin, binary_scores, calibration};
pub use clusters::{ClusterScores, cluster_scores};
pub use pairs::{PairScores, pair_scores};
pub use per_row::{RowScores, ThresholdPoint, row_scores, threshold_curve, threshold_curve_of_rows};
pub use ranking::{average_precision, roc_auc};
pub use retrieval::{mean_reciprocal_rank, rank_of_best, recall_at, top_k_accuracy};
