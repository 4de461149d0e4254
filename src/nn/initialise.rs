//! The first values of parameters: He et al., "Delving Deep into Rectifiers", ICCV 2015, equation 10, for kernels.

use super::{Parameter, ParameterRole, Random};

/// Deviation of the rows of a table.
const TABLE_DEVIATION: f64 = 0.02;

/// Row-major first values: weights uniform with variance gain / fan-in (gain 2 for kernels over pictures, 1 for
/// others), tables uniform with deviation 0.02. Each parameter has a stream of its own, so that a network keeps its
/// numbers when another gets more layers. Uniform numbers need no logarithm, whose last digit differs among machines.
pub(super) fn initial_values(parameter: &Parameter, seed: u64) -> Vec<f32> {
    let n_values = parameter.n_values();
    let uniform = |deviation: f64| {
        let bound = 3_f64.sqrt() * deviation;
        let mut random = Random::named(seed, &parameter.name);
        (0..n_values).map(|_| (bound * (2.0 * random.uniform() - 1.0)) as f32).collect()
    };
    match parameter.role {
        ParameterRole::Weight => {
            let fan_in = parameter.shape.iter().skip(1).product::<usize>().max(1) as f64;
            let gain = if parameter.shape.len() == 4 { 2.0 } else { 1.0 };
            uniform((gain / fan_in).sqrt())
        }
        ParameterRole::Table => uniform(TABLE_DEVIATION),
        ParameterRole::Bias | ParameterRole::RunningMean => vec![0.0; n_values],
        ParameterRole::RunningVariance => vec![1.0; n_values],
        ParameterRole::Constant(value) => vec![value as f32; n_values],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(role: ParameterRole, shape: &[usize], seed: u64) -> Vec<f32> {
        initial_values(&Parameter { name: "a.weight".to_owned(), shape: shape.to_vec(), role }, seed)
    }

    fn variance(values: &[f32]) -> f64 {
        values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>() / values.len() as f64
    }

    #[test]
    fn variances_are_by_fan_in() {
        let relative = |values: &[f32], expected: f64| (variance(values) / expected - 1.0).abs();
        assert!(relative(&values(ParameterRole::Weight, &[64, 32, 3, 3], 1), 2.0 / 288.0) < 0.03);
        assert!(relative(&values(ParameterRole::Weight, &[256, 100], 1), 0.01) < 0.03);
        assert!(relative(&values(ParameterRole::Table, &[1000, 20], 1), 4e-4) < 0.03);
        assert_eq!(values(ParameterRole::Constant(3.0), &[1], 1), [3.0]);
        assert_eq!(values(ParameterRole::Constant(0.5), &[], 1), [0.5]);
        assert_eq!(values(ParameterRole::RunningVariance, &[2], 1), [1.0, 1.0]);
        assert_eq!(values(ParameterRole::Bias, &[2], 1), [0.0, 0.0]);
    }

    #[test]
    fn a_seed_gives_the_same_numbers_and_another_others() {
        let first = values(ParameterRole::Weight, &[2, 2], 7);
        assert_eq!(first, values(ParameterRole::Weight, &[2, 2], 7));
        assert_ne!(first, values(ParameterRole::Weight, &[2, 2], 8));
    }
}
