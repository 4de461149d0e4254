//! The k best of many scored candidates, ties by place. It knows neither rows nor keys.

/// Sums this close to 1 are 1: what is missing is rounding, and identical titles should score exactly 1.
const ROUNDING: f32 = 5e-7;

/// `score`, or 1 where it is 1 but for rounding.
pub(super) fn without_rounding(score: f32) -> f32 {
    if score > 1.0 - ROUNDING { 1.0 } else { score }
}

/// Collects candidates and keeps the best `k`, by score and then by lower place. Only positive scores are kept.
///
/// A candidate is one integer: the bits of a positive float are in order of its size, so score and place compare
/// in one step. Candidates gather in a buffer that is cut back to the best k whenever it is full; from then on the
/// worst of those is the bar that new ones must pass.
pub(super) struct Best {
    k: usize,
    buffer: Vec<u64>,
    bar: u64,
}

impl Best {
    /// Room for the best `k`.
    pub(super) fn new(k: usize) -> Self {
        Self { k, buffer: Vec::new(), bar: Self::first_bar(k) }
    }

    /// Offers a candidate.
    #[inline]
    pub(super) fn offer(&mut self, place: u32, score: f32) {
        // A score of zero or less, or one that is no number, gives a key no greater than the first bar.
        let score = if score > 0.0 { score } else { 0.0 };
        let score = without_rounding(score);
        let key = (u64::from(score.to_bits()) << 32) | u64::from(u32::MAX - place);
        if key > self.bar {
            self.add(key);
        }
    }

    /// The greatest key of a score of zero, so that only positive scores pass; no key at all passes where none is kept.
    fn first_bar(k: usize) -> u64 {
        if k == 0 { u64::MAX } else { u64::from(u32::MAX) }
    }

    fn add(&mut self, key: u64) {
        if self.buffer.len() >= 4 * self.k.max(16) {
            self.cut();
            if key <= self.bar {
                return;
            }
        }
        self.buffer.push(key);
    }

    /// Keeps the best k and raises the bar to the worst of them.
    fn cut(&mut self) {
        if self.k > 0 && self.buffer.len() > self.k {
            self.buffer.select_nth_unstable_by(self.k - 1, |a, b| b.cmp(a));
            self.buffer.truncate(self.k);
            self.bar = self.buffer[self.k - 1];
        }
    }

    /// Hands over the best, best first, as places and scores, and starts anew.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (u32, f32)> {
        self.cut();
        self.buffer.sort_unstable_by(|a, b| b.cmp(a));
        self.bar = Self::first_bar(self.k);
        self.buffer.drain(..).map(|key| (u32::MAX - key as u32, f32::from_bits((key >> 32) as u32)))
    }
}

#[cfg(test)]
mod tests {
    use super::Best;

    fn check(k: usize, offered: &[(u32, f32)], expected: &[(u32, f32)]) {
        let mut best = Best::new(k);
        for _ in 0..2 {
            offered.iter().for_each(|&(place, score)| best.offer(place, score));
            assert_eq!(best.drain().collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn the_best_come_first_and_ties_by_place() {
        check(2, &[(0, 0.1), (1, 0.3), (2, 0.2)], &[(1, 0.3), (2, 0.2)]);
        check(2, &[(9, 0.5), (3, 0.5), (5, 0.5)], &[(3, 0.5), (5, 0.5)]);
        check(3, &[(1, 0.5)], &[(1, 0.5)]);
        check(0, &[(1, 0.5)], &[]);
    }

    #[test]
    fn only_positive_scores_are_kept() {
        check(9, &[(0, 0.0), (1, -0.0), (2, -1.0), (3, f32::NAN), (u32::MAX, 1e-30)], &[(u32::MAX, 1e-30)]);
    }

    #[test]
    fn rounding_does_not_separate_equals() {
        check(2, &[(2, 1.000_000_1), (1, 0.999_999_9), (0, 0.9999)], &[(1, 1.0), (2, 1.0)]);
    }

    #[test]
    fn a_full_buffer_loses_nothing() {
        let offered: Vec<_> = (0..5000u32).map(|i| (i, (i * 7919 % 5003) as f32 / 5003.0)).collect();
        let mut expected = offered.clone();
        expected.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        expected.truncate(50);
        check(50, &offered, &expected);
    }
}
