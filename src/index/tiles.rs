//! The exact self-join by tiles. The score matrix is symmetric: only its upper half is computed, and each score is
//! offered to both its row and its column. It is never stored: a tile lives in the first-level cache until the next.
//!
//! Columns come in stripes, packed once for all threads; the rows above a stripe's diagonal come in chunks, each worked
//! through by one thread. A row's floor (its k-th best score so far) rises quickly, so that after the first stripe
//! nearly every tile is dismissed by one vector comparison with the floors of its rows and columns.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use rayon::prelude::*;

use super::collector::{Arrival, CHUNK, Collector};
use super::storages::TileSource;
use super::{Metric, ScoreKey};
use crate::nn::kernels::{MAX_TILE, MAX_TILE_ROWS, TileKernel};

/// Columns a stripe: large enough that packing a chunk of rows is little beside multiplying it.
const STRIPE: usize = 21 * CHUNK;
/// Arrivals gathered for one chunk before its lock is taken.
const DELIVERY: usize = 2048;
/// Milliseconds between two questions whether to go on.
const ASK_EVERY_MS: u64 = 40;

/// The best `n_wanted` others of each of `n` positions, best first; `None` when `keep_going` said no.
pub(super) fn join_by_tiles<S: TileSource>(
    source: &S,
    n: usize,
    n_wanted: usize,
    metric: Metric,
    keep_going: &(dyn Fn(f32) -> bool + Sync),
) -> Option<Vec<Vec<ScoreKey>>> {
    let kernel = TileKernel::detect();
    let collector = Collector::new(n, n_wanted, metric);
    let clock = Clock::new(n, keep_going);
    let depth = source.depth();
    if n_wanted > 0 {
        let mut packed = vec![S::Number::default(); STRIPE.min(n.next_multiple_of(CHUNK)) * depth];
        for stripe_start in (0..n).step_by(STRIPE) {
            let stripe = stripe_start..n.min(stripe_start + STRIPE);
            pack(source, stripe.clone(), kernel.n_columns(), &mut packed);
            let join =
                Join { source, kernel, collector: &collector, stripe: stripe.clone(), packed: &packed };
            (0..stripe.end.div_ceil(CHUNK)).into_par_iter().for_each(|chunk| {
                if clock.goes_on() {
                    join.chunk_of_rows(chunk);
                    clock.add(n_pairs(chunk, &stripe));
                }
            });
        }
    }
    (!clock.stopped.load(Ordering::Relaxed)).then(|| collector.into_lists().collect())
}

/// Pairs of chunk `chunk` with the stripe's columns, for the progress.
fn n_pairs(chunk: usize, stripe: &Range<usize>) -> u64 {
    let rows = chunk * CHUNK..stripe.end.min((chunk + 1) * CHUNK);
    let columns = stripe.end - stripe.start.max(rows.start);
    (rows.len() * columns) as u64
}

/// Packs `positions` into consecutive strips, in parallel; lanes beyond the last position become zero.
fn pack<S: TileSource>(source: &S, positions: Range<usize>, n_lanes: usize, out: &mut [S::Number]) {
    let strip_len = (n_lanes * source.depth()).max(1);
    out.par_chunks_mut(strip_len)
        .enumerate()
        .for_each(|(strip, out)| pack_strip(source, &positions, strip, n_lanes, out));
}

fn pack_strip<S: TileSource>(
    source: &S,
    positions: &Range<usize>,
    strip: usize,
    n_lanes: usize,
    out: &mut [S::Number],
) {
    let start = positions.end.min(positions.start + strip * n_lanes);
    let end = positions.end.min(start + n_lanes);
    if end - start < n_lanes {
        out.fill(S::Number::default());
    }
    source.pack_strip(start..end, n_lanes, out);
}

/// One stripe's work, shared by all threads.
struct Join<'a, S: TileSource> {
    source: &'a S,
    kernel: TileKernel,
    collector: &'a Collector,
    stripe: Range<usize>,
    packed: &'a [S::Number],
}

/// What a thread keeps while it works through one chunk of rows.
struct Desk {
    row_floors: Vec<f32>,
    column_floors: Vec<f32>,
    for_rows: Vec<Arrival>,
    for_columns: Vec<Vec<Arrival>>,
}

