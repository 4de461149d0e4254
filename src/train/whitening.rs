//! The projection within whose cosine the differences inside groups count least: within-group whitening, in closed form. With
//! S_w the covariance of rows about the mean of their group, shrunk towards a multiple of the identity by `shrinkage` times its
//! mean variance, and S_w = L L^T, rows x become V^T L^-1 (x - m), where m is the mean of all rows and V spans the directions
//! in which the whitened rows vary most. Needs groups of at least two rows; never looks at pairs that are different.
//!
//! Mikolajczyk and Matas, "Improving Descriptors for Fast Tree Matching by Optimal Linear Projection", ICCV 2007; as the last
//! layer of image retrieval in Radenović, Tolias and Chum, "Fine-tuning CNN Image Retrieval with No Human Annotation", TPAMI
//! 2019, section 3.3. The leading directions by randomised subspace iteration (Halko, Martinsson and Tropp, "Finding Structure
//! with Randomness", SIAM Review 2011, algorithm 4.4): a cosine depends on the space they span alone.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use rayon::prelude::*;

use super::{Random, TrainError};

/// Rounds of the subspace iteration; the directions beyond the last differ little from those before it.
const N_ROUNDS: usize = 6;
/// Added to the diagonal before a root is taken, as a share of the mean variance, so that what does not vary divides nothing by 0.
const LEAST_SHARE: f64 = 1e-9;

/// An affine map: `weight` (n_out, n_in) row-major, `bias` (n_out).
#[derive(Clone, Debug, PartialEq)]
pub struct Projection {
    /// Of each number of the result, the share of each number that is read.
    pub weight: Vec<f32>,
    /// Added to the result.
    pub bias: Vec<f32>,
}

/// Learns the projection of `rows` (n, width) with a group each to `n_out` numbers, scaled so that the projected rows are of length 1
/// on average. Where rows or widths give fewer than `n_out` directions the rest of the numbers are 0.
///
/// # Errors
/// [`TrainError::NoPositives`] when no group has two rows; [`TrainError::Data`] when the rows do not vary.
pub fn whitening_within_groups(
    rows: &[f32],
    width: usize,
    groups: &[u32],
    shrinkage: f64,
    n_out: usize,
) -> Result<Projection, TrainError> {
    let n_rows = groups.len();
    let mean = mean_of(rows, width, 0..n_rows);
    let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (row, group) in groups.iter().enumerate() {
        members.entry(*group).or_default().push(row);
    }
    let mut deviations = Vec::new();
    for members in members.values().filter(|members| members.len() > 1) {
        let centre = mean_of(rows, width, members.iter().copied());
        members.iter().for_each(|row| deviations.extend(less(rows, width, *row, &centre)));
    }
    if deviations.is_empty() {
        return Err(TrainError::NoPositives);
    }
    let device = Device::Cpu;
    let n_deviations = deviations.len() / width.max(1);
    let deviations = Tensor::from_vec(deviations, (n_deviations, width), &device)?;
    let within = (deviations.t()?.matmul(&deviations)? / n_deviations as f64)?;
    let inverse = inverse_of_root(values(&within)?, width, shrinkage)?;
    let inverse = Tensor::from_vec(inverse, (width, width), &device)?;
    let centred: Vec<f64> = (0..n_rows).flat_map(|row| less(rows, width, row, &mean)).collect();
    let centred = Tensor::from_vec(centred, (n_rows, width), &device)?;
    let whitened = centred.matmul(&inverse.t()?)?;
    let n_kept = n_out.min(width).min(n_rows.saturating_sub(1)).max(1);
    let map =
        if n_kept < width { leading_directions(&whitened, n_kept)?.t()?.matmul(&inverse)? } else { inverse };
    let projected = centred.matmul(&map.t()?)?;
    let length = projected.sqr()?.sum(1)?.sqrt()?.mean_all()?.to_scalar::<f64>()?;
    if !(length > 0.0 && length.is_finite()) {
        return Err(TrainError::Data("the embeddings are all the same; choose another encoder".to_owned()));
    }
    let map = (map / length)?;
    let bias = map.matmul(&Tensor::from_vec(mean, (width, 1), &device)?)?;
    let n_rest = n_out - n_kept.min(n_out);
    let filled = |values: Vec<f64>, n_zeros: usize, sign: f64| -> Vec<f32> {
        let zeros = std::iter::repeat_n(0.0, n_zeros);
        values.into_iter().map(|value| (sign * value) as f32).chain(zeros).collect()
    };
    Ok(Projection {
        weight: filled(values(&map)?, n_rest * width, 1.0),
        bias: filled(values(&bias)?, n_rest, -1.0),
    })
}

