//! Whitening: the linear map after which the codes of the catalogue have mean 0 and, nearly, the unit covariance, so that no
//! direction that all pictures share (how bright, how much white around) decides alone who is alike.
//!
//! The covariance is shrunk towards a multiple of the identity as Ledoit and Wolf ("A well-conditioned estimator for
//! large-dimensional covariance matrices", Journal of Multivariate Analysis 88, 2004) estimate from the codes themselves: few
//! pictures are whitened little. Its Cholesky factor is inverted; among the matrices that whiten, which is chosen changes no
//! cosine. It knows no pictures.

/// Added to every variance as a part of the mean variance, so that codes that never differ can be factored.
const SMALLEST_PART: f64 = 1e-6;

/// A mean and a matrix to whiten with.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Whitening {
    /// Subtracted from every code; (width).
    pub(super) centre: Vec<f32>,
    /// Multiplies what is left; (width, width), row-major, lower triangular.
    pub(super) matrix: Vec<f32>,
}

impl Whitening {
    /// Of codes (n, width), row-major.
    pub(super) fn of(codes: &[f32], width: usize) -> Self {
        let n_codes = (codes.len() / width).max(1) as f64;
        let mut centre = vec![0.0_f64; width];
        for code in codes.chunks_exact(width) {
            centre.iter_mut().zip(code).for_each(|(sum, &value)| *sum += f64::from(value));
        }
        centre.iter_mut().for_each(|sum| *sum /= n_codes);

        let mut covariance = vec![0.0_f64; width * width];
        let mut fourth_powers = 0.0;
        for code in codes.chunks_exact(width) {
            let code: Vec<f64> =
                code.iter().zip(&centre).map(|(&value, mean)| f64::from(value) - mean).collect();
            fourth_powers += code.iter().map(|value| value * value).sum::<f64>().powi(2);
            for (row, a) in covariance.chunks_exact_mut(width).zip(&code) {
                row.iter_mut().zip(&code).for_each(|(sum, b)| *sum += a * b);
            }
        }
        covariance.iter_mut().for_each(|sum| *sum /= n_codes);
        shrink(&mut covariance, width, fourth_powers, n_codes);
        let matrix = inverse_of_cholesky_factor(covariance, width);
        Self {
            centre: centre.into_iter().map(|value| value as f32).collect(),
            matrix: matrix.into_iter().map(|value| value as f32).collect(),
        }
    }

    /// Whitens one code in place.
    pub(super) fn apply(&self, code: &mut [f32]) {
        code.iter_mut().zip(&self.centre).for_each(|(value, centre)| *value -= centre);
        let width = code.len();
        // From the last number to the first: each row reads only the numbers up to its own.
        for (place, row) in self.matrix.chunks_exact(width.max(1)).enumerate().rev() {
            let sum: f32 = row.iter().zip(&*code).take(place + 1).map(|(weight, value)| weight * value).sum();
            if let Some(value) = code.get_mut(place) {
                *value = sum;
            }
        }
    }
}

/// Ledoit and Wolf's estimate: `fourth_powers` is the sum of the centred codes' lengths to the fourth.
fn shrink(covariance: &mut [f64], width: usize, fourth_powers: f64, n_codes: f64) {
    let mean = covariance.iter().step_by(width + 1).sum::<f64>() / width as f64;
    let squares: f64 = covariance.iter().map(|value| value * value).sum();
    let dispersion = squares - width as f64 * mean * mean;
    let error = (fourth_powers / n_codes - squares) / n_codes;
    let part = if dispersion > 0.0 { (error / dispersion).clamp(0.0, 1.0) } else { 1.0 };
    covariance.iter_mut().for_each(|value| *value *= 1.0 - part);
    // Codes that are all the same have no variance at all; then every matrix is as good.
    let diagonal = if mean > 0.0 { part * mean + SMALLEST_PART * mean } else { 1.0 };
    covariance.iter_mut().step_by(width + 1).for_each(|value| *value += diagonal);
}

/// L^-1 for a positive definite matrix L L^T; row-major, zero above the diagonal.
fn inverse_of_cholesky_factor(mut matrix: Vec<f64>, width: usize) -> Vec<f64> {
    let at = |row: usize, column: usize| row * width + column;
    for column in 0..width {
        for row in column..width {
            let known: f64 = (0..column).map(|k| matrix[at(row, k)] * matrix[at(column, k)]).sum();
            let rest = matrix[at(row, column)] - known;
            matrix[at(row, column)] = if row == column {
                rest.max(f64::MIN_POSITIVE).sqrt()
            } else {
                rest / matrix[at(column, column)]
            };
        }
    }
    let mut inverse = vec![0.0; width * width];
    for column in 0..width {
        for row in column..width {
            let known: f64 = (column..row).map(|k| matrix[at(row, k)] * inverse[at(k, column)]).sum();
            let one = if row == column { 1.0 } else { 0.0 };
            inverse[at(row, column)] = (one - known) / matrix[at(row, row)];
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Random;

    /// (n, 3) codes whose numbers depend on each other, about a mean of 5.
    fn codes(n_codes: usize) -> Vec<f32> {
        let mut random = Random::new(1);
        let mut code = || {
            let [a, b, c] = [random.uniform() as f32, random.uniform() as f32, random.uniform() as f32];
            [5.0 + 9.0 * a, 5.0 + 8.0 * a + b, 5.0 - a + 0.5 * c]
        };
        (0..n_codes).flat_map(|_| code()).collect()
    }

    #[test]
    fn many_codes_get_the_unit_covariance() {
        let mut codes = codes(20_000);
        let whitening = Whitening::of(&codes, 3);
        codes.chunks_exact_mut(3).for_each(|code| whitening.apply(code));
        for a in 0..3 {
            for b in 0..3 {
                let product = |code: &[f32]| f64::from(code[a]) * f64::from(code[b]);
                let found = codes.chunks_exact(3).map(product).sum::<f64>() / 20_000.0;
                let expected = if a == b { 1.0 } else { 0.0 };
                assert!((found - expected).abs() < 0.1, "{a} {b}: {found}");
            }
        }
    }

    #[test]
    fn few_codes_are_whitened_less_and_equal_ones_become_zero() {
        // How far apart the largest and the smallest factors on the diagonal lie.
        let reach = |n_codes: usize| {
            let matrix = Whitening::of(&codes(n_codes), 3).matrix;
            matrix[8] / matrix[0]
        };
        assert!(reach(4) < 0.5 * reach(20_000), "{} {}", reach(4), reach(20_000));
        let mut code = [1.0, 2.0, 3.0];
        Whitening::of(&code.repeat(5), 3).apply(&mut code);
        assert_eq!(code, [0.0; 3]);
    }
}
