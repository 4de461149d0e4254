//! Precision, recall and F1 over unordered pairs. Never looks at scores or lists.

use std::collections::HashMap;

/// Scores over unordered pairs of different rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PairScores {
    /// True pairs among the predicted ones; 1 where none is predicted.
    pub precision: f64,
    /// Predicted pairs among the true ones; 1 where none is true.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
    /// Number of predicted pairs.
    pub n_predicted: u64,
    /// Number of true pairs.
    pub n_true: u64,
}

impl PairScores {
    /// Scores from counts of pairs. No answer is never wrong: 0 / 0 is 1.
    pub(super) fn from_counts(n_hits: u64, n_predicted: u64, n_true: u64) -> Self {
        let ratio = |part: u64, whole: u64| if whole == 0 { 1.0 } else { part as f64 / whole as f64 };
        Self {
            precision: ratio(n_hits, n_predicted),
            recall: ratio(n_hits, n_true),
            f1: ratio(2 * n_hits, n_predicted + n_true),
            n_predicted,
            n_true,
        }
    }
}

/// Scores the set of predicted pairs (each unordered pair once) against `groups`. A pair of a row with itself is left out.
pub fn pair_scores(predicted: impl Iterator<Item = (u32, u32)>, groups: &[Option<u32>]) -> PairScores {
    let label = |row: u32| groups.get(row as usize).copied().flatten();
    let (mut n_predicted, mut n_hits) = (0, 0);
    for (a, b) in predicted.filter(|(a, b)| a != b) {
        n_predicted += 1;
        n_hits += u64::from(label(a).is_some() && label(a) == label(b));
    }
    PairScores::from_counts(n_hits, n_predicted, n_true_pairs(groups))
}

/// Number of unordered pairs of rows with the same label.
pub(super) fn n_true_pairs(groups: &[Option<u32>]) -> u64 {
    let mut sizes: HashMap<u32, u64> = HashMap::new();
    for group in groups.iter().flatten() {
        *sizes.entry(*group).or_insert(0) += 1;
    }
    sizes.values().map(|size| size * (size - 1) / 2).sum()
}

#[cfg(test)]
mod tests {
    use super::pair_scores;

    fn check(predicted: &[(u32, u32)], groups: &[Option<u32>], precision: f64, recall: f64, f1: f64) {
        let found = pair_scores(predicted.iter().copied(), groups);
        for (found, expected) in [(found.precision, precision), (found.recall, recall), (found.f1, f1)] {
            assert!((found - expected).abs() < 1e-12, "{predicted:?}: {found} is not {expected}");
        }
    }

    #[test]
    fn scores_pairs() {
        let groups = [Some(1), Some(1), Some(1), Some(2), None, None];
        check(&[(0, 1), (0, 2), (1, 2)], &groups, 1.0, 1.0, 1.0);
        check(&[(1, 0)], &groups, 1.0, 1.0 / 3.0, 0.5);
        check(&[(0, 1), (0, 3)], &groups, 0.5, 1.0 / 3.0, 0.4);
        check(&[(4, 5)], &groups, 0.0, 0.0, 0.0);
        check(&[(0, 0)], &groups, 1.0, 0.0, 0.0);
        check(&[(0, 99)], &groups, 0.0, 0.0, 0.0);
        check(&[], &[None, None], 1.0, 1.0, 1.0);
    }
}
