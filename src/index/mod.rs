//! Station 2: nearest neighbours over [`crate::encode::Embeddings`]: exact and approximate self-join, single queries, exact
//! pair scores.

mod append;
mod approximate;
mod blocks;
mod clock;
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

pub use append::{Appended, append_join};
pub use neighbors::{Hit, Metric, Neighbors, score_from_distance};
pub use query::query;
pub use ranking::{RankOrder, ScoreKey};
pub use self_join::{
    JoinOptions, Joined, MOST_EXACT_ROWS, Search, SearchReport, nearest_neighbors, self_join,
};
pub use similarity::exact_scores;
