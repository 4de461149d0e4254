//! One query against the catalogue.

use super::{Hit, Metric};
use crate::encode::Embeddings;

/// The `k` nearest rows of `embeddings` to the single row of `query` (same storage and width), best first, ties by `key_ranks`.
pub fn query(
    embeddings: &Embeddings,
    query: &Embeddings,
    key_ranks: &[u32],
    k: usize,
    metric: Metric,
) -> Vec<Hit> {
    unimplemented!("{embeddings:?}{query:?}{key_ranks:?}{k}{metric:?}")
}
