//! The state that follows from a set of entries, whatever order they arrive in.
//!
//! An entry counts unless an entry that counts retracts it. Entries are ordered by (Lamport, reviewer, id). Of several
//! direct claims on one pair by one reviewer the latest counts. Same is transitive and builds united groups; different
//! and variant hold between united groups. A pair that is same by one path and different or variant by another, or on
//! which two reviewers differ, is a [`Conflict`], shown and never resolved silently (the pair then stands as `Conflicted`).
//!
//! Finer points. Unsure says nothing against any verdict; it stands only where nothing else does. Inside a united group
//! the pairs that were themselves said different or variant are conflicted, the others stay same. Between two groups
//! said different by one decision and variant by another, every pair is conflicted; each pair on which both were said
//! is a conflict, or, if there is none, one pair stands for the two groups. A retraction of something later than
//! itself, or of something not in the log, says nothing until that arrives before it.

mod chains;
mod claims;
mod groups;
mod log;
mod pairs;
mod relations;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::OnceLock;

use self::log::Log;
use self::pairs::Pair;
use self::relations::{Change, Relations};
use super::{Entry, EntryId, Gesture, Key, Verdict};

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
    /// The chain that makes them same, from `a` to `b`. Where the contradiction is between different and variant,
    /// one of its links is the variant decision.
    pub same_chain: Vec<Link>,
    /// The decision that makes them different or variant, about this very pair.
    pub against: Link,
}

/// Totals for the saved line and the finished page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Gestures that count.
    pub n_gestures: usize,
    /// Pairs that are same, directly or by transitivity, contradicted ones left out.
    pub n_same_pairs: u64,
    /// Directly different pairs.
    pub n_different_pairs: u64,
    /// Direct variants.
    pub n_variant_pairs: u64,
    /// Pairs left unsure, of which nothing else is known.
    pub n_unsure_pairs: u64,
}

/// Everything that follows from the log.
///
/// With n claims over m postings: building takes O(n log m) steps plus one a pair said anything but same; adding the
/// newest entry takes steps in proportion to what it touches.
#[derive(Clone, Debug, Default)]
pub struct ReviewState {
    log: Log,
    relations: Relations,
    claims_of_entry: HashMap<u32, std::ops::Range<u32>>,
    reviewers: HashMap<String, u32>,
    remarks: HashMap<Key, Vec<u32>>,
    conflicts: OnceLock<Vec<Conflict>>,
}

impl ReviewState {
    /// The state of a set of entries; duplicates (same id) count once, order is irrelevant.
    pub fn from_entries(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut state = Self { log: Log::new(entries), ..Self::default() };
        for position in 0..state.log.entries().len() as u32 {
            state.register(position);
        }
        state.relations.settle_all();
        state
    }

    /// Adds entries; the result equals `from_entries` of the union. Fast when they are the newest.
    pub fn extend(&mut self, entries: impl IntoIterator<Item = Entry>) {
        let mut new: Vec<Entry> = entries.into_iter().filter(|entry| !self.log.contains(entry.id)).collect();
        new.sort_by(|a, b| a.order().cmp(&b.order()));
        new.dedup_by_key(|entry| entry.id);
        let Some(first) = new.first() else {
            return;
        };
        self.conflicts = OnceLock::new();
        // Many at once are cheaper to derive together.
        let is_small = new.len() <= 16 + self.log.entries().len() / 16;
        if self.log.is_newest(first) && is_small {
            for entry in new {
                self.append(entry);
            }
        } else {
            let known = std::mem::take(&mut self.log).into_entries();
            *self = Self::from_entries(known.into_iter().chain(new));
        }
    }

    /// All entries in (Lamport, reviewer, id) order.
    pub fn entries(&self) -> &[Entry] {
        self.log.entries()
    }

    /// The entry of this name.
    pub fn entry(&self, id: EntryId) -> Option<&Entry> {
        self.log.entries().get(self.log.position(id)? as usize)
    }

    /// Whether the entry counts (is not retracted).
    pub fn is_active(&self, entry: EntryId) -> bool {
        self.log.position(entry).is_some_and(|position| self.log.is_active(position))
    }

    /// The Lamport counter of the next entry.
    pub fn next_lamport(&self) -> u64 {
        self.log.entries().last().map_or(1, |last| last.lamport.saturating_add(1))
    }

    /// The entry that undo by `reviewer` retracts next: the latest active gesture of theirs that is no retraction.
    pub fn undo_target(&self, reviewer: &str) -> Option<EntryId> {
        self.log.undo_target(reviewer)
    }

    /// The retraction that redo by `reviewer` retracts next; `None` once something else was done since.
    pub fn redo_target(&self, reviewer: &str) -> Option<EntryId> {
        self.log.redo_target(reviewer)
    }

