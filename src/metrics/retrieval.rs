//! Measures of ranked answers: is something right among the first k. Lists are best first; a list may hold the row that asks,
//! which is passed over.

/// R@k as in metric learning (Jégou, Douze and Schmid, TPAMI 2011; Song et al., CVPR 2016): the share of rows with another row of
/// their group among their first k. The mean is over rows whose group has another member; `None` when there is no such row.
pub fn recall_at<'a>(
    lists: impl Iterator<Item = &'a [u32]>,
    groups: &[Option<u32>],
    k: usize,
) -> Option<f64> {
    let mut sizes: std::collections::HashMap<u32, usize> = std::collections::HashMap::new();
    for group in groups.iter().flatten() {
        *sizes.entry(*group).or_default() += 1;
    }
    let (mut n_asked, mut n_found) = (0_u64, 0_u64);
    for (row, list) in lists.enumerate() {
        let Some(group) = groups.get(row).copied().flatten() else { continue };
        if sizes.get(&group).is_none_or(|size| *size < 2) {
            continue;
        }
        let mut others = list.iter().filter(|other| **other as usize != row).take(k);
        n_asked += 1;
        n_found += u64::from(others.any(|other| groups.get(*other as usize) == Some(&Some(group))));
    }
    (n_asked > 0).then(|| n_found as f64 / n_asked as f64)
}

/// Share of questions whose one right answer scores among the best k of its candidates; each question is its candidates' scores
/// and the place of the right one. A wrong answer that scores as much stands before the right one, so that nothing is won by
/// scoring all alike; a NaN is below every number. `None` without questions.
pub fn top_k_accuracy<'a>(questions: impl Iterator<Item = (&'a [f32], usize)>, k: usize) -> Option<f64> {
    let (mut n_asked, mut n_right) = (0_u64, 0_u64);
    for (scores, right) in questions {
        n_asked += 1;
        let Some(of_right) = scores.get(right).filter(|score| !score.is_nan()) else { continue };
        let n_before =
            scores.iter().enumerate().filter(|(at, score)| *at != right && *score >= of_right).count();
        n_right += u64::from(n_before < k);
    }
    (n_asked > 0).then(|| n_right as f64 / n_asked as f64)
}

/// The rank, from 1, of the best of several right candidates. Ties stand as in [`top_k_accuracy`]: a wrong one that scores as much
/// stands before. `None` where no right candidate has a score.
pub fn rank_of_best(scores: &[f32], is_right: &[bool]) -> Option<usize> {
    let is_right = |at: usize| is_right.get(at).copied().unwrap_or(false);
    let right = scores.iter().enumerate().filter(|(at, score)| is_right(*at) && !score.is_nan());
    let best = right.map(|(_, score)| *score).max_by(f32::total_cmp)?;
    let before = |&(at, score): &(usize, &f32)| *score > best || (*score == best && !is_right(at));
    Some(1 + scores.iter().enumerate().filter(before).count())
}

/// Mean reciprocal rank (Voorhees, TREC-8, 1999) of the best right answer of each question; one without counts as 0. `None`
/// without questions.
pub fn mean_reciprocal_rank(ranks: &[Option<usize>]) -> Option<f64> {
    let sum: f64 = ranks.iter().flatten().map(|rank| 1.0 / *rank as f64).sum();
    (!ranks.is_empty()).then(|| sum / ranks.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::{mean_reciprocal_rank, rank_of_best, recall_at, top_k_accuracy};

    fn check_rank(scores: &[f32], is_right: &[bool], expected: Option<usize>) {
        assert_eq!(rank_of_best(scores, is_right), expected, "{scores:?} {is_right:?}");
    }

    #[test]
    fn the_best_of_several_right_ones_counts() {
        check_rank(&[0.9, 0.8, 0.7], &[false, true, true], Some(2));
        check_rank(&[0.9, 0.8, 0.7], &[false, false, true], Some(3));
        check_rank(&[0.5, 0.5, 0.5], &[true, false, true], Some(2));
        check_rank(&[f32::NAN, 0.1], &[true, false], None);
        check_rank(&[f32::NAN, 0.1], &[false, true], Some(1));
        check_rank(&[0.3], &[], None);
        assert_eq!(mean_reciprocal_rank(&[Some(1), Some(4), None]), Some(1.25 / 3.0));
        assert_eq!(mean_reciprocal_rank(&[]), None);
    }

    #[test]
    fn one_right_among_the_first_is_enough() {
        let groups = [Some(1), Some(1), Some(2), Some(2), Some(3), None];
        let lists: [&[u32]; 6] = [&[0, 2, 1], &[1, 0, 2], &[0, 1, 3], &[9, 2], &[0], &[0]];
        let at = |k: usize| recall_at(lists.into_iter(), &groups, k);
        assert_eq!(at(1), Some(0.25));
        assert_eq!(at(2), Some(0.75));
        assert_eq!(at(3), Some(1.0));
        assert_eq!(at(0), Some(0.0));
        assert_eq!(recall_at(lists.into_iter().skip(4).take(1), &[Some(3)], 1), None);
    }

    #[test]
    fn ties_do_not_win() {
        let questions: [(&[f32], usize); 4] =
            [(&[0.9, 0.5, 0.1], 0), (&[0.9, 0.5, 0.1], 1), (&[0.5, 0.5], 0), (&[f32::NAN, 0.1], 0)];
        assert_eq!(top_k_accuracy(questions.into_iter(), 1), Some(0.25));
        assert_eq!(top_k_accuracy(questions.into_iter(), 2), Some(0.75));
        assert_eq!(top_k_accuracy(std::iter::empty(), 1), None);
    }
}
