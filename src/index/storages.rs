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

/// Stored rows that the kernel multiplies as they are, both sides packed alike.
pub(super) trait StoredRows: Sync {
    /// A number of a row.
    type Number: Copy + Default + Send + Sync;
    /// Numbers a row.
    fn row_len(&self) -> usize;
    /// The numbers of a row.
    fn row(&self, row: usize) -> &[Self::Number];
    /// Similarities of packed rows with packed columns.
    fn multiply(
        &self,
        kernel: TileKernel,
        packed: (&[Self::Number], &[Self::Number]),
        scores: &mut [f32; MAX_TILE],
    );
}

impl StoredRows for DenseMatrix {
    type Number = f32;

    fn row_len(&self) -> usize {
        self.width
    }

    fn row(&self, row: usize) -> &[f32] {
        self.row(row)
    }

    fn multiply(&self, kernel: TileKernel, (rows, columns): (&[f32], &[f32]), scores: &mut [f32; MAX_TILE]) {
        kernel.products(rows, columns, self.width, scores);
    }
}

impl StoredRows for BitMatrix {
    type Number = u64;

    fn row_len(&self) -> usize {
        self.n_bits / 64
    }

    fn row(&self, row: usize) -> &[u64] {
        self.row(row)
    }

    fn multiply(&self, kernel: TileKernel, (rows, columns): (&[u64], &[u64]), scores: &mut [f32; MAX_TILE]) {
        hamming_tile(rows, columns, (kernel.n_rows(), kernel.n_columns()), self.n_bits, scores);
    }
}

/// Dense rows; similarities are dot products.
pub(super) type DenseTiles<'a> = RowTiles<'a, DenseMatrix>;
/// Bit strings; similarities are 1 - Hamming distance / bits.
pub(super) type BitTiles<'a> = RowTiles<'a, BitMatrix>;

/// Chosen rows of a matrix.
pub(super) struct RowTiles<'a, M> {
    pub matrix: &'a M,
    pub rows: &'a [u32],
    pub kernel: TileKernel,
}

impl<M: StoredRows> RowTiles<'_, M> {
    fn pack(&self, positions: impl Iterator<Item = usize> + Clone, n_lanes: usize, out: &mut [M::Number]) {
        pack(positions.map(|position| self.matrix.row(self.rows[position] as usize)), n_lanes, out);
    }
}

impl<M: StoredRows> TileSource for RowTiles<'_, M> {
    type Number = M::Number;
    type Score = f32;
    type Worker = ();

    fn shape(&self) -> (usize, usize) {
        (self.kernel.n_rows(), self.kernel.n_columns())
    }

    fn packed_lens(&self) -> (usize, usize) {
        (self.matrix.row_len(), self.matrix.row_len())
    }

    fn pack_rows(&self, positions: impl Iterator<Item = usize> + Clone, out: &mut [M::Number]) {
        self.pack(positions, self.kernel.n_rows(), out);
    }

    fn pack_columns(&self, positions: impl Iterator<Item = usize> + Clone, out: &mut [M::Number]) {
        self.pack(positions, self.kernel.n_columns(), out);
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
        packed: (&[M::Number], &[M::Number]),
        (row_floors, column_floors): (&[f32], &[f32]),
        tile: &mut Tile<f32>,
    ) -> bool {
        self.matrix.multiply(self.kernel, packed, &mut tile.scores);
        self.kernel.reaching(&tile.scores, row_floors, column_floors, &mut tile.masks)
    }
}
