//! Pairs called same or different at a threshold, and how well probabilities keep their word. A NaN score is below every threshold.

/// Scores of yes-or-no answers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BinaryScores {
    /// Right answers among all; 1 where there are none.
    pub accuracy: f64,
    /// True ones among those called true; 1 where none is called so.
    pub precision: f64,
    /// Called true among the true ones; 1 where none is true.
    pub recall: f64,
    /// Harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN); 1 where nothing is true or called so.
    pub f1: f64,
}

/// One bin of a reliability diagram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReliabilityBin {
    /// Items in it.
    pub n_items: usize,
    /// Mean probability that was promised.
    pub promised: f64,
    /// Share that came true.
    pub kept: f64,
}

/// Calls true what scores at least `threshold`. Where the two differ in length, the rest is ignored.
pub fn binary_scores(scores: &[f32], positive: &[bool], threshold: f32) -> BinaryScores {
    let (mut n_hits, mut n_called, mut n_true, mut n_right, mut n) = (0_u64, 0_u64, 0_u64, 0_u64, 0_u64);
    for (score, &is_true) in scores.iter().zip(positive) {
        let is_called = *score >= threshold;
        n += 1;
        n_called += u64::from(is_called);
        n_true += u64::from(is_true);
        n_hits += u64::from(is_called && is_true);
        n_right += u64::from(is_called == is_true);
    }
    let ratio = |part: u64, whole: u64| if whole == 0 { 1.0 } else { part as f64 / whole as f64 };
    BinaryScores {
        accuracy: ratio(n_right, n),
        precision: ratio(n_hits, n_called),
        recall: ratio(n_hits, n_true),
        f1: ratio(2 * n_hits, n_called + n_true),
    }
}

/// The bins of a reliability diagram, equally wide over [0, 1], and the expected calibration error: the mean over items of the
/// distance between promised and kept (Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", ICML 2017,
/// section 2). Probabilities outside [0, 1] count as its nearer end; one that is NaN is left out. Of nothing the error is 0.
pub fn calibration(probabilities: &[f32], positive: &[bool], n_bins: usize) -> (Vec<ReliabilityBin>, f64) {
    let mut sums = vec![(0_usize, 0.0_f64, 0_usize); n_bins.max(1)];
    let n_bins = sums.len();
    for (&probability, &is_true) in probabilities.iter().zip(positive).filter(|(p, _)| !p.is_nan()) {
        let probability = f64::from(probability.clamp(0.0, 1.0));
        let place = ((probability * n_bins as f64) as usize).min(n_bins - 1);
        if let Some(sum) = sums.get_mut(place) {
            *sum = (sum.0 + 1, sum.1 + probability, sum.2 + usize::from(is_true));
        }
    }
    let n_items: usize = sums.iter().map(|sum| sum.0).sum();
    let bin = |(n_items, promised, kept): (usize, f64, usize)| {
        let of = n_items.max(1) as f64;
        ReliabilityBin { n_items, promised: promised / of, kept: kept as f64 / of }
    };
    let bins: Vec<ReliabilityBin> = sums.into_iter().map(bin).collect();
    let weighed = bins.iter().map(|bin| bin.n_items as f64 * (bin.promised - bin.kept).abs());
    let error = weighed.sum::<f64>() / n_items.max(1) as f64;
    (bins, error)
}

#[cfg(test)]
mod tests {
    use super::{binary_scores, calibration};

    fn check(scores: &[f32], positive: &[bool], threshold: f32, expected: [f64; 4]) {
        let found = binary_scores(scores, positive, threshold);
        for (found, expected) in
            [found.accuracy, found.precision, found.recall, found.f1].into_iter().zip(expected)
        {
            assert!((found - expected).abs() < 1e-12, "{scores:?} {threshold}: {found} {expected}");
        }
    }

    #[test]
    fn answers_are_counted() {
        // sklearn.metrics.accuracy_score, precision_score, recall_score, f1_score of [1, 0, 1, 1] and [1, 1, 0, 1]
        let positive = [true, false, true, true];
        check(&[0.9, 0.6, 0.2, 0.5], &positive, 0.5, [0.5, 2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0]);
        check(&[0.9, 0.6, 0.2, 0.5], &positive, 0.95, [0.25, 1.0, 0.0, 0.0]);
        check(&[0.9, f32::NAN], &[true, false], f32::NEG_INFINITY, [1.0, 1.0, 1.0, 1.0]);
        check(&[], &[], 0.5, [1.0, 1.0, 1.0, 1.0]);
        check(&[0.1], &[false], 0.5, [1.0, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn promises_are_held_against_what_came_true() {
        let (bins, error) = calibration(&[0.1, 0.1, 0.9, 0.9], &[false, true, true, true], 2);
        assert_eq!([bins[0].n_items, bins[1].n_items], [2, 2]);
        assert!((bins[0].kept - 0.5).abs() < 1e-9 && (bins[1].promised - 0.9).abs() < 1e-6);
        assert!((error - (0.5 * 0.4 + 0.5 * 0.1)).abs() < 1e-6, "{error}");
        let (bins, error) = calibration(&[1.0, 7.0, f32::NAN], &[true, true, false], 10);
        assert_eq!((bins[9].n_items, error), (2, 0.0));
        assert_eq!(calibration(&[], &[], 0).1, 0.0);
    }
}
