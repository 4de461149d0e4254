//! Candidate pairs in order of doubt: the nearer to the threshold, the earlier. Knows nothing of decisions.

use rayon::slice::ParallelSliceMut;

use super::edges::unordered_pairs;
use crate::index::Neighbors;

/// One unordered pair (a < b).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Smaller row.
    pub a: u32,
    /// Larger row.
    pub b: u32,
    /// Fused score (the larger of both directions where they differ).
    pub score: f32,
}

/// Every unordered pair with score at least `floor`, nearest to `threshold` first, then by score descending, then rows.
pub fn candidates_by_doubt(neighbors: &Neighbors, threshold: f32, floor: f32) -> Vec<Candidate> {
    let mut candidates = unordered_pairs(neighbors, floor);
    let distance = |candidate: &Candidate| (candidate.score - threshold).abs();
    candidates.par_sort_unstable_by(|left, right| {
        distance(left)
            .total_cmp(&distance(right))
            .then(right.score.total_cmp(&left.score))
            .then((left.a, left.b).cmp(&(right.a, right.b)))
    });
    candidates
}

#[cfg(test)]
mod tests {
    use super::candidates_by_doubt;
    use crate::index::{Hit, Neighbors};

    fn check(lists: &[&[(u32, f32)]], threshold: f32, floor: f32, expected: &[(u32, u32, f32)]) {
        let lists =
            lists.iter().map(|list| list.iter().map(|&(row, score)| Hit { row, score }).collect()).collect();
        let found: Vec<(u32, u32, f32)> =
            candidates_by_doubt(&Neighbors::from_lists(lists), threshold, floor)
                .into_iter()
                .map(|candidate| (candidate.a, candidate.b, candidate.score))
                .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_doubtful_come_first() {
        let lists: [&[(u32, f32)]; 3] =
            [&[(0, 1.0), (1, 0.875), (2, 0.25)], &[(1, 1.0), (0, 0.875), (2, 0.5)], &[(2, 1.0)]];
        check(&lists, 0.5, 0.0, &[(1, 2, 0.5), (0, 2, 0.25), (0, 1, 0.875)]);
        check(&lists, 0.75, 0.5, &[(0, 1, 0.875), (1, 2, 0.5)]);
    }

    #[test]
    fn equal_doubt_goes_by_score_then_rows() {
        check(
            &[&[(0, 1.0), (1, 0.75), (2, 0.25), (3, 0.25)], &[], &[], &[]],
            0.5,
            0.0,
            &[(0, 1, 0.75), (0, 2, 0.25), (0, 3, 0.25)],
        );
    }

    #[test]
    fn one_pair_is_told_once_with_its_larger_score() {
        check(&[&[(1, 0.25)], &[(0, 0.5)]], 0.5, 0.0, &[(0, 1, 0.5)]);
        check(&[&[], &[(0, 0.5)]], 0.5, 0.0, &[(0, 1, 0.5)]);
        check(&[&[(1, f32::NAN), (7, 0.5)], &[(0, 0.5)]], 0.5, 0.0, &[(0, 1, 0.5)]);
        check(&[], 0.5, 0.0, &[]);
    }
}
