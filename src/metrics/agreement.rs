//! Agreement of two answers to the same yes-or-no questions, chance taken out.

/// Cohen's kappa (Cohen, "A Coefficient of Agreement for Nominal Scales", 1960): (observed - expected) / (1 - expected), where the
/// expected agreement is that of two independent answers with the same shares of yes. `counts[a][b]` is how often the first answer
/// was `a` and the second `b` (0 no, 1 yes). Full agreement is 1 even where only one answer was ever given; `None` without questions.
pub fn cohen_kappa(counts: [[u64; 2]; 2]) -> Option<f64> {
    let [[no_no, no_yes], [yes_no, yes_yes]] = counts.map(|row| row.map(|n| n as f64));
    let n = no_no + no_yes + yes_no + yes_yes;
    if n == 0.0 {
        return None;
    }
    let observed = (no_no + yes_yes) / n;
    let (first_yes, second_yes) = ((yes_no + yes_yes) / n, (no_yes + yes_yes) / n);
    let expected = first_yes * second_yes + (1.0 - first_yes) * (1.0 - second_yes);
    Some(if expected == 1.0 { 1.0 } else { (observed - expected) / (1.0 - expected) })
}

#[cfg(test)]
mod tests {
    use super::cohen_kappa;

    fn check(counts: [[u64; 2]; 2], expected: Option<f64>) {
        let found = cohen_kappa(counts);
        let is_near = match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() < 1e-12,
            (found, expected) => found == expected,
        };
        assert!(is_near, "{counts:?}: {found:?}");
    }

    #[test]
    fn chance_is_taken_out() {
        // sklearn.metrics.cohen_kappa_score of 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no
        check([[15, 10], [5, 20]], Some(0.4));
        check([[10, 0], [0, 5]], Some(1.0));
        check([[0, 5], [5, 0]], Some(-1.0));
        check([[25, 25], [25, 25]], Some(0.0));
        check([[7, 0], [0, 0]], Some(1.0));
        check([[0, 0], [0, 0]], None);
    }
}
