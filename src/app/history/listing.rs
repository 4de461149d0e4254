//! Which entries of the log are listed, newest first; a filter is applied a bounded slice a frame.

use super::super::catalogue::Needle;
use super::wording::{entry_postings, entry_wording};
use crate::catalog::Catalog;
use crate::review::{Claim, Entry, Gesture, ReviewState, Verdict};

/// Entries looked at in one frame.
const SLICE: usize = 2_000;

/// Postings of one entry whose titles are searched.
const MAX_SEARCHED_POSTINGS: usize = 64;

/// What kind of gesture is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryKind {
    /// Gestures that give this verdict, to any pair.
    Verdict(Verdict),
    /// Undo and redo.
    Retraction,
    /// Keepers, notes and flags.
    Remark,
    /// Answers of the look-alikes station.
    LookAlike,
}

impl HistoryKind {
    /// All, in the order of the menu.
    pub const ALL: [Self; 7] = [
        Self::Verdict(Verdict::Same),
        Self::Verdict(Verdict::Different),
        Self::Verdict(Verdict::Variant),
        Self::Verdict(Verdict::Unsure),
        Self::Retraction,
        Self::Remark,
        Self::LookAlike,
    ];

    /// Name in the menu.
    pub fn label(self) -> &'static str {
        match self {
            Self::Verdict(verdict) => verdict.label(),
            Self::Retraction => "Undo and redo",
            Self::Remark => "Keepers, notes, flags",
            Self::LookAlike => "Look-alikes",
        }
    }

    fn is_of(self, gesture: &Gesture) -> bool {
        match (self, gesture) {
            (Self::Verdict(verdict), Gesture::Judge { claims }) => {
                claims.iter().map(Claim::verdict).any(|said| said == verdict)
            }
            (Self::Retraction, Gesture::Retract { .. })
            | (Self::LookAlike, Gesture::LookAlike { .. } | Gesture::Candidate { .. })
            | (Self::Remark, Gesture::Keep { .. } | Gesture::Note { .. } | Gesture::Flag { .. }) => true,
            _ => false,
        }
    }
}

/// Only entries that pass all of it are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Looked for in the wording, the reviewer, and titles and ids of the postings.
    pub text: String,
    /// The kind of gesture.
    pub kind: Option<HistoryKind>,
    /// The reviewer.
    pub reviewer: Option<String>,
}

impl HistoryFilter {
    /// Whether everything passes.
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty() && self.kind.is_none() && self.reviewer.is_none()
    }

    fn passes(
        &self,
        entry: &Entry,
        review: &ReviewState,
        catalog: Option<&Catalog>,
        needle: &mut Needle,
    ) -> bool {
        if self.kind.is_some_and(|kind| !kind.is_of(&entry.gesture)) {
            return false;
        }
        if self.reviewer.as_ref().is_some_and(|reviewer| *reviewer != entry.reviewer) {
            return false;
        }
        if self.text.trim().is_empty()
            || needle.is_in(&entry.reviewer)
            || needle.is_in(&entry_wording(entry, review))
        {
            return true;
        }
        entry_postings(entry, review).iter().take(MAX_SEARCHED_POSTINGS).any(|key| {
            let title = catalog.and_then(|catalog| catalog.find(key).map(|posting| catalog.title(posting)));
            needle.is_in(key) || title.is_some_and(|title| needle.is_in(title))
        })
    }
}

/// The entries listed.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Positions in the log, newest first, of what was found so far; `None` lists all.
    shown: Option<Vec<u32>>,
    /// Entries of the log when the scan began.
    n_known: usize,
    /// Entries not looked at yet, the oldest ones.
    n_left: usize,
    reviewers: Vec<String>,
}

impl Listing {
    /// Begins again for another filter.
    pub(super) fn restart(&mut self, filter: &HistoryFilter) {
        let reviewers = std::mem::take(&mut self.reviewers);
        *self = Self { shown: (!filter.is_blank()).then(Vec::new), reviewers, ..Self::default() };
    }

    /// Looks at the next slice; begins again when the log has grown.
    pub(super) fn scan_on(
        &mut self,
        filter: &HistoryFilter,
        review: &ReviewState,
        catalog: Option<&Catalog>,
    ) {
        let entries = review.entries();
        if self.n_known != entries.len() {
            self.restart(filter);
            self.n_known = entries.len();
            self.n_left = if filter.is_blank() { 0 } else { entries.len() };
            self.reviewers = entries.iter().map(|entry| entry.reviewer.clone()).collect();
            self.reviewers.sort_unstable();
            self.reviewers.dedup();
        }
        let Some(shown) = &mut self.shown else { return };
        let mut needle = Needle::new(&filter.text);
        let end = self.n_left.saturating_sub(SLICE);
        for position in (end..self.n_left).rev() {
            let entry = entries.get(position);
            if entry.is_some_and(|entry| filter.passes(entry, review, catalog, &mut needle)) {
                shown.push(position as u32);
            }
        }
        self.n_left = end;
    }

    /// Whether a log of `n_entries` has entries that were not looked at.
    pub fn is_outdated(&self, n_entries: usize) -> bool {
        self.n_known != n_entries || self.n_left > 0
    }

    /// Lines of the table, of a log of `n_entries`.
    pub fn n_lines(&self, n_entries: usize) -> usize {
        self.shown.as_ref().map_or(n_entries, Vec::len)
    }

    /// The position in a log of `n_entries` of the entry on a line.
    pub fn position(&self, line: usize, n_entries: usize) -> Option<usize> {
        match &self.shown {
            Some(shown) => shown.get(line).map(|position| *position as usize),
            None => n_entries.checked_sub(line + 1),
        }
    }

    /// Everyone who has an entry in the log, sorted.
    pub fn reviewers(&self) -> &[String] {
        &self.reviewers
    }
}