fn values(tensor: &Tensor) -> Result<Vec<f64>, TrainError> {
    Ok(tensor.flatten_all()?.to_vec1()?)
}

fn row_of(rows: &[f32], width: usize, row: usize) -> &[f32] {
    rows.get(row * width..(row + 1) * width).unwrap_or_default()
}

fn mean_of(rows: &[f32], width: usize, of: impl IntoIterator<Item = usize>) -> Vec<f64> {
    let (mut sum, mut n_rows) = (vec![0.0; width], 0_usize);
    for row in of {
        sum.iter_mut().zip(row_of(rows, width, row)).for_each(|(sum, value)| *sum += f64::from(*value));
        n_rows += 1;
    }
    sum.iter_mut().for_each(|sum| *sum /= n_rows.max(1) as f64);
    sum
}

fn less<'a>(rows: &'a [f32], width: usize, row: usize, mean: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
    row_of(rows, width, row).iter().zip(mean).map(|(value, mean)| f64::from(*value) - mean)
}

/// L^-1, where L L^T is the covariance (width, width) shrunk towards its mean variance.
fn inverse_of_root(mut matrix: Vec<f64>, width: usize, shrinkage: f64) -> Result<Vec<f64>, TrainError> {
    let mean_variance = (0..width).filter_map(|at| matrix.get(at * width + at)).sum::<f64>() / width as f64;
    let added = mean_variance * shrinkage.max(LEAST_SHARE);
    // Groups of equal rows leave nothing to whiten; then the map changes nothing but the scale.
    let added = if added > 0.0 { added } else { 1.0 };
    (0..width).for_each(|at| {
        if let Some(value) = matrix.get_mut(at * width + at) {
            *value += added;
        }
    });
    let root = cholesky(&matrix, width)
        .ok_or_else(|| TrainError::Data("the embeddings hold numbers too large to whiten".to_owned()))?;
    Ok(inverse_of_lower(&root, width))
}

/// The lower triangular root of a positive definite matrix (n, n); `None` where it is not one.
fn cholesky(matrix: &[f64], n: usize) -> Option<Vec<f64>> {
    let mut root = vec![0.0; n * n];
    for row in 0..n {
        let (above, here) = root.split_at_mut(row * n);
        let here = here.get_mut(..n)?;
        for column in 0..=row {
            let value = *matrix.get(row * n + column)?;
            if column == row {
                let left = value - dot(here.get(..row)?, here.get(..row)?);
                *here.get_mut(row)? = (left > 0.0 && left.is_finite()).then(|| left.sqrt())?;
            } else {
                let other = above.get(column * n..column * n + column + 1)?;
                let (diagonal, other) = other.split_last()?;
                *here.get_mut(column)? = (value - dot(here.get(..column)?, other)) / diagonal;
            }
        }
    }
    Some(root)
}

