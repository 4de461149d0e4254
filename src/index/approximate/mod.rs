//! The self-join of many dense rows, approximately, with its recall measured. Nothing here is decided by chance or by the
//! number of threads: the same rows give the same lists.
//!
//! Two savings, either of which may be used alone:
//!
//! - **Codes.** On processors that multiply bytes, candidates are found by 8-bit codes of the rows ([`codes`]), a third more
//!   than asked for, and then scored exactly.
//! - **Cells.** Rows are divided into cells around centroids, and each is compared only with the cells nearest to it: an
//!   inverted file (Sivic and Zisserman, "Video Google", ICCV 2003; Jégou, Douze and Schmid, "Product Quantization for
//!   Nearest Neighbor Search", PAMI 2011). Since all rows are asked for, the work is ordered by cell: the rows that probe a
//!   cell meet it in one matrix product, and each score serves both rows ([`probes`]).
//!
//! How many cells to probe is read off a sample with known neighbours. Rows that do not cluster would have to probe so many
//! that comparing all is cheaper, and then all are compared.

mod cells;
mod codes;
mod probes;
mod sample;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use self::cells::Cells;
use self::codes::CodeTiles;
use self::probes::{Probes, calibrate};
use super::blocks::{Blocks, join_blocks, n_blocks_of_all};
use super::clock::Clock;
use super::collector::{Collector, score};
use super::storages::{DenseTiles, TileSource};
use super::tiles::{join_by_tiles, n_pairs_among};
use super::{Metric, ScoreKey, SearchReport};
use crate::encode::DenseMatrix;
use crate::nn::kernels::{CodeKernel, DOT_LANES, TileKernel, dot_products, prefetch};

/// Least rows a cell, on average: a few tiles of columns.
const ROWS_A_CELL: usize = 192;
/// Most cells for the square root of the number of rows: assigning rows and noting their probes would outgrow the join.
const CELLS_A_ROOT: f64 = 2.5;
/// Fewer cells than this are not worth having: all rows are compared.
const FEWEST_CELLS: usize = 16;
/// Rows whose true neighbours are found: every other one to choose the probes by, the rest to measure the recall.
const SAMPLED: usize = 1024;
/// Cells pay while they save at least this part of all products; what they cost beside them is the rest.
const WORTH_SAVING: f64 = 0.4;
/// The part of the allowed loss that is kept in hand, because the probes are chosen by a sample.
const IN_HAND: f32 = 0.4;
/// The part of the allowed loss that codes may cause; where they would cause more, numbers are multiplied instead.
const LOSS_BY_CODES: f32 = 0.25;

/// What is to be joined: `rows[position]` of `matrix`.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    pub matrix: &'a DenseMatrix,
    pub rows: &'a [u32],
    /// Others wanted of each.
    pub n_wanted: usize,
    pub metric: Metric,
    /// Share of the true neighbours that is to be found, in (0, 1).
    pub recall: f32,
}

/// The best others of each position, best first, and how they were found; `None` when `keep_going` said no.
pub(super) fn approximate_join(
    task: Task<'_>,
    keep_going: &(dyn Fn(f32) -> bool + Sync),
) -> Option<(Vec<Vec<ScoreKey>>, SearchReport)> {
    let Task { matrix, rows, n_wanted, metric, recall } = task;
    let n = rows.len();
    let dense = DenseTiles { matrix, rows, kernel: TileKernel::detect() };
    let clock = Clock::new(2 * n_blocks_of_all(n) as u64, 0.0..0.05, keep_going);
    let sampled = sample::draw(n, SAMPLED);
    let truth = sample::neighbors_of(&dense, n, &sampled, n_wanted, metric, &clock);
    let (codes, found_by_codes) = match CodeKernel::detect() {
        Some(kernel) if clock.goes_on() => {
            let codes = CodeTiles::new(matrix, rows, kernel);
            let mut found =
                sample::neighbors_of(&codes, n, &sampled, n_kept(n_wanted), Metric::Cosine, &clock);
            score_exactly(&task, &sampled, &mut found, &clock);
            let found = sample::recall(slices(&truth, &found));
            (Some(codes).filter(|_| 1.0 - found <= LOSS_BY_CODES * (1.0 - recall)), found)
        }
        _ => (None, 1.0),
    };
    if !clock.goes_on() {
        return None;
    }
    let found_by_codes = if codes.is_some() { found_by_codes } else { 1.0 };
    let probe_recall = ((recall + IN_HAND * (1.0 - recall)) / found_by_codes).min(1.0);
    let plan = Plan::new(&task, &sampled, &truth, probe_recall, keep_going)?;
    let lists = match &codes {
        Some(codes) => {
            let mut lists = plan.join(codes, n, n_kept(n_wanted), Metric::Cosine, keep_going)?;
            let positions: Vec<u32> = (0..n as u32).collect();
            let clock = Clock::new(1, 0.95..1.0, keep_going);
            score_exactly(&task, &positions, &mut lists, &clock);
            clock.goes_on().then_some(lists)?
        }
        None => plan.join(&dense, n, n_wanted, metric, keep_going)?,
    };
    let report = match plan {
        Plan::All if codes.is_none() => SearchReport::Exact,
        plan => {
            // Rows the probes were not chosen by.
            let measured = sampled.iter().zip(&truth).skip(1).step_by(2);
            let pairs = measured.map(|(&row, truth)| (truth.as_slice(), lists[row as usize].as_slice()));
            let (n_cells, n_probes) = plan.size();
            SearchReport::Approximate { recall: sample::recall(pairs), n_cells, n_probes }
        }
    };
    Some((lists, report))
}

