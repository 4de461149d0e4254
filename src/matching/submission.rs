//! What is handed in. `submission.csv`: `posting_id,matches`, matches space separated, the posting itself first, at most 50; names
//! postings by their key, never by row. And the one-against-many table: each candidate's confidence in its own column.

use std::io::Write;

use crate::catalog::{Catalog, PostingIdx};
use crate::index::Neighbors;

/// The competition's limit, the posting itself counted.
const MAX_MATCHES: usize = 50;

/// Writes one line a posting, in catalogue order. A posting without a list matches itself alone.
///
/// # Errors
/// When `out` fails.
pub fn write_submission(catalog: &Catalog, matches: &Neighbors, out: &mut dyn Write) -> std::io::Result<()> {
    write_lines(catalog.n_postings(), |row| catalog.key(PostingIdx::from_row(row)), matches, out)
}

/// Writes the answer to a candidate file: its header and, line by line, the first cell as it stood and a confidence from 0 to 1 for each
/// candidate column. A gap (`None`, or NaN) has confidence 0: it is the last that is chosen. `range` is what scores lie between.
///
/// # Errors
/// When `out` fails.
pub fn write_candidate_scores<'a>(
    columns: &[String],
    lines: impl Iterator<Item = (&'a str, &'a [Option<f32>])>,
    [low, high]: [f32; 2],
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(columns)?;
    for (name, scores) in lines {
        let mut record = vec![name.to_owned()];
        let confidence = |score: Option<f32>| {
            let share =
                score.filter(|score| !score.is_nan()).map_or(0.0, |score| (score - low) / (high - low));
            format!("{:.6}", share.clamp(0.0, 1.0))
        };
        let n_candidates = columns.len().saturating_sub(1);
        record.extend((0..n_candidates).map(|at| confidence(scores.get(at).copied().flatten())));
        table.write_record(&record)?;
    }
    table.flush()
}

fn write_lines<'a>(
    n_postings: usize,
    key: impl Fn(usize) -> &'a str,
    matches: &Neighbors,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let mut lines = csv::Writer::from_writer(out);
    lines.write_record(["posting_id", "matches"])?;
    let mut cell = String::new();
    for row in 0..n_postings {
        cell.clear();
        cell.push_str(key(row));
        let listed = if row < matches.n_rows() { matches.list(row).0 } else { &[] };
        let others =
            listed.iter().map(|other| *other as usize).filter(|&other| other != row && other < n_postings);
        for other in others.take(MAX_MATCHES - 1) {
            cell.push(' ');
            cell.push_str(key(other));
        }
        lines.write_record([key(row), &cell])?;
    }
    lines.flush()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{write_candidate_scores, write_lines};
    use crate::index::{Hit, Neighbors};

    fn check(keys: &[&str], lists: &[&[u32]], expected: &str) {
        let lists =
            lists.iter().map(|list| list.iter().map(|&row| Hit { row, score: 1.0 }).collect()).collect();
        let mut out = Vec::new();
        write_lines(keys.len(), |row| keys[row], &Neighbors::from_lists(lists), &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn writes_matches_itself_first() {
        check(&["p1", "p2"], &[&[0, 1], &[0, 1]], "posting_id,matches\np1,p1 p2\np2,p2 p1\n");
        check(&["p1", "p2"], &[&[]], "posting_id,matches\np1,p1\np2,p2\n");
        check(&["a,b"], &[&[0, 9]], "posting_id,matches\n\"a,b\",\"a,b\"\n");
        check(&[], &[], "posting_id,matches\n");
    }

    #[test]
    fn writes_at_most_fifty() {
        let keys = vec!["k"; 60];
        let list: Vec<u32> = (0..60).collect();
        let mut out = Vec::new();
        let lists = vec![list.iter().map(|&row| Hit { row, score: 1.0 }).collect()];
        write_lines(60, |row| keys[row], &Neighbors::from_lists(lists), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().nth(1).unwrap().split(' ').count(), 50);
    }

    #[test]
    fn confidences_stand_in_their_candidates_columns() {
        let columns = ["left", "c0", "c1", "c2"].map(str::to_owned);
        let lines: [(&str, &[Option<f32>]); 2] =
            [("a", &[Some(1.0), None, Some(-1.0)]), ("b", &[Some(f32::NAN), Some(0.0)])];
        let mut out = Vec::new();
        write_candidate_scores(&columns, lines.into_iter(), [-1.0, 1.0], &mut out).unwrap();
        let expected = "left,c0,c1,c2\na,1.000000,0.000000,0.000000\nb,0.000000,0.500000,0.000000\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_full_disk_is_an_error() {
        struct Full;
        impl std::io::Write for Full {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        assert!(write_lines(1, |_| "p", &Neighbors::default(), &mut Full).is_err());
    }
}
