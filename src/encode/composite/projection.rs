//! A fixed orthogonal projection from many numbers to fewer. A random subspace keeps cosines nearly as they are (Johnson and
//! Lindenstrauss, "Extensions of Lipschitz mappings into a Hilbert space", 1984), with an error of about 1 / sqrt(width).

use crate::nn::Random;

/// Orthonormal rows (to, from).
#[derive(Debug)]
pub(super) struct Projection {
    from: usize,
    rows: Vec<f32>,
}

impl Projection {
    /// The projection from `from` to `to` numbers (`to <= from`) that belongs to this seed: normally distributed rows, made
    /// orthonormal one after the other (modified Gram-Schmidt).
    pub(super) fn new(from: usize, to: usize, seed: u64) -> Self {
        debug_assert!(to <= from);
        let mut random = Random::new(seed);
        let mut rows = vec![0.0_f64; to * from];
        for at in 0..to {
            let (done, rest) = rows.split_at_mut(at * from);
            let Some(row) = rest.get_mut(..from) else { break };
            row.iter_mut().for_each(|value| *value = random.normal());
            for earlier in done.chunks_exact(from) {
                let along: f64 = earlier.iter().zip(row.iter()).map(|(a, b)| a * b).sum();
                row.iter_mut().zip(earlier).for_each(|(value, other)| *value -= along * other);
            }
            let length = row.iter().map(|value| value * value).sum::<f64>().sqrt();
            row.iter_mut().for_each(|value| *value /= length);
        }
        Self { from, rows: rows.into_iter().map(|value| value as f32).collect() }
    }

    /// `row` (from) projected to (to).
    pub(super) fn apply(&self, row: &[f32]) -> Vec<f32> {
        let dot = |axis: &[f32]| axis.iter().zip(row).map(|(a, b)| a * b).sum();
        self.rows.chunks_exact(self.from.max(1)).map(dot).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_rows_are_orthonormal_and_fixed_by_the_seed() {
        let projection = Projection::new(40, 12, 7);
        for (a, first) in projection.rows.chunks_exact(40).enumerate() {
            for (b, second) in projection.rows.chunks_exact(40).enumerate() {
                let dot: f32 = first.iter().zip(second).map(|(x, y)| x * y).sum();
                let expected = if a == b { 1.0 } else { 0.0 };
                assert!((dot - expected).abs() < 1e-5, "rows {a} and {b}: {dot}");
            }
        }
        assert_eq!(projection.rows, Projection::new(40, 12, 7).rows);
        assert_ne!(projection.rows, Projection::new(40, 12, 8).rows);
    }

    #[test]
    fn a_projection_to_all_numbers_keeps_every_length_and_angle() {
        let projection = Projection::new(5, 5, 1);
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
        let (a, b) = ([1.0, -2.0, 0.5, 3.0, 0.0], [0.0, 1.0, 4.0, -1.0, 2.0]);
        let (to_a, to_b) = (projection.apply(&a), projection.apply(&b));
        assert!((dot(&to_a, &to_b) - dot(&a, &b)).abs() < 1e-4);
        assert!((dot(&to_a, &to_a) - dot(&a, &a)).abs() < 1e-4);
    }
}
