//! Labels in and out: decided pairs, clusters, actions. One line a format in [`LABEL_FORMATS`].

use std::io::{Read, Write};

use super::{Gesture, ReviewState};
use crate::catalog::{Catalog, Problem};
use crate::matching::Clusters;

/// A format of `lookalike export`.
#[derive(Debug)]
pub struct LabelFormatSpec {
    /// Stable id: `pairs-csv`, `pairs-jsonl`, `clusters-csv`, `actions-csv`.
    pub id: &'static str,
    /// Name shown to people.
    pub label: &'static str,
    /// Columns and meaning, one sentence.
    pub summary: &'static str,
    /// Suggested file name.
    pub file_name: &'static str,
}

/// Every export format of decisions (`submission` is the matcher's).
pub const LABEL_FORMATS: &[LabelFormatSpec] = &[];

/// What an export draws on.
#[derive(Clone, Copy, Debug)]
pub struct LabelExport<'a> {
    /// The catalogue.
    pub catalog: &'a Catalog,
    /// The decisions.
    pub state: &'a ReviewState,
    /// The model's clusters, where computed (clusters-csv marks what is decided and what is only proposed).
    pub clusters: Option<&'a Clusters>,
}

/// Writes the format with this id.
///
/// # Errors
/// When `out` fails, or the id is unknown (`InvalidInput`).
pub fn export_labels(format: &str, what: LabelExport<'_>, out: &mut dyn Write) -> std::io::Result<()> {
    let _ = (format, what, out);
    unimplemented!()
}

/// Reads decided pairs (CSV or JSON Lines with two posting keys and a verdict; the format by content) as one gesture.
/// Pairs naming unknown postings are kept (the catalogue may be partial) and reported; unreadable rows are problems.
///
/// # Errors
/// When nothing in the file can be read as decided pairs.
pub fn import_pairs(
    input: &mut dyn Read,
    file: &str,
    catalog: &Catalog,
) -> Result<(Option<Gesture>, Vec<Problem>), String> {
    let _ = (input, file, catalog);
    unimplemented!()
}
