//! JSON Lines: one object a line, its keys the columns. Numbers stay as they are written, so that long ids and
//! prices keep every digit; nested values stay JSON.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::de::IgnoredAny;

use super::{Content, FormatSpec};
use crate::catalog::guess::guess_columns;
use crate::catalog::raw_table::{FaultKind, RawTable};

/// Its line in the table of formats.
pub(super) const SPEC: FormatSpec = FormatSpec {
    id: "jsonl",
    label: "JSON Lines",
    summary: "One JSON object a line; its keys are the columns",
    recognises: |content| matches!(content, Content::Text(text) if is_json_lines(text)),
    read: |content, max_rows| match content {
        Content::Text(text) => read_json_lines(text, max_rows),
        Content::Folder(_) => RawTable::default(),
    },
    roles: guess_columns,
};

/// The most keys that become columns. Keys are met one by one, and each new one costs an entry for every row.
const MAX_KEYS: usize = 256;

fn is_json_lines(text: &str) -> bool {
    let lines = text.lines().filter(|line| !line.trim().is_empty()).take(5);
    lines.into_iter().any(|line| object(line).is_some())
}

/// Reads at most `max_rows` objects; a line that is none is a fault.
fn read_json_lines(text: &str, max_rows: usize) -> RawTable {
    let mut table = RawTable::default();
    let mut columns: HashMap<String, usize> = HashMap::new();
    let mut row: Vec<Cow<'_, str>> = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        if table.n_rows() >= max_rows {
            break;
        }
        if text.trim().is_empty() {
            continue;
        }
        let Some(members) = object(text) else {
            table.fault(FaultKind::BadJson, line);
            continue;
        };
        row.clear();
        row.resize(columns.len(), Cow::Borrowed(""));
        let n_members = members.len();
        for (key, value) in members {
            let column = match columns.get(key.as_ref()) {
                Some(&column) => column,
                None if columns.len() >= MAX_KEYS => {
                    table.fault(FaultKind::Cells(n_members as u32), line);
                    continue;
                }
                None => {
                    let column = columns.len();
                    table.add_column(&key);
                    columns.insert(key.into_owned(), column);
                    row.push(Cow::Borrowed(""));
                    column
                }
            };
            if let Some(cell) = row.get_mut(column) {
                *cell = value;
            }
        }
        table.push_row(line, &row);
    }
    table
}

type Member<'t> = (Cow<'t, str>, Cow<'t, str>);

/// The members of the object that `line` is, values as cells; `None` where it is no valid object.
fn object(line: &str) -> Option<Vec<Member<'_>>> {
    let line = line.trim();
    if !line.starts_with('{') {
        return None;
    }
    // Checked as a whole first; what follows then only has to find the ends of valid values.
    serde_json::from_str::<IgnoredAny>(line).ok()?;
    let mut members = Vec::new();
    let mut rest = line.get(1..)?.trim_start();
    while rest.starts_with('"') {
        let (key, after) = rest.split_at_checked(value_len(rest))?;
        let after = after.trim_start().strip_prefix(':')?.trim_start();
        let (value, after) = after.split_at_checked(value_len(after))?;
        members.push((string(key)?, cell(value.trim_end())?));
        rest = after.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    Some(members)
}

/// The length of the valid JSON value at the start of `text`.
fn value_len(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut is_in_string = false;
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        if is_in_string {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => {
                    is_in_string = false;
                    if depth == 0 {
                        return at + 1;
                    }
                }
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => is_in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' | b':' if depth == 0 => return at,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

fn cell(value: &str) -> Option<Cow<'_, str>> {
    match value {
        "null" => Some(Cow::Borrowed("")),
        text if text.starts_with('"') => string(text),
        verbatim => Some(Cow::Borrowed(verbatim)),
    }
}

fn string(text: &str) -> Option<Cow<'_, str>> {
    if text.contains('\\') {
        return serde_json::from_str::<String>(text).ok().map(Cow::Owned);
    }
    text.strip_prefix('"')?.strip_suffix('"').map(Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, proptest};

    use super::{is_json_lines, object, read_json_lines};

    fn check(text: &str, columns: &[&str], rows: &[&[&str]], bad_lines: &[u64]) {
        let table = read_json_lines(text, usize::MAX);
        assert_eq!(table.columns, columns, "{text}");
        assert_eq!(table.n_rows(), rows.len(), "{text}");
        for (row, cells) in rows.iter().enumerate() {
            let found: Vec<&str> = table.cells.iter().map(|column| column.get(row)).collect();
            assert_eq!(found, *cells, "{text}");
        }
        assert_eq!(table.faults.iter().map(|fault| fault.line).collect::<Vec<u64>>(), bad_lines, "{text}");
    }

    #[test]
    fn keys_are_columns_and_digits_are_kept() {
        check(
            "{\"id\":1,\"title\":\"Cup\"}\r\n\n {\"title\" : \"Te\\u00e9\\n\" , \"price\":1.10,\"id\":123456789012345678901234567890}\n",
            &["id", "title", "price"],
            &[&["1", "Cup", ""], &["123456789012345678901234567890", "Teé\n", "1.10"]],
            &[],
        );
        check(
            "{\"a\":null,\"b\":[1,\"]\"],\"c\":{\"d\":{}},\"e\":true,\"a\":\"last\"}\n{}",
            &["a", "b", "c", "e"],
            &[&["last", "[1,\"]\"]", "{\"d\":{}}", "true"], &["", "", "", ""]],
            &[],
        );
        check("{\"a\":1}\n{\"a\":}\n[1]\nnonsense\n{\"a\":2}", &["a"], &[&["1"], &["2"]], &[2, 3, 4]);
    }

    #[test]
    fn it_is_recognised_by_content() {
        assert!(is_json_lines("\n{\"a\":1}\n"));
        assert!(is_json_lines("broken\n{\"a\":1}\n"));
        assert!(!is_json_lines("{not json},b\n1,2"));
        assert!(!is_json_lines("[{\"a\":1}]"));
    }

    proptest! {
        #[test]
        fn strings_and_numbers_come_back(values in prop::collection::vec("\\PC{0,8}", 1..5)) {
            let map: serde_json::Map<String, serde_json::Value> =
                values.iter().enumerate().map(|(at, value)| (format!("{value}{at}"), value.clone().into())).collect();
            let line = serde_json::Value::Object(map.clone()).to_string();
            let found = object(&line).unwrap_or_default();
            assert_eq!(found.len(), map.len());
            for (key, value) in found {
                assert_eq!(map.get(key.as_ref()).and_then(|value| value.as_str()), Some(value.as_ref()));
            }
        }

        #[test]
        fn no_line_panics(line in "[{}\\[\\]:,\"\\\\a1 ]{0,30}") {
            let _ = object(&line);
        }
    }
}
