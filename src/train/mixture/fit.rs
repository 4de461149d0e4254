//! Chooses the weights of a mixture on labelled rows: a coarse grid over all shares, then coordinate ascent from its best point,
//! the threshold tuned anew each time. Equal scores keep what came first, so that the result does not hang on chance.

use super::{FittedMixture, MixtureTable};
use crate::matching::{Tuned, tune};

/// Shares of the coarse grid are multiples of its inverse.
const GRID_STEPS: usize = 5;
/// Parts beyond these start equal: the grid would grow too large.
const MOST_GRID_PARTS: usize = 5;
/// Steps of the ascent, as shares before they are made to add up to 1.
const ASCENT_STEPS: [f32; 2] = [0.1, 0.05];
/// Rounds over the parts for each step.
const MOST_ROUNDS: usize = 4;
/// Gains below this are rounding.
const LEAST_GAIN: f64 = 1e-9;

impl MixtureTable {
    /// The weights with the best mean per-row F1 over the labelled rows; `None` when no row has a label or there is no part.
    pub fn fit(
        &self,
        groups: &[Option<u32>],
        cohort_neighbors: usize,
        max_matches: usize,
    ) -> Option<(FittedMixture, Tuned)> {
        let n_parts = self.n_parts();
        let score = |weights: &[f32]| tune(&self.lists(weights, cohort_neighbors), groups, 1, max_matches);
        let mut weights = vec![1.0 / n_parts as f32; n_parts];
        let mut best = score(&weights).filter(|_| n_parts > 0)?;
        let is_better = |other: &Tuned, best: &Tuned| other.scores.mean_f1 > best.scores.mean_f1 + LEAST_GAIN;
        if (2..=MOST_GRID_PARTS).contains(&n_parts) {
            for shares in shares_of(n_parts, GRID_STEPS) {
                if let Some(found) = score(&shares)
                    && is_better(&found, &best)
                {
                    (weights, best) = (shares, found);
                }
            }
        }
        for step in ASCENT_STEPS {
            for _ in 0..MOST_ROUNDS {
                let before = best.scores.mean_f1;
                for (part, step) in (0..n_parts).flat_map(|part| [(part, step), (part, -step)]) {
                    let Some(other) = moved(&weights, part, step) else { continue };
                    if let Some(found) = score(&other)
                        && is_better(&found, &best)
                    {
                        (weights, best) = (other, found);
                    }
                }
                if best.scores.mean_f1 <= before + LEAST_GAIN {
                    break;
                }
            }
        }
        Some((FittedMixture { weights, cohort_neighbors }, best))
    }
}

/// One share raised or lowered, all made to add up to 1; `None` where nothing would change or nothing be left.
pub(in crate::train) fn moved(weights: &[f32], part: usize, step: f32) -> Option<Vec<f32>> {
    let mut other = weights.to_vec();
    let share = other.get_mut(part)?;
    let raised = (*share + step).max(0.0);
    if raised == *share {
        return None;
    }
    *share = raised;
    let total: f32 = other.iter().sum();
    (total > 0.0).then(|| other.iter().map(|share| share / total).collect())
}

/// Every way to share `n_steps` equal pieces out among `n_parts`.
pub(in crate::train) fn shares_of(n_parts: usize, n_steps: usize) -> Vec<Vec<f32>> {
    let mut all: Vec<Vec<usize>> = vec![Vec::new()];
    for part in 0..n_parts {
        let is_last = part + 1 == n_parts;
        all = all
            .into_iter()
            .flat_map(|shares| {
                let left = n_steps - shares.iter().sum::<usize>();
                let least = if is_last { left } else { 0 };
                (least..=left).map(move |share| [shares.as_slice(), &[share]].concat())
            })
            .collect();
    }
    let unit = 1.0 / n_steps as f32;
    all.into_iter().map(|shares| shares.into_iter().map(|share| share as f32 * unit).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::{moved, shares_of};

    #[test]
    fn shares_are_all_there_and_add_up() {
        let all = shares_of(3, 5);
        assert_eq!(all.len(), 21);
        assert!(all.iter().all(|shares| (shares.iter().sum::<f32>() - 1.0).abs() < 1e-6));
        assert!(all.contains(&vec![0.0, 0.0, 1.0]));
        assert_eq!(shares_of(1, 5), [[1.0]]);
    }

    #[test]
    fn moving_keeps_the_sum_and_never_goes_below_nothing() {
        assert_eq!(moved(&[0.5, 0.5], 0, 1.0), Some(vec![0.75, 0.25]));
        assert_eq!(moved(&[1.0, 0.0], 1, -0.1), None);
        assert_eq!(moved(&[1.0, 0.0], 0, -2.0), None);
    }
}
