//! The approximate dense self-join, with its recall on rows whose neighbours are known.

use std::collections::HashSet;
use std::path::Path;
use std::time::Instant;

use lookalike::encode::{DenseMatrix, EmbeddingRows, Embeddings};
use lookalike::index::{JoinOptions, Metric, Search, nearest_neighbors};

use crate::{Outcome, files};

/// Neighbours a row, the row itself counted.
const K: usize = 50;
/// Share of true neighbours asked for.
const RECALL: f32 = 0.95;

/// `vectors.npy`, top 50 by cosine, against `truth.npy` (50 rows for each of `queries.npy`).
pub fn approximate_join(folder: &Path) -> Outcome {
    let (width, values) = files::matrix(&folder.join("vectors.npy"))?;
    let queries = files::integers(&folder.join("queries.npy"))?;
    let truth = files::integers(&folder.join("truth.npy"))?;
    let n = values.len() / width;
    let embeddings =
        Embeddings { rows: EmbeddingRows::Dense(DenseMatrix { width, values }), present: vec![true; n] };
    let ranks: Vec<u32> = (0..n as u32).collect();
    let options = JoinOptions { k: K, metric: Metric::Cosine };
    let search = Search::Approximate { recall: RECALL };
    let start = Instant::now();
    let joined =
        nearest_neighbors(&embeddings, &ranks, options, search, &|_| true).ok_or("the join was stopped")?;
    let seconds = start.elapsed().as_secs_f64();
    let mut n_found = 0;
    for (&query, truth) in queries.iter().zip(truth.chunks_exact(K)) {
        let truth: HashSet<u32> = truth.iter().map(|&row| row as u32).collect();
        let row = usize::try_from(query)?;
        n_found += joined.neighbors.list(row).0.iter().filter(|row| truth.contains(row)).count();
    }
    let recall = n_found as f64 / truth.len().max(1) as f64;
    Ok(serde_json::json!({ "seconds": seconds, "recall": recall, "search": joined.search }))
}
