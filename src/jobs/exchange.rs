//! Matches and decisions out to a file, decided pairs in from one. A file is written whole or not at all.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use super::{JobError, MatchOutcome, RowRule};
use crate::catalog::{Catalog, Problem};
use crate::matching::{MatchOptions, row_matches, write_submission};
use crate::project::{ProjectError, write_atomic};
use crate::review::{Gesture, LABEL_FORMATS, LabelExport, ReviewState, export_labels, import_pairs};

/// Id of the format that needs matches and no decisions: `posting_id,matches`.
pub const EXPORT_SUBMISSION: &str = "submission";

/// Writes `format` to `path` and returns its size in bytes. `submission` takes each row's own matches by `rule`, at most 50.
///
/// # Errors
/// [`JobError::Refused`] for an unknown format or a missing matching; [`ProjectError::Write`] when the disk refuses.
pub fn export(
    format: &str,
    path: &Path,
    catalog: &Catalog,
    matched: Option<&MatchOutcome>,
    rule: RowRule,
    review: &ReviewState,
) -> Result<u64, JobError> {
    let refused =
        |error: std::io::Error| ProjectError::Write { path: path.to_path_buf(), reason: error.to_string() };
    let mut bytes = Vec::new();
    if format == EXPORT_SUBMISSION {
        let matched = matched.ok_or_else(|| {
            JobError::Refused(
                "submission.csv holds matches, and nothing is matched yet. Match first".to_owned(),
            )
        })?;
        let options = rule.options(matched);
        let options = MatchOptions { max_matches: options.max_matches.min(50), ..options };
        write_submission(catalog, &row_matches(&matched.neighbors, &options), &mut bytes).map_err(refused)?;
    } else if LABEL_FORMATS.iter().any(|spec| spec.id == format) {
        let what =
            LabelExport { catalog, state: review, clusters: matched.map(|matched| &*matched.clusters) };
        export_labels(format, what, &mut bytes).map_err(refused)?;
    } else {
        let known: Vec<&str> = LABEL_FORMATS.iter().map(|spec| spec.id).chain([EXPORT_SUBMISSION]).collect();
        return Err(JobError::Refused(format!(
            "there is no format `{format}`. Choose one of: {}",
            known.join(", ")
        )));
    }
    write_atomic(path, &bytes).map_err(refused)?;
    Ok(bytes.len() as u64)
}

/// Reads decided pairs as one gesture (`None` when there are none), with the rows that were not understood.
///
/// # Errors
/// When the file cannot be read or nothing in it is a decided pair.
pub fn import(path: &Path, catalog: &Catalog) -> Result<(Option<Gesture>, Vec<Problem>), JobError> {
    let file = File::open(path).map_err(|error| ProjectError::Read {
        what: "the decided pairs",
        reason: error.to_string(),
        remedy: "Check that the file exists and that you may read it",
        path: path.to_path_buf(),
    })?;
    let name = path.display().to_string();
    import_pairs(&mut BufReader::new(file), &name, catalog).map_err(JobError::Refused)
}
