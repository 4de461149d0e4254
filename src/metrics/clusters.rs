//! Agreement of a clustering with the labelled groups: pairwise and B-cubed (Bagga and Baldwin, 1998).
//! Never makes a clustering.

use std::collections::HashMap;

use super::PairScores;
use super::pairs::n_true_pairs;

/// Agreement of a clustering with labels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClusterScores {
    /// Over all pairs implied by the clusters.
    pub pairs: PairScores,
    /// B-cubed precision.
    pub bcubed_precision: f64,
    /// B-cubed recall.
    pub bcubed_recall: f64,
    /// B-cubed F1.
    pub bcubed_f1: f64,
}

/// Scores `cluster_of[row]` against `groups`.
///
/// B-cubed (Bagga and Baldwin, "Entity-based cross-document coreferencing using the vector space model", 1998): each
/// row's precision is the part of its cluster that shares its group, its recall the part of its group that shares its
/// cluster; the means over rows are reported, and F1 is their harmonic mean. Where the two differ in length, the rest is ignored.
pub fn cluster_scores(cluster_of: &[u32], groups: &[Option<u32>]) -> ClusterScores {
    let n_rows = cluster_of.len().min(groups.len());
    let (Some(cluster_of), Some(groups)) = (cluster_of.get(..n_rows), groups.get(..n_rows)) else {
        return ClusterScores::default();
    };
    let mut cluster_sizes: HashMap<u32, u64> = HashMap::new();
    let mut group_sizes: HashMap<u32, u64> = HashMap::new();
    let mut cells: HashMap<(u32, u32), u64> = HashMap::new();
    for (&cluster, &group) in cluster_of.iter().zip(groups) {
        *cluster_sizes.entry(cluster).or_insert(0) += 1;
        if let Some(group) = group {
            *group_sizes.entry(group).or_insert(0) += 1;
            *cells.entry((cluster, group)).or_insert(0) += 1;
        }
    }
    let n_pairs = |size: &u64| size * (size - 1) / 2;
    let pairs = PairScores::from_counts(
        cells.values().map(n_pairs).sum(),
        cluster_sizes.values().map(n_pairs).sum(),
        n_true_pairs(groups),
    );

    let (mut precision, mut recall) = (0.0, 0.0);
    let size_of = |sizes: &HashMap<u32, u64>, id: u32| sizes.get(&id).copied().unwrap_or(1) as f64;
    for (&cluster, &group) in cluster_of.iter().zip(groups) {
        // A row without a label is a group of its own.
        let (n_shared, group_size) = match group {
            Some(group) => {
                (cells.get(&(cluster, group)).copied().unwrap_or(1) as f64, size_of(&group_sizes, group))
            }
            None => (1.0, 1.0),
        };
        precision += n_shared / size_of(&cluster_sizes, cluster);
        recall += n_shared / group_size;
    }
    let n = n_rows.max(1) as f64;
    let (precision, recall) = (precision / n, recall / n);
    let sum = precision + recall;
    let f1 = if sum > 0.0 { 2.0 * precision * recall / sum } else { 0.0 };
    ClusterScores { pairs, bcubed_precision: precision, bcubed_recall: recall, bcubed_f1: f1 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

    use super::cluster_scores;
    use crate::metrics::pair_scores;

    #[test]
    fn agrees_with_the_worked_example() {
        // One cluster of three holds two of group 1 and one of group 2; the other of group 2 is alone.
        let scores = cluster_scores(&[0, 0, 0, 1], &[Some(1), Some(1), Some(2), Some(2)]);
        assert!((scores.bcubed_precision - (2.0 / 3.0 + 2.0 / 3.0 + 1.0 / 3.0 + 1.0) / 4.0).abs() < 1e-12);
        assert!((scores.bcubed_recall - (1.0 + 1.0 + 0.5 + 0.5) / 4.0).abs() < 1e-12);
        assert_eq!((scores.pairs.n_predicted, scores.pairs.n_true), (3, 2));
        assert!((scores.pairs.precision - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_scores_nothing() {
        assert_eq!(cluster_scores(&[], &[]).bcubed_f1, 0.0);
    }

    proptest! {
        #[test]
        fn equals_counting_row_by_row(rows in prop::collection::vec((0_u32..5, prop::option::of(0_u32..5)), 1..30)) {
            let (cluster_of, groups): (Vec<u32>, Vec<Option<u32>>) = rows.into_iter().unzip();
            let n_rows = groups.len();
            let same_group = |a: usize, b: usize| a == b || (groups[a].is_some() && groups[a] == groups[b]);
            let (mut precision, mut recall) = (0.0, 0.0);
            let mut pairs = Vec::new();
            for a in 0..n_rows {
                let both = (0..n_rows).filter(|&b| cluster_of[a] == cluster_of[b] && same_group(a, b)).count() as f64;
                precision += both / (0..n_rows).filter(|&b| cluster_of[a] == cluster_of[b]).count() as f64;
                recall += both / (0..n_rows).filter(|&b| same_group(a, b)).count() as f64;
                pairs.extend((a + 1..n_rows).filter(|&b| cluster_of[a] == cluster_of[b]).map(|b| (a as u32, b as u32)));
            }
            let scores = cluster_scores(&cluster_of, &groups);
            prop_assert!((scores.bcubed_precision - precision / n_rows as f64).abs() < 1e-9);
            prop_assert!((scores.bcubed_recall - recall / n_rows as f64).abs() < 1e-9);
            prop_assert_eq!(scores.pairs, pair_scores(pairs.into_iter(), &groups));
        }
    }
}
