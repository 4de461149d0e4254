//! A sample of rows whose true neighbours are known, and how many of them were found.

use super::super::blocks::{SomeWithAll, join_blocks};
use super::super::clock::Clock;
use super::super::collector::Collector;
use super::super::storages::TileSource;
use super::super::{Metric, ScoreKey};
use crate::nn::Random;

const SEED: u64 = 11;

/// `n_sampled` of `n` positions, ascending.
pub(super) fn draw(n: usize, n_sampled: usize) -> Vec<u32> {
    let mut positions: Vec<u32> = (0..n as u32).collect();
    Random::named(SEED, "recall").shuffle(&mut positions);
    positions.truncate(n_sampled);
    positions.sort_unstable();
    positions
}

/// The best `n_wanted` others of each of the positions `sample` among `n`, by the scores of `source`, best first.
pub(super) fn neighbors_of<S: TileSource>(
    source: &S,
    n: usize,
    sample: &[u32],
    n_wanted: usize,
    metric: Metric,
    clock: &Clock<'_>,
) -> Vec<Vec<ScoreKey>> {
    let collector = Collector::new(n, n_wanted, metric);
    let blocks = SomeWithAll { rows: sample, n, serves_column: |_| false };
    join_blocks(source, &blocks, &collector, clock);
    collector.into_lists_of(sample)
}

/// The share of true neighbours that are among those found; 1 where there are none.
pub(super) fn recall<'a>(truth: impl Iterator<Item = (&'a [ScoreKey], &'a [ScoreKey])>) -> f32 {
    let (mut n_true, mut n_found) = (0_u64, 0_u64);
    for (truth, found) in truth {
        let mut found: Vec<u32> = found.iter().map(|key| key.position()).collect();
        found.sort_unstable();
        n_true += truth.len() as u64;
        n_found += truth.iter().filter(|key| found.binary_search(&key.position()).is_ok()).count() as u64;
    }
    if n_true == 0 { 1.0 } else { (n_found as f64 / n_true as f64) as f32 }
}

#[cfg(test)]
mod tests {
    use super::{ScoreKey, draw, recall};

    #[test]
    fn recall_counts_the_true_that_were_found() {
        let keys = |positions: &[u32]| positions.iter().map(|&p| ScoreKey::new(0.5, p)).collect::<Vec<_>>();
        let (truth, found) = ([keys(&[1, 2]), keys(&[3, 4])], [keys(&[2, 1, 7]), keys(&[4, 9])]);
        let pairs = || truth.iter().map(Vec::as_slice).zip(found.iter().map(Vec::as_slice));
        assert_eq!(recall(pairs()), 0.75);
        assert_eq!(recall(std::iter::empty()), 1.0);
    }

    #[test]
    fn a_sample_is_drawn_without_repeats_and_the_same_each_time() {
        let sample = draw(1000, 100);
        assert!(sample.len() == 100 && sample.is_sorted_by(|a, b| a < b) && sample.last() < Some(&1000));
        assert_eq!(sample, draw(1000, 100));
        assert_eq!(draw(5, 100), [0, 1, 2, 3, 4]);
    }
}