    /// What is known of a pair.
    pub fn standing(&self, a: &str, b: &str) -> PairStanding {
        if a == b {
            return PairStanding::Decided(Verdict::Same);
        }
        match (self.relations.id(a), self.relations.id(b)) {
            (Some(a), Some(b)) => self.relations.standing(a, b),
            _ => PairStanding::Open,
        }
    }

    /// The united group of a posting (itself alone when nothing was said), sorted by key.
    pub fn united_with(&self, posting: &str) -> Vec<Key> {
        match self.relations.id(posting) {
            Some(id) => self.keys_of(self.relations.groups().members(self.relations.groups().find(id))),
            None => vec![posting.into()],
        }
    }

    /// All united groups of at least two postings, each sorted by key, in order of their first key.
    pub fn united_groups(&self) -> Vec<Vec<Key>> {
        let groups = self.relations.groups();
        let mut united: Vec<Vec<Key>> = groups.united().map(|members| self.keys_of(members)).collect();
        united.sort();
        united
    }

    /// Pairs said different or variant (direct claims, active, latest), for the matcher's `apart`. Sorted by key; a pair
    /// on which reviewers say different and variant is listed as different.
    pub fn apart_pairs(&self) -> Vec<(Key, Key, Verdict)> {
        let apart = self.relations.apart().map(|(pair, verdict)| {
            let (a, b) = self.keys_of_pair(pair);
            (a, b, verdict)
        });
        let mut apart: Vec<(Key, Key, Verdict)> = apart.collect();
        apart.sort();
        apart
    }

    /// Pairs left unsure of which nothing else is known, sorted by key.
    pub fn unsure_pairs(&self) -> Vec<(Key, Key)> {
        let unsure = self.relations.unsure().iter().filter(|pair| self.is_left_unsure(**pair));
        let mut unsure: Vec<(Key, Key)> = unsure.map(|&pair| self.keys_of_pair(pair)).collect();
        unsure.sort();
        unsure
    }

    /// The shortest chain of decisions that makes two postings same, from `a` to `b`; empty when none does. Each link
    /// carries the score its reviewer saw (see [`weakest_link`]).
    pub fn why_same(&self, a: &str, b: &str) -> Vec<Link> {
        match (self.relations.id(a), self.relations.id(b)) {
            (Some(a), Some(b)) => chains::why_same(&self.relations, self.log.entries(), a, b),
            _ => Vec::new(),
        }
    }

    /// The latest decision that says this verdict of this very pair, if one counts.
    pub fn decision(&self, a: &str, b: &str, verdict: Verdict) -> Option<&Entry> {
        let (a, b) = (self.relations.id(a)?, self.relations.id(b)?);
        let claim = self.relations.latest_claim(Pair::new(a, b), verdict)?;
        self.log.entries().get(self.relations.claim(claim).entry as usize)
    }

    /// Every contradiction, sorted by the keys of its pair.
    pub fn conflicts(&self) -> &[Conflict] {
        self.conflicts.get_or_init(|| chains::conflicts(&self.relations, self.log.entries()))
    }

    /// The keeper chosen for the group of a posting, if any.
    pub fn keeper(&self, posting: &str) -> Option<Key> {
        let group = self.united_with(posting);
        let latest = group.iter().filter_map(|member| {
            self.latest_remark(member, |gesture| matches!(gesture, Gesture::Keep { .. }))
                .map(|(at, _)| (at, member))
        });
        latest.max_by_key(|&(position, _)| position).map(|(_, member)| Key::clone(member))
    }

