//! Dense and bit storages as sources of score tiles. Positions are present rows in order of key rank.

use std::ops::Range;

use crate::encode::{BitMatrix, DenseMatrix};
use crate::nn::kernels::{MAX_TILE, TileKernel, hamming_tile, pack_lanes};

/// Rows whose pairwise raw similarities come in tiles of the kernel's shape.
pub(super) trait TileSource: Sync {
    /// A number of a packed row.
    type Number: Copy + Default + Send + Sync;
    /// Numbers a row.
    fn depth(&self) -> usize;
    /// The row at a position.
    fn row(&self, position: usize) -> &[Self::Number];
    /// Raw similarities of one packed strip of rows with one packed strip of columns.
    fn tile(
        &self,
        kernel: TileKernel,
        rows: &[Self::Number],
        columns: &[Self::Number],
        tile: &mut [f32; MAX_TILE],
    );

    /// Packs positions into strips of `n_lanes`, the last filled up with zeros; strip s starts at `s * n_lanes * depth`.
    fn pack_strip(&self, positions: Range<usize>, n_lanes: usize, out: &mut [Self::Number]) {
        pack_lanes(positions.map(|position| self.row(position)), n_lanes, out);
    }
}

/// Dense rows; similarities are dot products.
pub(super) struct DenseTiles<'a> {
    pub matrix: &'a DenseMatrix,
    pub rows: &'a [u32],
}

impl TileSource for DenseTiles<'_> {
    type Number = f32;

    fn depth(&self) -> usize {
        self.matrix.width
    }

    fn row(&self, position: usize) -> &[f32] {
        self.matrix.row(self.rows[position] as usize)
    }

    fn tile(&self, kernel: TileKernel, rows: &[f32], columns: &[f32], tile: &mut [f32; MAX_TILE]) {
        kernel.products(rows, columns, self.matrix.width, tile);
    }
}

/// Bit strings; similarities are 1 - Hamming distance / bits.
pub(super) struct BitTiles<'a> {
    pub matrix: &'a BitMatrix,
    pub rows: &'a [u32],
}

impl TileSource for BitTiles<'_> {
    type Number = u64;

    fn depth(&self) -> usize {
        self.matrix.n_bits / 64
    }

    fn row(&self, position: usize) -> &[u64] {
        self.matrix.row(self.rows[position] as usize)
    }

    fn tile(&self, kernel: TileKernel, rows: &[u64], columns: &[u64], tile: &mut [f32; MAX_TILE]) {
        hamming_tile(rows, columns, (kernel.n_rows(), kernel.n_columns()), self.matrix.n_bits, tile);
    }
}
