//! A linear layer that starts where what differs within groups is even in all directions: the within-class whitening of linear
//! discriminant analysis (Rao, "The Utilization of Multiple Measurements in Problems of Biological Classification", Journal of the
//! Royal Statistical Society B 10, 1948), its covariance shrunk towards a multiple of the identity, cut to the directions in
//! which all rows together spread most. Learns from labels, but takes no step.

use candle_core::{DType, Device, Tensor};

use super::super::{Random, TrainError};
use super::{Depth, Head};

/// Rounds of subspace iteration; the directions left out last matter least.
const N_ROUNDS: usize = 12;
/// A direction shorter than this share of its first length lies in the span of those before it.
const SMALLEST_LENGTH: f64 = 1e-9;

/// Sets the linear layer of tower `tower` to the whitening of `rows`, (n, width) L2-normalised, of these groups. A covariance of
/// `shrinkage` of the mean variance is added. Outputs have length 1 on average.
///
/// # Errors
/// [`TrainError::Recipe`] when the tower is not linear or is wider than its rows; [`TrainError::NoPositives`] when no group has two
/// rows.
pub(in super::super) fn whiten(
    head: &Head,
    tower: usize,
    rows: &Tensor,
    groups: &[u32],
    shrinkage: f64,
) -> Result<(), TrainError> {
    let recipe = head.shape().recipe;
    let (_, width) = rows.dims2()?;
    if recipe.depth != Depth::Linear || recipe.width > width {
        return Err(TrainError::Recipe(format!(
            "a head that starts whitened needs the depth Linear and a width of at most {width}"
        )));
    }
    let device = Device::Cpu;
    let rows = rows.to_device(&device)?.to_dtype(DType::F64)?.detach();
    let mean = rows.mean_keepdim(0)?;
    let centred = rows.broadcast_sub(&mean)?;
    let deviations = within_groups(&centred, groups)?;
    let (n_deviations, _) = deviations.dims2()?;
    let covariance = (deviations.t()?.matmul(&deviations)? / n_deviations as f64)?;
    let mut covariance: Vec<f64> = covariance.flatten_all()?.to_vec1()?;
    let trace: f64 = covariance.iter().step_by(width + 1).sum();
    // Rows that never differ within their groups have nothing to be made even.
    let added = (shrinkage * trace / width as f64).max(f64::from(f32::EPSILON));
    covariance.iter_mut().step_by(width + 1).for_each(|variance| *variance += added);
    let inverse = Tensor::from_vec(inverse_factor(covariance, width), (width, width), &device)?;
    let white = centred.matmul(&inverse.t()?)?;
    let weight = widest_directions(&white, recipe.width)?.matmul(&inverse)?;
    let projected = centred.matmul(&weight.t()?)?;
    let length = projected.sqr()?.sum(1)?.sqrt()?.mean_all()?.to_scalar::<f64>()?;
    let weight = (weight * (1.0 / length.max(f64::MIN_POSITIVE)))?;
    let bias = weight.matmul(&mean.t()?)?.squeeze(1)?.neg()?;
    let parameters = head.parameters();
    for (kind, values) in [("weight", weight), ("bias", bias)] {
        let values = values.to_dtype(DType::F32)?.to_device(parameters.device())?;
        parameters.set(&format!("tower{tower}.0.{kind}"), &values)?;
    }
    Ok(())
}

/// Rows of groups of two and more, without their group's mean.
fn within_groups(centred: &Tensor, groups: &[u32]) -> Result<Tensor, TrainError> {
    let mut members: std::collections::BTreeMap<u32, Vec<u32>> = std::collections::BTreeMap::new();
    for (row, group) in (0..).zip(groups) {
        members.entry(*group).or_default().push(row);
    }
    let mut deviations = Vec::new();
    for rows in members.into_values().filter(|rows| rows.len() > 1) {
        let rows = centred.index_select(&Tensor::new(rows, centred.device())?, 0)?;
        deviations.push(rows.broadcast_sub(&rows.mean_keepdim(0)?)?);
    }
    if deviations.is_empty() {
        return Err(TrainError::NoPositives);
    }
    Ok(Tensor::cat(&deviations, 0)?)
}

/// The inverse of the lower triangular factor L of a positive definite matrix L L^T, both (n, n) row-major.
fn inverse_factor(mut matrix: Vec<f64>, n: usize) -> Vec<f64> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    for row in 0..n {
        for column in 0..=row {
            let known = dot(&matrix[row * n..row * n + column], &matrix[column * n..column * n + column]);
            let rest = matrix[row * n + column] - known;
            matrix[row * n + column] = if row == column {
                // Rounding may leave nothing of a variance, never less than what was added to it at first.
                rest.max(f64::MIN_POSITIVE).sqrt()
            } else {
                rest / matrix[column * n + column]
            };
        }
    }
    // Column by column, kept as rows so that every sum runs along memory.
    let mut transposed = vec![0.0; n * n];
    for column in 0..n {
        for row in column..n {
            let known = dot(
                &matrix[row * n + column..row * n + row],
                &transposed[column * n + column..column * n + row],
            );
            let own = if row == column { 1.0 } else { 0.0 };
            transposed[column * n + row] = (own - known) / matrix[row * n + row];
        }
    }
    let mut inverse = vec![0.0; n * n];
    for row in 0..n {
        for column in 0..=row {
            inverse[row * n + column] = transposed[column * n + row];
        }
    }
    inverse
}

