//! Claims with their postings as numbers, and the votes on one pair. Nothing here knows what follows from them.

use super::pairs::Pair;
use crate::review::Verdict;

/// The posting is one of a claim within one set.
pub(super) const WITHIN: u8 = 1;
/// The posting stands on the left of a claim across.
pub(super) const LEFT: u8 = 2;
/// The posting stands on the right of a claim across.
pub(super) const RIGHT: u8 = 4;

/// One claim of one entry, its postings as numbers, sorted and distinct.
#[derive(Clone, Debug)]
pub(super) struct ClaimRecord {
    /// Position of its entry in the log.
    pub entry: u32,
    /// Number of its reviewer.
    pub reviewer: u32,
    /// What it says.
    pub verdict: Verdict,
    /// Whether its entry counts.
    pub active: bool,
    /// Whether a later claim of the same reviewer may have overridden one of its pairs (Same only).
    pub broken: bool,
    /// Whether it is about the pairs of `left` alone.
    pub within: bool,
    /// Its postings, or those on the left.
    pub left: Vec<u32>,
    /// Those on the right.
    pub right: Vec<u32>,
}

/// Claims other than Same on one pair, in log order; most pairs have one.
#[derive(Clone, Debug)]
pub(super) struct Voted {
    first: u32,
    more: Vec<u32>,
    /// What they say together, as bits.
    pub said: u8,
}

impl Voted {
    /// A first claim, not yet weighed.
    pub fn new(first: u32) -> Self {
        Self { first, more: Vec::new(), said: 0 }
    }

    /// The claims, latest first.
    pub fn latest_first(&self) -> impl Iterator<Item = u32> {
        self.more.iter().rev().copied().chain(std::iter::once(self.first))
    }

    /// Adds a later claim.
    pub fn push(&mut self, claim: u32) {
        if self.latest_first().next() != Some(claim) {
            self.more.push(claim);
        }
    }
}

impl ClaimRecord {
    /// All its postings; one that stands on both sides comes twice.
    pub fn postings(&self) -> impl Iterator<Item = u32> {
        self.left.iter().chain(&self.right).copied()
    }

    /// The postings that are paired with `posting`, which stands on these sides.
    pub fn partners(&self, sides: u8) -> impl Iterator<Item = u32> {
        let left = if sides & (WITHIN | RIGHT) != 0 { self.left.as_slice() } else { &[] };
        let right = if sides & LEFT != 0 { self.right.as_slice() } else { &[] };
        left.iter().chain(right).copied()
    }

    /// Whether every one of its pairs is sure to hold.
    pub fn is_whole(&self) -> bool {
        !self.broken
    }

    /// Its pairs; one that stands there both ways round comes twice.
    pub fn pairs(&self) -> Vec<Pair> {
        let mut pairs = Vec::new();
        if self.within {
            for (position, &a) in self.left.iter().enumerate() {
                pairs.extend(self.left.iter().skip(position + 1).map(|&b| Pair::new(a, b)));
            }
        } else {
            for &a in &self.left {
                pairs.extend(self.right.iter().filter(|&&b| b != a).map(|&b| Pair::new(a, b)));
            }
        }
        pairs
    }
}

/// Whether a claim covers the pair of two postings that stand on these sides of it.
pub(super) fn covers(a: u8, b: u8) -> bool {
    a & b & WITHIN != 0 || (a & LEFT != 0 && b & RIGHT != 0) || (a & RIGHT != 0 && b & LEFT != 0)
}
