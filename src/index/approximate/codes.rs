//! Dense rows as 8-bit codes: a number is round(x * scale), the same scale for all, so that integer products of codes
//! are similarities in one unit (scalar quantisation). Never the last word on a score: lists are scored anew from the rows.

use rayon::prelude::*;

use super::super::storages::{Tile, TileSource};
use crate::encode::DenseMatrix;
use crate::nn::kernels::{CODE_LANES, CODES_A_WORD, CodeKernel, CodeSession};

/// Codes are -127..=127.
const MOST: f32 = 127.0;
/// The share of numbers whose size fits into the codes' range; the few beyond are cut, which costs less than coarser steps
/// for all the others.
const FITTING: f64 = 0.9999;
/// Numbers looked at to choose the scale.
const LOOKED_AT: usize = 1 << 20;

/// Codes of chosen rows, in the order chosen.
pub(in super::super) struct CodeTiles {
    kernel: CodeKernel,
    n_words: usize,
    words: Vec<i32>,
    /// Sum of each row's codes.
    sums: Vec<i32>,
    /// What a score of one stands for: half the true similarity, so that no score is cut at 1.
    unit: f32,
}

impl CodeTiles {
    /// Codes of `rows` of `matrix`.
    pub fn new(matrix: &DenseMatrix, rows: &[u32], kernel: CodeKernel) -> Self {
        let n_words = CodeKernel::n_words(matrix.width);
        let scale = MOST / range(matrix, rows);
        let mut words = vec![0; rows.len() * n_words];
        let mut sums = vec![0; rows.len()];
        let coded = words.par_chunks_mut(n_words.max(1)).zip(&mut sums).zip(rows);
        coded.with_min_len(256).for_each(|((words, sum), &row)| {
            for (word, numbers) in words.iter_mut().zip(matrix.row(row as usize).chunks(CODES_A_WORD)) {
                let mut codes = [0_i8; CODES_A_WORD];
                for (code, number) in codes.iter_mut().zip(numbers) {
                    *code = (number * scale).round_ties_even().clamp(-MOST, MOST) as i8;
                    *sum += i32::from(*code);
                }
                *word = i32::from_ne_bytes(codes.map(i8::cast_unsigned));
            }
        });
        Self { kernel, n_words, words, sums, unit: 0.5 / (scale * scale) }
    }

    fn row(&self, position: usize) -> &[i32] {
        &self.words[position * self.n_words..(position + 1) * self.n_words]
    }
}

/// The size that nearly all numbers stay below; never 0.
fn range(matrix: &DenseMatrix, rows: &[u32]) -> f32 {
    let step = (rows.len() * matrix.width / LOOKED_AT).max(1);
    let mut sizes: Vec<f32> =
        rows.iter().step_by(step).flat_map(|&row| matrix.row(row as usize)).map(|x| x.abs()).collect();
    if sizes.is_empty() {
        return 1.0;
    }
    let nth = ((sizes.len() - 1) as f64 * FITTING) as usize;
    let (_, size, _) = sizes.select_nth_unstable_by(nth, f32::total_cmp);
    if size.is_finite() && *size > f32::MIN_POSITIVE { *size } else { 1.0 }
}

impl TileSource for CodeTiles {
    type Number = i32;
    type Score = i32;
    type Worker = CodeSession;

    fn shape(&self) -> (usize, usize) {
        (CODE_LANES, CODE_LANES)
    }

    fn packed_lens(&self) -> (usize, usize) {
        (self.n_words, self.n_words + 1)
    }

    fn pack_rows(&self, positions: impl Iterator<Item = usize> + Clone, out: &mut [i32]) {
        CodeKernel::pack_rows(positions.map(|position| self.row(position)), self.n_words, out);
    }

    fn pack_columns(&self, positions: impl Iterator<Item = usize> + Clone, out: &mut [i32]) {
        let sums = positions.clone().map(|position| self.sums[position]);
        CodeKernel::pack_columns(positions.map(|position| self.row(position)), sums, self.n_words, out);
    }

    fn worker(&self) -> CodeSession {
        self.kernel.session()
    }

    fn floor(&self, similarity: f32) -> i32 {
        // Less than one unit is taken off, which makes up for rounding; what is infinite becomes the least or largest
        // score.
        (similarity / self.unit - 0.75).ceil() as i32
    }

    fn similarity(&self, score: i32) -> f32 {
        score as f32 * self.unit
    }

    fn multiply(
        &self,
        worker: &CodeSession,
        (rows, columns): (&[i32], &[i32]),
        (row_floors, column_floors): (&[i32], &[i32]),
        tile: &mut Tile<i32>,
    ) -> bool {
        worker.products(rows, columns, self.n_words, &mut tile.scores);
        worker.reaching(&tile.scores, row_floors, column_floors, &mut tile.masks)
    }
}
