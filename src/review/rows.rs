//! What the queue and the exports need to know of a catalogue: keys, their order, titles.

use crate::catalog::{Catalog, PostingIdx};

/// Postings by row.
pub(super) trait Rows {
    /// Number of rows.
    fn n_rows(&self) -> usize;
    /// Key of an existing row.
    fn key(&self, row: u32) -> &str;
    /// Rank of the row when sorted by key.
    fn key_rank(&self, row: u32) -> u32;
    /// Group label of an existing row.
    fn group(&self, row: u32) -> Option<&str>;
    /// Title of an existing row.
    fn title(&self, row: u32) -> &str;
    /// Row of a key.
    fn find(&self, key: &str) -> Option<u32>;
}

impl Rows for Catalog {
    fn n_rows(&self) -> usize {
        self.n_postings()
    }

    fn key(&self, row: u32) -> &str {
        Catalog::key(self, PostingIdx(row))
    }

    fn key_rank(&self, row: u32) -> u32 {
        self.key_ranks().get(row as usize).copied().unwrap_or(row)
    }

    fn group(&self, row: u32) -> Option<&str> {
        Catalog::group(self, PostingIdx(row))
    }

    fn title(&self, row: u32) -> &str {
        Catalog::title(self, PostingIdx(row))
    }

    fn find(&self, key: &str) -> Option<u32> {
        Catalog::find(self, key).map(|posting| posting.0)
    }
}
