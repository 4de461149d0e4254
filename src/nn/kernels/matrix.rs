//! Matrix products by register tiles for matrices that lie in memory any way round: both are packed once, and tiles summed
//! over stretches of the inner dimension that stay in the first cache. Goto and van de Geijn, "Anatomy of High-Performance
//! Matrix Multiplication", ACM TOMS 2008.

use std::ops::Range;

use rayon::prelude::*;

use super::tile::{MAX_TILE, TileKernel, pack_lanes};

/// Inner numbers a stretch: a packed panel of so many fits into the first cache beside a strip of rows.
const STRETCH: usize = 256;
/// Most strips of rows a task packs: with their stretch they fit into the second cache.
const MOST_STRIPS: usize = 8;
/// Multiply-adds below which threads cost more than they bring.
const ALONE: usize = 1 << 16;

/// A matrix in memory: entry (row, column) is number `row * strides[0] + column * strides[1]`.
#[derive(Clone, Copy, Debug)]
pub struct Strided<'a> {
    values: &'a [f32],
    shape: [usize; 2],
    strides: [usize; 2],
}

impl<'a> Strided<'a> {
    /// `None` when the last entry lies beyond `values`.
    pub fn new(values: &'a [f32], shape: [usize; 2], strides: [usize; 2]) -> Option<Self> {
        let is_empty = shape.contains(&0);
        let last = (shape[0].max(1) - 1) * strides[0] + (shape[1].max(1) - 1) * strides[1];
        (is_empty || last < values.len()).then_some(Self { values, shape, strides })
    }

    /// Interleaves the numbers `inner` of rows `rows`: number i of lane r goes to `out[i * n_lanes + r]`, zeros beyond the rows.
    fn pack(&self, rows: Range<usize>, inner: Range<usize>, n_lanes: usize, out: &mut [f32]) {
        if rows.len() < n_lanes {
            out.fill(0.0);
        }
        let [row_stride, stride] = self.strides;
        if stride == 1 {
            let row = |row: usize| &self.values[row * row_stride + inner.start..row * row_stride + inner.end];
            pack_lanes(rows.map(row), n_lanes, out);
        } else if row_stride == 1 {
            for (number, lanes) in inner.zip(out.chunks_exact_mut(n_lanes)) {
                let from = number * stride + rows.start;
                lanes[..rows.len()].copy_from_slice(&self.values[from..from + rows.len()]);
            }
        } else {
            for (number, lanes) in inner.zip(out.chunks_exact_mut(n_lanes)) {
                for (row, lane) in rows.clone().zip(lanes) {
                    *lane = self.values[row * row_stride + number * stride];
                }
            }
        }
    }
}

/// `a` (m, k) times `b` (n, k) transposed: (m, n), row-major.
///
/// # Panics
/// When the inner dimensions differ.
pub fn product_with_transposed(a: Strided<'_>, b: Strided<'_>) -> Vec<f32> {
    product_by(TileKernel::detect(), a, b)
}

fn product_by(kernel: TileKernel, a: Strided<'_>, b: Strided<'_>) -> Vec<f32> {
    let ([m, depth], [n, other]) = (a.shape, b.shape);
    assert_eq!(depth, other, "inner dimensions differ");
    let mut result = vec![0.0; m * n];
    if result.is_empty() || depth == 0 {
        return result;
    }
    let stretches =
        (0..depth).step_by(STRETCH).map(|first| first..depth.min(first + STRETCH)).collect::<Vec<_>>();
    let lanes = kernel.n_columns();
    let mut panels = vec![0.0; n.next_multiple_of(lanes) * depth];
    let pack = |(panel, out): (usize, &mut [f32])| {
        let rows = panel * lanes..n.min((panel + 1) * lanes);
        for stretch in &stretches {
            let out = &mut out[stretch.start * lanes..stretch.end * lanes];
            b.pack(rows.clone(), stretch.clone(), lanes, out);
        }
    };
    let is_alone = m * n * depth < ALONE;
    let n_tasks = if is_alone { 1 } else { 2 * rayon::current_num_threads() };
    let n_strips = m.div_ceil(kernel.n_rows()).div_ceil(n_tasks).clamp(1, MOST_STRIPS);
    let n_rows = n_strips * kernel.n_rows();
    if is_alone {
        panels.chunks_exact_mut(lanes * depth).enumerate().for_each(pack);
        let product = Product { kernel, a, n, stretches: &stretches, panels: &panels };
        result.chunks_mut(n_rows * n).enumerate().for_each(|(task, out)| product.rows(task * n_rows, out));
    } else {
        panels.par_chunks_exact_mut(lanes * depth).enumerate().for_each(pack);
        let product = Product { kernel, a, n, stretches: &stretches, panels: &panels };
        let tasks = result.par_chunks_mut(n_rows * n).enumerate();
        tasks.for_each(|(task, out)| product.rows(task * n_rows, out));
    }
    result
}