/// The `k` orthonormal directions (k, width) in which `rows` (n, width) spread most, by subspace iteration.
fn widest_directions(rows: &Tensor, k: usize) -> Result<Tensor, TrainError> {
    let (_, width) = rows.dims2()?;
    let mut random = Random::new(0, "directions");
    let mut directions: Vec<f64> = (0..k * width).map(|_| 2.0 * random.unit() - 1.0).collect();
    for _ in 0..N_ROUNDS {
        orthonormalise(&mut directions, width);
        let of_rows = Tensor::from_slice(&directions, (k, width), rows.device())?;
        let spread = rows.matmul(&of_rows.t()?)?;
        directions = spread.t()?.matmul(rows)?.flatten_all()?.to_vec1()?;
    }
    orthonormalise(&mut directions, width);
    Ok(Tensor::from_vec(directions, (k, width), rows.device())?)
}

/// Gram and Schmidt, each direction twice against rounding; one that adds nothing becomes zero.
fn orthonormalise(directions: &mut [f64], width: usize) {
    let mut rest = &mut directions[..];
    let mut done: Vec<&mut [f64]> = Vec::new();
    while rest.len() >= width.max(1) {
        let (direction, later) = rest.split_at_mut(width);
        let length = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>().sqrt();
        let before = length(direction);
        for _ in 0..2 {
            for other in &done {
                let shared: f64 = direction.iter().zip(other.iter()).map(|(a, b)| a * b).sum();
                direction.iter_mut().zip(other.iter()).for_each(|(value, of_other)| *value -= shared * of_other);
            }
        }
        let after = length(direction);
        let factor = if after > SMALLEST_LENGTH * before { 1.0 / after } else { 0.0 };
        direction.iter_mut().for_each(|value| *value *= factor);
        done.push(direction);
        rest = later;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::{HeadRecipe, HeadShape, Mode, Towers};
    use super::*;

    fn head(width: usize, from: usize) -> Head {
        let recipe = HeadRecipe {
            towers: Towers::PerModality,
            depth: Depth::Linear,
            width,
            ..HeadRecipe::default()
        };
        Head::new(HeadShape { recipe, modality_widths: vec![from], n_classes: 0 }, 1, &Device::Cpu).unwrap()
    }

    /// Groups that differ in the second number, with a large difference within each in the first.
    fn rows() -> (Tensor, Vec<u32>) {
        let mut random = Random::new(3, "test");
        let mut values = Vec::new();
        let mut groups = Vec::new();
        for group in 0..40_u32 {
            for _ in 0..3 {
                let mut noise = |size: f64| (size * (2.0 * random.unit() - 1.0)) as f32;
                values.extend([noise(10.0), (group as f32 * 0.1) + noise(0.02), noise(0.01), noise(3.0)]);
                groups.push(group);
            }
        }
        (Tensor::from_vec(values, (120, 4), &Device::Cpu).unwrap(), groups)
    }

    #[test]
    fn within_groups_all_directions_are_even() {
        let (rows, groups) = rows();
        let head = head(4, 4);
        whiten(&head, 0, &rows, &groups, 0.0).unwrap();
        let parameters = head.parameters();
        let weight = parameters.get("tower0.0.weight").unwrap();
        let moved = rows.matmul(&weight.t().unwrap()).unwrap().to_dtype(DType::F64).unwrap();
        let deviations = within_groups(&moved, &groups).unwrap();
        let covariance: Vec<Vec<f64>> =
            deviations.t().unwrap().matmul(&deviations).unwrap().to_vec2().unwrap();
        let scale = covariance[0][0];
        for (row, values) in covariance.iter().enumerate() {
            for (column, value) in values.iter().enumerate() {
                let expected = f64::from(row == column);
                assert!((value / scale - expected).abs() < 1e-3, "{covariance:?}");
            }
        }
    }

    #[test]
    fn one_direction_is_the_one_that_tells_groups_apart() {
        let (rows, groups) = rows();
        let head = head(1, 4);
        whiten(&head, 0, &rows, &groups, 1e-6).unwrap();
        let weight: Vec<f32> = head.parameters().get("tower0.0.weight").unwrap().flatten_all().unwrap().to_vec1().unwrap();
        let largest = weight.iter().map(|value| value.abs()).fold(0.0, f32::max);
        assert!(weight[1].abs() == largest && weight[0].abs() < 0.01 * largest, "{weight:?}");
        // Every row has a length, so that the head can be used at once.
        let towers = head.towers(&[rows], Mode::Evaluate).unwrap();
        assert!(towers[0].flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().all(|value| value.is_finite()));
    }

    #[test]
    fn what_cannot_be_whitened_is_refused() {
        let (rows, groups) = rows();
        let error = whiten(&head(5, 4), 0, &rows, &groups, 0.1).unwrap_err().to_string();
        assert!(error.contains("at most 4"), "{error}");
        let alone: Vec<u32> = (0..120).collect();
        assert!(matches!(whiten(&head(2, 4), 0, &rows, &alone, 0.1), Err(TrainError::NoPositives)));
    }

    #[test]
    fn more_directions_than_rows_are_zero() {
        let rows = Tensor::new(&[[1.0_f64, 0.0, 0.0], [0.0, 2.0, 0.0]], &Device::Cpu).unwrap();
        let directions: Vec<Vec<f64>> = widest_directions(&rows, 3).unwrap().to_vec2().unwrap();
        assert!((directions[0][1].abs() - 1.0).abs() < 1e-6 && (directions[1][0].abs() - 1.0).abs() < 1e-6);
        assert_eq!(directions[2], [0.0; 3]);
    }
}
