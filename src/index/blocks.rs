//! Similarities of chosen rows with blocks of columns, by tiles: some rows with all (new rows, a sample), or the rows that
//! probe a cell with those in it. As in the exact join a score serves both its row and its column, and is never stored.

use rayon::prelude::*;

use super::clock::Clock;
use super::collector::{CHUNK, Collector, Delivery};
use super::storages::{Tile, TileSource};

/// Deliveries gathered before locks are taken.
const GATHERED: usize = 8192;

/// Columns a block, where some rows meet all.
const COLUMNS: usize = 1536;

/// Which rows meet which columns. Rows and columns are positions of one source.
pub(super) trait Blocks: Sync {
    /// Number of blocks.
    fn n_blocks(&self) -> usize;
    /// Appends the columns of a block.
    fn columns(&self, block: usize, columns: &mut Vec<u32>);
    /// Appends the rows of a block, ascending.
    fn rows(&self, block: usize, rows: &mut Vec<u32>);
    /// Whether the hit of a row also serves its column: not where the two meet once more in another block, the other
    /// way round, or where columns have no list.
    fn serves_column(&self, row: u32, column: u32) -> bool;
}

/// Offers the similarities of all blocks. Done blocks are added to the clock, one unit each.
pub(super) fn join_blocks<S: TileSource, B: Blocks>(
    source: &S,
    blocks: &B,
    collector: &Collector,
    clock: &Clock<'_>,
) {
    (0..blocks.n_blocks()).into_par_iter().with_max_len(1).for_each(|block| {
        if clock.goes_on() {
            let mut columns = Vec::new();
            blocks.columns(block, &mut columns);
            Task { source, blocks, collector, columns }.run(block, clock);
            clock.add(1);
        }
    });
}

/// One block's work.
struct Task<'a, S, B> {
    source: &'a S,
    blocks: &'a B,
    collector: &'a Collector,
    columns: Vec<u32>,
}

impl<S: TileSource, B: Blocks> Task<'_, S, B> {
    fn run(&self, block: usize, clock: &Clock<'_>) {
        let (n_rows, n_columns) = self.source.shape();
        let (row_len, column_len) = self.source.packed_lens();
        let mut rows = Vec::new();
        self.blocks.rows(block, &mut rows);
        let n_panels = self.columns.len().div_ceil(n_columns);
        let mut packed_columns = vec![S::Number::default(); n_panels * n_columns * column_len];
        let mut packed_rows = vec![S::Number::default(); CHUNK * row_len];
        let panels = packed_columns.chunks_exact_mut((n_columns * column_len).max(1));
        for (columns, out) in self.columns.chunks(n_columns).zip(panels) {
            self.source.pack_columns(columns.iter().map(|&column| column as usize), out);
        }
        let worker = self.source.worker();
        let floor = |position: usize| self.source.floor(self.collector.floor(position));
        let unreachable = self.source.floor(f32::INFINITY);
        let mut column_floors = vec![unreachable; n_panels * n_columns];
        let mut row_floors = [unreachable; CHUNK];
        let mut gathered = Vec::new();
        let mut tile = Tile::new();
        let mut is_stale = true;
        for rows in rows.chunks(CHUNK) {
            clock.add(0);
            if !clock.goes_on() {
                return;
            }
            for (strip, out) in
                rows.chunks(n_rows).zip(packed_rows.chunks_exact_mut((n_rows * row_len).max(1)))
            {
                self.source.pack_rows(strip.iter().map(|&row| row as usize), out);
            }
            row_floors.fill(unreachable);
            for (out, &row) in row_floors.iter_mut().zip(rows) {
                *out = floor(row as usize);
            }
            if is_stale {
                for (out, &column) in column_floors.iter_mut().zip(&self.columns) {
                    *out = floor(column as usize);
                }
                is_stale = false;
            }
            for panel in 0..n_panels {
                let columns =
                    &packed_columns[panel * n_columns * column_len..(panel + 1) * n_columns * column_len];
                let column_floors = &column_floors[panel * n_columns..(panel + 1) * n_columns];
                for (strip, positions) in rows.chunks(n_rows).enumerate() {
                    let strip_rows = &packed_rows[strip * n_rows * row_len..(strip + 1) * n_rows * row_len];
                    let floors = (&row_floors[strip * n_rows..(strip + 1) * n_rows], column_floors);
                    if self.source.multiply(&worker, (strip_rows, columns), floors, &mut tile) {
                        self.note(&tile, positions, panel * n_columns, floors, &mut gathered);
                    }
                }
                if gathered.len() >= GATHERED {
                    self.collector.deliver_all(&mut gathered);
                    is_stale = true;
                    for (out, &row) in row_floors.iter_mut().zip(rows) {
                        *out = floor(row as usize);
                    }
                }
            }
        }
        self.collector.deliver_all(&mut gathered);
    }

    /// Writes down the scores of a tile that reached a floor. Its rows are `positions`, its first column is
    /// `first_column` of the block.
    fn note(
        &self,
        tile: &Tile<S::Score>,
        positions: &[u32],
        first_column: usize,
        (row_floors, column_floors): (&[S::Score], &[S::Score]),
        gathered: &mut Vec<Delivery>,
    ) {
        let n_columns = self.source.shape().1;
        for (lane, (&row, &mask)) in positions.iter().zip(&tile.masks).enumerate() {
            let mut bits = mask;
            while bits != 0 {
                let column_lane = bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let Some(&column) =
                    self.columns.get(first_column + column_lane).filter(|&&column| column != row)
                else {
                    continue;
                };
                let score = tile.scores[lane * n_columns + column_lane];
                let similarity = self.source.similarity(score);
                if score >= row_floors[lane] {
                    gathered.push(Delivery { to: row, other: column, similarity });
                }
                if score >= column_floors[column_lane] && self.blocks.serves_column(row, column) {
                    gathered.push(Delivery { to: column, other: row, similarity });
                }
            }
        }
    }
}

/// Chosen rows with all columns.
pub(super) struct SomeWithAll<'a, F: Fn(u32) -> bool + Sync> {
    /// The chosen rows, ascending.
    pub rows: &'a [u32],
    /// Number of columns.
    pub n: usize,
    /// Whether a hit also serves its column; see [`Blocks::serves_column`].
    pub serves_column: F,
}

/// Blocks of [`SomeWithAll`] among `n` columns.
pub(super) fn n_blocks_of_all(n: usize) -> usize {
    n.div_ceil(COLUMNS)
}

impl<F: Fn(u32) -> bool + Sync> Blocks for SomeWithAll<'_, F> {
    fn n_blocks(&self) -> usize {
        n_blocks_of_all(self.n)
    }

    fn columns(&self, block: usize, columns: &mut Vec<u32>) {
        let start = block * COLUMNS;
        columns.extend(start as u32..self.n.min(start + COLUMNS) as u32);
    }

    fn rows(&self, _: usize, rows: &mut Vec<u32>) {
        rows.extend_from_slice(self.rows);
    }

    fn serves_column(&self, _: u32, column: u32) -> bool {
        (self.serves_column)(column)
    }
}
