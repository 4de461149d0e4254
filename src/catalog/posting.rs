//! How a posting is named in memory. On disk it is always named by its key, never by its row.

/// Position of a posting in the loaded [`super::Catalog`]; meaningless after a re-scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PostingIdx(pub u32);

impl PostingIdx {
    /// The position as an index into per-posting arrays.
    pub fn at(self) -> usize {
        self.0 as usize
    }

    /// The posting at row `row`; catalogues are limited to `u32::MAX` rows when they are loaded.
    pub fn from_row(row: usize) -> Self {
        Self(row as u32)
    }
}
