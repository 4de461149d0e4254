//! The arithmetic of composites: rows of several parts become one row. Parts come dense or as bits (a bit becomes +1 or -1, so
//! that the cosine of two rows is 2 s - 1 where their share of equal bits is s); the result is dense and of length one.

use std::sync::OnceLock;

use super::projection::Projection;
use super::recipe::Combine;
use crate::encode::encoder::l2_normalise;
use crate::encode::{BitMatrix, CsrMatrix, DenseMatrix, EmbeddingRows};

/// Raised when the same parts give other numbers.
const CODE_VERSION: u32 = 1;
/// Seed of the projections; a part's place is added.
const SEED: u64 = 0x6c6f_6f6b_616c_696b;

/// Combines rows of parts with fixed weights.
#[derive(Debug)]
pub(super) struct Combiner {
    combine: Combine,
    weights: Vec<f32>,
    /// For each part the projection to the common width, made when widths are first seen; `None` where it fits as it is.
    projections: OnceLock<Vec<Option<Projection>>>,
}

impl Combiner {
    pub(super) fn new(combine: Combine, weights: Vec<f32>) -> Self {
        Self { combine, weights, projections: OnceLock::new() }
    }

    /// What distinguishes its numbers, for cache keys; the parts' own fingerprints in order.
    pub(super) fn fingerprint(&self, parts: impl Iterator<Item = String>) -> String {
        let parts: Vec<String> =
            parts.zip(&self.weights).map(|(part, weight)| format!("{weight} [{part}]")).collect();
        format!("composite v{CODE_VERSION}; {:?}; {}", self.combine, parts.join(" + "))
    }

    /// One row for each of the parts' rows (n each).
    pub(super) fn combine(&self, parts: Vec<DenseMatrix>) -> DenseMatrix {
        let n_rows = parts.iter().map(DenseMatrix::n_rows).min().unwrap_or(0);
        let mut parts = parts;
        for part in &mut parts {
            let width = part.width.max(1);
            part.values.chunks_exact_mut(width).for_each(l2_normalise);
        }
        let mut combined = match self.combine {
            Combine::Concatenate | Combine::Ensemble => self.side_by_side(&parts, n_rows),
            Combine::Average => self.average(&parts, n_rows),
        };
        let width = combined.width.max(1);
        combined.values.chunks_exact_mut(width).for_each(l2_normalise);
        combined
    }

    fn side_by_side(&self, parts: &[DenseMatrix], n_rows: usize) -> DenseMatrix {
        let width = parts.iter().map(|part| part.width).sum();
        let mut values = Vec::with_capacity(n_rows * width);
        for row in 0..n_rows {
            for (part, &weight) in parts.iter().zip(&self.weights) {
                let factor = factor(self.combine, weight);
                values.extend(part.row(row).iter().map(|value| value * factor));
            }
        }
        DenseMatrix { width, values }
    }

    fn average(&self, parts: &[DenseMatrix], n_rows: usize) -> DenseMatrix {
        let width = parts.iter().map(|part| part.width).min().unwrap_or(0);
        let projections = self.projections.get_or_init(|| {
            let projection = |(place, part): (usize, &DenseMatrix)| {
                (part.width > width).then(|| Projection::new(part.width, width, SEED + place as u64))
            };
            parts.iter().enumerate().map(projection).collect()
        });
        let mut values = vec![0.0_f32; n_rows * width];
        for ((part, projection), &weight) in parts.iter().zip(projections).zip(&self.weights) {
            for (row, sums) in values.chunks_exact_mut(width.max(1)).enumerate() {
                let mut projected;
                let values = match projection {
                    Some(projection) => {
                        projected = projection.apply(part.row(row));
                        // A projection shortens rows by chance; each part keeps its share.
                        l2_normalise(&mut projected);
                        &projected
                    }
                    None => part.row(row),
                };
                sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += weight * value);
            }
        }
        DenseMatrix { width, values }
    }
}

/// What a part of this weight is multiplied by where rows stand side by side.
pub(super) fn factor(combine: Combine, weight: f32) -> f32 {
    match combine {
        Combine::Concatenate | Combine::Average => weight,
        Combine::Ensemble => weight.sqrt(),
    }
}

/// Rows of any part as dense numbers.
pub(super) fn to_dense(rows: EmbeddingRows) -> DenseMatrix {
    match rows {
        EmbeddingRows::Dense(matrix) => matrix,
        EmbeddingRows::Bits(BitMatrix { n_bits, words }) => {
            let sign = |word: u64, bit: u32| if word >> bit & 1 == 1 { 1.0 } else { -1.0 };
            let values = words.into_iter().flat_map(|word| (0..u64::BITS).map(move |bit| sign(word, bit)));
            DenseMatrix { width: n_bits, values: values.collect() }
        }
        EmbeddingRows::Sparse(matrix) => spread(&matrix),
    }
}

fn spread(matrix: &CsrMatrix) -> DenseMatrix {
    let mut values = vec![0.0; matrix.n_rows() * matrix.width];
    for (row, to) in values.chunks_exact_mut(matrix.width.max(1)).enumerate() {
        let (columns, from) = matrix.row(row);
        for (&column, &value) in columns.iter().zip(from) {
            to[column as usize] = value;
        }
    }
    DenseMatrix { width: matrix.width, values }
}