impl<S: TileSource> Join<'_, S> {
    fn chunk_of_rows(&self, chunk: usize) {
        let (n_rows, n_columns, depth) = (self.kernel.n_rows(), self.kernel.n_columns(), self.source.depth());
        let first_row = chunk * CHUNK;
        let rows = first_row..self.stripe.end.min(first_row + CHUNK);
        let mut packed_rows = vec![S::Number::default(); CHUNK * depth];
        for (strip, out) in packed_rows.chunks_exact_mut((n_rows * depth).max(1)).enumerate() {
            pack_strip(self.source, &rows, strip, n_rows, out);
        }
        let mut desk = Desk {
            row_floors: vec![0.0; CHUNK],
            column_floors: vec![0.0; self.stripe.len().next_multiple_of(CHUNK)],
            for_rows: Vec::new(),
            for_columns: vec![Vec::new(); self.stripe.len().div_ceil(CHUNK)],
        };
        self.collector.read_floors(first_row, &mut desk.row_floors);
        self.collector.read_floors(self.stripe.start, &mut desk.column_floors);
        let mut tile = [0.0; MAX_TILE];
        let mut masks = [0; MAX_TILE_ROWS];
        // Panels wholly at or below the diagonal are skipped.
        let first_panel = first_row.saturating_sub(self.stripe.start) / n_columns;
        for panel in first_panel..self.stripe.len().div_ceil(n_columns) {
            let columns = &self.packed[panel * n_columns * depth..(panel + 1) * n_columns * depth];
            let column_floors = panel * n_columns..(panel + 1) * n_columns;
            let last_column = self.stripe.start + column_floors.end - 1;
            for strip in 0..rows.len().div_ceil(n_rows) {
                if first_row + strip * n_rows >= last_column {
                    break;
                }
                let strip_rows = &packed_rows[strip * n_rows * depth..(strip + 1) * n_rows * depth];
                self.source.tile(self.kernel, strip_rows, columns, &mut tile);
                let row_floors = &desk.row_floors[strip * n_rows..];
                let column_floors = &desk.column_floors[column_floors.clone()];
                if self.kernel.reaching(&tile, row_floors, column_floors, &mut masks) {
                    self.note(&mut desk, &tile, &masks, (first_row, strip * n_rows), panel * n_columns);
                }
            }
            self.deliver(&mut desk, chunk, panel * n_columns / CHUNK, DELIVERY);
        }
        for column_chunk in 0..desk.for_columns.len() {
            self.deliver(&mut desk, chunk, column_chunk, 1);
        }
    }

    /// Writes down the scores of a tile that reached a floor. The tile's first row is `first_row + strip_row`, its first
    /// column `stripe.start + panel_column`.
    fn note(
        &self,
        desk: &mut Desk,
        tile: &[f32; MAX_TILE],
        masks: &[u32; MAX_TILE_ROWS],
        (first_row, strip_row): (usize, usize),
        panel_column: usize,
    ) {
        let column_chunk = panel_column / CHUNK;
        for (lane, &mask) in masks.iter().enumerate().take(self.kernel.n_rows()) {
            let row = strip_row + lane;
            let mut bits = mask;
            while bits != 0 {
                let column_lane = bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let column = panel_column + column_lane;
                let (row_position, column_position) = (first_row + row, self.stripe.start + column);
                if column_position <= row_position || column_position >= self.stripe.end {
                    continue;
                }
                let similarity = tile[lane * self.kernel.n_columns() + column_lane];
                if similarity >= desk.row_floors[row] {
                    desk.for_rows.push(Arrival {
                        row: row as u32,
                        other: column_position as u32,
                        similarity,
                    });
                }
                if similarity >= desk.column_floors[column] {
                    let row = (column - column_chunk * CHUNK) as u32;
                    let other = row_position as u32;
                    desk.for_columns[column_chunk].push(Arrival { row, other, similarity });
                }
            }
        }
    }

    /// Delivers what waits for the rows and for one chunk of columns, once it is at least `n_least`, and reads their
    /// floors anew.
    fn deliver(&self, desk: &mut Desk, chunk: usize, column_chunk: usize, n_least: usize) {
        if desk.for_rows.len() >= n_least {
            self.collector.deliver(chunk, &mut desk.for_rows);
            self.collector.read_floors(chunk * CHUNK, &mut desk.row_floors);
        }
        if desk.for_columns[column_chunk].len() >= n_least {
            let start = column_chunk * CHUNK;
            self.collector.deliver((self.stripe.start + start) / CHUNK, &mut desk.for_columns[column_chunk]);
            let floors = &mut desk.column_floors[start..start + CHUNK];
            self.collector.read_floors(self.stripe.start + start, floors);
        }
    }
}

/// Asks now and then whether to go on.
struct Clock<'a> {
    keep_going: &'a (dyn Fn(f32) -> bool + Sync),
    started: Instant,
    asked_ms: AtomicU64,
    n_done: AtomicU64,
    n_total: u64,
    stopped: AtomicBool,
}

impl<'a> Clock<'a> {
    fn new(n: usize, keep_going: &'a (dyn Fn(f32) -> bool + Sync)) -> Self {
        let n = n as u64;
        let stopped = AtomicBool::new(!keep_going(0.0));
        let (asked_ms, n_done) = (AtomicU64::new(0), AtomicU64::new(0));
        Self {
            keep_going,
            started: Instant::now(),
            asked_ms,
            n_done,
            n_total: (n * (n + 1) / 2).max(1),
            stopped,
        }
    }

    fn goes_on(&self) -> bool {
        !self.stopped.load(Ordering::Relaxed)
    }

    fn add(&self, n_pairs: u64) {
        let n_done = self.n_done.fetch_add(n_pairs, Ordering::Relaxed) + n_pairs;
        let now = self.started.elapsed().as_millis() as u64;
        let asked = self.asked_ms.load(Ordering::Relaxed);
        let due = now >= asked + ASK_EVERY_MS
            && self.asked_ms.compare_exchange(asked, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if due && !(self.keep_going)((n_done as f64 / self.n_total as f64).min(1.0) as f32) {
            self.stopped.store(true, Ordering::Relaxed);
        }
    }
}
