//! The set of entries in order, and which of them count. Knows retractions, not what verdicts mean.

use std::collections::HashMap;

use crate::review::{Entry, EntryId, Gesture};

/// Entries in (Lamport, reviewer, id) order with their activity.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    entries: Vec<Entry>,
    active: Vec<bool>,
    positions: HashMap<EntryId, u32>,
    retracted_by: HashMap<EntryId, Vec<u32>>,
    of_reviewer: HashMap<String, Vec<u32>>,
}

impl Log {
    /// The log of a set of entries; of several with one id the first is taken.
    pub fn new(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut entries: Vec<Entry> = entries.into_iter().collect();
        entries.sort_by(|a, b| a.order().cmp(&b.order()));
        let mut log = Self::default();
        for entry in entries {
            if !log.contains(entry.id) {
                log.place(entry);
            }
        }
        // A retraction only reaches back, so that, from the end, everything that could retract an entry is settled.
        for position in (0..log.entries.len() as u32).rev() {
            log.active[position as usize] = log.should_count(position);
        }
        log
    }

    /// Appends an entry that comes after all others and returns the positions whose activity it changed, in order.
    pub fn append(&mut self, entry: Entry) -> Vec<u32> {
        let position = self.place(entry);
        let mut changed = Vec::new();
        let mut target = self.target(position);
        while let Some(at) = target {
            let counts = self.should_count(at);
            if self.active[at as usize] == counts {
                break;
            }
            self.active[at as usize] = counts;
            changed.push(at);
            target = self.target(at);
        }
        changed
    }

    /// Whether the entry would be the latest.
    pub fn is_newest(&self, entry: &Entry) -> bool {
        self.entries.last().is_none_or(|last| last.order() < entry.order())
    }

    /// Whether an entry of this name is there.
    pub fn contains(&self, id: EntryId) -> bool {
        self.positions.contains_key(&id)
    }

    /// All entries in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entries themselves, to build another log.
    pub fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// Position of an entry.
    pub fn position(&self, id: EntryId) -> Option<u32> {
        self.positions.get(&id).copied()
    }

    /// Whether the entry at this position counts.
    pub fn is_active(&self, position: u32) -> bool {
        self.active.get(position as usize).copied().unwrap_or(false)
    }

    /// The gesture undo takes back.
    pub fn undo_target(&self, reviewer: &str) -> Option<EntryId> {
        let positions = self.of_reviewer.get(reviewer)?;
        let target = positions.iter().rev().find(|&&position| {
            self.is_active(position)
                && self.gesture(position).is_some_and(|gesture| gesture.retracts().is_none())
        });
        target.and_then(|&position| self.id(position))
    }

    /// The retraction redo takes back: the latest of this reviewer's undos that still counts, with nothing but undos
    /// and redos after it.
    pub fn redo_target(&self, reviewer: &str) -> Option<EntryId> {
        for &position in self.of_reviewer.get(reviewer)?.iter().rev() {
            let retracted = self.gesture(position)?.retracts()?;
            let is_redo = self
                .position(retracted)
                .and_then(|target| self.gesture(target))
                .is_some_and(|gesture| gesture.retracts().is_some());
            if !is_redo && self.is_active(position) {
                return self.id(position);
            }
        }
        None
    }

    fn place(&mut self, entry: Entry) -> u32 {
        let position = self.entries.len() as u32;
        self.positions.insert(entry.id, position);
        if let Some(target) = entry.gesture.retracts() {
            self.retracted_by.entry(target).or_default().push(position);
        }
        match self.of_reviewer.get_mut(&entry.reviewer) {
            Some(positions) => positions.push(position),
            None => {
                self.of_reviewer.insert(entry.reviewer.clone(), vec![position]);
            }
        }
        self.entries.push(entry);
        self.active.push(true);
        position
    }

    fn should_count(&self, position: u32) -> bool {
        let Some(retractions) = self.id(position).and_then(|id| self.retracted_by.get(&id)) else {
            return true;
        };
        !retractions.iter().any(|&retraction| retraction > position && self.is_active(retraction))
    }

    /// The earlier entry that the one at this position retracts.
    fn target(&self, position: u32) -> Option<u32> {
        let target = self.position(self.gesture(position)?.retracts()?)?;
        (target < position).then_some(target)
    }

    fn gesture(&self, position: u32) -> Option<&Gesture> {
        self.entries.get(position as usize).map(|entry| &entry.gesture)
    }

    fn id(&self, position: u32) -> Option<EntryId> {
        self.entries.get(position as usize).map(|entry| entry.id)
    }
}