    /// The note on a posting.
    pub fn note(&self, posting: &str) -> Option<&str> {
        match self.latest_remark(posting, |gesture| matches!(gesture, Gesture::Note { .. }))? {
            (_, Gesture::Note { text, .. }) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Whether a posting is flagged for a second look.
    pub fn is_flagged(&self, posting: &str) -> bool {
        let latest = self.latest_remark(posting, |gesture| matches!(gesture, Gesture::Flag { .. }));
        matches!(latest, Some((_, Gesture::Flag { flagged: true, .. })))
    }

    /// All flagged postings, sorted by key.
    pub fn flagged(&self) -> Vec<Key> {
        let mut flagged: Vec<Key> = self.remarks.keys().filter(|key| self.is_flagged(key)).cloned().collect();
        flagged.sort();
        flagged
    }

    /// Totals.
    pub fn counts(&self) -> Counts {
        let entries = self.log.entries().iter().enumerate();
        let counting = entries.filter(|(position, entry)| {
            self.log.is_active(*position as u32) && entry.gesture.retracts().is_none()
        });
        let relations = &self.relations;
        let unsure = relations.unsure().iter().filter(|pair| self.is_left_unsure(**pair));
        Counts {
            n_gestures: counting.count(),
            n_same_pairs: relations.groups().n_pairs() - relations.clashing().len() as u64,
            n_different_pairs: relations.n_different(),
            n_variant_pairs: relations.variants().len() as u64,
            n_unsure_pairs: unsure.count() as u64,
        }
    }

    /// The number of a posting's united group, if anything was said of it; meaningless after the next entry.
    pub(super) fn group_number(&self, posting: &str) -> Option<u32> {
        self.relations.id(posting).map(|id| self.relations.groups().find(id))
    }

    /// Size of a numbered group.
    pub(super) fn group_size(&self, group: u32) -> u64 {
        self.relations.groups().members(group).len() as u64
    }

    /// What stands between two different numbered groups, unsure left aside.
    pub(super) fn between_groups(&self, a: u32, b: u32) -> PairStanding {
        self.relations.between(a, b)
    }

    /// How many pairs between two different numbered groups were left unsure.
    pub(super) fn n_unsure_between(&self, a: u32, b: u32) -> u64 {
        if self.relations.unsure().is_empty() {
            return 0;
        }
        self.relations.pairs_between(a, b, Verdict::Unsure).len() as u64
    }

    /// Numbered groups that are different from, or variants of, a numbered group.
    pub(super) fn groups_apart_from(&self, group: u32) -> std::collections::BTreeSet<u32> {
        self.relations.groups_apart_from(group)
    }

    fn append(&mut self, entry: Entry) {
        let changed = self.log.append(entry);
        let position = self.log.entries().len() as u32 - 1;
        for toggled in changed {
            if let Some(claims) = self.claims_of_entry.get(&toggled) {
                self.relations.switch(claims.clone(), self.log.is_active(toggled));
                self.relations.settle(claims.clone(), Change::Toggled);
            }
        }
        if let Some(claims) = self.register(position) {
            self.relations.settle(claims, Change::Appended);
        }
    }

    /// Notes what an entry is about; returns the numbers of its claims.
    fn register(&mut self, position: u32) -> Option<std::ops::Range<u32>> {
        let entry = self.log.entries().get(position as usize)?;
        match &entry.gesture {
            Gesture::Judge { claims } => {
                let n_reviewers = self.reviewers.len() as u32;
                let reviewer = match self.reviewers.get(&entry.reviewer) {
                    Some(&reviewer) => reviewer,
                    None => *self.reviewers.entry(entry.reviewer.clone()).or_insert(n_reviewers),
                };
                let first = self.relations.n_claims();
                for claim in claims {
                    self.relations.register(position, reviewer, claim, self.log.is_active(position));
                }
                let numbers = first..self.relations.n_claims();
                self.claims_of_entry.insert(position, numbers.clone());
                Some(numbers)
            }
            Gesture::Keep { posting } | Gesture::Note { posting, .. } | Gesture::Flag { posting, .. } => {
                self.remarks.entry(Key::clone(posting)).or_default().push(position);
                None
            }
            Gesture::Retract { .. } | Gesture::LookAlike { .. } | Gesture::Candidate { .. } => None,
        }
    }

    /// The latest remark of a kind on a posting that counts, with its position.
    fn latest_remark(&self, posting: &str, is_wanted: impl Fn(&Gesture) -> bool) -> Option<(u32, &Gesture)> {
        let positions = self.remarks.get(posting)?.iter().rev();
        let mut gestures =
            positions.filter(|&&position| self.log.is_active(position)).filter_map(|&position| {
                self.log.entries().get(position as usize).map(|entry| (position, &entry.gesture))
            });
        gestures.find(|(_, gesture)| is_wanted(gesture))
    }

    fn is_left_unsure(&self, pair: Pair) -> bool {
        self.relations.standing(pair.0, pair.1) == PairStanding::Decided(Verdict::Unsure)
    }

    fn keys_of(&self, postings: &[u32]) -> Vec<Key> {
        let mut keys: Vec<Key> =
            postings.iter().map(|&posting| Key::clone(self.relations.key(posting))).collect();
        keys.sort();
        keys
    }

    fn keys_of_pair(&self, pair: Pair) -> (Key, Key) {
        let (a, b) = (Key::clone(self.relations.key(pair.0)), Key::clone(self.relations.key(pair.1)));
        if a <= b { (a, b) } else { (b, a) }
    }
}

/// The position of the link with the lowest score in a chain; links whose score is not known are passed over.
pub fn weakest_link(chain: &[Link]) -> Option<usize> {
    let scores =
        chain.iter().enumerate().filter_map(|(position, link)| link.score.map(|score| (position, score)));
    scores.min_by(|x, y| x.1.total_cmp(&y.1)).map(|(position, _)| position)
}
