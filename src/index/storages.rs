//! Dense and bit storages as sources of score tiles. Positions are present rows in order of key rank.

use crate::encode::{BitMatrix, DenseMatrix};
use crate::nn::kernels::{MAX_TILE, MAX_TILE_ROWS, TileKernel, hamming_tile, pack_lanes};

/// Scores of a few rows with a few columns, row after row, and which of them reached a floor.
pub(super) struct Tile<S> {
    pub scores: [S; MAX_TILE],
    pub masks: [u32; MAX_TILE_ROWS],
}

impl<S: Copy + Default> Tile<S> {
    pub fn new() -> Self {
        Self { scores: [S::default(); MAX_TILE], masks: [0; MAX_TILE_ROWS] }
    }
}

/// Rows whose pairwise raw similarities come in tiles of one shape. Its height and width divide [`super::collector::CHUNK`].
pub(super) trait TileSource: Sync {
    /// A number of a packed row.
    type Number: Copy + Default + Send + Sync;
    /// A score in a tile: it rises with the similarity.
    type Score: Copy + Default + PartialOrd + Send + Sync;
    /// What a thread holds while it multiplies.
    type Worker;

    /// Rows and columns of a tile.
    fn shape(&self) -> (usize, usize);
    /// Packed numbers a row and a column.
    fn packed_lens(&self) -> (usize, usize);
    /// Packs the rows at up to as many positions as a tile has rows; what is missing becomes rows that reach nothing.
    fn pack_rows(&self, positions: impl Iterator<Item = usize> + Clone, out: &mut [Self::Number]);
    /// Packs the rows at up to as many positions as a tile has columns.
    fn pack_columns(&self, positions: impl Iterator<Item = usize> + Clone, out: &mut [Self::Number]);
    /// Gets a thread ready to multiply.
    fn worker(&self) -> Self::Worker;
    /// The least score whose similarity is at least `similarity`, or one close below.
    fn floor(&self, similarity: f32) -> Self::Score;
    /// The similarity a score stands for.
    fn similarity(&self, score: Self::Score) -> f32;
    /// Fills the tile with the scores of packed rows and columns and marks those that reach a floor of their row or their
    /// column. Returns whether any does.
    fn multiply(
        &self,
        worker: &Self::Worker,
        packed: (&[Self::Number], &[Self::Number]),
        floors: (&[Self::Score], &[Self::Score]),
        tile: &mut Tile<Self::Score>,
    ) -> bool;
}

/// Packs rows into interleaved lanes, filled up with rows of zeros.
fn pack<'a, T: Copy + Default + 'a>(
    rows: impl Iterator<Item = &'a [T]> + Clone,
    n_lanes: usize,
    out: &mut [T],
) {
    if rows.clone().nth(n_lanes - 1).is_none() {
        out.fill(T::default());
    }
    pack_lanes(rows, n_lanes, out);
}

/// Dense rows; similarities are dot products.
pub(super) struct DenseTiles<'a> {
    pub matrix: &'a DenseMatrix,
    pub rows: &'a [u32],
    pub kernel: TileKernel,
}

impl TileSource for DenseTiles<'_> {
    type Number = f32;
    type Score = f32;
    type Worker = ();

    fn shape(&self) -> (usize, usize) {
        (self.kernel.n_rows(), self.kernel.n_columns())
    }

    fn packed_lens(&self) -> (usize, usize) {
        (self.matrix.width, self.matrix.width)
    }

    fn pack_rows(&self, positions: impl Iterator<Item = usize> + Clone, out: &mut [f32]) {
        pack(positions.map(|position| self.matrix.row(self.rows[position] as usize)), self.shape().0, out);
    }

    fn pack_columns(&self, positions: impl Iterator<Item = usize> + Clone, out: &mut [f32]) {
        pack(positions.map(|position| self.matrix.row(self.rows[position] as usize)), self.shape().1, out);
    }

    fn worker(&self) {}

    fn floor(&self, similarity: f32) -> f32 {
        similarity
    }

    fn similarity(&self, score: f32) -> f32 {
        score
    }

    fn multiply(
        &self,
        (): &(),
        (rows, columns): (&[f32], &[f32]),
        (row_floors, column_floors): (&[f32], &[f32]),
        tile: &mut Tile<f32>,
    ) -> bool {
        self.kernel.products(rows, columns, self.matrix.width, &mut tile.scores);
        self.kernel.reaching(&tile.scores, row_floors, column_floors, &mut tile.masks)
    }
}

/// Bit strings; similarities are 1 - Hamming distance / bits.
pub(super) struct BitTiles<'a> {
    pub matrix: &'a BitMatrix,
    pub rows: &'a [u32],
    pub kernel: TileKernel,
}

impl TileSource for BitTiles<'_> {
    type Number = u64;
    type Score = f32;
    type Worker = ();

    fn shape(&self) -> (usize, usize) {
        (self.kernel.n_rows(), self.kernel.n_columns())
    }

    fn packed_lens(&self) -> (usize, usize) {
        (self.matrix.n_bits / 64, self.matrix.n_bits / 64)
    }

    fn pack_rows(&self, positions: impl Iterator<Item = usize> + Clone, out: &mut [u64]) {
        pack(positions.map(|position| self.matrix.row(self.rows[position] as usize)), self.shape().0, out);
    }

    fn pack_columns(&self, positions: impl Iterator<Item = usize> + Clone, out: &mut [u64]) {
        pack(positions.map(|position| self.matrix.row(self.rows[position] as usize)), self.shape().1, out);
    }

    fn worker(&self) {}

    fn floor(&self, similarity: f32) -> f32 {
        similarity
    }

    fn similarity(&self, score: f32) -> f32 {
        score
    }

    fn multiply(
        &self,
        (): &(),
        (rows, columns): (&[u64], &[u64]),
        (row_floors, column_floors): (&[f32], &[f32]),
        tile: &mut Tile<f32>,
    ) -> bool {
        hamming_tile(rows, columns, self.shape(), self.matrix.n_bits, &mut tile.scores);
        self.kernel.reaching(&tile.scores, row_floors, column_floors, &mut tile.masks)
    }
}