/// What all tasks of a product share.
struct Product<'a> {
    kernel: TileKernel,
    a: Strided<'a>,
    /// Columns of the result.
    n: usize,
    stretches: &'a [Range<usize>],
    /// One panel of columns after the other, each one stretch after the other.
    panels: &'a [f32],
}

impl Product<'_> {
    /// Adds to `out` the rows from `first_row` on.
    fn rows(&self, first_row: usize, out: &mut [f32]) {
        let (lanes, strip_rows) = (self.kernel.n_columns(), self.kernel.n_rows());
        let n_rows = out.len() / self.n;
        let mut strips = vec![0.0; n_rows.next_multiple_of(strip_rows) * STRETCH];
        let mut tile = [0.0; MAX_TILE];
        for stretch in self.stretches {
            let depth = stretch.len();
            let strips = &mut strips[..n_rows.next_multiple_of(strip_rows) * depth];
            for (strip, packed) in strips.chunks_exact_mut(strip_rows * depth).enumerate() {
                let start = first_row + strip * strip_rows;
                let end = (first_row + n_rows).min(start + strip_rows);
                self.a.pack(start..end, stretch.clone(), strip_rows, packed);
            }
            for (panel, packed) in self.panels.chunks_exact(lanes * self.a.shape[1]).enumerate() {
                let columns = &packed[stretch.start * lanes..stretch.end * lanes];
                let first = panel * lanes;
                let width = lanes.min(self.n - first);
                for (strip, out) in out.chunks_mut(strip_rows * self.n).enumerate() {
                    let rows = &strips[strip * strip_rows * depth..(strip + 1) * strip_rows * depth];
                    self.kernel.products(rows, columns, depth, &mut tile);
                    for (row, products) in out.chunks_exact_mut(self.n).zip(tile.chunks_exact(lanes)) {
                        let sums = row[first..first + width].iter_mut().zip(products);
                        sums.for_each(|(sum, product)| *sum += product);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};

    use super::super::Isa;
    use super::{Strided, TileKernel, product_by};
    use crate::nn::Random;

    /// A random matrix either way round, and one with gaps between its numbers.
    fn matrix(random: &mut Random, [rows, columns]: [usize; 2], way: u8) -> (Vec<f32>, [usize; 2]) {
        let strides = match way % 3 {
            0 => [columns, 1],
            1 => [1, rows],
            _ => [2 * columns + 1, 2],
        };
        let len = (rows * columns).max(rows * strides[0] + columns * strides[1]);
        ((0..len).map(|_| random.uniform() as f32 - 0.5).collect(), strides)
    }

    proptest! {
        #[test]
        fn equals_the_sums_one_by_one(
            m in 1_usize..70, n in 1_usize..90, depth in 0_usize..600, ways in any::<[u8; 2]>(), seed in any::<u64>()
        ) {
            let mut random = Random::named(seed, "matrices");
            let (a, a_strides) = matrix(&mut random, [m, depth], ways[0]);
            let (b, b_strides) = matrix(&mut random, [n, depth], ways[1]);
            let of = |values, rows, strides| Strided::new(values, [rows, depth], strides).unwrap();
            for isa in [Isa::Avx512, Isa::Avx2, Isa::Portable] {
                let Some(kernel) = TileKernel::with_isa(isa) else { continue };
                let found = product_by(kernel, of(&a, m, a_strides), of(&b, n, b_strides));
                for row in 0..m {
                    for column in 0..n {
                        let number = |i: usize| {
                            let a = a[row * a_strides[0] + i * a_strides[1]];
                            f64::from(a) * f64::from(b[column * b_strides[0] + i * b_strides[1]])
                        };
                        let expected: f64 = (0..depth).map(number).sum();
                        let off = (f64::from(found[row * n + column]) - expected).abs();
                        prop_assert!(off < 1e-4, "{isa:?} {row} {column}: {off}");
                    }
                }
            }
        }
    }

    #[test]
    fn numbers_beyond_the_end_are_refused() {
        assert!(Strided::new(&[1.0; 5], [2, 3], [3, 1]).is_none());
        assert!(Strided::new(&[1.0; 6], [2, 3], [3, 1]).is_some());
        assert!(Strided::new(&[], [0, 3], [3, 1]).is_some());
    }
}
