//! Columns of text in arenas: a cell costs its bytes and eight more, never a `String`.

/// Strings of one column, stored end to end in one arena.
#[derive(Clone, Debug, Default)]
pub struct TextColumn {
    text: String,
    ends: Vec<u64>,
}

impl TextColumn {
    /// Number of cells.
    pub fn n_cells(&self) -> usize {
        self.ends.len()
    }

    /// Appends one cell.
    pub fn push(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends.push(self.text.len() as u64);
    }

    /// The cell at `row`; empty where the row does not exist.
    pub fn get(&self, row: usize) -> &str {
        let Some(&end) = self.ends.get(row) else {
            return "";
        };
        let start = row.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.text.get(start as usize..end as usize).unwrap_or("")
    }

    /// Appends empty cells until there are `n_cells`.
    pub(super) fn pad_to(&mut self, n_cells: usize) {
        let end = self.text.len() as u64;
        while self.ends.len() < n_cells {
            self.ends.push(end);
        }
    }

    /// A copy with only the rows for which `keeps` says so.
    pub(super) fn filtered(&self, keeps: &[bool]) -> Self {
        let mut kept = Self::default();
        for (row, _) in keeps.iter().enumerate().filter(|(_, keep)| **keep) {
            kept.push(self.get(row));
        }
        kept
    }

    /// Gives spare capacity back.
    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    /// Bytes of memory held.
    pub(super) fn n_bytes(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<u64>()
    }
}

const NO_VALUE: u32 = u32::MAX;
const OWN_VALUE: u32 = 1 << 31;

/// A column derived from the source's cells. A value that equals a cell of its row is stored as the number of
/// that cell's column (four bytes); only values found nowhere in the row are stored themselves.
#[derive(Debug, Default)]
pub(super) struct LinkedColumn {
    refs: Vec<u32>,
    own: TextColumn,
    last_column: usize,
}

impl LinkedColumn {
    /// Appends the value of the next row, whose cells already stand in `cells`.
    pub(super) fn push(&mut self, value: Option<&str>, cells: &[TextColumn]) {
        let row = self.refs.len();
        let reference = match value {
            None => NO_VALUE,
            Some(value) => match self.column_with(value, cells, row) {
                Some(column) => {
                    self.last_column = column;
                    column as u32
                }
                None => {
                    self.own.push(value);
                    OWN_VALUE | (self.own.n_cells() - 1) as u32
                }
            },
        };
        self.refs.push(reference);
    }

    fn column_with(&self, value: &str, cells: &[TextColumn], row: usize) -> Option<usize> {
        // Nearly always the same column as in the row before.
        if cells.get(self.last_column).is_some_and(|column| column.get(row) == value) {
            return Some(self.last_column);
        }
        cells.iter().position(|column| row < column.n_cells() && column.get(row) == value)
    }

    /// The value at `row`; `None` where there is none.
    pub(super) fn get<'a>(&'a self, row: usize, cells: &'a [TextColumn]) -> Option<&'a str> {
        match self.refs.get(row).copied() {
            None | Some(NO_VALUE) => None,
            Some(own) if own & OWN_VALUE != 0 => Some(self.own.get((own & !OWN_VALUE) as usize)),
            Some(column) => cells.get(column as usize).map(|column| column.get(row)),
        }
    }

    /// Number of rows.
    pub(super) fn n_rows(&self) -> usize {
        self.refs.len()
    }

    /// Gives spare capacity back.
    pub(super) fn shrink(&mut self) {
        self.refs.shrink_to_fit();
        self.own.shrink();
    }

    /// Bytes of memory held.
    pub(super) fn n_bytes(&self) -> usize {
        self.refs.capacity() * size_of::<u32>() + self.own.n_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::{LinkedColumn, TextColumn};

    #[test]
    fn cells_come_back_and_rows_beyond_are_empty() {
        let mut column = TextColumn::default();
        for cell in ["a", "", "żółw", "z"] {
            column.push(cell);
        }
        column.pad_to(6);
        let cells: Vec<&str> = (0..8).map(|row| column.get(row)).collect();
        assert_eq!(cells, ["a", "", "żółw", "z", "", "", "", ""]);
        let kept = column.filtered(&[false, true, true, false]);
        assert_eq!((kept.n_cells(), kept.get(0), kept.get(1)), (2, "", "żółw"));
    }

    #[test]
    fn a_linked_value_costs_no_text() {
        let mut cells = vec![TextColumn::default(), TextColumn::default()];
        let mut linked = LinkedColumn::default();
        for (a, b, value) in
            [("1", "x", Some("x")), ("2", "y", Some("2")), ("3", "z", Some("own")), ("4", "", None)]
        {
            cells[0].push(a);
            cells[1].push(b);
            linked.push(value, &cells);
        }
        let values: Vec<Option<&str>> = (0..5).map(|row| linked.get(row, &cells)).collect();
        assert_eq!(values, [Some("x"), Some("2"), Some("own"), None, None]);
        assert_eq!(linked.own.n_cells(), 1);
    }
}
