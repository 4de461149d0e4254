//! Reads decided pairs from CSV (comma, semicolon, tab or bar) or JSON Lines.

use std::collections::BTreeMap;
use std::io::Read;

use crate::catalog::{Problem, ProblemKind};
use crate::review::rows::Rows;
use crate::review::{Claim, Gesture, Key, Verdict};

const FIRST: &[&str] =
    &["posting_id_1", "id_1", "id1", "posting_1", "a", "id_a", "left", "left_id", "ltable_id", "first"];
const SECOND: &[&str] =
    &["posting_id_2", "id_2", "id2", "posting_2", "b", "id_b", "right", "right_id", "rtable_id", "second"];
const VERDICT: &[&str] =
    &["verdict", "label", "match", "is_match", "same", "decision", "class", "gold", "target"];
const BASIS: &str = "basis";

/// Where the parts of a row stand.
struct Columns {
    first: usize,
    second: usize,
    verdict: usize,
    basis: Option<usize>,
}

/// What is gathered while reading.
struct Import<'a, R> {
    rows: &'a R,
    file: &'a str,
    said: BTreeMap<(Key, Key), Verdict>,
    problems: Vec<Problem>,
    n_read: usize,
}

/// What a verdict cell says.
enum Word {
    Verdict(Verdict),
    /// Known, but nothing to decide by.
    Nothing,
    Unknown,
}

/// See [`super::import_pairs`].
pub(super) fn read(
    input: &mut dyn Read,
    file: &str,
    rows: &impl Rows,
) -> Result<(Option<Gesture>, Vec<Problem>), String> {
    let mut bytes = Vec::new();
    input
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot read the file: {error}. Check it: {file}"))?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    // What is not UTF-8 was most likely written by a spreadsheet.
    let text = std::str::from_utf8(bytes)
        .map_or_else(|_| encoding_rs::WINDOWS_1252.decode(bytes).0.into_owned(), str::to_owned);
    let mut import = Import { rows, file, said: BTreeMap::new(), problems: Vec::new(), n_read: 0 };
    if text.trim_start().starts_with('{') {
        import.read_json_lines(&text);
    } else {
        import.read_table(&text)?;
    }
    if import.n_read == 0 {
        let first =
            import.problems.first().map_or_else(String::new, |problem| format!(" ({})", problem.message));
        return Err(format!(
            "no decided pair was found{first}. A row needs two posting ids and a verdict: {file}"
        ));
    }
    Ok((import.gesture(), import.problems))
}

