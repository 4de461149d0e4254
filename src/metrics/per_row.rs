//! Mean per-row F1, the measure of the Shopee "Price Match Guarantee" competition
//! (<https://www.kaggle.com/competitions/shopee-product-matching/overview/evaluation>).
//! Answers are scored as they are: nothing here clusters, symmetrises or completes them.

use std::collections::HashMap;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// Rows a task of [`threshold_curve`] sums before the sums are joined; fixed, so that results do not depend on threads.
const ROWS_A_TASK: usize = 1024;

/// Means over rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RowScores {
    /// Mean of each row's F1.
    pub mean_f1: f64,
    /// Mean of each row's precision.
    pub precision: f64,
    /// Mean of each row's recall.
    pub recall: f64,
}

/// One point of the threshold curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ThresholdPoint {
    /// Matches are candidates with score at least this.
    pub threshold: f32,
    /// Scores at that threshold.
    pub scores: RowScores,
}

/// Scores `matches` (row -> matched rows, the row itself included) against `groups`.
///
/// For a row with true set T (every row of its group, itself included; the row alone without a label) and
/// predicted set P: precision |T∩P| / |P|, recall |T∩P| / |T|, F1 = 2 |T∩P| / (|T| + |P|). A row listed twice counts
/// once; an empty answer scores 0. The mean is over the lists that `matches` yields, list i being row i's.
pub fn row_scores<'a>(matches: impl Iterator<Item = &'a [u32]>, groups: &[Option<u32>]) -> RowScores {
    let group_sizes = GroupSizes::new(groups);
    // Holds, for each row, 1 + the last list that named it.
    let mut seen_by = vec![0_usize; groups.len()];
    let mut sum = Sums::default();
    let mut n_rows = 0;
    for (row, list) in matches.enumerate() {
        n_rows = row + 1;
        let (mut n_predicted, mut n_hits) = (0, 0);
        for &matched in list {
            match seen_by.get_mut(matched as usize) {
                Some(seen) if *seen == n_rows => continue,
                Some(seen) => *seen = n_rows,
                // A row that does not exist is a wrong answer.
                None => {}
            }
            n_predicted += 1;
            n_hits += usize::from(is_true(groups, row, matched));
        }
        sum.add(&Sums::of_answer(n_hits, n_predicted, group_sizes.of(groups, row)));
    }
    sum.mean(n_rows)
}

/// Row scores at every threshold of `thresholds` (any order), in one pass over the candidates.
/// `offsets` (n + 1), `candidates` and `scores` are a CSR of ranked candidates, the row itself included, best first.
/// At most `max_matches` are kept a row; at least `min_matches` (best first) even below the threshold.
///
/// The row itself is always its own first match, wherever it stands in its list and even where the list lacks it.
/// Scores must not rise along a list; where one does, it counts as the lowest before it.
pub fn threshold_curve(
    offsets: &[usize],
    candidates: &[u32],
    scores: &[f32],
    groups: &[Option<u32>],
    thresholds: &[f32],
    min_matches: usize,
    max_matches: usize,
) -> Vec<ThresholdPoint> {
    let rows: Vec<u32> = (0..offsets.len().saturating_sub(1) as u32).collect();
    threshold_curve_of_rows(&rows, offsets, candidates, scores, groups, thresholds, min_matches, max_matches)
}

