//! Measures of a ranking of labelled pairs. A NaN score ranks below every number.

/// Area under the ROC curve (Mann-Whitney, ties count one half); `None` when one class is empty.
/// Where the two differ in length, the rest is ignored.
pub fn roc_auc(scores: &[f32], positive: &[bool]) -> Option<f64> {
    let (mut n_negatives, mut area) = (0.0, 0.0);
    let ties = ties_descending(scores, positive);
    for tie in ties.iter().rev() {
        area += tie.n_positives * (n_negatives + tie.n_negatives / 2.0);
        n_negatives += tie.n_negatives;
    }
    let n_positives: f64 = ties.iter().map(|tie| tie.n_positives).sum();
    (n_positives > 0.0 && n_negatives > 0.0).then(|| area / (n_positives * n_negatives))
}

/// Average precision as scikit-learn defines it (step-wise, ties grouped); `None` without positives.
/// AP = Σ (R_n - R_{n-1}) P_n over the distinct scores, highest first. Where the two differ in length, the rest is ignored.
pub fn average_precision(scores: &[f32], positive: &[bool]) -> Option<f64> {
    let (mut n_listed, mut n_hits, mut sum) = (0.0, 0.0, 0.0);
    for tie in ties_descending(scores, positive) {
        n_listed += tie.n_positives + tie.n_negatives;
        n_hits += tie.n_positives;
        sum += tie.n_positives * n_hits / n_listed;
    }
    (n_hits > 0.0).then(|| sum / n_hits)
}

/// Items that share one score.
struct Tie {
    n_positives: f64,
    n_negatives: f64,
}

fn ties_descending(scores: &[f32], positive: &[bool]) -> Vec<Tie> {
    let rank_score = |score: f32| if score.is_nan() { f32::NEG_INFINITY } else { score };
    let mut items: Vec<(f32, bool)> =
        scores.iter().zip(positive).map(|(&score, &positive)| (rank_score(score), positive)).collect();
    items.sort_unstable_by(|left, right| right.0.total_cmp(&left.0));
    items
        .chunk_by(|left, right| left.0 == right.0)
        .map(|tie| {
            let n_positives = tie.iter().filter(|(_, positive)| *positive).count();
            Tie { n_positives: n_positives as f64, n_negatives: (tie.len() - n_positives) as f64 }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, prop_assert, proptest};

    use super::{average_precision, roc_auc};

    fn check(scores: &[f32], positive: &[bool], auc: Option<f64>, precision: Option<f64>) {
        let near = |left: Option<f64>, right: Option<f64>| match (left, right) {
            (Some(left), Some(right)) => (left - right).abs() < 1e-12,
            (left, right) => left == right,
        };
        assert!(near(roc_auc(scores, positive), auc), "{scores:?} {:?}", roc_auc(scores, positive));
        assert!(near(average_precision(scores, positive), precision), "{scores:?}");
    }

    #[test]
    fn ranks_pairs() {
        check(&[0.9, 0.1], &[true, false], Some(1.0), Some(1.0));
        check(&[0.1, 0.9], &[true, false], Some(0.0), Some(0.5));
        check(&[0.5, 0.5], &[true, false], Some(0.5), Some(0.5));
        check(&[0.0, -0.0], &[true, false], Some(0.5), Some(0.5));
        check(&[f32::NAN, 0.0], &[true, false], Some(0.0), Some(0.5));
        check(&[0.5], &[true], None, Some(1.0));
        check(&[0.5], &[false], None, None);
        check(&[], &[], None, None);
    }

    proptest! {
        #[test]
        fn auc_equals_comparing_all_pairs(items in prop::collection::vec((0_u8..6, prop::bool::ANY), 2..40)) {
            let scores: Vec<f32> = items.iter().map(|(score, _)| f32::from(*score)).collect();
            let positive: Vec<bool> = items.iter().map(|(_, positive)| *positive).collect();
            let (mut wins, mut n_pairs) = (0.0, 0.0);
            for (high, _) in items.iter().filter(|item| item.1) {
                for (low, _) in items.iter().filter(|item| !item.1) {
                    n_pairs += 1.0;
                    wins += if high > low { 1.0 } else if high == low { 0.5 } else { 0.0 };
                }
            }
            match roc_auc(&scores, &positive) {
                Some(auc) => prop_assert!((auc - wins / n_pairs).abs() < 1e-9),
                None => prop_assert!(n_pairs == 0.0),
            }
        }
    }
}