impl<R: Rows> Import<'_, R> {
    fn read_json_lines(&mut self, text: &str) {
        for (number, line) in (1_u64..).zip(text.lines()) {
            if line.trim().is_empty() {
                continue;
            }
            let object: serde_json::Map<String, serde_json::Value> = match serde_json::from_str(line) {
                Ok(object) => object,
                Err(error) => {
                    self.problem(
                        ProblemKind::BadJson,
                        number,
                        format!("The line is not a JSON object: {error}"),
                    );
                    continue;
                }
            };
            let cell = |names: &[&str]| {
                let found = object.iter().find(|(name, _)| names.contains(&name.to_lowercase().as_str()));
                found.map(|(_, value)| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            };
            // The verdict by the order of names, as an export also has columns called match and variant.
            let verdict = VERDICT.iter().find_map(|name| cell(&[name]));
            match (cell(FIRST), cell(SECOND), verdict) {
                (Some(a), Some(b), Some(verdict)) => {
                    self.row(number, &a, &b, &verdict, &cell(&[BASIS]).unwrap_or_default());
                }
                _ => self.problem(
                    ProblemKind::RaggedRow,
                    number,
                    "The object lacks one of posting_id_1, posting_id_2 and verdict".to_owned(),
                ),
            }
        }
    }

    fn read_table(&mut self, text: &str) -> Result<(), String> {
        let first_line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
        let count = |delimiter: &u8| first_line.bytes().filter(|byte| byte == delimiter).count();
        // Of equally frequent ones max_by_key takes the last: the comma.
        let delimiter = [b'|', b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',');
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(text.as_bytes());
        let mut columns = None;
        for record in reader.records() {
            // The text is valid UTF-8 and rows may have any length: nothing is left to fail but the reader itself.
            let record =
                record.map_err(|error| format!("cannot read the table: {error}. Check it: {}", self.file))?;
            let number = record.position().map_or(0, csv::Position::line);
            let Some(columns) = &columns else {
                let (found, is_header) = find_columns(&record).ok_or_else(|| {
                    let names = record.iter().collect::<Vec<_>>().join(", ");
                    format!(
                        "the columns are not understood: {names}. Call them posting_id_1, posting_id_2 and verdict: {}",
                        self.file
                    )
                })?;
                if !is_header {
                    self.record(number, &record, &found);
                }
                columns = Some(found);
                continue;
            };
            self.record(number, &record, columns);
        }
        Ok(())
    }

    fn record(&mut self, number: u64, record: &csv::StringRecord, columns: &Columns) {
        let cells = [columns.first, columns.second, columns.verdict].map(|column| record.get(column));
        let [Some(a), Some(b), Some(verdict)] = cells else {
            return self.problem(ProblemKind::RaggedRow, number, "The row is too short".to_owned());
        };
        let basis = columns.basis.and_then(|column| record.get(column)).unwrap_or("");
        self.row(number, a, b, verdict, basis);
    }

    fn row(&mut self, number: u64, a: &str, b: &str, verdict: &str, basis: &str) {
        let (a, b) = (a.trim(), b.trim());
        if a.is_empty() || b.is_empty() || a == b {
            let message = "The row does not name two different postings".to_owned();
            return self.problem(ProblemKind::EmptyRow, number, message);
        }
        let verdict = match parse_verdict(verdict) {
            Word::Verdict(verdict) => verdict,
            Word::Nothing => {
                self.n_read += 1;
                return;
            }
            Word::Unknown => {
                let message =
                    format!("`{}` is no verdict; use same, different, variant or unsure", verdict.trim());
                return self.problem(ProblemKind::RaggedRow, number, message);
            }
        };
        self.n_read += 1;
        if basis.trim() == "follows" {
            return;
        }
        for key in [a, b] {
            if self.rows.find(key).is_none() {
                let message =
                    format!("The catalogue has no posting `{key}`; the decision is kept for when it does");
                self.problem(ProblemKind::EmptyRow, number, message);
            }
        }
        let pair = if a < b { (a.into(), b.into()) } else { (b.into(), a.into()) };
        if self.said.insert(pair, verdict).is_some_and(|before| before != verdict) {
            let message = format!("An earlier row says something else of `{a}` and `{b}`; this one counts");
            self.problem(ProblemKind::DuplicateId, number, message);
        }
    }

    fn problem(&mut self, kind: ProblemKind, number: u64, message: String) {
        self.problems.push(Problem {
            kind,
            row: Some(number),
            n_rows: 1,
            file: self.file.to_owned(),
            message,
        });
    }

    /// One claim for each posting and verdict.
    fn gesture(&mut self) -> Option<Gesture> {
        let mut claims: BTreeMap<(Key, Verdict), Vec<Key>> = BTreeMap::new();
        for ((a, b), verdict) in std::mem::take(&mut self.said) {
            claims.entry((a, verdict)).or_default().push(b);
        }
        let claims: Vec<Claim> = claims
            .into_iter()
            .map(|((a, verdict), right)| Claim::Across { left: vec![a], right, verdict })
            .collect();
        (!claims.is_empty()).then_some(Gesture::Judge { claims })
    }
}

/// The columns, and whether this row names them (else it is a pair already: two ids, then a verdict).
fn find_columns(record: &csv::StringRecord) -> Option<(Columns, bool)> {
    let names: Vec<String> = record.iter().map(|name| name.trim().to_lowercase()).collect();
    let find =
        |wanted: &[&str]| wanted.iter().find_map(|wanted| names.iter().position(|name| name == wanted));
    if let (Some(first), Some(second), Some(verdict)) = (find(FIRST), find(SECOND), find(VERDICT)) {
        return Some((Columns { first, second, verdict, basis: find(&[BASIS]) }, true));
    }
    let is_pair = !matches!(parse_verdict(names.get(2)?), Word::Unknown);
    is_pair.then_some((Columns { first: 0, second: 1, verdict: 2, basis: None }, false))
}

fn parse_verdict(text: &str) -> Word {
    match text.trim().to_lowercase().as_str() {
        "same" | "match" | "matching" | "duplicate" | "positive" | "1" | "1.0" | "true" | "yes" => {
            Word::Verdict(Verdict::Same)
        }
        "different" | "non-match" | "nonmatch" | "no match" | "distinct" | "negative" | "0" | "0.0"
        | "false" | "no" => Word::Verdict(Verdict::Different),
        "variant" => Word::Verdict(Verdict::Variant),
        "unsure" | "maybe" | "?" => Word::Verdict(Verdict::Unsure),
        "conflict" => Word::Nothing,
        _ => Word::Unknown,
    }
}
