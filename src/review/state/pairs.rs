//! Unordered pairs of postings as map keys, with a hasher made for them. Nothing here knows what is said of a pair.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// An unordered pair of posting numbers, smaller first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pair(pub u32, pub u32);

impl Pair {
    /// The pair of two different postings.
    pub fn new(a: u32, b: u32) -> Self {
        if a < b { Self(a, b) } else { Self(b, a) }
    }
}

impl std::hash::Hash for Pair {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.0) << 32 | u64::from(self.1));
    }
}

/// Multiplicative hashing of one 64-bit word; the numbers are our own, so no attacker chooses them.
#[derive(Clone, Copy, Default)]
pub(super) struct PairHasher(u64);

impl Hasher for PairHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93_u128;
        self.0 = (product as u64) ^ (product >> 64) as u64;
    }
}

/// A map keyed by pairs.
pub(super) type PairMap<V> = HashMap<Pair, V, BuildHasherDefault<PairHasher>>;
/// A set of pairs.
pub(super) type PairSet = HashSet<Pair, BuildHasherDefault<PairHasher>>;
