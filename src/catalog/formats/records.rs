//! Splits delimited text (RFC 4180 as the csv crate reads it) into records without copying, and with one thing
//! more: a quote that is never closed does not swallow the rest of the file. Knows no columns.

use std::borrow::Cow;

/// A quoted cell longer than this is a quote opened by mistake.
const MAX_QUOTED_BYTES: usize = 1 << 20;

/// Reads records one after another.
#[derive(Debug)]
pub(super) struct Records<'t> {
    text: &'t str,
    at: usize,
    line: u64,
    delimiter: u8,
}

/// One record; kept by the caller and filled again and again.
#[derive(Debug, Default)]
pub(super) struct Record<'t> {
    /// 1-based line on which it begins.
    pub line: u64,
    /// Its cells, at least one.
    pub cells: Vec<Cow<'t, str>>,
    /// Whether a quote was opened and never closed; it then stands in the cell.
    pub has_stray_quote: bool,
}

impl<'t> Records<'t> {
    /// Records of `text`, whose cells are separated by the ASCII character `delimiter`.
    pub(super) fn new(text: &'t str, delimiter: u8) -> Self {
        Self { text, at: 0, line: 1, delimiter }
    }

    /// Fills `record` with the next one; `false` at the end. Blank lines are skipped.
    pub(super) fn read(&mut self, record: &mut Record<'t>) -> bool {
        while self.skip_line_end() {}
        record.cells.clear();
        record.has_stray_quote = false;
        record.line = self.line;
        if self.at >= self.text.len() {
            return false;
        }
        loop {
            let cell = self.cell(&mut record.has_stray_quote);
            record.cells.push(cell);
            if self.byte(self.at) != Some(self.delimiter) {
                self.skip_line_end();
                return true;
            }
            self.at += 1;
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn slice(&self, from: usize, to: usize) -> &'t str {
        // Both ends lie beside ASCII characters or at an end, so they are character boundaries.
        self.text.get(from..to).unwrap_or("")
    }

    /// Steps over one line end (`\n`, `\r\n` or `\r`).
    fn skip_line_end(&mut self) -> bool {
        match self.byte(self.at) {
            Some(b'\n') => self.at += 1,
            Some(b'\r') => self.at += if self.byte(self.at + 1) == Some(b'\n') { 2 } else { 1 },
            _ => return false,
        }
        self.line += 1;
        true
    }

    /// Reads up to the next delimiter or line end.
    fn cell(&mut self, has_stray_quote: &mut bool) -> Cow<'t, str> {
        if self.byte(self.at) != Some(b'"') {
            return Cow::Borrowed(self.plain());
        }
        let start = self.at + 1;
        let Some((close, has_doubled)) = self.closing_quote(start) else {
            *has_stray_quote = true;
            return Cow::Borrowed(self.plain());
        };
        let quoted = self.slice(start, close);
        self.line += quoted.bytes().filter(|byte| *byte == b'\n').count() as u64;
        self.at = close + 1;
        let rest = self.plain();
        match (has_doubled, rest) {
            (false, "") => Cow::Borrowed(quoted),
            (false, rest) => Cow::Owned(format!("{quoted}{rest}")),
            (true, rest) => Cow::Owned(format!("{}{rest}", quoted.replace("\"\"", "\""))),
        }
    }

    fn plain(&mut self) -> &'t str {
        let from = self.at;
        let rest = self.text.as_bytes().get(from..).unwrap_or(&[]);
        let ends = |byte: &u8| *byte == self.delimiter || *byte == b'\n' || *byte == b'\r';
        self.at = from + rest.iter().position(ends).unwrap_or(rest.len());
        self.slice(from, self.at)
    }

    /// The quote that closes the one before `start`, and whether doubled ones stand between.
    fn closing_quote(&self, start: usize) -> Option<(usize, bool)> {
        let mut from = start;
        let mut has_doubled = false;
        loop {
            let at = from + self.text.get(from..)?.find('"')?;
            if at - start > MAX_QUOTED_BYTES {
                return None;
            }
            if self.byte(at + 1) != Some(b'"') {
                return Some((at, has_doubled));
            }
            has_doubled = true;
            from = at + 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::{Record, Records};

    fn read(text: &str, delimiter: u8) -> Vec<(u64, Vec<String>, bool)> {
        let mut records = Records::new(text, delimiter);
        let mut record = Record::default();
        let mut all = Vec::new();
        while records.read(&mut record) {
            let cells = record.cells.iter().map(|cell| cell.to_string()).collect();
            all.push((record.line, cells, record.has_stray_quote));
        }
        all
    }

    fn check(text: &str, expected: &[(u64, &[&str])]) {
        let found = read(text, b',');
        let found: Vec<(u64, Vec<&str>)> = found
            .iter()
            .map(|(line, cells, _)| (*line, cells.iter().map(String::as_str).collect()))
            .collect();
        let expected: Vec<(u64, Vec<&str>)> =
            expected.iter().map(|(line, cells)| (*line, cells.to_vec())).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn lines_quotes_and_ends() {
        check("", &[]);
        check("\n\r\n\r", &[]);
        check("a,b\r\n\r\nc,\n", &[(1, &["a", "b"]), (3, &["c", ""])]);
        check("a,\"b\n\nc\",d\ne", &[(1, &["a", "b\n\nc", "d"]), (4, &["e"])]);
        check("\"\"\"x\"\"\",\"\"", &[(1, &["\"x\"", ""])]);
        check("5\" pipe,\"a\"b", &[(1, &["5\" pipe", "ab"])]);
        check("é,\"ü\"\rß", &[(1, &["é", "ü"]), (2, &["ß"])]);
        assert_eq!(read("a;b\tc", b'\t')[0].1, ["a;b", "c"]);
    }

    #[test]
    fn an_open_quote_costs_one_cell_not_the_file() {
        check("a,b\n\"x,y\nz,w\n", &[(1, &["a", "b"]), (2, &["\"x", "y"]), (3, &["z", "w"])]);
        assert!(read("\"x,y\n", b',')[0].2);
        let long = format!("\"{}\n1,2\n\"3\",4\n", "x\n".repeat(600_000));
        assert_eq!(
            read(&long, b',').last().map(|last| last.1.clone()),
            Some(vec!["3".to_owned(), "4".to_owned()])
        );
    }

    proptest! {
        #[test]
        fn agrees_with_the_csv_crate(text in "[a,\"\n\ré]{0,40}") {
            let found = read(&text, b',');
            if found.iter().all(|(_, _, has_stray_quote)| !has_stray_quote) {
                let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
                let expected: Vec<Vec<String>> =
                    reader.records().flatten().map(|record| record.iter().map(str::to_owned).collect()).collect();
                let found: Vec<Vec<String>> = found.into_iter().map(|(_, cells, _)| cells).collect();
                assert_eq!(found, expected);
            }
        }
    }
}
