//! Top-k of every row against every row: exact, or approximate with its recall measured.

use serde::{Deserialize, Serialize};

use super::approximate::{Task, approximate_join};
use super::clock::Clock;
use super::collector::Collector;
use super::ranking::{RankOrder, ScoreKey};
use super::sparse::sparse_self_join;
use super::storages::{BitTiles, DenseTiles, TileSource};
use super::tiles::{join_by_tiles, n_pairs_among};
use super::{Metric, Neighbors};
use crate::encode::{EmbeddingRows, Embeddings};
use crate::nn::kernels::TileKernel;

/// Present rows up to which [`Search::BySize`] compares every pair.
pub const MOST_EXACT_ROWS: usize = 300_000;

/// What to look for.
#[derive(Clone, Copy, Debug)]
pub struct JoinOptions {
    /// Neighbours a row, the row itself counted.
    pub k: usize,
    /// Similarity; `Euclidean` applies to dense and sparse rows, bits keep Hamming similarity.
    pub metric: Metric,
}

/// How to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Search {
    /// Exactly for up to [`MOST_EXACT_ROWS`] present rows, beyond them approximately with [`Search::USUAL_RECALL`].
    #[default]
    BySize,
    /// Every pair is compared.
    Exact,
    /// Dense rows may be compared by codes and cells; sparse rows and bits are still compared exactly.
    Approximate {
        /// Share of the true neighbours that is to be found. 1 or more, or no number, is exact.
        recall: f32,
    },
}

impl std::fmt::Display for Search {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BySize => f.write_str("auto"),
            Self::Exact => f.write_str("exact"),
            Self::Approximate { recall } => write!(f, "approximate:{recall}"),
        }
    }
}

impl std::str::FromStr for Search {
    type Err = String;

    /// `auto`, `exact`, `approximate` or `approximate:RECALL`.
    fn from_str(text: &str) -> Result<Self, String> {
        let recall = match text.split_once(':') {
            None if text == "auto" => return Ok(Self::BySize),
            None if text == "exact" => return Ok(Self::Exact),
            None if text == "approximate" => Some(Self::USUAL_RECALL),
            Some(("approximate", recall)) => recall.parse().ok(),
            _ => return Err("choose auto, exact, approximate or approximate:RECALL".to_owned()),
        };
        match recall {
            Some(recall) if recall > 0.0 && recall < 1.0 => Ok(Self::Approximate { recall }),
            _ => Err("the recall is a number between 0 and 1, such as approximate:0.95".to_owned()),
        }
    }
}

impl std::fmt::Display for SearchReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact => f.write_str("exact"),
            Self::Approximate { recall, n_cells: 1, .. } => {
                write!(f, "approximate, recall {recall:.3} on a sample")
            }
            Self::Approximate { recall, n_cells, n_probes } => {
                write!(f, "approximate, recall {recall:.3} on a sample, {n_probes} of {n_cells} cells probed")
            }
        }
    }
}

impl Search {
    /// The recall where none is named.
    pub const USUAL_RECALL: f32 = 0.95;

    /// The recall asked of `n_rows` present rows; `None` for an exact search.
    pub fn recall(self, n_rows: usize) -> Option<f32> {
        match self {
            Self::Exact => None,
            Self::BySize => (n_rows > MOST_EXACT_ROWS).then_some(Self::USUAL_RECALL),
            Self::Approximate { recall } => (recall < 1.0).then_some(recall.max(0.0)),
        }
    }
}

/// How neighbours were found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchReport {
    /// Every pair was compared by its exact score.
    #[default]
    Exact,
    /// By codes, cells or both; every listed score is exact.
    Approximate {
        /// Share of true neighbours found, measured on a sample the search was not tuned by.
        recall: f32,
        /// Cells the rows were divided into; 1 where every pair was compared, by codes.
        n_cells: usize,
        /// Cells each row probed.
        n_probes: usize,
    },
}

/// Neighbours and how they were found.
#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    /// The lists.
    pub neighbors: Neighbors,
    /// How.
    pub search: SearchReport,
}

/// Top-k self-join as `search` says. Only positive scores are listed for sparse rows. Ties: `key_ranks[row]` ascending.
/// `keep_going` is asked about every 50 ms; `None` is returned once it says no. `progress` gets the fraction done.
pub fn nearest_neighbors(
    embeddings: &Embeddings,
    key_ranks: &[u32],
    options: JoinOptions,
    search: Search,
    keep_going: &(dyn Fn(f32) -> bool + Sync),
) -> Option<Joined> {
    let present = &embeddings.present;
    if let EmbeddingRows::Dense(matrix) = &embeddings.rows {
        let order = RankOrder::new(present.len(), key_ranks, |row| present[row]);
        let (n, n_wanted) = sizes(&order, options.k);
        if let Some(recall) = search.recall(n).filter(|_| n_wanted > 0) {
            let task = Task { matrix, rows: &order.rows, n_wanted, metric: options.metric, recall };
            let (lists, search) = approximate_join(task, keep_going)?;
            return Some(Joined {
                neighbors: neighbors_of(&order, &lists, present.len(), options.k),
                search,
            });
        }
    }
    let neighbors = self_join(embeddings, key_ranks, options, keep_going)?;
    Some(Joined { neighbors, search: SearchReport::Exact })
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
    let kernel = TileKernel::detect();
    match &embeddings.rows {
        EmbeddingRows::Sparse(matrix) => sparse_self_join(matrix, present, key_ranks, options, keep_going),
        EmbeddingRows::Dense(matrix) => {
            let order = order();
            let source = DenseTiles { matrix, rows: &order.rows, kernel };
            all_pairs(&source, &order, present.len(), options, keep_going)
        }
        EmbeddingRows::Bits(matrix) => {
            let order = order();
            let source = BitTiles { matrix, rows: &order.rows, kernel };
            let options = JoinOptions { metric: Metric::Cosine, ..options };
            all_pairs(&source, &order, present.len(), options, keep_going)
        }
    }
}

fn all_pairs<S: TileSource>(
    source: &S,
    order: &RankOrder,
    n_rows: usize,
    options: JoinOptions,
    keep_going: &(dyn Fn(f32) -> bool + Sync),
) -> Option<Neighbors> {
    let (n, n_wanted) = sizes(order, options.k);
    let collector = Collector::new(n, n_wanted, options.metric);
    let clock = Clock::new(n_pairs_among(n), 0.0..1.0, keep_going);
    if n_wanted > 0 {
        join_by_tiles(source, n, &collector, &clock);
    }
    let lists: Vec<_> = clock.goes_on().then(|| collector.into_lists().collect())?;
    Some(neighbors_of(order, &lists, n_rows, options.k))
}

/// Number of positions, and of others wanted beside the row itself.
pub(super) fn sizes(order: &RankOrder, k: usize) -> (usize, usize) {
    let n = order.rows.len();
    (n, k.saturating_sub(1).min(n.saturating_sub(1)))
}

/// Lists by row from lists by position, each opened by the row itself.
pub(super) fn neighbors_of(order: &RankOrder, lists: &[Vec<ScoreKey>], n_rows: usize, k: usize) -> Neighbors {
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
