//! What every loader makes: columns of cells, the line each row came from, and the faults met on the way. Roles are
//! not yet given; nothing here knows what a posting is.

use std::borrow::Cow;

use super::ProblemKind;
use super::text_column::TextColumn;

/// The most columns that are kept; more are named in a fault. Guards against headers made to exhaust memory.
pub(super) const MAX_COLUMNS: usize = 1024;
/// The most rows a catalogue holds: arenas number their values with 31 bits.
pub(super) const MAX_ROWS: usize = (1 << 31) - 2;

/// A row that could not be read as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// 1-based line.
    pub line: u64,
}

/// What can be wrong with a row before anything is known of its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// So many cells instead of one a column.
    Cells(u32),
    /// A quote is opened and never closed; it was taken as a character.
    StrayQuote,
    /// The line is no JSON object.
    BadJson,
    /// Bytes were not valid and stand as U+FFFD.
    DamagedText,
    /// The left picture of a looks-like table stands in an earlier row.
    RepeatedLeft,
}

impl FaultKind {
    /// The kind of problem it is reported as.
    pub(super) fn problem_kind(self) -> ProblemKind {
        match self {
            Self::Cells(_) | Self::StrayQuote => ProblemKind::RaggedRow,
            Self::BadJson => ProblemKind::BadJson,
            Self::DamagedText => ProblemKind::BadEncoding,
            Self::RepeatedLeft => ProblemKind::DuplicateId,
        }
    }

    /// One sentence for the user; `n_columns` is what the header promises.
    pub(super) fn sentence(self, n_columns: usize) -> String {
        match self {
            Self::Cells(found) if found as usize > n_columns => {
                format!(
                    "The row has {found} cells and the header {n_columns}; the rest is left out. Check its quotes and separators"
                )
            }
            Self::Cells(found) => {
                format!(
                    "The row has {found} cells and the header {n_columns}; the others are empty. Check its quotes and separators"
                )
            }
            Self::StrayQuote => {
                "A quote is opened and never closed, so it was read as a plain character. Close or double it"
                    .to_owned()
            }
            Self::BadJson => {
                "The line is not a JSON object and was left out. Write one object a line".to_owned()
            }
            Self::RepeatedLeft => {
                "The left picture stands in an earlier row too, and what both rows name with it counts. Remove one of them if that is not meant"
                    .to_owned()
            }
            Self::DamagedText => {
                "Some bytes are not valid text and show as \u{fffd}. Save the file as UTF-8".to_owned()
            }
        }
    }
}

/// Columns of cells with their source lines.
#[derive(Debug, Default)]
pub(super) struct RawTable {
    /// Unique, non-empty column names.
    pub columns: Vec<String>,
    /// One arena a column, all with the same number of cells.
    pub cells: Vec<TextColumn>,
    /// For each row its 1-based line.
    pub lines: Vec<u64>,
    /// In line order.
    pub faults: Vec<Fault>,
}

impl RawTable {
    /// An empty table with these headings; empty ones are numbered, repeated ones told apart.
    pub(super) fn new<'a>(headings: impl Iterator<Item = &'a str>) -> Self {
        let mut table = Self::default();
        for heading in headings.take(MAX_COLUMNS) {
            table.add_column(heading);
        }
        table
    }

    /// Adds a column, empty in the rows so far.
    pub(super) fn add_column(&mut self, heading: &str) {
        let trimmed = heading.trim();
        let base = match trimmed {
            "" => format!("column {}", self.columns.len() + 1),
            given => given.to_owned(),
        };
        let mut name = base.clone();
        let mut n_same = 1;
        while self.columns.contains(&name) {
            n_same += 1;
            name = format!("{base} ({n_same})");
        }
        self.columns.push(name);
        let mut cells = TextColumn::default();
        cells.pad_to(self.n_rows());
        self.cells.push(cells);
    }

    /// Number of rows.
    pub(super) fn n_rows(&self) -> usize {
        self.lines.len()
    }

    /// The position of the column called `name`.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|known| known == name)
    }

    /// Appends a row; missing cells are empty, extra ones are left out.
    pub(super) fn push_row(&mut self, line: u64, cells: &[Cow<'_, str>]) {
        for (column, arena) in self.cells.iter_mut().enumerate() {
            arena.push(cells.get(column).map_or("", Cow::as_ref));
        }
        self.lines.push(line);
    }

    /// Notes what is wrong with the row at `line`.
    pub(super) fn fault(&mut self, kind: FaultKind, line: u64) {
        self.faults.push(Fault { kind, line });
    }

    /// Notes every row that holds U+FFFD: damaged bytes were read as that.
    pub(super) fn note_damage(&mut self) {
        for (row, line) in self.lines.iter().enumerate() {
            if self.cells.iter().any(|column| column.get(row).contains('\u{fffd}')) {
                self.faults.push(Fault { kind: FaultKind::DamagedText, line: *line });
            }
        }
    }
}
