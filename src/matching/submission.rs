//! `submission.csv`: `posting_id,matches`, matches space separated, the posting itself first, at most 50.

use std::io::Write;

use crate::catalog::Catalog;
use crate::index::Neighbors;

/// Writes one line a posting, in catalogue order.
///
/// # Errors
/// When `out` fails.
pub fn write_submission(catalog: &Catalog, matches: &Neighbors, out: &mut dyn Write) -> std::io::Result<()> {
    let _ = (catalog, matches, out);
    unimplemented!()
}
