//! From a posting's key to its row: a hash table of row numbers. The keys themselves stay in the catalogue's
//! arenas; the table holds four bytes a slot and compares through the caller.

use std::hash::{BuildHasher, RandomState};

const EMPTY: u32 = u32::MAX;

/// Open addressing with linear probing, at most half full.
#[derive(Debug, Default)]
pub(super) struct KeyIndex {
    slots: Vec<u32>,
    n_keys: usize,
    hasher: RandomState,
}

impl KeyIndex {
    /// The row whose key (as told by `key_of`) equals `key`.
    pub(super) fn find<'a>(&self, key: &str, key_of: impl Fn(u32) -> &'a str) -> Option<u32> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut slot = self.hasher.hash_one(key) as usize & mask;
        loop {
            match self.slots.get(slot).copied() {
                None | Some(EMPTY) => return None,
                Some(row) if key_of(row) == key => return Some(row),
                Some(_) => slot = (slot + 1) & mask,
            }
        }
    }

    /// Adds `row`, whose key must not be in the table yet.
    pub(super) fn insert<'a>(&mut self, row: u32, key_of: impl Fn(u32) -> &'a str) {
        if (self.n_keys + 1) * 2 > self.slots.len() {
            let n_slots = (self.slots.len() * 2).max(16);
            let old = std::mem::replace(&mut self.slots, vec![EMPTY; n_slots]);
            for known in old.into_iter().filter(|known| *known != EMPTY) {
                self.place(known, key_of(known));
            }
        }
        self.place(row, key_of(row));
        self.n_keys += 1;
    }

    fn place(&mut self, row: u32, key: &str) {
        let mask = self.slots.len() - 1;
        let mut slot = self.hasher.hash_one(key) as usize & mask;
        while self.slots[slot] != EMPTY {
            slot = (slot + 1) & mask;
        }
        self.slots[slot] = row;
    }

    /// Makes room for `n_keys` at once, before the first insertion.
    pub(super) fn reserve(&mut self, n_keys: usize) {
        if self.n_keys == 0 {
            self.slots = vec![EMPTY; (n_keys.max(8) * 2).next_power_of_two()];
        }
    }

    /// Bytes of memory held.
    pub(super) fn n_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<u32>()
    }
}
