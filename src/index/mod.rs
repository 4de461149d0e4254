//! Station 2: nearest neighbours over [`crate::encode::Embeddings`]: exact self-join and single queries.

mod neighbors;
mod query;
mod self_join;
mod sparse;

pub use neighbors::{Hit, Metric, Neighbors, score_from_distance};
pub use query::query;
pub use self_join::{JoinOptions, self_join};
