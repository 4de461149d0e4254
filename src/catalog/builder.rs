//! Collects postings into a [`Catalog`] and keeps their keys unique. It opens no file.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;

use rayon::slice::ParallelSliceMut;

use super::images::ImageTable;
use super::key_index::KeyIndex;
use super::problems::summarise_problems;
use super::table::Presence;
use super::text_column::{LinkedColumn, TextColumn};
use super::{Catalog, CatalogSource, ColumnMap, ImageSource, PostingIdx, Problem};

/// Collects rows into a [`Catalog`]; used by the loaders, the demo and tests.
#[derive(Debug)]
pub struct CatalogBuilder {
    catalog: Catalog,
    /// For a key that came again: its first row, and how often it was seen.
    repeats: HashMap<u32, u32>,
}

impl Default for CatalogBuilder {
    fn default() -> Self {
        Self::new("", CatalogSource::File(PathBuf::new()), Vec::new())
    }
}

impl CatalogBuilder {
    /// A builder for a catalogue called `name`, whose extra columns are `columns` (all source columns, in order).
    pub fn new(name: &str, source: CatalogSource, columns: Vec<String>) -> Self {
        let cells = columns.iter().map(|_| TextColumn::default()).collect();
        Self::with_cells(name, source, columns, cells)
    }

    /// A builder whose cells have been read already; [`Self::link`] then adds one posting for each of their rows.
    pub(super) fn with_cells(
        name: &str,
        source: CatalogSource,
        columns: Vec<String>,
        cells: Vec<TextColumn>,
    ) -> Self {
        let mut index = KeyIndex::default();
        index.reserve(cells.first().map_or(0, TextColumn::n_cells));
        let catalog = Catalog {
            name: name.to_owned(),
            source,
            column_map: None,
            columns,
            cells,
            keys: LinkedColumn::default(),
            raw_titles: LinkedColumn::default(),
            titles: LinkedColumn::default(),
            groups: LinkedColumn::default(),
            images: ImageTable::default(),
            index,
            key_ranks: Vec::new(),
            problems: Vec::new(),
            has: Presence::default(),
        };
        Self { catalog, repeats: HashMap::new() }
    }

    /// Remembers the column map the rows were read with.
    pub fn set_column_map(&mut self, map: ColumnMap) {
        self.catalog.column_map = Some(map);
    }

    /// Whether a posting with this key has been added.
    pub fn contains(&self, key: &str) -> bool {
        self.catalog.find(key).is_some()
    }

    /// Adds one posting. `key` should be unique (one that is not becomes `key#2`, `key#3`, …); `cells` holds one
    /// entry per source column (missing ones are empty, extra ones are left out). An empty `group` counts as none.
    pub fn push(
        &mut self,
        key: &str,
        raw_title: &str,
        title: &str,
        image: ImageSource,
        group: Option<&str>,
        cells: &[&str],
    ) -> PostingIdx {
        for (column, arena) in self.catalog.cells.iter_mut().enumerate() {
            arena.push(cells.get(column).copied().unwrap_or(""));
        }
        let Catalog { images, cells, .. } = &mut self.catalog;
        images.push(image, cells);
        self.link(key, raw_title, title, group)
    }

    /// Adds the posting of the next row, whose cells and picture are there already. Returns its position.
    pub(super) fn link(
        &mut self,
        key: &str,
        raw_title: &str,
        title: &str,
        group: Option<&str>,
    ) -> PostingIdx {
        let posting = PostingIdx::from_row(self.catalog.keys.n_rows());
        let key = self.free_key(key);
        let Catalog { cells, keys, raw_titles, titles, groups, index, .. } = &mut self.catalog;
        keys.push(Some(&key), cells);
        raw_titles.push(Some(raw_title), cells);
        titles.push(Some(title), cells);
        groups.push(group.filter(|label| !label.is_empty()), cells);
        index.insert(posting.0, |row| keys.get(row as usize, cells).unwrap_or(""));
        posting
    }

    /// The pictures and the cells they may refer to, for loaders that know their directories.
    pub(super) fn images(&mut self) -> (&mut ImageTable, &[TextColumn]) {
        (&mut self.catalog.images, &self.catalog.cells)
    }

