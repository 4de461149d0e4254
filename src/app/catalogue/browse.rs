//! The table of postings: which are listed, found a bounded slice a frame so that a million of them never block one.

use crate::catalog::{Catalog, PostingIdx};

/// Postings looked at in one frame; about 5 ms of work on a slow machine.
const SLICE: usize = 16_384;

/// Filter, cursor and what was found so far.
#[derive(Clone, Debug, Default)]
pub struct Browse {
    /// The text looked for in title, id and group; blank lists everything.
    pub filter: String,
    /// The postings found so far, in row order; `None` lists every posting.
    pub shown: Option<Vec<u32>>,
    /// The line the cursor is on.
    pub cursor: usize,
    /// Postings looked at so far; `None` once all were.
    n_scanned: Option<usize>,
}

impl Browse {
    /// Looks for another text, from the first posting on.
    pub(super) fn set_filter(&mut self, filter: String) {
        let is_blank = filter.trim().is_empty();
        self.filter = filter;
        self.cursor = 0;
        self.shown = (!is_blank).then(Vec::new);
        self.n_scanned = (!is_blank).then_some(0);
    }

    /// Looks at the next slice.
    pub(super) fn scan_on(&mut self, catalog: &Catalog) {
        let (Some(start), Some(shown)) = (self.n_scanned, &mut self.shown) else { return };
        let end = (start + SLICE).min(catalog.n_postings());
        let mut needle = Needle::new(&self.filter);
        for row in start..end {
            let posting = PostingIdx::from_row(row);
            let is_listed = needle.is_in(catalog.title(posting))
                || needle.is_in(catalog.key(posting))
                || catalog.group(posting).is_some_and(|group| needle.is_in(group));
            if is_listed {
                shown.push(posting.0);
            }
        }
        self.n_scanned = (end < catalog.n_postings()).then_some(end);
    }

    /// Whether there are postings not yet looked at.
    pub fn is_scanning(&self) -> bool {
        self.n_scanned.is_some()
    }

    /// Lines of the table, of a catalogue of `n_postings`.
    pub fn n_lines(&self, n_postings: usize) -> usize {
        self.shown.as_ref().map_or(n_postings, Vec::len)
    }

    /// The posting on a line, in a catalogue of `n_postings`.
    pub fn posting(&self, line: usize, n_postings: usize) -> Option<PostingIdx> {
        match &self.shown {
            Some(shown) => shown.get(line).map(|row| PostingIdx(*row)),
            None => (line < n_postings).then(|| PostingIdx::from_row(line)),
        }
    }
}

/// A text looked for in many others, whatever the case of either.
pub(in super::super) struct Needle {
    lower: String,
    buffer: String,
}

impl Needle {
    pub(in super::super) fn new(text: &str) -> Self {
        Self { lower: text.trim().to_lowercase(), buffer: String::new() }
    }

    /// Whether `text` contains it; reuses one buffer, so that nothing is allocated a posting.
    pub(in super::super) fn is_in(&mut self, text: &str) -> bool {
        self.buffer.clear();
        if text.is_ascii() {
            self.buffer.push_str(text);
            self.buffer.make_ascii_lowercase();
        } else {
            self.buffer.extend(text.chars().flat_map(char::to_lowercase));
        }
        self.buffer.contains(&self.lower)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::catalog::{CatalogBuilder, CatalogSource, ImageSource};

    fn catalog(n: usize) -> Catalog {
        let mut builder = CatalogBuilder::new("t", CatalogSource::File("t.csv".into()), Vec::new());
        for row in 0..n {
            let title = if row % 1000 == 7 { "Émeraude RING" } else { "plain mug" };
            builder.push(&format!("k{row}"), title, title, ImageSource::None, Some("G1"), &[]);
        }
        builder.finish()
    }

    fn found(catalog: &Catalog, filter: &str) -> (Vec<u32>, usize) {
        let mut browse = Browse::default();
        browse.set_filter(filter.to_owned());
        let mut n_slices = 0;
        while browse.is_scanning() {
            browse.scan_on(catalog);
            n_slices += 1;
        }
        (browse.shown.unwrap_or_default(), n_slices)
    }

    #[test]
    fn a_filter_finds_what_a_plain_search_finds_in_slices() {
        let catalog = catalog(40_000);
        let expected: Vec<u32> = (0..40_000).filter(|row| row % 1000 == 7).collect();
        for filter in ["émeraude", " ÉMERAUDE ring ", "Ring"] {
            assert_eq!(found(&catalog, filter), (expected.clone(), 3), "{filter}");
        }
        assert_eq!(found(&catalog, "K39999"), (vec![39_999], 3), "by id");
        assert_eq!(found(&catalog, "g1").0.len(), 40_000, "by group");
        assert_eq!(found(&catalog, "absent").0, Vec::<u32>::new());
    }

    #[test]
    fn a_blank_filter_lists_everything_at_once() {
        let mut browse = Browse::default();
        browse.set_filter("mug".to_owned());
        browse.set_filter("  ".to_owned());
        assert!(!browse.is_scanning());
        assert_eq!(
            (browse.n_lines(5), browse.posting(4, 5), browse.posting(5, 5)),
            (5, Some(PostingIdx(4)), None)
        );
    }

    #[test]
    fn an_empty_catalogue_ends_the_scan() {
        assert_eq!(found(&catalog(0), "x"), (Vec::new(), 1));
    }
}
