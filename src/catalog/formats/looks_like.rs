//! Tables of look-alikes, as in "Totally Looks Like" (Rosenfeld, Solbach and Tsotsos, ACCV 2018): `left,right` names pairs,
//! `left,c0,c1,...` names a left picture and its candidates. Every picture becomes one posting, `left/ID` or `right/ID`; a pair
//! shares a group. Which candidates belong to which left is read by [`crate::catalog::read_candidates`].

use std::borrow::Cow;
use std::collections::HashMap;

use super::delimited::read_delimited;
use super::{Content, FormatSpec};
use crate::catalog::images::looks_like_picture;
use crate::catalog::raw_table::{FaultKind, RawTable};
use crate::catalog::table::SIDE_COLUMN;
use crate::catalog::{ColumnMap, Side};

/// Its line in the table of formats.
pub(super) const SPEC: FormatSpec = FormatSpec {
    id: "looks-like",
    label: "Looks-like table",
    summary: "CSV with left,right (pairs that look alike) or left,c0,c1,... (a left picture and its candidates); pictures lie in \
        left/ and right/, their names without extension",
    recognises: |content| matches!(content, Content::Text(text) if is_looks_like(text)),
    read: |content, max_rows| match content {
        Content::Text(text) => read(text, max_rows),
        Content::Folder(_) => RawTable::default(),
    },
    roles: |_| ColumnMap {
        id: Some(COLUMNS[0].to_owned()),
        image: Some(COLUMNS[1].to_owned()),
        title: None,
        group: Some(COLUMNS[3].to_owned()),
    },
};

/// Columns of the table of postings that is made of it.
const COLUMNS: [&str; 4] = ["posting_id", "image", SIDE_COLUMN, "pair"];

/// Whether the header is `left,right` or `left,c0,c1,...`.
fn is_looks_like(text: &str) -> bool {
    let header = text.lines().next().unwrap_or("");
    let names: Vec<&str> = header.split(',').map(|name| name.trim().trim_matches('"')).collect();
    match names.as_slice() {
        ["left", "right"] => true,
        ["left", candidates @ ..] => {
            !candidates.is_empty() && candidates.iter().all(|name| is_candidate_column(name))
        }
        _ => false,
    }
}

/// Whether a column is called c0, c1, ...
fn is_candidate_column(name: &str) -> bool {
    name.strip_prefix('c')
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit()))
}

/// One posting a picture, in order of first mention.
fn read(text: &str, max_rows: usize) -> RawTable {
    let raw = read_delimited(text, max_rows);
    let is_pairs = raw.columns.get(1).is_some_and(|name| name == "right");
    let mut mentions = Mentions::default();
    let mut faults = raw.faults.clone();
    for (row, &line) in raw.lines.iter().enumerate() {
        let mut cells = raw.cells.iter().map(|column| column.get(row).trim());
        let left =
            cells.next().filter(|cell| !cell.is_empty()).map(|cell| mentions.note(Side::Left, cell, line));
        if let Some(fault) = left.filter(|left| !left.is_new).map(|_| FaultKind::RepeatedLeft) {
            faults.push(crate::catalog::raw_table::Fault { kind: fault, line });
        }
        for cell in cells.filter(|cell| !cell.is_empty()) {
            let right = mentions.note(Side::Right, cell, line);
            if let Some(left) = left.filter(|_| is_pairs) {
                mentions.unite(left.number, right.number);
            }
        }
    }
    faults.sort_by_key(|fault| fault.line);
    let mut table = RawTable::new(COLUMNS.into_iter());
    for number in 0..mentions.pictures.len() {
        let group = if is_pairs { mentions.group(number) } else { String::new() };
        let picture = &mentions.pictures[number];
        let key = picture.side.key(stem(&picture.name));
        let image = picture.side.key(&picture.name);
        let cells = [Cow::Owned(key), Cow::Owned(image), Cow::Borrowed(picture.side.id()), Cow::Owned(group)];
        table.push_row(picture.line, &cells);
    }
    table.faults = faults;
    table
}