/// As [`threshold_curve`], with the means taken over `rows` only (the labelled rows, say). Groups keep all their members.
#[expect(
    clippy::too_many_arguments,
    reason = "threshold_curve's arguments and the rows; this floor knows no CSR type"
)]
pub fn threshold_curve_of_rows(
    rows: &[u32],
    offsets: &[usize],
    candidates: &[u32],
    scores: &[f32],
    groups: &[Option<u32>],
    thresholds: &[f32],
    min_matches: usize,
    max_matches: usize,
) -> Vec<ThresholdPoint> {
    let group_sizes = GroupSizes::new(groups);
    let mut ascending: Vec<f32> = thresholds.to_vec();
    ascending.sort_by(f32::total_cmp);

    // `gained[i]` holds what is gained when the threshold falls from ascending[i + 1] to ascending[i];
    // the last bucket holds what the top threshold already has.
    let sum_rows = |rows: &[u32]| -> Vec<Sums> {
        let mut gained = vec![Sums::default(); ascending.len() + 1];
        for &row in rows {
            let row = row as usize;
            let span = match (offsets.get(row), offsets.get(row + 1)) {
                (Some(&start), Some(&end)) => start..end,
                _ => 0..0,
            };
            let list =
                candidates.get(span.clone()).unwrap_or(&[]).iter().zip(scores.get(span).unwrap_or(&[]));
            let n_true = group_sizes.of(groups, row);
            let (mut n_predicted, mut n_hits) = (1, 1);
            let mut before = Sums::of_answer(n_hits, n_predicted, n_true);
            if let Some(always) = gained.last_mut() {
                always.add(&before);
            }
            let mut lowest = f32::INFINITY;
            for (&candidate, &score) in list.filter(|(candidate, _)| **candidate as usize != row) {
                if n_predicted >= max_matches {
                    break;
                }
                n_predicted += 1;
                n_hits += usize::from(is_true(groups, row, candidate));
                let after = Sums::of_answer(n_hits, n_predicted, n_true);
                // A NaN score is below every threshold.
                lowest = if score.is_nan() { f32::NEG_INFINITY } else { lowest.min(score) };
                let bucket = if n_predicted <= min_matches {
                    Some(ascending.len())
                } else {
                    ascending.partition_point(|threshold| *threshold <= lowest).checked_sub(1)
                };
                if let Some(gain) = bucket.and_then(|bucket| gained.get_mut(bucket)) {
                    gain.add_change(&before, &after);
                }
                before = after;
            }
        }
        gained
    };

    let tasks: Vec<&[u32]> = rows.chunks(ROWS_A_TASK).collect();
    let partial: Vec<Vec<Sums>> = tasks.into_par_iter().map(sum_rows).collect();
    let mut totals = vec![Sums::default(); ascending.len() + 1];
    for part in &partial {
        for (total, gain) in totals.iter_mut().zip(part) {
            total.add(gain);
        }
    }
    // From the highest threshold down, each keeps all that the higher ones have.
    let mut kept = Sums::default();
    for total in totals.iter_mut().rev() {
        kept.add(total);
        *total = kept;
    }
    thresholds
        .iter()
        .map(|&threshold| {
            let rank = ascending.partition_point(|other| other.total_cmp(&threshold).is_lt());
            let sums = totals.get(rank).copied().unwrap_or_default();
            ThresholdPoint { threshold, scores: sums.mean(rows.len()) }
        })
        .collect()
}

/// Sums of the three scores over rows.
#[derive(Clone, Copy, Default)]
struct Sums {
    f1: f64,
    precision: f64,
    recall: f64,
}

impl Sums {
    fn of_answer(n_hits: usize, n_predicted: usize, n_true: usize) -> Self {
        let ratio = |part: usize, whole: usize| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        Self {
            f1: ratio(2 * n_hits, n_predicted + n_true),
            precision: ratio(n_hits, n_predicted),
            recall: ratio(n_hits, n_true),
        }
    }

    fn add(&mut self, other: &Self) {
        self.f1 += other.f1;
        self.precision += other.precision;
        self.recall += other.recall;
    }

    fn add_change(&mut self, before: &Self, after: &Self) {
        self.f1 += after.f1 - before.f1;
        self.precision += after.precision - before.precision;
        self.recall += after.recall - before.recall;
    }

    fn mean(&self, n_rows: usize) -> RowScores {
        let n_rows = n_rows.max(1) as f64;
        RowScores {
            mean_f1: self.f1 / n_rows,
            precision: self.precision / n_rows,
            recall: self.recall / n_rows,
        }
    }
}

/// How many rows carry each label.
struct GroupSizes(HashMap<u32, usize>);

impl GroupSizes {
    fn new(groups: &[Option<u32>]) -> Self {
        let mut sizes = HashMap::new();
        for group in groups.iter().flatten() {
            *sizes.entry(*group).or_insert(0) += 1;
        }
        Self(sizes)
    }

    /// Size of the group of `row`; 1 without a label.
    fn of(&self, groups: &[Option<u32>], row: usize) -> usize {
        let group = groups.get(row).copied().flatten();
        group.and_then(|group| self.0.get(&group).copied()).unwrap_or(1)
    }
}

