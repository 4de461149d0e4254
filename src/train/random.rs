//! Draws for training from [`crate::nn::Random`], the one seeded generator: a number below n, a choice, a shuffle. A seed
//! gives the same run everywhere. Never used where secrecy matters.

use crate::nn::Random as Stream;

/// A stream of random draws. Streams for different purposes are independent, so that a change in one part of a run
/// (an epoch skipped after a resume, say) leaves the others as they were.
#[derive(Clone, Debug)]
pub struct Random {
    stream: Stream,
}

impl Random {
    /// The stream of `seed` for `purpose`, such as "epoch/3".
    pub fn new(seed: u64, purpose: &str) -> Self {
        Self { stream: Stream::named(seed, purpose) }
    }

    /// Uniform in [0, 1), 53 bits.
    pub fn unit(&mut self) -> f64 {
        self.stream.uniform()
    }

    /// As [`Stream::below`].
    pub fn below(&mut self, n: usize) -> usize {
        self.stream.below(n)
    }

    /// One of `items`; `None` of nothing.
    pub fn choose<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }

    /// As [`Stream::shuffle`].
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        self.stream.shuffle(items);
    }
}

/// A place in [0, 1) for `text` under `seed`, the same on every machine.
pub(super) fn place_of(seed: u64, text: &str) -> f64 {
    Stream::named(seed, text).uniform()
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn numbers_are_spread_evenly() {
        let mut random = Random::new(3, "spread");
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[random.below(7)] += 1;
        }
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn shuffling_keeps_every_item() {
        let mut items: Vec<usize> = (0..100).collect();
        Random::new(5, "shuffle").shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
        assert_eq!(Random::new(5, "none").choose::<u8>(&[]), None);
    }
}
