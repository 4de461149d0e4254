//! Exact top-k of every row against every row.

use super::ranking::{RankOrder, ScoreKey};
use super::sparse::sparse_self_join;
use super::storages::{BitTiles, DenseTiles};
use super::tiles::join_by_tiles;
use super::{Metric, Neighbors};
use crate::encode::{EmbeddingRows, Embeddings};

/// What to look for.
#[derive(Clone, Copy, Debug)]
pub struct JoinOptions {
    /// Neighbours a row, the row itself counted.
    pub k: usize,
    /// Similarity; `Euclidean` applies to dense and sparse rows, bits keep Hamming similarity.
    pub metric: Metric,
}

/// Exact top-k self-join. Only positive scores are listed for sparse rows. Ties: `key_ranks[row]` ascending.
/// `keep_going` is asked about every 50 ms; `None` is returned once it says no. `progress` gets the fraction done.
pub fn self_join(
    embeddings: &Embeddings,
    key_ranks: &[u32],
    options: JoinOptions,
    keep_going: &(dyn Fn(f32) -> bool + Sync),
) -> Option<Neighbors> {
    let present = &embeddings.present;
    let order = || RankOrder::new(present.len(), key_ranks, |row| present[row]);
    match &embeddings.rows {
        EmbeddingRows::Sparse(matrix) => sparse_self_join(matrix, present, key_ranks, options, keep_going),
        EmbeddingRows::Dense(matrix) => {
            let order = order();
            let (n, n_wanted) = sizes(&order, options.k);
            let source = DenseTiles { matrix, rows: &order.rows };
            let lists = join_by_tiles(&source, n, n_wanted, options.metric, keep_going)?;
            Some(neighbors_of(&order, &lists, present.len(), options.k))
        }
        EmbeddingRows::Bits(matrix) => {
            let order = order();
            let (n, n_wanted) = sizes(&order, options.k);
            let source = BitTiles { matrix, rows: &order.rows };
            let lists = join_by_tiles(&source, n, n_wanted, Metric::Cosine, keep_going)?;
            Some(neighbors_of(&order, &lists, present.len(), options.k))
        }
    }
}

/// Number of positions, and of others wanted beside the row itself.
fn sizes(order: &RankOrder, k: usize) -> (usize, usize) {
    let n = order.rows.len();
    (n, k.saturating_sub(1).min(n.saturating_sub(1)))
}

/// Lists by row from lists by position, each opened by the row itself.
fn neighbors_of(order: &RankOrder, lists: &[Vec<ScoreKey>], n_rows: usize, k: usize) -> Neighbors {
    let positions = order.positions(n_rows);
    let n_hits = lists.iter().map(|list| list.len() + 1).sum();
    let mut neighbors = Neighbors {
        offsets: Vec::with_capacity(n_rows + 1),
        rows: Vec::with_capacity(n_hits),
        scores: Vec::with_capacity(n_hits),
    };
    neighbors.offsets.push(0);
    for (row, &position) in positions.iter().enumerate() {
        if let Some(list) = lists.get(position as usize).filter(|_| k > 0) {
            neighbors.rows.push(row as u32);
            neighbors.scores.push(1.0);
            neighbors.rows.extend(list.iter().map(|key| order.rows[key.position() as usize]));
            neighbors.scores.extend(list.iter().map(|key| key.score()));
        }
        neighbors.offsets.push(neighbors.rows.len());
    }
    neighbors
}
