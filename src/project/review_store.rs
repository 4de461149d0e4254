//! review.sqlite: the append-only decision log (WAL, synchronous=FULL), reviewers, the remembered place.

use super::ProjectError;
use crate::review::Entry;

/// An open decision log. `Send`, used from one thread at a time (the writer thread of jobs/).
#[derive(Debug)]
pub struct ReviewStore {
    _private: (),
}

/// What an append achieved, known only after the sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Entries in the log now.
    pub n_entries: u64,
}

impl ReviewStore {
    /// All entries in log order.
    ///
    /// # Errors
    /// When the database is damaged.
    pub fn entries(&self) -> Result<Vec<Entry>, ProjectError> {
        unimplemented!()
    }

    /// Appends entries in one transaction and syncs; entries already there (same id) are skipped.
    ///
    /// # Errors
    /// When the disk refuses; then nothing was written.
    pub fn append(&mut self, entries: &[Entry]) -> Result<Appended, ProjectError> {
        unimplemented!("{entries:?}")
    }

    /// The remembered place of `reviewer` under `name` (posting key, tab, sort...), opaque text.
    ///
    /// # Errors
    /// When the database is damaged.
    pub fn place(&self, reviewer: &str, name: &str) -> Result<Option<String>, ProjectError> {
        unimplemented!("{reviewer}{name}")
    }

    /// Remembers a place; the latest wins, losing one to a crash is harmless.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn set_place(&mut self, reviewer: &str, name: &str, place: &str) -> Result<(), ProjectError> {
        unimplemented!("{reviewer}{name}{place}")
    }

    /// A copy of the log that can be opened elsewhere (for "Save a copy elsewhere").
    ///
    /// # Errors
    /// When the target cannot be written.
    pub fn save_copy(&self, path: &std::path::Path) -> Result<(), ProjectError> {
        unimplemented!("{path:?}")
    }

    /// Empties the log; only "Reset demo" calls it, and only a demo project allows it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn reset(&mut self) -> Result<(), ProjectError> {
        unimplemented!()
    }
}
