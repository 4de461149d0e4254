//! `look-alikes-csv`, `look-alikes-jsonl` and `triplets-jsonl`: answers about looks, and what they teach.

use std::collections::HashMap;
use std::io::{Error, Write};

use serde::Serialize;

use super::{Sources, time_text};
use crate::review::rows::Rows;
use crate::review::{Answer, Key, LookAlikes, ShownOrder};

/// One answer.
#[derive(Serialize)]
struct AnswerLine<'a> {
    query: &'a str,
    picks: &'a [Key],
    shown: &'a [Key],
    hard_negatives: &'a [Key],
    order: &'static str,
    seed: Option<u64>,
    reviewer: &'a str,
    time: String,
    milliseconds: u32,
}

/// One triplet, in the column names sentence-transformers expects.
#[derive(Serialize)]
struct TripletLine<'a> {
    anchor: &'a str,
    positive: &'a str,
    negative: &'a str,
}

fn order(answer: &Answer) -> (&'static str, Option<u64>) {
    match answer.order {
        ShownOrder::Ranked => ("ranked", None),
        ShownOrder::Shuffled { seed } => ("shuffled", Some(seed)),
    }
}

/// One shown candidate a row.
pub(super) fn write_csv(sources: &Sources<'_, impl Rows>, out: &mut dyn Write) -> std::io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record([
        "query",
        "candidate",
        "place",
        "picked",
        "hard_negative",
        "order",
        "reviewer",
        "time",
        "milliseconds",
    ])?;
    for (query, answers) in LookAlikes::of(sources.state).all() {
        for answer in answers {
            let time = time_text(answer.at_millis);
            for (place, candidate) in answer.shown.iter().enumerate() {
                let as_bit = |keys: &[Key]| if keys.contains(candidate) { "1" } else { "0" };
                writer.write_record([
                    query,
                    &**candidate,
                    &(place + 1).to_string(),
                    as_bit(&answer.picks),
                    as_bit(&answer.hard_negatives),
                    order(answer).0,
                    &answer.reviewer,
                    &time,
                    &answer.millis.to_string(),
                ])?;
            }
        }
    }
    writer.flush()
}

/// One answer a line.
pub(super) fn write_jsonl(sources: &Sources<'_, impl Rows>, out: &mut dyn Write) -> std::io::Result<()> {
    for (query, answers) in LookAlikes::of(sources.state).all() {
        for answer in answers {
            let (order, seed) = order(answer);
            write_line(
                out,
                &AnswerLine {
                    query,
                    picks: &answer.picks,
                    shown: &answer.shown,
                    hard_negatives: &answer.hard_negatives,
                    order,
                    seed,
                    reviewer: &answer.reviewer,
                    time: time_text(answer.at_millis),
                    milliseconds: answer.millis,
                },
            )?;
        }
    }
    out.flush()
}

/// One triplet a line; postings of the query's own group are positives too.
pub(super) fn write_triplets(sources: &Sources<'_, impl Rows>, out: &mut dyn Write) -> std::io::Result<()> {
    let rows = sources.rows;
    let mut members: HashMap<&str, Vec<u32>> = HashMap::new();
    for row in 0..rows.n_rows() as u32 {
        if let Some(group) = rows.group(row) {
            members.entry(group).or_default().push(row);
        }
    }
    let known = |query: &str| -> Vec<Key> {
        let group = rows.find(query).and_then(|row| rows.group(row));
        let of_group = group.and_then(|group| members.get(group)).into_iter().flatten();
        of_group.map(|row| rows.key(*row).into()).collect()
    };
    for triplet in LookAlikes::of(sources.state).triplets(&known) {
        let (anchor, positive, negative) = (&*triplet.anchor, &*triplet.positive, &*triplet.negative);
        write_line(out, &TripletLine { anchor, positive, negative })?;
    }
    out.flush()
}

fn write_line(out: &mut dyn Write, line: &impl Serialize) -> std::io::Result<()> {
    let line = serde_json::to_string(line).map_err(Error::other)?;
    writeln!(out, "{line}")
}
