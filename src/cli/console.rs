//! Where answers go: text for people or one JSON object for programs.

use std::io::{IsTerminal, Write};

use serde::Serialize;

use crate::jobs::JobError;

/// How answers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

/// Standard output and error.
#[derive(Clone, Copy, Debug)]
pub(super) struct Console {
    format: Format,
}

impl Console {
    pub(super) fn new(format: Format) -> Self {
        Self { format }
    }

    /// Prints the answer: `text` for people, `object` for programs.
    pub(super) fn answer(&self, object: &impl Serialize, text: impl FnOnce() -> String) {
        let line = match self.format {
            Format::Text => text(),
            // Numbers and strings always serialise.
            Format::Json => {
                serde_json::to_string(object).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
            }
        };
        print_line(line.trim_end());
    }

    /// Says why the command failed.
    pub(super) fn fail(&self, error: &JobError) {
        let message = error.to_string();
        self.warn(&format!("lookalike: {message}"));
        if self.format == Format::Json {
            print_line(&serde_json::json!({ "error": message }).to_string());
        }
    }

    /// A line on standard error.
    pub(super) fn warn(&self, line: &str) {
        // A closed standard error cannot be told about.
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }

    /// Whether somebody watches.
    pub(super) fn is_watched() -> bool {
        std::io::stderr().is_terminal()
    }
}

fn print_line(line: &str) {
    // `lookalike ... | head` closes the pipe early; that is no failure.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Rows of cells as aligned columns, two spaces apart.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let n_columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..n_columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width - cell.chars().count() + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Rows of cells as a Markdown table; the first is its heading.
pub(super) fn markdown(rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    for (place, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
        if place == 0 {
            text.push_str(&format!("|{}\n", "---|".repeat(row.len())));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align() {
        let rows = [["id", "label"], ["idf-word", "x"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "id        label\nidf-word  x\n");
        assert_eq!(table(&[]), "");
        let rows = [["a", "b"], ["1", "x|y"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(markdown(&rows), "| a | b |\n|---|---|\n| 1 | x\\|y |\n");
    }
}
