//! The exact self-join of rows of which the first were joined before: only the new ones are compared with all.

use super::blocks::{SomeWithAll, join_blocks, n_blocks_of_all};
use super::clock::Clock;
use super::collector::Collector;
use super::ranking::{RankOrder, ScoreKey};
use super::self_join::{neighbors_of, sizes};
use super::storages::{BitTiles, DenseTiles, TileSource};
use super::{JoinOptions, Metric, Neighbors};
use crate::encode::{EmbeddingRows, Embeddings};
use crate::nn::kernels::TileKernel;

/// What came of an attempt to append.
#[derive(Clone, Debug, PartialEq)]
pub enum Appended {
    /// The lists of all rows, as [`super::self_join`] gives them if the old lists were exact.
    Joined(Neighbors),
    /// The old lists cannot be continued: sparse rows, more old rows than there are rows, or lists that do not list what
    /// was there.
    NotPossible,
    /// `keep_going` said no.
    Stopped,
}

/// The self-join of `embeddings`, whose first `old.n_rows()` rows have the lists `old` among themselves, made with the
/// same options and the same order of keys. The new rows may stand anywhere in that order.
pub fn append_join(
    embeddings: &Embeddings,
    old: &Neighbors,
    key_ranks: &[u32],
    options: JoinOptions,
    keep_going: &(dyn Fn(f32) -> bool + Sync),
) -> Appended {
    let present = &embeddings.present;
    let n_old = old.n_rows();
    let Some(old_present) = present.get(..n_old) else { return Appended::NotPossible };
    let n_listed = options.k.min(old_present.iter().filter(|&&is_there| is_there).count());
    let is_whole = old_present.iter().enumerate().all(|(row, &is_there)| {
        let (rows, scores) = old.list(row);
        let len = if is_there { n_listed } else { 0 };
        rows.len() == len && scores.len() == len && rows.iter().all(|&other| (other as usize) < n_old)
    });
    if !is_whole {
        return Appended::NotPossible;
    }
    let order = RankOrder::new(present.len(), key_ranks, |row| present[row]);
    let kernel = TileKernel::detect();
    let lists = match &embeddings.rows {
        EmbeddingRows::Sparse(_) => return Appended::NotPossible,
        EmbeddingRows::Dense(matrix) => {
            let source = DenseTiles { matrix, rows: &order.rows, kernel };
            appended(&source, &order, old, present.len(), options, keep_going)
        }
        EmbeddingRows::Bits(matrix) => {
            let source = BitTiles { matrix, rows: &order.rows, kernel };
            let options = JoinOptions { metric: Metric::Cosine, ..options };
            appended(&source, &order, old, present.len(), options, keep_going)
        }
    };
    lists.map_or(Appended::Stopped, |lists| {
        Appended::Joined(neighbors_of(&order, &lists, present.len(), options.k))
    })
}

fn appended<S: TileSource>(
    source: &S,
    order: &RankOrder,
    old: &Neighbors,
    n_rows: usize,
    options: JoinOptions,
    keep_going: &(dyn Fn(f32) -> bool + Sync),
) -> Option<Vec<Vec<ScoreKey>>> {
    let (n, n_wanted) = sizes(order, options.k);
    let is_new = |position: u32| order.rows[position as usize] as usize >= old.n_rows();
    let new: Vec<u32> = (0..n as u32).filter(|&position| is_new(position)).collect();
    let collector = Collector::new(n, n_wanted, options.metric);
    // Nothing below the last score of a full old list can enter it.
    for (position, &row) in order.rows.iter().enumerate() {
        if let Some(others) = old_list(old, row)
            && n_wanted > 0
            && others.1.len() >= n_wanted
        {
            collector.raise_floor(position, others.1[n_wanted - 1]);
        }
    }
    let clock = Clock::new(n_blocks_of_all(n) as u64, 0.0..1.0, keep_going);
    if n_wanted > 0 && !new.is_empty() {
        // Two new rows meet twice, once either way.
        let blocks = SomeWithAll { rows: &new, n, serves_column: |column| !is_new(column) };
        join_blocks(source, &blocks, &collector, &clock);
    }
    if !clock.goes_on() {
        return None;
    }
    let positions = order.positions(n_rows);
    let lists = collector.into_lists().zip(&order.rows).map(|(mut keys, &row)| {
        if let Some((others, scores)) = old_list(old, row) {
            let old_keys = others.iter().zip(scores);
            keys.extend(old_keys.map(|(&other, &score)| ScoreKey::new(score, positions[other as usize])));
            ScoreKey::keep_best(&mut keys, n_wanted);
        }
        keys
    });
    Some(lists.collect())
}

/// The others in the old list of a row, best first; `None` for a new row.
fn old_list(old: &Neighbors, row: u32) -> Option<(&[u32], &[f32])> {
    let (rows, scores) = ((row as usize) < old.n_rows()).then(|| old.list(row as usize))?;
    Some((rows.get(1..)?, scores.get(1..)?))
}
