//! The exact self-join by tiles. The score matrix is symmetric: only its upper half is computed, and each score is
//! offered to both its row and its column. It is never stored: a tile lives in the first-level cache until the next.
//!
//! Columns come in stripes, packed once for all threads; the rows above a stripe's diagonal come in chunks, each worked
//! through by one thread. A row's floor (its k-th best score so far) rises quickly, so that after the first stripe
//! nearly every tile is dismissed by one vector comparison with the floors of its rows and columns.

use std::ops::Range;

use rayon::prelude::*;

use super::clock::Clock;
use super::collector::{Arrival, CHUNK, Collector};
use super::storages::{Tile, TileSource};

/// Columns a stripe: large enough that packing a chunk of rows is little beside multiplying it.
const STRIPE: usize = 21 * CHUNK;
/// Arrivals gathered for one chunk before its lock is taken.
const DELIVERY: usize = 2048;

/// Pairs among `n` positions, each with itself counted: the units of [`join_by_tiles`] on a clock.
pub(super) fn n_pairs_among(n: usize) -> u64 {
    let n = n as u64;
    n * (n + 1) / 2
}

/// Offers the similarity of every pair of `n` positions to both, unless the clock stops.
pub(super) fn join_by_tiles<S: TileSource>(source: &S, n: usize, collector: &Collector, clock: &Clock<'_>) {
    let column_len = source.packed_lens().1;
    let mut packed = vec![S::Number::default(); STRIPE.min(n.next_multiple_of(CHUNK)) * column_len];
    for stripe_start in (0..n).step_by(STRIPE) {
        let stripe = stripe_start..n.min(stripe_start + STRIPE);
        pack(source, stripe.clone(), &mut packed);
        let join = Join { source, collector, stripe: stripe.clone(), packed: &packed };
        (0..stripe.end.div_ceil(CHUNK)).into_par_iter().for_each(|chunk| {
            if clock.goes_on() {
                join.chunk_of_rows(chunk);
                clock.add(n_pairs(chunk, &stripe));
            }
        });
    }
}

/// Pairs of chunk `chunk` with the stripe's columns, for the progress.
fn n_pairs(chunk: usize, stripe: &Range<usize>) -> u64 {
    let rows = chunk * CHUNK..stripe.end.min((chunk + 1) * CHUNK);
    let columns = stripe.end - stripe.start.max(rows.start);
    (rows.len() * columns) as u64
}

/// Packs `positions` into consecutive panels of columns, in parallel.
fn pack<S: TileSource>(source: &S, positions: Range<usize>, out: &mut [S::Number]) {
    let n_columns = source.shape().1;
    out.par_chunks_mut((n_columns * source.packed_lens().1).max(1)).enumerate().for_each(|(panel, out)| {
        source.pack_columns(strip(&positions, panel, n_columns), out);
    });
}

/// The positions of strip `strip` of `n_lanes`.
fn strip(positions: &Range<usize>, strip: usize, n_lanes: usize) -> Range<usize> {
    let start = positions.end.min(positions.start + strip * n_lanes);
    start..positions.end.min(start + n_lanes)
}

/// One stripe's work, shared by all threads.
struct Join<'a, S: TileSource> {
    source: &'a S,
    collector: &'a Collector,
    stripe: Range<usize>,
    packed: &'a [S::Number],
}

/// What a thread keeps while it works through one chunk of rows.
struct Desk<S> {
    row_floors: Vec<S>,
    column_floors: Vec<S>,
    for_rows: Vec<Arrival>,
    for_columns: Vec<Vec<Arrival>>,
}

impl<S: TileSource> Join<'_, S> {
    fn chunk_of_rows(&self, chunk: usize) {
        let (n_rows, n_columns) = self.source.shape();
        let (row_len, column_len) = self.source.packed_lens();
        let worker = self.source.worker();
        let first_row = chunk * CHUNK;
        let rows = first_row..self.stripe.end.min(first_row + CHUNK);
        let mut packed_rows = vec![S::Number::default(); CHUNK * row_len];
        for (index, out) in packed_rows.chunks_exact_mut((n_rows * row_len).max(1)).enumerate() {
            self.source.pack_rows(strip(&rows, index, n_rows), out);
        }
        let mut desk = Desk {
            row_floors: vec![S::Score::default(); CHUNK],
            column_floors: vec![S::Score::default(); self.stripe.len().next_multiple_of(CHUNK)],
            for_rows: Vec::new(),
            for_columns: vec![Vec::new(); self.stripe.len().div_ceil(CHUNK)],
        };
        let floor = |similarity| self.source.floor(similarity);
        self.collector.read_floors(first_row, &mut desk.row_floors, floor);
        self.collector.read_floors(self.stripe.start, &mut desk.column_floors, floor);
        let mut tile = Tile::new();
        // Panels wholly at or below the diagonal are skipped.
        let first_panel = first_row.saturating_sub(self.stripe.start) / n_columns;
        for panel in first_panel..self.stripe.len().div_ceil(n_columns) {
            let columns = &self.packed[panel * n_columns * column_len..(panel + 1) * n_columns * column_len];
            let column_floors = panel * n_columns..(panel + 1) * n_columns;
            let last_column = self.stripe.start + column_floors.end - 1;
            for strip in 0..rows.len().div_ceil(n_rows) {
                if first_row + strip * n_rows >= last_column {
                    break;
                }
                let strip_rows = &packed_rows[strip * n_rows * row_len..(strip + 1) * n_rows * row_len];
                let row_floors = &desk.row_floors[strip * n_rows..];
                let column_floors = &desk.column_floors[column_floors.clone()];
                let floors = (row_floors, column_floors);
                if self.source.multiply(&worker, (strip_rows, columns), floors, &mut tile) {
                    self.note(&mut desk, &tile, (first_row, strip * n_rows), panel * n_columns);
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
        desk: &mut Desk<S::Score>,
        tile: &Tile<S::Score>,
        (first_row, strip_row): (usize, usize),
        panel_column: usize,
    ) {
        let (n_rows, n_columns) = self.source.shape();
        let column_chunk = panel_column / CHUNK;
        for (lane, &mask) in tile.masks.iter().enumerate().take(n_rows) {
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
                let score = tile.scores[lane * n_columns + column_lane];
                let similarity = self.source.similarity(score);
                if score >= desk.row_floors[row] {
                    desk.for_rows.push(Arrival {
                        row: row as u32,
                        other: column_position as u32,
                        similarity,
                    });
                }
                if score >= desk.column_floors[column] {
                    let row = (column - column_chunk * CHUNK) as u32;
                    let other = row_position as u32;
                    desk.for_columns[column_chunk].push(Arrival { row, other, similarity });
                }
            }
        }
    }

    /// Delivers what waits for the rows and for one chunk of columns, once it is at least `n_least`, and reads their
    /// floors anew.
    fn deliver(&self, desk: &mut Desk<S::Score>, chunk: usize, column_chunk: usize, n_least: usize) {
        let floor = |similarity| self.source.floor(similarity);
        if desk.for_rows.len() >= n_least {
            self.collector.deliver(chunk, &mut desk.for_rows);
            self.collector.read_floors(chunk * CHUNK, &mut desk.row_floors, floor);
        }
        if desk.for_columns[column_chunk].len() >= n_least {
            let start = column_chunk * CHUNK;
            self.collector.deliver((self.stripe.start + start) / CHUNK, &mut desk.for_columns[column_chunk]);
            let floors = &mut desk.column_floors[start..start + CHUNK];
            self.collector.read_floors(self.stripe.start + start, floors, floor);
        }
    }
}