/// The inverse of a lower triangular matrix (n, n). Its columns are independent of each other.
fn inverse_of_lower(lower: &[f64], n: usize) -> Vec<f64> {
    let columns: Vec<Vec<f64>> = (0..n)
        .into_par_iter()
        .map(|column| {
            // Entries from the diagonal down.
            let mut entries: Vec<f64> = Vec::with_capacity(n - column);
            for row in column..n {
                let of_row = lower.get(row * n + column..row * n + row + 1).unwrap_or_default();
                let (diagonal, before) =
                    of_row.split_last().map_or((1.0, of_row), |(last, rest)| (*last, rest));
                let unit = if row == column { 1.0 } else { 0.0 };
                entries.push((unit - dot(before, &entries)) / diagonal);
            }
            entries
        })
        .collect();
    let mut inverse = vec![0.0; n * n];
    for (column, entries) in columns.iter().enumerate() {
        for (row, entry) in (column..).zip(entries) {
            if let Some(slot) = inverse.get_mut(row * n + column) {
                *slot = *entry;
            }
        }
    }
    inverse
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Eight sums, so that the compiler may keep them in vector registers.
    let mut sums = [0.0; 8];
    let (a_blocks, b_blocks) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a_blocks.remainder().iter().zip(b_blocks.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_blocks.zip(b_blocks) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    sums.iter().sum::<f64>() + rest
}

/// Orthonormal columns (width, n_kept) that span, nearly, the directions in which rows (n, width) of mean 0 vary most.
fn leading_directions(rows: &Tensor, n_kept: usize) -> Result<Tensor, TrainError> {
    let (n_rows, width) = rows.dims2()?;
    let covariance = (rows.t()?.matmul(rows)? / n_rows as f64)?;
    let mut random = Random::new(0, "subspace");
    let start: Vec<f64> = (0..width * n_kept).map(|_| random.unit() * 2.0 - 1.0).collect();
    let mut directions = Tensor::from_vec(start, (width, n_kept), rows.device())?;
    for _ in 0..N_ROUNDS {
        directions = orthonormal(&covariance.matmul(&directions)?)?;
    }
    // Twice is enough for orthogonality to the last digits.
    orthonormal(&directions)
}

/// Columns (n, k) made orthonormal by the root of their Gram matrix.
fn orthonormal(columns: &Tensor) -> Result<Tensor, TrainError> {
    let n_columns = columns.dim(1)?;
    let gram = values(&columns.t()?.matmul(columns)?)?;
    let inverse = inverse_of_root(gram, n_columns, 0.0)?;
    let inverse = Tensor::from_vec(inverse, (n_columns, n_columns), columns.device())?;
    Ok(columns.matmul(&inverse.t()?)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Projection, cholesky, inverse_of_lower, leading_directions, whitening_within_groups};
    use crate::train::{Random, TrainError};
    use candle_core::{Device, Tensor};

    const WIDTH: usize = 6;

    /// 40 groups of 5; the first number varies much within groups, the others between them.
    fn world() -> (Vec<f32>, Vec<u32>) {
        let mut random = Random::new(4, "whitening");
        let mut number = || (random.unit() * 2.0 - 1.0) as f32;
        let (mut rows, mut groups) = (Vec::new(), Vec::new());
        for group in 0..40 {
            let centre: Vec<f32> = (0..WIDTH).map(|_| number()).collect();
            for _ in 0..5 {
                rows.extend((0..WIDTH).map(|at| {
                    let within = if at == 0 { 4.0 } else { 0.1 * (at as f32 + 1.0) };
                    centre[at] + within * number()
                }));
                groups.push(group);
            }
        }
        (rows, groups)
    }

    fn project(rows: &[f32], map: &Projection) -> Vec<Vec<f64>> {
        let one = |row: &[f32]| -> Vec<f64> {
            let number = |(weights, bias): (&[f32], &f32)| {
                let sum: f64 = weights.iter().zip(row).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum();
                sum + f64::from(*bias)
            };
            map.weight.chunks(WIDTH).zip(&map.bias).map(number).collect()
        };
        rows.chunks(WIDTH).map(one).collect()
    }

    #[test]
    fn within_groups_all_directions_count_the_same() {
        let (rows, groups) = world();
        let map = whitening_within_groups(&rows, WIDTH, &groups, 0.0, WIDTH).unwrap();
        let projected = project(&rows, &map);
        // By brute force: the covariance about the means of groups, up to one factor, is the identity.
        let mut covariance = [[0.0_f64; WIDTH]; WIDTH];
        for group in projected.chunks(5) {
            let mean: Vec<f64> =
                (0..WIDTH).map(|at| group.iter().map(|row| row[at]).sum::<f64>() / 5.0).collect();
            for row in group {
                for a in 0..WIDTH {
                    for b in 0..WIDTH {
                        covariance[a][b] += (row[a] - mean[a]) * (row[b] - mean[b]);
                    }
                }
            }
        }
        let factor = covariance[0][0];
        for (a, row) in covariance.iter().enumerate() {
            for (b, value) in row.iter().enumerate() {
                let expected = if a == b { 1.0 } else { 0.0 };
                assert!((value / factor - expected).abs() < 1e-4, "{a} {b}: {}", value / factor);
            }
        }
        for at in 0..WIDTH {
            assert!(projected.iter().map(|row| row[at]).sum::<f64>().abs() < 1e-3, "the mean is taken away");
        }
        let length = |row: &Vec<f64>| row.iter().map(|v| v * v).sum::<f64>().sqrt();
        let mean_length = projected.iter().map(length).sum::<f64>() / projected.len() as f64;
        assert!((mean_length - 1.0).abs() < 1e-4);
    }

    #[test]
    fn cosines_tell_groups_apart_better_than_before() {
        let (rows, groups) = world();
        let map = whitening_within_groups(&rows, WIDTH, &groups, 0.1, WIDTH).unwrap();
        let raw: Vec<Vec<f64>> =
            rows.chunks(WIDTH).map(|row| row.iter().map(|v| f64::from(*v)).collect()).collect();
        let nearest_is_right = |rows: &[Vec<f64>]| {
            let cosine = |a: &[f64], b: &[f64]| {
                let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
            };
            let right = |row: &usize| {
                let others = (0..rows.len()).filter(|other| other != row);
                let best = others
                    .max_by(|a, b| cosine(&rows[*row], &rows[*a]).total_cmp(&cosine(&rows[*row], &rows[*b])));
                groups[best.unwrap()] == groups[*row]
            };
            (0..rows.len()).filter(right).count()
        };
        let (before, after) = (nearest_is_right(&raw), nearest_is_right(&project(&rows, &map)));
        assert!(after > before + 10, "{before} to {after} of {}", groups.len());
    }

    #[test]
    fn wide_results_end_in_zeros_and_equal_rows_are_refused() {
        let (rows, groups) = world();
        let map = whitening_within_groups(&rows, WIDTH, &groups, 0.1, 8).unwrap();
        assert_eq!((map.weight.len(), map.bias.len()), (8 * WIDTH, 8));
        assert!(map.weight[6 * WIDTH..].iter().all(|value| *value == 0.0));
        let alone: Vec<u32> = (0..groups.len() as u32).collect();
        let refused = whitening_within_groups(&rows, WIDTH, &alone, 0.1, 3);
        assert!(matches!(refused, Err(TrainError::NoPositives)));
        let equal = vec![0.5; rows.len()];
        assert!(matches!(whitening_within_groups(&equal, WIDTH, &groups, 0.1, 3), Err(TrainError::Data(_))));
    }

    #[test]
    fn roots_and_their_inverses_multiply_back() {
        let (rows, _) = world();
        let rows: Vec<f64> = rows.iter().map(|value| f64::from(*value)).collect();
        let n = WIDTH;
        let gram: Vec<f64> =
            (0..n * n).map(|at| rows.chunks(n).map(|row| row[at / n] * row[at % n]).sum()).collect();
        let root = cholesky(&gram, n).unwrap();
        let inverse = inverse_of_lower(&root, n);
        for (row, column) in (0..n * n).map(|at| (at / n, at % n)) {
            let square: f64 = (0..n).map(|k| root[row * n + k] * root[column * n + k]).sum();
            assert!((square - gram[row * n + column]).abs() < 1e-9 * gram[0]);
            let unit: f64 = (0..n).map(|k| inverse[row * n + k] * root[k * n + column]).sum();
            assert!((unit - f64::from(u8::from(row == column))).abs() < 1e-9);
        }
        assert!(cholesky(&[1.0, 2.0, 2.0, 1.0], 2).is_none());
    }

    #[test]
    fn the_leading_directions_hold_the_most_variance() {
        // Diagonal variances 9, 4, 1 and three small ones: the first two axes are the answer.
        let mut random = Random::new(8, "directions");
        let scales = [3.0, 2.0, 1.0, 0.1, 0.1, 0.1];
        let rows: Vec<f64> = (0..400 * WIDTH).map(|at| (random.unit() - 0.5) * scales[at % WIDTH]).collect();
        let rows = Tensor::from_vec(rows, (400, WIDTH), &Device::Cpu).unwrap();
        let found = leading_directions(&rows, 2).unwrap().to_vec2::<f64>().unwrap();
        let of_axes: f64 = found[..2].iter().flatten().map(|value| value * value).sum();
        assert!((of_axes - 2.0).abs() < 0.05, "{found:?}");
        let dot: f64 = found.iter().map(|row| row[0] * row[1]).sum();
        assert!(dot.abs() < 1e-9);
    }
}
