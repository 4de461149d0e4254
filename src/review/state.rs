//! The state that follows from a set of entries, whatever order they arrive in.
//!
//! An entry counts unless an entry that counts retracts it. Entries are ordered by (Lamport, reviewer, id). Of several
//! direct claims on one pair by one reviewer the latest counts. Same is transitive and builds united groups; different
//! and variant hold between united groups. A pair that is same by one path and different or variant by another, or on
//! which two reviewers differ, is a [`Conflict`], shown and never resolved silently (the pair then stands as `Conflicted`).

use super::{Entry, EntryId, Key, Verdict};

/// What is known of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairStanding {
    /// Nothing was said and nothing follows.
    Open,
    /// Said directly, or follows.
    Decided(Verdict),
    /// Contradictory decisions.
    Conflicted,
}

/// One step of a why-chain: this entry said this of this pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// One posting.
    pub a: Key,
    /// The other.
    pub b: Key,
    /// What was said.
    pub verdict: Verdict,
    /// Where.
    pub entry: EntryId,
    /// The score the reviewer saw, where there was one.
    pub score: Option<f32>,
}

/// A contradiction and the decisions that cause it.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// The pair that is both.
    pub a: Key,
    /// The pair that is both.
    pub b: Key,
    /// The chain that makes them same.
    pub same_chain: Vec<Link>,
    /// The decision that makes them different or variant.
    pub against: Link,
}

/// Totals for the saved line and the finished page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Gestures that count.
    pub n_gestures: usize,
    /// Pairs that are same, directly or by transitivity.
    pub n_same_pairs: u64,
    /// Directly different pairs.
    pub n_different_pairs: u64,
    /// Direct variants.
    pub n_variant_pairs: u64,
    /// Pairs left unsure.
    pub n_unsure_pairs: u64,
}

/// Everything that follows from the log.
#[derive(Clone, Debug, Default)]
pub struct ReviewState {
    entries: Vec<Entry>,
}

impl ReviewState {
    /// The state of a set of entries; duplicates (same id) count once, order is irrelevant.
    pub fn from_entries(entries: impl IntoIterator<Item = Entry>) -> Self {
        Self { entries: entries.into_iter().collect() }
    }

    /// Adds entries; the result equals `from_entries` of the union. Fast when they are the newest.
    pub fn extend(&mut self, entries: impl IntoIterator<Item = Entry>) {
        self.entries.extend(entries);
    }

    /// All entries in (Lamport, reviewer, id) order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether the entry counts (is not retracted).
    pub fn is_active(&self, entry: EntryId) -> bool {
        unimplemented!("{entry:?}")
    }

    /// The Lamport counter of the next entry.
    pub fn next_lamport(&self) -> u64 {
        unimplemented!()
    }

    /// The entry that undo by `reviewer` retracts next: the latest active gesture of theirs that is no retraction.
    pub fn undo_target(&self, reviewer: &str) -> Option<EntryId> {
        unimplemented!("{reviewer}")
    }

    /// The retraction that redo by `reviewer` retracts next; `None` once something else was done since.
    pub fn redo_target(&self, reviewer: &str) -> Option<EntryId> {
        unimplemented!("{reviewer}")
    }

    /// What is known of a pair.
    pub fn standing(&self, a: &str, b: &str) -> PairStanding {
        unimplemented!("{a}{b}")
    }

    /// The united group of a posting (itself alone when nothing was said), sorted by key.
    pub fn united_with(&self, posting: &str) -> Vec<Key> {
        unimplemented!("{posting}")
    }

    /// All united groups of at least two postings.
    pub fn united_groups(&self) -> Vec<Vec<Key>> {
        unimplemented!()
    }

    /// Pairs said different or variant (direct claims, active, latest), for the matcher's `apart`.
    pub fn apart_pairs(&self) -> Vec<(Key, Key, Verdict)> {
        unimplemented!()
    }

    /// The shortest chain of decisions that makes two postings same, weakest link first known by score; empty when none does.
    pub fn why_same(&self, a: &str, b: &str) -> Vec<Link> {
        unimplemented!("{a}{b}")
    }

    /// Every contradiction.
    pub fn conflicts(&self) -> &[Conflict] {
        unimplemented!()
    }

    /// The keeper chosen for the group of a posting, if any.
    pub fn keeper(&self, posting: &str) -> Option<Key> {
        unimplemented!("{posting}")
    }

    /// The note on a posting.
    pub fn note(&self, posting: &str) -> Option<&str> {
        unimplemented!("{posting}")
    }

    /// Whether a posting is flagged for a second look.
    pub fn is_flagged(&self, posting: &str) -> bool {
        unimplemented!("{posting}")
    }

    /// Totals.
    pub fn counts(&self) -> Counts {
        unimplemented!()
    }
}
