//! `pairs-csv` and `pairs-jsonl`: every decided pair once, by key.

use std::collections::BTreeSet;
use std::io::{Error, Write};

use serde::Serialize;

use super::{Sources, time_text};
use crate::review::rows::Rows;
use crate::review::{Key, PairStanding, ReviewState, Verdict};

/// One line of either format.
#[derive(Serialize)]
struct PairRow<'a> {
    posting_id_1: &'a str,
    posting_id_2: &'a str,
    /// same, different, variant, unsure or conflict.
    verdict: &'static str,
    /// 1 same, 0 different or variant, empty where it is not known.
    r#match: Option<u8>,
    /// 1 variant, 0 same or different, empty where it is not known.
    variant: Option<u8>,
    /// Said of this very pair, or following from other pairs.
    basis: &'static str,
    reviewer: &'a str,
    time: String,
    score: Option<f32>,
}

/// Writes CSV with a header.
pub(super) fn write_csv(sources: &Sources<'_, impl Rows>, out: &mut dyn Write) -> std::io::Result<()> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(out);
    writer.write_record([
        "posting_id_1",
        "posting_id_2",
        "verdict",
        "match",
        "variant",
        "basis",
        "reviewer",
        "time",
        "score",
    ])?;
    for (a, b) in decided(sources.state) {
        writer.serialize(row(sources.state, &a, &b))?;
    }
    writer.flush()
}

/// Writes one object a line.
pub(super) fn write_jsonl(sources: &Sources<'_, impl Rows>, out: &mut dyn Write) -> std::io::Result<()> {
    for (a, b) in decided(sources.state) {
        let line = serde_json::to_string(&row(sources.state, &a, &b)).map_err(Error::other)?;
        writeln!(out, "{line}")?;
    }
    out.flush()
}

/// Every pair that is not open, smaller key first, sorted.
fn decided(state: &ReviewState) -> BTreeSet<(Key, Key)> {
    let mut pairs = BTreeSet::new();
    let mut add = |a: &Key, b: &Key| {
        pairs.insert(if a < b { (Key::clone(a), Key::clone(b)) } else { (Key::clone(b), Key::clone(a)) });
    };
    for group in state.united_groups() {
        for (position, a) in group.iter().enumerate() {
            group.iter().skip(position + 1).for_each(|b| add(a, b));
        }
    }
    let mut crossed = BTreeSet::new();
    for (a, b, _) in state.apart_pairs() {
        let (left, right) = (state.united_with(&a), state.united_with(&b));
        let names = (left.first().cloned(), right.first().cloned());
        if names.0 != names.1 && crossed.insert(names) {
            left.iter().for_each(|a| right.iter().for_each(|b| add(a, b)));
        }
    }
    state.unsure_pairs().iter().for_each(|(a, b)| add(a, b));
    pairs
}

fn row<'a>(state: &'a ReviewState, a: &'a str, b: &'a str) -> PairRow<'a> {
    let standing = state.standing(a, b);
    let verdict = match standing {
        PairStanding::Decided(verdict) => Some(verdict),
        PairStanding::Open | PairStanding::Conflicted => None,
    };
    let entry = verdict.and_then(|verdict| state.decision(a, b, verdict));
    let is_direct = match verdict {
        Some(_) => entry.is_some(),
        None => Verdict::ALL.into_iter().any(|verdict| state.decision(a, b, verdict).is_some()),
    };
    let (is_match, is_variant) = match verdict {
        Some(Verdict::Same) => (Some(1), Some(0)),
        Some(Verdict::Different) => (Some(0), Some(0)),
        Some(Verdict::Variant) => (Some(0), Some(1)),
        Some(Verdict::Unsure) | None => (None, None),
    };
    PairRow {
        posting_id_1: a,
        posting_id_2: b,
        verdict: verdict.map_or("conflict", Verdict::id),
        r#match: is_match,
        variant: is_variant,
        basis: if is_direct { "direct" } else { "follows" },
        reviewer: entry.map_or("", |entry| &entry.reviewer),
        time: entry.map(|entry| time_text(entry.at_millis)).unwrap_or_default(),
        score: entry.and_then(|entry| entry.seen.score),
    }
}