/// Candidates kept of each row where codes find them.
fn n_kept(n_wanted: usize) -> usize {
    n_wanted + (n_wanted / 3).max(8)
}

fn slices<'a>(
    truth: &'a [Vec<ScoreKey>],
    found: &'a [Vec<ScoreKey>],
) -> impl Iterator<Item = (&'a [ScoreKey], &'a [ScoreKey])> {
    truth.iter().map(Vec::as_slice).zip(found.iter().map(Vec::as_slice))
}

/// Scores the lists of `positions` from the rows themselves and keeps the best, unless the clock stops.
fn score_exactly(task: &Task<'_>, positions: &[u32], lists: &mut [Vec<ScoreKey>], clock: &Clock<'_>) {
    let row_at = |position: u32| task.matrix.row(task.rows[position as usize] as usize);
    let score_list = |position: u32, list: &mut Vec<ScoreKey>| {
        let n_keys = list.len();
        for start in (0..n_keys).step_by(DOT_LANES) {
            let (keys, coming) = list[start..].split_at_mut(DOT_LANES.min(n_keys - start));
            for key in coming.iter().take(DOT_LANES) {
                prefetch(row_at(key.position()));
            }
            let lanes = std::array::from_fn(|lane| row_at(keys[lane.min(keys.len() - 1)].position()));
            for (key, similarity) in keys.iter_mut().zip(dot_products(row_at(position), lanes)) {
                *key = ScoreKey::new(score(task.metric, similarity), key.position());
            }
        }
        ScoreKey::keep_best(list, task.n_wanted);
        list.shrink_to_fit();
    };
    positions.par_chunks(256).zip(lists.par_chunks_mut(256)).for_each(|(positions, lists)| {
        if clock.goes_on() {
            positions.iter().zip(lists).for_each(|(&position, list)| score_list(position, list));
            clock.add(0);
        }
    });
}

/// Which pairs are compared.
enum Plan {
    /// All of them.
    All,
    /// Those where one row probes the cell of the other.
    Cells { probes: Probes, n_cells: usize, n_probes: usize },
}

impl Plan {
    /// Cells where they pay; `None` when `keep_going` said no.
    fn new(
        task: &Task<'_>,
        sampled: &[u32],
        truth: &[Vec<ScoreKey>],
        recall: f32,
        keep_going: &(dyn Fn(f32) -> bool + Sync),
    ) -> Option<Self> {
        let Task { matrix, rows, .. } = *task;
        let most_cells = (CELLS_A_ROOT * (rows.len() as f64).sqrt()) as usize;
        let n_cells = (rows.len() / ROWS_A_CELL).min(most_cells);
        if n_cells < FEWEST_CELLS || recall >= 1.0 {
            return Some(Self::All);
        }
        let clock = Clock::new(6, 0.05..0.15, keep_going);
        let cells = Cells::learn(matrix, rows, n_cells, &clock)?;
        let (chosen_by, truth): (Vec<u32>, Vec<Vec<ScoreKey>>) =
            sampled.iter().copied().zip(truth.iter().cloned()).step_by(2).unzip();
        let calibration = calibrate((matrix, rows), &cells, &chosen_by, &truth, recall, &clock)?;
        clock.add(1);
        // Comparing all computes each pair once, cells compute each ordered pair.
        if 2.0 * calibration.cost > 1.0 - WORTH_SAVING {
            return Some(Self::All);
        }
        let n_probes = calibration.n_probes;
        let probes = Probes::new(matrix, rows, &cells, n_probes, &clock)?;
        Some(Self::Cells { probes, n_cells: cells.n_cells(), n_probes })
    }

    fn join<S: TileSource>(
        &self,
        source: &S,
        n: usize,
        n_kept: usize,
        metric: Metric,
        keep_going: &(dyn Fn(f32) -> bool + Sync),
    ) -> Option<Vec<Vec<ScoreKey>>> {
        let collector = Collector::new(n, n_kept.min(n.saturating_sub(1)), metric);
        let n_units = match self {
            Self::All => n_pairs_among(n),
            Self::Cells { probes, .. } => probes.n_blocks() as u64,
        };
        let clock = Clock::new(n_units, 0.15..0.95, keep_going);
        match self {
            Self::All => join_by_tiles(source, n, &collector, &clock),
            Self::Cells { probes, .. } => join_blocks(source, probes, &collector, &clock),
        }
        clock.goes_on().then(|| collector.into_lists().collect())
    }

    /// Number of cells and of probes; comparing all is one cell, probed by everyone.
    fn size(&self) -> (usize, usize) {
        match self {
            Self::All => (1, 1),
            Self::Cells { n_cells, n_probes, .. } => (*n_cells, *n_probes),
        }
    }
}
