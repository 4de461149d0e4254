//! The catalogue in memory: one arena a column, so that a million postings stay under 1 KB a row.

use std::collections::HashMap;

use super::images::ImageTable;
use super::key_index::KeyIndex;
use super::text_column::{LinkedColumn, TextColumn};
use super::{CatalogSource, ColumnMap, ImageSource, PostingIdx, Problem, Side};

/// The column by which a looks-like table is known.
pub(super) const SIDE_COLUMN: &str = "side";

/// A loaded catalogue. Cheap to share (`Arc<Catalog>`); nothing in it changes after loading.
#[derive(Debug)]
pub struct Catalog {
    pub(super) name: String,
    pub(super) source: CatalogSource,
    pub(super) column_map: Option<ColumnMap>,
    pub(super) columns: Vec<String>,
    pub(super) cells: Vec<TextColumn>,
    pub(super) keys: LinkedColumn,
    pub(super) raw_titles: LinkedColumn,
    pub(super) titles: LinkedColumn,
    pub(super) groups: LinkedColumn,
    pub(super) images: ImageTable,
    pub(super) index: KeyIndex,
    pub(super) key_ranks: Vec<u32>,
    pub(super) problems: Vec<Problem>,
    pub(super) has: Presence,
}

/// What any posting has, told once when everything is loaded: views ask in every frame.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Presence {
    groups: bool,
    sides: bool,
    images: bool,
    titles: bool,
}

impl Presence {
    /// Looks through a loaded catalogue.
    pub(super) fn of(catalog: &Catalog) -> Self {
        let has_side = |posting| Side::of_key(catalog.key(posting)).is_some();
        let names_sides = catalog.columns.iter().any(|column| column == SIDE_COLUMN);
        Self {
            groups: catalog.postings().any(|posting| catalog.group(posting).is_some()),
            sides: names_sides && catalog.postings().next().is_some_and(has_side),
            images: catalog.images.has_any(),
            titles: catalog.postings().any(|posting| !catalog.title(posting).is_empty()),
        }
    }
}

impl Catalog {
    /// Display name (file stem, folder name, or "Demo").
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it was loaded from; enough to load it again.
    pub fn source(&self) -> &CatalogSource {
        &self.source
    }

    /// The column map it was read with (`None` for folders and the demo).
    pub fn column_map(&self) -> Option<&ColumnMap> {
        self.column_map.as_ref()
    }

    /// Number of postings.
    pub fn n_postings(&self) -> usize {
        self.keys.n_rows()
    }

    /// All postings in row order.
    pub fn postings(&self) -> impl Iterator<Item = PostingIdx> + use<> {
        (0..self.n_postings()).map(PostingIdx::from_row)
    }

    /// The posting's key: unique, stable over re-scans; what the decision log stores.
    pub fn key(&self, posting: PostingIdx) -> &str {
        self.keys.get(posting.at(), &self.cells).unwrap_or("")
    }

    /// The posting with this key.
    pub fn find(&self, key: &str) -> Option<PostingIdx> {
        self.index.find(key, |row| self.key(PostingIdx(row))).map(PostingIdx)
    }

    /// The title in the mode the catalogue was opened with; what text encoders read.
    pub fn title(&self, posting: PostingIdx) -> &str {
        self.titles.get(posting.at(), &self.cells).unwrap_or("")
    }

    /// The title as it stands in the source.
    pub fn raw_title(&self, posting: PostingIdx) -> &str {
        self.raw_titles.get(posting.at(), &self.cells).unwrap_or("")
    }

    /// The group label, opaque; `None` where the catalogue has none or the cell is empty.
    pub fn group(&self, posting: PostingIdx) -> Option<&str> {
        self.groups.get(posting.at(), &self.cells)
    }

    /// Group labels as dense numbers in order of first appearance, for metrics; unlabelled postings are `None`.
    pub fn group_ids(&self) -> Vec<Option<u32>> {
        let mut ids: HashMap<&str, u32> = HashMap::new();
        self.postings()
            .map(|posting| {
                self.group(posting).map(|label| {
                    let next = ids.len() as u32;
                    *ids.entry(label).or_insert(next)
                })
            })
            .collect()
    }

    /// Whether any posting carries a group label.
    pub fn has_groups(&self) -> bool {
        self.has.groups
    }

    /// Whether this is a table of what looks like what, each posting asked about or an answer.
    pub fn has_sides(&self) -> bool {
        self.has.sides
    }

    /// The side of a posting of a looks-like table; `None` of other catalogues.
    pub fn side(&self, posting: PostingIdx) -> Option<Side> {
        if self.has.sides { Side::of_key(self.key(posting)) } else { None }
    }

    /// Whether any posting carries a picture reference.
    pub fn has_images(&self) -> bool {
        self.has.images
    }

    /// Whether any posting carries a title.
    pub fn has_titles(&self) -> bool {
        self.has.titles
    }

    /// Where the posting's picture comes from.
    pub fn image(&self, posting: PostingIdx) -> ImageSource {
        self.images.get(posting.at(), &self.cells)
    }

    /// Names of all source columns, in the order of the source.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The cell of source column `column` (an index into [`Self::columns`]).
    pub fn cell(&self, posting: PostingIdx, column: usize) -> &str {
        self.cells.get(column).map_or("", |cells| cells.get(posting.at()))
    }

    /// Rank of each posting when sorted by key (bytewise): breaks ties deterministically everywhere.
    pub fn key_ranks(&self) -> &[u32] {
        &self.key_ranks
    }

    /// What went wrong while loading; the load went on.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Bytes of memory held, for statistics.
    pub fn n_bytes(&self) -> usize {
        let derived = [&self.keys, &self.raw_titles, &self.titles, &self.groups];
        let problems: usize =
            self.problems.iter().map(|problem| problem.file.len() + problem.message.len()).sum();
        self.cells.iter().map(TextColumn::n_bytes).sum::<usize>()
            + derived.iter().map(|column| column.n_bytes()).sum::<usize>()
            + self.images.n_bytes()
            + self.index.n_bytes()
            + self.key_ranks.capacity() * size_of::<u32>()
            + self.problems.capacity() * size_of::<Problem>()
            + problems
            + size_of::<Self>()
    }
}
