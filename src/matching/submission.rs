//! `submission.csv`: `posting_id,matches`, matches space separated, the posting itself first, at most 50.
//! Names postings by their key, never by row.

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
    use super::write_lines;
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
