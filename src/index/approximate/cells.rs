//! Divides rows into cells around centroids: k-means on the sphere (Dhillon and Modha, "Concept Decompositions for Large
//! Sparse Text Data using Clustering", Machine Learning 42, 2001), a few rounds on a sample. The same rows give the same
//! cells, whatever the number of threads.

use rayon::prelude::*;

use super::super::clock::Clock;
use crate::encode::DenseMatrix;
use crate::nn::Random;
use crate::nn::kernels::{MAX_TILE, TileKernel, pack_lanes};

/// Rows looked at for each cell.
const SAMPLED_A_CELL: usize = 24;
/// Rounds of assigning and averaging.
const ROUNDS: usize = 4;
/// Strips of rows that meet a panel of centroids while it is in the cache.
const STRIPS: usize = 4;
const SEED: u64 = 7;

/// Centroids of cells, unit vectors.
pub(super) struct Cells {
    centroids: DenseMatrix,
    kernel: TileKernel,
    panels: Vec<f32>,
}

impl Cells {
    /// Learns at most `n_cells` cells of the chosen `rows` of `matrix`; `None` when the clock stopped. One unit a round.
    pub fn learn(matrix: &DenseMatrix, rows: &[u32], n_cells: usize, clock: &Clock<'_>) -> Option<Self> {
        let n_cells = n_cells.clamp(1, rows.len().max(1));
        let mut sample = rows.to_vec();
        Random::named(SEED, "cells").shuffle(&mut sample);
        sample.truncate(n_cells.saturating_mul(SAMPLED_A_CELL));
        let values = sample.iter().take(n_cells).flat_map(|&row| matrix.row(row as usize)).copied().collect();
        let mut cells = Self::new(DenseMatrix { width: matrix.width, values });
        for _ in 0..ROUNDS {
            let assigned = cells.nearest(matrix, &sample, clock)?;
            cells = Self::new(cells.averaged(matrix, &sample, &assigned));
            clock.add(1);
        }
        Some(cells)
    }

    fn new(centroids: DenseMatrix) -> Self {
        let kernel = TileKernel::detect();
        let (n_columns, depth) = (kernel.n_columns(), centroids.width);
        let n_cells = centroids.n_rows();
        let mut panels = vec![0.0; n_cells.next_multiple_of(n_columns) * depth];
        for (panel, out) in panels.chunks_exact_mut((n_columns * depth).max(1)).enumerate() {
            let cells = panel * n_columns..n_cells.min((panel + 1) * n_columns);
            pack_lanes(cells.map(|cell| centroids.row(cell)), n_columns, out);
        }
        Self { centroids, kernel, panels }
    }

    /// Number of cells, empty ones counted.
    pub fn n_cells(&self) -> usize {
        self.centroids.n_rows()
    }

    /// The nearest cell of each of `rows`; `None` when the clock stopped.
    pub fn nearest(&self, matrix: &DenseMatrix, rows: &[u32], clock: &Clock<'_>) -> Option<Vec<u32>> {
        self.map(matrix, rows, clock, |_, similarities| nearest(similarities))
    }

    /// `look(i, similarities with all cells)` of each `rows[i]`, in their order; `None` when the clock stopped.
    pub fn map<T: Send + Default + Clone>(
        &self,
        matrix: &DenseMatrix,
        rows: &[u32],
        clock: &Clock<'_>,
        look: impl Fn(usize, &[f32]) -> T + Sync,
    ) -> Option<Vec<T>> {
        let (n_rows, n_columns, depth) = (self.kernel.n_rows(), self.kernel.n_columns(), matrix.width);
        let n_cells = self.n_cells();
        let task = STRIPS * n_rows;
        let mut seen = vec![T::default(); rows.len()];
        let tasks = seen.par_chunks_mut(task).zip(rows.par_chunks(task)).enumerate();
        tasks.for_each(|(index, (seen, rows))| {
            if !clock.goes_on() {
                return;
            }
            let mut packed = vec![0.0; task * depth];
            for (strip, out) in rows.chunks(n_rows).zip(packed.chunks_exact_mut((n_rows * depth).max(1))) {
                pack_lanes(strip.iter().map(|&row| matrix.row(row as usize)), n_rows, out);
            }
            let mut similarities = vec![0.0; rows.len() * n_cells];
            let mut tile = [0.0; MAX_TILE];
            for first in (0..n_cells).step_by(n_columns) {
                let panel = &self.panels[first * depth..(first + n_columns) * depth];
                let width = n_columns.min(n_cells - first);
                for (strip, out) in similarities.chunks_mut(n_rows * n_cells).enumerate() {
                    let strip = &packed[strip * n_rows * depth..(strip + 1) * n_rows * depth];
                    self.kernel.products(strip, panel, depth, &mut tile);
                    for (scores, out) in tile.chunks_exact(n_columns).zip(out.chunks_exact_mut(n_cells)) {
                        out[first..first + width].copy_from_slice(&scores[..width]);
                    }
                }
            }
            clock.add(0);
            for (offset, (seen, similarities)) in
                seen.iter_mut().zip(similarities.chunks_exact(n_cells)).enumerate()
            {
                *seen = look(index * task + offset, similarities);
            }
        });
        clock.goes_on().then_some(seen)
    }

    /// The means of the rows assigned to each cell, of length one again; a cell nobody chose stays where it is.
    fn averaged(&self, matrix: &DenseMatrix, rows: &[u32], assigned: &[u32]) -> DenseMatrix {
        let members = members(assigned, self.n_cells());
        let width = matrix.width;
        let mut centroids = self.centroids.clone();
        centroids.values.par_chunks_mut(width.max(1)).zip(&members).for_each(|(centroid, members)| {
            let mut sum = vec![0.0_f32; width];
            for &member in members {
                for (sum, number) in sum.iter_mut().zip(matrix.row(rows[member as usize] as usize)) {
                    *sum += number;
                }
            }
            let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt();
            if length > f32::MIN_POSITIVE {
                for (out, sum) in centroid.iter_mut().zip(sum) {
                    *out = sum / length;
                }
            }
        });
        centroids
    }
}

/// The cell of the largest similarity, the first of equals.
pub(super) fn nearest(similarities: &[f32]) -> u32 {
    let mut best = 0;
    for (cell, similarity) in similarities.iter().enumerate() {
        if *similarity > similarities[best] {
            best = cell;
        }
    }
    best as u32
}

/// The indices assigned to each of `n_cells` cells, ascending.
pub(super) fn members(assigned: &[u32], n_cells: usize) -> Vec<Vec<u32>> {
    let mut members = vec![Vec::new(); n_cells];
    for (index, &cell) in std::iter::zip(0.., assigned) {
        members[cell as usize].push(index);
    }
    members
}
