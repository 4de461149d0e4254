//! The catalogue in memory: one arena a column, so that a million postings stay under 1 KB a row.

use super::{CatalogSource, ColumnMap, ImageSource, PostingIdx, Problem};

/// Strings of one column, stored end to end in one arena.
#[derive(Clone, Debug, Default)]
pub struct TextColumn {
    text: String,
    ends: Vec<u64>,
}

impl TextColumn {
    /// Number of cells.
    pub fn n_cells(&self) -> usize {
        self.ends.len()
    }

    /// Appends one cell.
    pub fn push(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends.push(self.text.len() as u64);
    }

    /// The cell at `row`; empty where the row does not exist.
    pub fn get(&self, row: usize) -> &str {
        let Some(&end) = self.ends.get(row) else {
            return "";
        };
        let start = row.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.text.get(start as usize..end as usize).unwrap_or("")
    }
}

/// A loaded catalogue. Cheap to share (`Arc<Catalog>`); nothing in it changes after loading.
#[derive(Debug)]
pub struct Catalog {
    _private: (),
}

/// Collects rows into a [`Catalog`]; used by the loaders, the demo and tests.
#[derive(Debug, Default)]
pub struct CatalogBuilder {
    _private: (),
}

impl CatalogBuilder {
    /// A builder for a catalogue called `name`, whose extra columns are `columns` (all source columns, in order).
    pub fn new(name: &str, source: CatalogSource, columns: Vec<String>) -> Self {
        unimplemented!("{name}{source:?}{columns:?}")
    }

    /// Adds one posting. `key` must be unique; `cells` holds one entry per source column.
    pub fn push(
        &mut self,
        key: &str,
        raw_title: &str,
        title: &str,
        image: ImageSource,
        group: Option<&str>,
        cells: &[&str],
    ) -> PostingIdx {
        unimplemented!("{key}{raw_title}{title}{image:?}{group:?}{cells:?}")
    }

    /// Records a problem met while loading.
    pub fn problem(&mut self, problem: Problem) {
        unimplemented!("{problem:?}")
    }

    /// The finished catalogue.
    pub fn finish(self) -> Catalog {
        unimplemented!()
    }
}

impl Catalog {
    /// Display name (file stem, folder name, or "Demo").
    pub fn name(&self) -> &str {
        unimplemented!()
    }

    /// Where it was loaded from; enough to load it again.
    pub fn source(&self) -> &CatalogSource {
        unimplemented!()
    }

    /// The column map it was read with (`None` for folders and the demo).
    pub fn column_map(&self) -> Option<&ColumnMap> {
        unimplemented!()
    }

    /// Number of postings.
    pub fn n_postings(&self) -> usize {
        unimplemented!()
    }

    /// All postings in row order.
    pub fn postings(&self) -> impl Iterator<Item = PostingIdx> + use<> {
        (0..self.n_postings()).map(PostingIdx::from_row)
    }

    /// The posting's key: unique, stable over re-scans; what the decision log stores.
    pub fn key(&self, posting: PostingIdx) -> &str {
        unimplemented!("{posting:?}")
    }

    /// The posting with this key.
    pub fn find(&self, key: &str) -> Option<PostingIdx> {
        unimplemented!("{key}")
    }

    /// The title in the mode the catalogue was opened with; what text encoders read.
    pub fn title(&self, posting: PostingIdx) -> &str {
        unimplemented!("{posting:?}")
    }

    /// The group label, opaque; `None` where the catalogue has none or the cell is empty.
    pub fn group(&self, posting: PostingIdx) -> Option<&str> {
        unimplemented!("{posting:?}")
    }

    /// Group labels as dense numbers in order of first appearance, for metrics; unlabelled postings are `None`.
    pub fn group_ids(&self) -> Vec<Option<u32>> {
        unimplemented!()
    }

    /// Whether any posting carries a group label.
    pub fn has_groups(&self) -> bool {
        unimplemented!()
    }

    /// Whether any posting carries a picture reference.
    pub fn has_images(&self) -> bool {
        unimplemented!()
    }

    /// Whether any posting carries a title.
    pub fn has_titles(&self) -> bool {
        unimplemented!()
    }

    /// Where the posting's picture comes from.
    pub fn image(&self, posting: PostingIdx) -> ImageSource {
        unimplemented!("{posting:?}")
    }

    /// Names of all source columns, in the order of the source.
    pub fn columns(&self) -> &[String] {
        unimplemented!()
    }

    /// The cell of source column `column` (an index into [`Self::columns`]).
    pub fn cell(&self, posting: PostingIdx, column: usize) -> &str {
        unimplemented!("{posting:?}{column}")
    }

    /// Rank of each posting when sorted by key (bytewise): breaks ties deterministically everywhere.
    pub fn key_ranks(&self) -> &[u32] {
        unimplemented!()
    }

    /// What went wrong while loading; the load went on.
    pub fn problems(&self) -> &[Problem] {
        unimplemented!()
    }

    /// Bytes of memory held, for statistics.
    pub fn n_bytes(&self) -> usize {
        unimplemented!()
    }
}
