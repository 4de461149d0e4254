//! What is kept until its bytes are needed for something newer: the least recently used goes first, and nothing that the
//! present frame draws. It knows neither pictures nor textures.

use std::collections::HashMap;
use std::hash::Hash;

struct Slot<V> {
    value: V,
    n_bytes: usize,
    last_used: u64,
}

/// A byte-bounded cache.
pub(super) struct Cache<K, V> {
    slots: HashMap<K, Slot<V>>,
    n_bytes: usize,
    budget: usize,
}

impl<K: Copy + Eq + Hash, V: Clone> Cache<K, V> {
    /// An empty cache of at most `budget` bytes.
    pub(super) fn new(budget: usize) -> Self {
        Self { slots: HashMap::new(), n_bytes: 0, budget }
    }

    /// The value, marked as used in `frame`.
    pub(super) fn get(&mut self, key: K, frame: u64) -> Option<V> {
        let slot = self.slots.get_mut(&key)?;
        slot.last_used = frame;
        Some(slot.value.clone())
    }

    /// Whether it is there.
    pub(super) fn contains(&self, key: K) -> bool {
        self.slots.contains_key(&key)
    }

    /// Adds a value of `n_bytes` and lets go of what has not been used for longest. What was used in `frame` stays, even
    /// beyond the budget.
    pub(super) fn insert(&mut self, key: K, value: V, n_bytes: usize, frame: u64) {
        if let Some(old) = self.slots.insert(key, Slot { value, n_bytes, last_used: frame }) {
            self.n_bytes -= old.n_bytes;
        }
        self.n_bytes += n_bytes;
        if self.n_bytes <= self.budget {
            return;
        }
        let mut oldest: Vec<(u64, K)> = self
            .slots
            .iter()
            .filter(|(_, slot)| slot.last_used < frame)
            .map(|(key, slot)| (slot.last_used, *key))
            .collect();
        oldest.sort_unstable_by_key(|(last_used, _)| *last_used);
        // A little more than needed, so that the next values do not look for room again.
        let enough = self.budget - self.budget / 16;
        for (_, key) in oldest {
            if self.n_bytes <= enough {
                break;
            }
            if let Some(slot) = self.slots.remove(&key) {
                self.n_bytes -= slot.n_bytes;
            }
        }
    }

    /// Bytes held.
    pub(super) fn n_bytes(&self) -> usize {
        self.n_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::Cache;

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut cache = Cache::new(160);
        for key in 0..4_u32 {
            cache.insert(key, key * 10, 40, u64::from(key));
        }
        assert_eq!(cache.get(0, 9), Some(0));
        cache.insert(4, 40, 40, 10);
        assert!(cache.contains(0) && cache.contains(4));
        assert!(!cache.contains(1));
        assert!(cache.n_bytes() <= 160);
    }

    #[test]
    fn what_the_frame_draws_stays() {
        let mut cache = Cache::new(100);
        for key in 0..5_u32 {
            cache.insert(key, (), 50, 7);
        }
        assert_eq!(cache.n_bytes(), 250);
        cache.insert(9, (), 50, 8);
        assert_eq!(cache.n_bytes(), 50);
    }

    #[test]
    fn replacing_a_value_does_not_count_it_twice() {
        let mut cache = Cache::new(100);
        cache.insert(1_u32, 'a', 60, 1);
        cache.insert(1, 'b', 70, 1);
        assert_eq!((cache.n_bytes(), cache.get(1, 2)), (70, Some('b')));
    }
}
