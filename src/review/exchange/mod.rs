//! Labels in and out: decided pairs, clusters, actions. One line a format in [`LABEL_FORMATS`].

mod import;
mod look_alikes;
mod pairs;
mod tables;
#[cfg(test)]
mod tests;

use std::io::{Read, Write};

use super::rows::Rows;
use super::{Gesture, Key, ReviewState};
use crate::catalog::{Catalog, Problem};
use crate::matching::Clusters;

/// A format of `lookalike export`.
#[derive(Debug)]
pub struct LabelFormatSpec {
    /// Stable id, such as `pairs-csv`.
    pub id: &'static str,
    /// Name shown to people.
    pub label: &'static str,
    /// Columns and meaning, one sentence.
    pub summary: &'static str,
    /// Suggested file name.
    pub file_name: &'static str,
}

/// Every export format of decisions (`submission` is the matcher's).
pub const LABEL_FORMATS: &[LabelFormatSpec] = &[
    LabelFormatSpec {
        id: "pairs-csv",
        label: "Decided pairs (CSV)",
        summary: "One decided pair a row: both posting ids, verdict, match and variant as 1 or 0, whether it was said \
            directly or follows, reviewer, time, score seen; can be imported again",
        file_name: "pairs.csv",
    },
    LabelFormatSpec {
        id: "pairs-jsonl",
        label: "Decided pairs (JSON Lines)",
        summary: "The columns of pairs-csv, one JSON object a line; can be imported again",
        file_name: "pairs.jsonl",
    },
    LabelFormatSpec {
        id: "clusters-csv",
        label: "Clusters (CSV)",
        summary: "One posting a row: its cluster, whether that was decided or is only proposed, its keeper, and the \
            postings it is a variant of, space separated",
        file_name: "clusters.csv",
    },
    LabelFormatSpec {
        id: "actions-csv",
        label: "Actions (CSV)",
        summary: "One posting a row on which something was decided: cluster, the id of the posting that stays, verdict, \
            reviewer, time, note",
        file_name: "actions.csv",
    },
    LabelFormatSpec {
        id: "look-alikes-csv",
        label: "Look-alike answers (CSV)",
        summary: "One shown candidate a row: query, candidate, its place on screen, whether it was picked or announced as a hard \
            negative, how the candidates lay, reviewer, time, milliseconds",
        file_name: "look-alikes.csv",
    },
    LabelFormatSpec {
        id: "look-alikes-jsonl",
        label: "Look-alike answers (JSON Lines)",
        summary: "One answer a line: query, picks, everything shown in order, hard negatives, how they lay, reviewer, time, \
            milliseconds",
        file_name: "look-alikes.jsonl",
    },
    LabelFormatSpec {
        id: "triplets-jsonl",
        label: "Triplets (JSON Lines)",
        summary: "anchor, positive, negative by posting id, as sentence-transformers reads them: what look-alikes answers and the \
            hard-negative studio taught",
        file_name: "triplets.jsonl",
    },
];

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

/// Picture size in pixels of the posting with a key, where known.
pub(super) type Pixels<'a> = &'a dyn Fn(&str) -> Option<u64>;

/// Everything an export reads.
struct Sources<'a, R> {
    rows: &'a R,
    state: &'a ReviewState,
    clusters: Option<&'a Clusters>,
    pixels: Pixels<'a>,
}

/// Writes the format with this id; default keepers are chosen by title length, as picture sizes are not known.
///
/// # Errors
/// When `out` fails, or the id is unknown (`InvalidInput`).
pub fn export_labels(format: &str, what: LabelExport<'_>, out: &mut dyn Write) -> std::io::Result<()> {
    export_labels_with(format, what, &|_| None, out)
}

/// As [`export_labels`], with the number of pixels of a posting's picture (by key) for the default keepers.
///
/// # Errors
/// As [`export_labels`].
pub fn export_labels_with(
    format: &str,
    what: LabelExport<'_>,
    pixels: &dyn Fn(&str) -> Option<u64>,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let sources = Sources { rows: what.catalog, state: what.state, clusters: what.clusters, pixels };
    export(format, &sources, out)
}

fn export(format: &str, sources: &Sources<'_, impl Rows>, out: &mut dyn Write) -> std::io::Result<()> {
    match format {
        "pairs-csv" => pairs::write_csv(sources, out),
        "pairs-jsonl" => pairs::write_jsonl(sources, out),
        "clusters-csv" => tables::write_clusters(sources, out),
        "actions-csv" => tables::write_actions(sources, out),
        "look-alikes-csv" => look_alikes::write_csv(sources, out),
        "look-alikes-jsonl" => look_alikes::write_jsonl(sources, out),
        "triplets-jsonl" => look_alikes::write_triplets(sources, out),
        _ => {
            let ids: Vec<&str> = LABEL_FORMATS.iter().map(|format| format.id).collect();
            let reason = format!("there is no label format `{format}`; there are {}", ids.join(", "));
            Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, reason))
        }
    }
}

/// The posting that stays: the one chosen, else the one with the largest picture, then the longest title, then the
/// first key. `None` for a posting that stands alone.
pub fn default_keeper(
    catalog: &Catalog,
    state: &ReviewState,
    posting: &str,
    pixels: &dyn Fn(&str) -> Option<u64>,
) -> Option<Key> {
    keeper(&Sources { rows: catalog, state, clusters: None, pixels }, posting)
}

fn keeper(sources: &Sources<'_, impl Rows>, posting: &str) -> Option<Key> {
    let group = sources.state.united_with(posting);
    if group.len() < 2 {
        return None;
    }
    sources.state.keeper(posting).or_else(|| {
        let title_length =
            |key: &Key| sources.rows.find(key).map(|row| sources.rows.title(row).chars().count());
        group
            .into_iter()
            .max_by_key(|key| ((sources.pixels)(key), title_length(key), std::cmp::Reverse(Key::clone(key))))
    })
}

/// Date and time of an entry in RFC 3339, UTC; empty where it is out of range.
fn time_text(at_millis: i64) -> String {
    jiff::Timestamp::from_millisecond(at_millis).map(|at| at.to_string()).unwrap_or_default()
}

/// Reads decided pairs (CSV or JSON Lines with two posting keys and a verdict; the format by content) as one gesture.
/// Pairs naming unknown postings are kept (the catalogue may be partial) and reported; unreadable rows are problems.
/// Of several rows on one pair the last counts. Rows that only follow from others (our own exports mark them) and
/// contradictions are passed over. The gesture is `None` when no row says anything.
///
/// # Errors
/// When nothing in the file can be read as decided pairs.
pub fn import_pairs(
    input: &mut dyn Read,
    file: &str,
    catalog: &Catalog,
) -> Result<(Option<Gesture>, Vec<Problem>), String> {
    import::read(input, file, catalog)
}