    fn free_key<'k>(&mut self, key: &'k str) -> Cow<'k, str> {
        let Some(first) = self.catalog.find(key) else {
            return Cow::Borrowed(key);
        };
        let n_seen = self.repeats.entry(first.0).or_insert(1);
        loop {
            *n_seen += 1;
            let candidate = format!("{key}#{n_seen}");
            if self.catalog.find(&candidate).is_none() {
                return Cow::Owned(candidate);
            }
        }
    }

    /// Records a problem met while loading.
    pub fn problem(&mut self, problem: Problem) {
        self.catalog.problems.push(problem);
    }

    /// The finished catalogue. A kind of problem that hits over a fifth of the rows becomes one with a count.
    pub fn finish(self) -> Catalog {
        let mut catalog = self.catalog;
        catalog.cells.iter_mut().for_each(TextColumn::shrink);
        for column in [&mut catalog.keys, &mut catalog.raw_titles, &mut catalog.titles, &mut catalog.groups] {
            column.shrink();
        }
        catalog.images.finish();
        let mut by_key: Vec<PostingIdx> = catalog.postings().collect();
        by_key.par_sort_unstable_by(|a, b| catalog.key(*a).cmp(catalog.key(*b)));
        let mut ranks = vec![0; by_key.len()];
        for (rank, posting) in by_key.iter().enumerate() {
            if let Some(slot) = ranks.get_mut(posting.at()) {
                *slot = rank as u32;
            }
        }
        catalog.key_ranks = ranks;
        catalog.has = Presence::of(&catalog);
        let n_rows = catalog.n_postings() as u64;
        catalog.problems = summarise_problems(std::mem::take(&mut catalog.problems), n_rows);
        catalog
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::{any, prop, proptest};

    use super::CatalogBuilder;
    use crate::catalog::{CatalogSource, ImageSource, PostingIdx};

    fn builder(columns: &[&str]) -> CatalogBuilder {
        let columns = columns.iter().map(|name| (*name).to_owned()).collect();
        CatalogBuilder::new("test", CatalogSource::File(PathBuf::from("test.csv")), columns)
    }

    #[test]
    fn everything_pushed_comes_back() {
        let mut builder = builder(&["id", "title", "price"]);
        let file = ImageSource::File(PathBuf::from("/shop/images/b.jpg"));
        let missing = ImageSource::Missing(PathBuf::from("deep/er/c.jpg"));
        builder.push(
            "b",
            "Tea &amp; Co",
            "Tea & Co",
            file.clone(),
            Some("g9999999999"),
            &["b", "Tea &amp; Co", "3"],
        );
        builder.push("a", "Cup", "Cup", missing.clone(), Some(""), &["a", "Cup"]);
        builder.push("c", "", "", ImageSource::None, Some("g9999999999"), &[]);
        let catalog = builder.finish();
        let [b, a, c] = [PostingIdx(0), PostingIdx(1), PostingIdx(2)];
        assert_eq!(catalog.n_postings(), 3);
        assert_eq!((catalog.key(b), catalog.key(a), catalog.key(c)), ("b", "a", "c"));
        assert_eq!((catalog.title(b), catalog.raw_title(b)), ("Tea & Co", "Tea &amp; Co"));
        assert_eq!((catalog.cell(b, 2), catalog.cell(a, 2), catalog.cell(a, 9)), ("3", "", ""));
        assert_eq!(
            (catalog.image(b), catalog.image(a), catalog.image(c)),
            (file, missing, ImageSource::None)
        );
        assert_eq!(catalog.group_ids(), [Some(0), None, Some(0)]);
        assert_eq!(catalog.key_ranks(), [1, 0, 2]);
        assert_eq!((catalog.find("a"), catalog.find("z")), (Some(a), None));
        assert!(catalog.has_groups() && catalog.has_images() && catalog.has_titles());
        assert!(catalog.n_bytes() > 0);
    }

    #[test]
    fn repeated_keys_are_numbered_quickly() {
        let mut builder = builder(&[]);
        for _ in 0..20_000 {
            builder.push("same", "t", "t", ImageSource::None, None, &[]);
        }
        let catalog = builder.finish();
        assert_eq!((catalog.key(PostingIdx(0)), catalog.key(PostingIdx(1))), ("same", "same#2"));
        assert_eq!(catalog.find("same#20000"), Some(PostingIdx(19_999)));
    }

    #[test]
    fn odd_paths_come_back_unchanged() {
        for path in ["", "..", "a/..", "a/", "http://shop/x//y.jpg", "/", "./x.jpg", "x.jpg"] {
            let mut builder = builder(&["image"]);
            let image = ImageSource::Missing(PathBuf::from(path));
            builder.push("k", "", "", image.clone(), None, &[path]);
            let ImageSource::Missing(back) = builder.finish().image(PostingIdx(0)) else {
                panic!("{path} is not missing any more");
            };
            assert_eq!(back.as_os_str(), path, "{path}");
        }
    }

    proptest! {
        #[test]
        fn keys_are_unique_found_and_ranked(keys in prop::collection::vec("[ab#2]{0,4}", 0..60), seed in any::<u8>()) {
            let mut builder = builder(&["id"]);
            for key in &keys {
                builder.push(key, "", "", ImageSource::None, None, &[if seed % 2 == 0 { key } else { "" }]);
            }
            let catalog = builder.finish();
            assert_eq!(catalog.n_postings(), keys.len());
            for posting in catalog.postings() {
                assert_eq!(catalog.find(catalog.key(posting)), Some(posting));
            }
            let mut sorted: Vec<&str> = catalog.postings().map(|posting| catalog.key(posting)).collect();
            sorted.sort_unstable();
            for posting in catalog.postings() {
                assert_eq!(sorted[catalog.key_ranks()[posting.at()] as usize], catalog.key(posting));
            }
        }
    }
}
