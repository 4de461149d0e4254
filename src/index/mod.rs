//! Station 2: nearest neighbours over [`crate::encode::Embeddings`]: exact self-join, single queries, exact pair scores.

mod collector;
mod neighbors;
mod query;
mod ranking;
mod self_join;
mod similarity;
mod sparse;
mod storages;
mod tiles;

#[cfg(test)]
mod tests;

pub use neighbors::{Hit, Metric, Neighbors, score_from_distance};
pub use query::query;
pub use ranking::{RankOrder, ScoreKey};
pub use self_join::{JoinOptions, self_join};
pub use similarity::exact_scores;