/// A name without a picture's extension.
fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, _)) if looks_like_picture(name) => stem,
        _ => name,
    }
}

/// One picture the table names.
struct Picture {
    side: Side,
    name: String,
    line: u64,
    /// The picture that stands for what this one is paired with; itself at the root.
    paired_with: usize,
}

/// A picture that was named.
#[derive(Clone, Copy)]
struct Mention {
    number: usize,
    is_new: bool,
}

/// Every picture once, and which are paired.
#[derive(Default)]
struct Mentions {
    pictures: Vec<Picture>,
    numbers: HashMap<(Side, String), usize>,
}

impl Mentions {
    fn note(&mut self, side: Side, name: &str, line: u64) -> Mention {
        let next = self.pictures.len();
        let number = *self.numbers.entry((side, stem(name).to_owned())).or_insert(next);
        if number == next {
            self.pictures.push(Picture { side, name: name.to_owned(), line, paired_with: next });
        }
        Mention { number, is_new: number == next }
    }

    fn root(&self, number: usize) -> usize {
        let mut at = number;
        while self.pictures[at].paired_with != at {
            at = self.pictures[at].paired_with;
        }
        at
    }

    /// The earlier root stays, so that a group is named after its first left.
    fn unite(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        let (first, second) = (a.min(b), a.max(b));
        self.pictures[second].paired_with = first;
    }

    fn group(&self, number: usize) -> String {
        stem(&self.pictures[self.root(number)].name).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{FaultKind, is_looks_like, read};

    fn check_recognised(header: &str, expected: bool) {
        assert_eq!(is_looks_like(header), expected, "{header}");
    }

    #[test]
    fn only_its_own_headers_are_recognised() {
        check_recognised("left,right\nx,y", true);
        check_recognised("left,c0,c1,c2\r\nx,y,z,w", true);
        check_recognised("\"left\", c0\n", true);
        check_recognised("left", false);
        check_recognised("left,right,score", false);
        check_recognised("right,left", false);
        check_recognised("left,candidate", false);
        check_recognised("left,c", false);
        check_recognised("", false);
    }

    fn check(text: &str, rows: &[[&str; 4]], faults: &[(FaultKind, u64)]) {
        let table = read(text, usize::MAX);
        let found: Vec<Vec<&str>> = (0..table.n_rows())
            .map(|row| table.cells.iter().map(|column| column.get(row)).collect())
            .collect();
        assert_eq!(found, rows, "{text:?}");
        let found: Vec<(FaultKind, u64)> =
            table.faults.iter().map(|fault| (fault.kind, fault.line)).collect();
        assert_eq!(found, faults, "{text:?}");
    }

    #[test]
    fn pairs_become_postings_that_share_a_group() {
        check(
            "left,right\na,x\nb,y.jpg\n",
            &[
                ["left/a", "left/a", "left", "a"],
                ["right/x", "right/x", "right", "a"],
                ["left/b", "left/b", "left", "b"],
                ["right/y", "right/y.jpg", "right", "b"],
            ],
            &[],
        );
    }

    #[test]
    fn a_left_listed_twice_has_two_matches_and_is_named() {
        check(
            "left,right\na,x\na,y\n",
            &[
                ["left/a", "left/a", "left", "a"],
                ["right/x", "right/x", "right", "a"],
                ["right/y", "right/y", "right", "a"],
            ],
            &[(FaultKind::RepeatedLeft, 3)],
        );
    }

    #[test]
    fn candidates_have_no_group_and_stand_once() {
        check(
            "left,c0,c1\na,x,y\nb,y,x\n,z,\n",
            &[
                ["left/a", "left/a", "left", ""],
                ["right/x", "right/x", "right", ""],
                ["right/y", "right/y", "right", ""],
                ["left/b", "left/b", "left", ""],
                ["right/z", "right/z", "right", ""],
            ],
            &[],
        );
    }
}
