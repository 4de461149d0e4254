//! Where plain rows lie: in strips of as many rows as a register tile is high, each strip in blocks of sixteen channels, so
//! that a tile reads its inputs one after the other and writes its outputs where the next tile reads them.

use super::buffer::Buffer;
use super::place::{BLOCK, n_blocks};

/// Rows (n, width) in strips: channel c of row r is the float
/// `((r / strip * blocks + c / 16) * strip + r % strip) * 16 + c % 16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::nn) struct Strips {
    pub(in crate::nn) n_rows: usize,
    pub(in crate::nn) width: usize,
    /// Rows of a strip.
    pub(in crate::nn) strip: usize,
}

impl Strips {
    /// Blocks of channels.
    pub(super) fn n_blocks(&self) -> usize {
        n_blocks(self.width)
    }

    pub(super) fn n_strips(&self) -> usize {
        self.n_rows.div_ceil(self.strip.max(1))
    }

    /// Floats of all strips, the last one whole.
    pub(in crate::nn) fn len(&self) -> usize {
        self.n_strips() * self.strip * self.n_blocks() * BLOCK
    }

    /// Floats from a block of channels to the next.
    pub(super) fn block_len(&self) -> usize {
        self.strip * BLOCK
    }

    /// Rows of strip `index`.
    pub(super) fn rows_of(&self, index: usize) -> usize {
        (self.n_rows - index * self.strip).min(self.strip)
    }

    /// Offset of a row's block.
    pub(super) fn at(&self, row: usize, block: usize) -> usize {
        ((row / self.strip * self.n_blocks() + block) * self.strip + row % self.strip) * BLOCK
    }

    /// Offset of a row's channel.
    pub(super) fn channel(&self, row: usize, channel: usize) -> usize {
        self.at(row, channel / BLOCK) + channel % BLOCK
    }

    /// Copies whole blocks of `from` to row `row` of `to`.
    ///
    /// # Panics
    /// When `from` has fewer blocks or the row lies outside of `to`.
    pub(in crate::nn) fn write(&self, row: usize, from: &[f32], to: &mut [f32]) {
        for (block, values) in from[..self.n_blocks() * BLOCK].chunks_exact(BLOCK).enumerate() {
            let at = self.at(row, block);
            to[at..at + BLOCK].copy_from_slice(values);
        }
    }

    /// Adds whole blocks of `from` to row `row` of `to`.
    ///
    /// # Panics
    /// As for [`Strips::write`].
    pub(in crate::nn) fn add(&self, row: usize, from: &[f32], to: &mut [f32]) {
        for (block, values) in from[..self.n_blocks() * BLOCK].chunks_exact(BLOCK).enumerate() {
            let at = self.at(row, block);
            to[at..at + BLOCK].iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        }
    }

    /// Copies row `row` of `from` to whole blocks of `to`.
    ///
    /// # Panics
    /// As for [`Strips::write`].
    pub(in crate::nn) fn read(&self, row: usize, from: &[f32], to: &mut [f32]) {
        for (block, values) in to[..self.n_blocks() * BLOCK].chunks_exact_mut(BLOCK).enumerate() {
            let at = self.at(row, block);
            values.copy_from_slice(&from[at..at + BLOCK]);
        }
    }

    /// Copies the width of every row of `from`, one after the other, to the end of `to`.
    ///
    /// # Panics
    /// When `from` is shorter than all strips.
    pub(in crate::nn) fn append(&self, from: &[f32], to: &mut Vec<f32>) {
        for row in 0..self.n_rows {
            for block in 0..self.n_blocks() {
                let at = self.at(row, block);
                to.extend_from_slice(&from[at..at + (self.width - block * BLOCK).min(BLOCK)]);
            }
        }
    }
}

/// Rows (n, width) of a table, each in whole blocks.
#[derive(Clone, Debug)]
pub(in crate::nn) struct RowTable {
    values: Buffer,
    row_len: usize,
    n_rows: usize,
}

impl RowTable {
    /// A table of `values`, `width` a row.
    pub(in crate::nn) fn new(values: &[f32], width: usize) -> Self {
        let row_len = n_blocks(width) * BLOCK;
        let n_rows = values.len() / width.max(1);
        let mut padded = Buffer::zeros(n_rows * row_len);
        let rows = padded.as_mut_slice().chunks_exact_mut(row_len.max(1));
        for (to, from) in rows.zip(values.chunks_exact(width.max(1))) {
            to[..width].copy_from_slice(from);
        }
        Self { values: padded, row_len, n_rows }
    }

    pub(in crate::nn) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Whole blocks of a row.
    ///
    /// # Panics
    /// When there is no such row.
    pub(in crate::nn) fn row(&self, row: usize) -> &[f32] {
        &self.values.as_slice()[row * self.row_len..][..self.row_len]
    }
}
