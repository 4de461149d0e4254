//! Tables as text: CSV, TSV and their relatives with `;`, `|` or `#`. The separator is found by trying; any columns.

use super::records::{Record, Records};
use super::{Content, FormatSpec};
use crate::catalog::guess::guess_columns;
use crate::catalog::images::looks_like_picture;
use crate::catalog::raw_table::{FaultKind, MAX_COLUMNS, RawTable};

/// Its line in the table of formats. It takes any text, so it is probed last.
pub(super) const SPEC: FormatSpec = FormatSpec {
    id: "table",
    label: "CSV or TSV table",
    summary: "Text table with a header; columns separated by comma, semicolon, tab, | or #, found by content",
    recognises: |content| matches!(content, Content::Text(text) if !text.trim().is_empty()),
    read: |content, max_rows| match content {
        Content::Text(text) => read_delimited(text, max_rows),
        Content::Folder(_) => RawTable::default(),
    },
    roles: guess_columns,
};

/// Separators in order of preference when two fit equally well.
const SEPARATORS: [u8; 5] = [b',', b'\t', b';', b'|', b'#'];
/// How much of the file is looked at to find the separator.
const SNIFF_BYTES: usize = 1 << 16;
const SNIFF_RECORDS: usize = 200;

/// Reads at most `max_rows` rows. A first row that holds a picture's name is no header; columns are numbered then.
pub(in crate::catalog) fn read_delimited(text: &str, max_rows: usize) -> RawTable {
    let separator = sniff_separator(text);
    let mut records = Records::new(text, separator);
    let mut record = Record::default();
    if !records.read(&mut record) {
        return RawTable::default();
    }
    let n_headings = record.cells.len();
    let has_header = !record.cells.iter().any(|cell| looks_like_picture(cell.trim()));
    let mut table =
        RawTable::new(record.cells.iter().map(|cell| if has_header { cell.as_ref() } else { "" }));
    if !has_header {
        table.push_row(record.line, &record.cells);
    }
    if n_headings > MAX_COLUMNS {
        table.fault(FaultKind::Cells(n_headings as u32), record.line);
    }
    while table.n_rows() < max_rows && records.read(&mut record) {
        if record.has_stray_quote {
            table.fault(FaultKind::StrayQuote, record.line);
        } else if record.cells.len() != n_headings {
            table.fault(FaultKind::Cells(record.cells.len() as u32), record.line);
        }
        table.push_row(record.line, &record.cells);
    }
    table
}

/// The separator that gives most records the same number of cells, and many of them.
fn sniff_separator(text: &str) -> u8 {
    let mut end = SNIFF_BYTES.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = text.get(..end).unwrap_or(text);
    let mut best = (0, b',');
    for separator in SEPARATORS {
        let mut records = Records::new(head, separator);
        let mut record = Record::default();
        let mut n_cells = Vec::new();
        while n_cells.len() < SNIFF_RECORDS && records.read(&mut record) {
            n_cells.push(record.cells.len());
        }
        // The last record may be cut off.
        if end < text.len() && n_cells.len() > 1 {
            n_cells.pop();
        }
        let Some(&n_headings) = n_cells.first().filter(|first| **first > 1) else {
            continue;
        };
        let n_fitting = n_cells.iter().filter(|n| **n == n_headings).count();
        // Tenths of fitting records first, then columns: a few ragged rows must not cost a wide table its separator.
        let score = (n_fitting * 10).div_ceil(n_cells.len()) * 10_000 + n_headings.min(9999);
        if score > best.0 {
            best = (score, separator);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::{FaultKind, read_delimited};

    fn check(text: &str, columns: &[&str], rows: &[&[&str]]) {
        let table = read_delimited(text, usize::MAX);
        assert_eq!(table.columns, columns, "{text:?}");
        assert_eq!(table.n_rows(), rows.len(), "{text:?}");
        for (row, cells) in rows.iter().enumerate() {
            let found: Vec<&str> = table.cells.iter().map(|column| column.get(row)).collect();
            assert_eq!(found, *cells, "{text:?}");
        }
    }

    #[test]
    fn separators_are_found() {
        check("a,b\n1,2\n", &["a", "b"], &[&["1", "2"]]);
        check("a;b\n1,5;2\n3,5;4\n", &["a", "b"], &[&["1,5", "2"], &["3,5", "4"]]);
        check("a\tb\nx, y\t2\nx, z\t3\n", &["a", "b"], &[&["x, y", "2"], &["x, z", "3"]]);
        check("id|t\n1|p, q\n", &["id", "t"], &[&["1", "p, q"]]);
        check("id#t#m\n1#p, q#z\n", &["id", "t", "m"], &[&["1", "p, q", "z"]]);
        check("title\nred cup\n", &["title"], &[&["red cup"]]);
        check("a,b\n\"1;2\n3;4\",5\n", &["a", "b"], &[&["1;2\n3;4", "5"]]);
    }

    #[test]
    fn headers_are_made_whole() {
        check("a,,a, b \n1,2,3,4\n", &["a", "column 2", "a (2)", "b"], &[&["1", "2", "3", "4"]]);
        check("x.jpg,Cup\ny.jpg,Tea\n", &["column 1", "column 2"], &[&["x.jpg", "Cup"], &["y.jpg", "Tea"]]);
        check("", &[], &[]);
        check("\r\n\n", &[], &[]);
    }

    #[test]
    fn ragged_rows_are_kept_and_noted() {
        let table = read_delimited("a,b\n1\n1,2\n1,2,3\n\"x,2\n", usize::MAX);
        assert_eq!(table.n_rows(), 4);
        let faults: Vec<(FaultKind, u64)> =
            table.faults.iter().map(|fault| (fault.kind, fault.line)).collect();
        assert_eq!(faults, [(FaultKind::Cells(1), 2), (FaultKind::Cells(3), 4), (FaultKind::StrayQuote, 5)]);
        assert_eq!(read_delimited("a\n1\n2\n3\n", 2).n_rows(), 2);
    }

    proptest! {
        #[test]
        fn any_text_is_read_whole(text in "([a-c]|[,;|\t#\"\r\n]|\\PC){0,60}") {
            let table = read_delimited(&text, usize::MAX);
            for column in &table.cells {
                assert_eq!(column.n_cells(), table.n_rows());
            }
        }
    }
}
