//! Counts over a catalogue, for the Catalogue station and `doctor`.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::catalog::{Catalog, ImageSource, ProblemKind};

/// What there is in a catalogue.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Statistics {
    /// Postings.
    pub n_postings: usize,
    /// Postings whose picture is there.
    pub n_with_image: usize,
    /// Postings that name a picture which is not there.
    pub n_missing_image: usize,
    /// Postings with a title.
    pub n_with_title: usize,
    /// Postings whose title another posting has too.
    pub n_shared_titles: usize,
    /// Mean length of the titles there are, in characters.
    pub mean_title_chars: f64,
    /// Labelled groups.
    pub n_groups: usize,
    /// Postings with a label.
    pub n_labelled: usize,
    /// Groups by number of members: (members, groups of that size), ascending.
    pub group_sizes: Vec<(usize, usize)>,
    /// Problems by kind: (label, rows), most first.
    pub problems: Vec<(String, u64)>,
    /// Bytes of memory the catalogue holds.
    pub n_bytes: usize,
}

/// Counts.
pub fn collect_statistics(catalog: &Catalog) -> Statistics {
    let mut statistics =
        Statistics { n_postings: catalog.n_postings(), n_bytes: catalog.n_bytes(), ..Statistics::default() };
    let mut titles: HashMap<&str, usize> = HashMap::new();
    let mut n_chars = 0_usize;
    for posting in catalog.postings() {
        match catalog.image(posting) {
            ImageSource::None => {}
            ImageSource::Missing(_) => statistics.n_missing_image += 1,
            ImageSource::File(_) | ImageSource::Drawn(_) => statistics.n_with_image += 1,
        }
        let title = catalog.title(posting);
        if !title.trim().is_empty() {
            statistics.n_with_title += 1;
            n_chars += title.chars().count();
            *titles.entry(title).or_default() += 1;
        }
    }
    statistics.n_shared_titles = titles.values().filter(|&&n| n > 1).sum();
    if statistics.n_with_title > 0 {
        statistics.mean_title_chars = n_chars as f64 / statistics.n_with_title as f64;
    }

    let group_ids = catalog.group_ids();
    statistics.n_labelled = group_ids.iter().flatten().count();
    let mut size_of: HashMap<u32, usize> = HashMap::new();
    for group in group_ids.into_iter().flatten() {
        *size_of.entry(group).or_default() += 1;
    }
    statistics.n_groups = size_of.len();
    let mut n_of_size: BTreeMap<usize, usize> = BTreeMap::new();
    for size in size_of.into_values() {
        *n_of_size.entry(size).or_default() += 1;
    }
    statistics.group_sizes = n_of_size.into_iter().collect();

    let kinds: HashSet<ProblemKind> = catalog.problems().iter().map(|problem| problem.kind).collect();
    statistics.problems = kinds
        .into_iter()
        .map(|kind| {
            let n_rows = catalog
                .problems()
                .iter()
                .filter(|problem| problem.kind == kind)
                .map(|problem| problem.n_rows)
                .sum();
            (kind.label().to_owned(), n_rows)
        })
        .collect();
    statistics.problems.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    statistics
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{CatalogBuilder, CatalogSource};

    #[test]
    fn counts_what_is_there() {
        let mut builder = CatalogBuilder::new("t", CatalogSource::File("t.csv".into()), Vec::new());
        builder.push("a", "red mug", "red mug", ImageSource::None, Some("1"), &[]);
        builder.push("b", "red mug", "red mug", ImageSource::Missing("b.jpg".into()), Some("1"), &[]);
        builder.push("c", "", "", ImageSource::File("c.jpg".into()), None, &[]);
        builder.push("d", "blue", "blue", ImageSource::File("d.jpg".into()), Some("2"), &[]);
        let statistics = collect_statistics(&builder.finish());
        assert_eq!((statistics.n_postings, statistics.n_with_image, statistics.n_missing_image), (4, 2, 1));
        assert_eq!((statistics.n_with_title, statistics.n_shared_titles), (3, 2));
        assert_eq!(statistics.mean_title_chars, 6.0);
        assert_eq!((statistics.n_labelled, statistics.n_groups), (3, 2));
        assert_eq!(statistics.group_sizes, [(1, 1), (2, 1)]);
    }
}