/// Whether `matched` belongs to the true set of `row`.
fn is_true(groups: &[Option<u32>], row: usize, matched: u32) -> bool {
    let matched = matched as usize;
    match (groups.get(row).copied().flatten(), groups.get(matched).copied().flatten()) {
        (Some(mine), Some(other)) => mine == other,
        _ => row == matched,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::{Strategy, any, prop, prop_assert, proptest};

    use super::{RowScores, ThresholdPoint, row_scores, threshold_curve, threshold_curve_of_rows};

    fn close(left: RowScores, right: RowScores) -> bool {
        (left.mean_f1 - right.mean_f1).abs() < 1e-9
            && (left.precision - right.precision).abs() < 1e-9
            && (left.recall - right.recall).abs() < 1e-9
    }

    /// The definition, one row at a time: cut each list, then score it.
    fn cut(
        row: u32,
        list: &[(u32, f32)],
        threshold: f32,
        min_matches: usize,
        max_matches: usize,
    ) -> Vec<u32> {
        let mut kept = vec![row];
        for &(candidate, score) in list.iter().filter(|(candidate, _)| *candidate != row) {
            if kept.len() < max_matches && (score >= threshold || kept.len() < min_matches) {
                kept.push(candidate);
            }
        }
        kept
    }

    fn check_rows(matches: &[&[u32]], groups: &[Option<u32>], f1: f64, precision: f64, recall: f64) {
        let found = row_scores(matches.iter().copied(), groups);
        assert!(close(found, RowScores { mean_f1: f1, precision, recall }), "{found:?}");
    }

    #[test]
    fn scores_answers() {
        let pair = [Some(7), Some(7)];
        check_rows(&[&[0, 1], &[1, 0]], &pair, 1.0, 1.0, 1.0);
        check_rows(&[&[0], &[1]], &pair, 2.0 / 3.0, 1.0, 0.5);
        check_rows(&[&[0, 0, 0], &[1]], &pair, 2.0 / 3.0, 1.0, 0.5);
        check_rows(&[&[], &[1, 0]], &pair, 0.5, 0.5, 0.5);
        check_rows(&[&[0, 99], &[1, 0]], &pair, 0.75, 0.75, 0.75);
        check_rows(&[&[0, 1], &[1]], &[None, None], (2.0 / 3.0 + 1.0) / 2.0, 0.75, 1.0);
        check_rows(&[], &pair, 0.0, 0.0, 0.0);
    }

    #[test]
    fn unlabelled_rows_can_be_left_out_of_the_mean() {
        let groups = [Some(1), Some(1), None];
        let (offsets, candidates) = ([0, 2, 4, 6], [0, 1, 1, 0, 2, 0]);
        let scores = [1.0, 0.9, 1.0, 0.9, 1.0, 0.9];
        let labelled =
            threshold_curve_of_rows(&[0, 1], &offsets, &candidates, &scores, &groups, &[0.5], 1, 50);
        assert!((labelled[0].scores.mean_f1 - 1.0).abs() < 1e-12);
        let all = threshold_curve(&offsets, &candidates, &scores, &groups, &[0.5], 1, 50);
        assert!((all[0].scores.mean_f1 - (2.0 + 2.0 / 3.0) / 3.0).abs() < 1e-12);
    }

    #[test]
    fn thresholds_are_inclusive_and_keep_their_order() {
        let curve =
            threshold_curve(&[0, 2], &[0, 1], &[1.0, 0.5], &[Some(1), Some(1)], &[0.51, 0.5, 0.0], 1, 50);
        let f1: Vec<f64> = curve.iter().map(|point| point.scores.mean_f1).collect();
        assert_eq!(curve.iter().map(|point| point.threshold).collect::<Vec<_>>(), [0.51, 0.5, 0.0]);
        assert!((f1[0] - 2.0 / 3.0).abs() < 1e-12 && (f1[1] - 1.0).abs() < 1e-12 && f1[2] == f1[1]);
    }

    #[test]
    fn an_empty_or_broken_list_is_the_row_alone() {
        let groups = [Some(1), Some(1)];
        for offsets in [&[0, 0, 0][..], &[0, 9, 12][..]] {
            let curve = threshold_curve(offsets, &[], &[], &groups, &[0.5], 2, 50);
            assert!((curve[0].scores.mean_f1 - 2.0 / 3.0).abs() < 1e-12);
        }
        let empty: Vec<ThresholdPoint> = threshold_curve(&[], &[], &[], &[], &[0.5], 1, 50);
        assert_eq!(empty[0].scores, RowScores::default());
    }

    fn lists(n_rows: u32) -> impl Strategy<Value = Vec<Vec<(u32, f32)>>> {
        // Few distinct scores, so that ties and thresholds meet.
        let list = prop::collection::btree_map(0..n_rows, 0_u8..=20, 0..12);
        prop::collection::vec(list, n_rows as usize).prop_map(|lists| {
            lists
                .into_iter()
                .map(|list| {
                    let mut list: Vec<(u32, f32)> =
                        list.into_iter().map(|(row, score)| (row, f32::from(score) / 20.0)).collect();
                    list.sort_by(|left, right| right.1.total_cmp(&left.1));
                    list
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn the_curve_equals_cutting_every_list(
            lists in lists(12),
            groups in prop::collection::vec(prop::option::of(0_u32..4), 12),
            min_matches in 0_usize..4,
            extra in 1_usize..9,
            pick in any::<u64>(),
        ) {
            let max_matches = min_matches.max(1) + extra;
            let thresholds: Vec<f32> = (0..=22).map(|step| ((step * 7 + pick % 23) % 23) as f32 / 20.0 - 0.05).collect();
            let mut offsets = vec![0];
            let (mut candidates, mut scores) = (Vec::new(), Vec::new());
            for list in &lists {
                candidates.extend(list.iter().map(|(row, _)| *row));
                scores.extend(list.iter().map(|(_, score)| *score));
                offsets.push(candidates.len());
            }
            let curve = threshold_curve(&offsets, &candidates, &scores, &groups, &thresholds, min_matches, max_matches);
            for point in curve {
                let cuts: Vec<Vec<u32>> = lists.iter().zip(0..)
                    .map(|(list, row)| cut(row, list, point.threshold, min_matches, max_matches)).collect();
                let naive = row_scores(cuts.iter().map(Vec::as_slice), &groups);
                prop_assert!(close(point.scores, naive), "{point:?} {naive:?}");
            }
        }
    }
}
