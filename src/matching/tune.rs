//! Chooses the threshold with the best mean per-row F1 on labelled groups. Never looks at unlabelled rows' answers.

use crate::index::Neighbors;
use crate::metrics::{RowScores, ThresholdPoint, threshold_curve_of_rows};

/// Thresholds a unit; they are multiples of its inverse, 0.005.
const STEPS_A_UNIT: f32 = 200.0;

/// The chosen threshold and what it was chosen from.
#[derive(Clone, Debug)]
pub struct Tuned {
    /// The best threshold.
    pub threshold: f32,
    /// Scores there.
    pub scores: RowScores,
    /// The whole curve, thresholds ascending in steps of 0.005.
    pub curve: Vec<ThresholdPoint>,
    /// How many labelled rows it was tuned on.
    pub n_labelled_rows: usize,
}

/// Tunes on the rows with a label; `None` when there are none.
///
/// Thresholds are the multiples of 0.005 that cover the scores of labelled rows, within [-1, 1]. Where neighbouring
/// thresholds are equally best, the middle one is chosen: it is the farthest from any score that would change the
/// answer. A match without a label counts as a wrong one.
pub fn tune(
    neighbors: &Neighbors,
    groups: &[Option<u32>],
    min_matches: usize,
    max_matches: usize,
) -> Option<Tuned> {
    let n_rows = neighbors.n_rows().min(groups.len());
    let labelled: Vec<u32> = (0..n_rows).filter(|row| groups[*row].is_some()).map(|row| row as u32).collect();
    if labelled.is_empty() {
        return None;
    }
    let thresholds = thresholds_over(neighbors, &labelled);
    let curve = threshold_curve_of_rows(
        &labelled,
        &neighbors.offsets,
        &neighbors.rows,
        &neighbors.scores,
        groups,
        &thresholds,
        min_matches,
        max_matches,
    );
    let best_f1 = curve.iter().map(|point| point.scores.mean_f1).max_by(f64::total_cmp)?;
    let first = curve.iter().position(|point| point.scores.mean_f1 >= best_f1)?;
    let n_equal = curve.iter().skip(first).take_while(|point| point.scores.mean_f1 >= best_f1).count();
    let best = *curve.get(first + n_equal.saturating_sub(1) / 2)?;
    Some(Tuned { threshold: best.threshold, scores: best.scores, curve, n_labelled_rows: labelled.len() })
}

/// Multiples of 0.005 from just below the lowest score to just above the highest, the rows themselves left out.
fn thresholds_over(neighbors: &Neighbors, rows: &[u32]) -> Vec<f32> {
    let (mut lowest, mut highest) = (1.0_f32, -1.0_f32);
    for &row in rows {
        let (others, scores) = neighbors.list(row as usize);
        for (_, &score) in
            others.iter().zip(scores).filter(|(other, score)| **other != row && score.is_finite())
        {
            lowest = lowest.min(score);
            highest = highest.max(score);
        }
    }
    if lowest > highest {
        // Nothing to tell apart.
        (lowest, highest) = (0.5, 0.5);
    }
    let first = (lowest.max(-1.0) * STEPS_A_UNIT).floor() as i32;
    let last = ((highest.min(1.0) * STEPS_A_UNIT).floor() as i32 + 1).min(STEPS_A_UNIT as i32).max(first);
    (first..=last).map(|step| step as f32 / STEPS_A_UNIT).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::{prop, prop_assert, proptest};

    use super::tune;
    use crate::index::{Hit, Neighbors};
    use crate::matching::{MatchOptions, row_matches};
    use crate::metrics::row_scores;

    /// Symmetric lists of all pairs, best first.
    fn complete(n_rows: usize, score_of: impl Fn(usize, usize) -> f32) -> Neighbors {
        let list = |row: usize| {
            let mut list: Vec<Hit> = (0..n_rows)
                .map(|other| Hit { row: other as u32, score: score_of(row.min(other), row.max(other)) })
                .collect();
            list.sort_by(|left, right| right.score.total_cmp(&left.score));
            list
        };
        Neighbors::from_lists((0..n_rows).map(list).collect())
    }

    #[test]
    fn the_middle_of_what_separates_the_groups() {
        let groups = [Some(1), Some(1), Some(2), Some(2)];
        let neighbors = complete(4, |a, b| if groups[a] == groups[b] { 0.9 } else { 0.2 });
        let tuned = tune(&neighbors, &groups, 1, 50).unwrap();
        assert!((tuned.scores.mean_f1 - 1.0).abs() < 1e-12);
        assert!((tuned.threshold - 0.55).abs() < 0.006, "{}", tuned.threshold);
        assert_eq!(tuned.n_labelled_rows, 4);
        assert!(
            tuned.curve.windows(2).all(|pair| (pair[1].threshold - pair[0].threshold - 0.005).abs() < 1e-6)
        );
    }

    #[test]
    fn no_match_at_all_can_be_best() {
        let neighbors = complete(3, |_, _| 0.7);
        let tuned = tune(&neighbors, &[Some(1), Some(2), Some(3)], 1, 50).unwrap();
        assert!(tuned.threshold > 0.7 && (tuned.scores.mean_f1 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn labels_are_needed() {
        let neighbors = complete(2, |_, _| 0.7);
        assert!(tune(&neighbors, &[None, None], 1, 50).is_none());
        assert!(tune(&neighbors, &[], 1, 50).is_none());
        assert_eq!(tune(&neighbors, &[Some(3), None], 1, 50).unwrap().n_labelled_rows, 1);
        let empty = Neighbors::from_lists(vec![Vec::new(), Vec::new()]);
        assert!((tune(&empty, &[Some(1), Some(1)], 1, 50).unwrap().scores.mean_f1 - 2.0 / 3.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn the_curve_is_what_row_matches_score(
            scores in prop::collection::vec(-20_i8..=20, 64),
            groups in prop::collection::vec(0_u32..3, 8),
            min_matches in 1_usize..3,
            max_matches in 3_usize..9,
        ) {
            let groups: Vec<Option<u32>> = groups.into_iter().map(Some).collect();
            let neighbors = complete(8, |a, b| if a == b { 1.0 } else { f32::from(scores[a * 8 + b]) / 20.0 });
            let tuned = tune(&neighbors, &groups, min_matches, max_matches).unwrap();
            for point in &tuned.curve {
                let options = MatchOptions { threshold: Some(point.threshold), min_matches, max_matches };
                let matches = row_matches(&neighbors, &options);
                let naive = row_scores((0..8).map(|row| matches.list(row).0), &groups);
                prop_assert!((naive.mean_f1 - point.scores.mean_f1).abs() < 1e-9);
                prop_assert!(naive.mean_f1 <= tuned.scores.mean_f1 + 1e-9);
            }
        }
    }
}
