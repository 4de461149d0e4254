//! The table of problems: which are listed and in what order.

use crate::catalog::{Problem, ProblemKind};

/// A column the table can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProblemColumn {
    /// What kind it is.
    Kind,
    /// Its row in the source; those that stand for many rows come first.
    #[default]
    Row,
    /// The file it concerns.
    File,
    /// The sentence.
    Message,
}

impl ProblemColumn {
    /// All, from left to right.
    pub const ALL: [Self; 4] = [Self::Kind, Self::Row, Self::File, Self::Message];

    /// The header.
    pub fn label(self) -> &'static str {
        match self {
            Self::Kind => "Kind",
            Self::Row => "Row",
            Self::File => "File",
            Self::Message => "Problem",
        }
    }
}

/// The problems listed, those found while loading first and those found later after them.
#[derive(Clone, Debug, Default)]
pub struct ProblemList {
    /// The column they are sorted by.
    pub column: ProblemColumn,
    /// Whether the order is turned round.
    pub is_descending: bool,
    /// Only this kind is listed.
    pub kind: Option<ProblemKind>,
    /// The line the cursor is on.
    pub cursor: usize,
    /// The listed problems: positions in the loaded ones, then in the late ones.
    pub order: Vec<u32>,
    n_known: usize,
}

impl ProblemList {
    /// Sorts by this column; by the same one again turns the order round.
    pub(super) fn sort_by(&mut self, column: ProblemColumn) {
        self.is_descending = self.column == column && !self.is_descending;
        self.column = column;
    }

    /// Lists them anew.
    pub(super) fn refresh(&mut self, loaded: &[Problem], late: &[Problem]) {
        let at = |number: u32| problem_at(loaded, late, number);
        self.n_known = loaded.len() + late.len();
        self.order = (0..self.n_known as u32)
            .filter(|number| {
                let kind = at(*number).map(|problem| problem.kind);
                self.kind.is_none() || kind == self.kind
            })
            .collect();
        let column = self.column;
        self.order.sort_by(|a, b| {
            let (Some(a), Some(b)) = (at(*a), at(*b)) else { return std::cmp::Ordering::Equal };
            match column {
                ProblemColumn::Kind => a.kind.cmp(&b.kind),
                ProblemColumn::Row => a.row.cmp(&b.row),
                ProblemColumn::File => a.file.cmp(&b.file),
                ProblemColumn::Message => a.message.cmp(&b.message),
            }
        });
        if self.is_descending {
            self.order.reverse();
        }
        self.cursor = self.cursor.min(self.order.len().saturating_sub(1));
    }

    /// Whether problems were found since the list was made.
    pub fn is_outdated(&self, loaded: &[Problem], late: &[Problem]) -> bool {
        self.n_known != loaded.len() + late.len()
    }

    /// The problem on a line.
    pub fn problem<'p>(
        &self,
        line: usize,
        loaded: &'p [Problem],
        late: &'p [Problem],
    ) -> Option<&'p Problem> {
        problem_at(loaded, late, *self.order.get(line)?)
    }
}

fn problem_at<'p>(loaded: &'p [Problem], late: &'p [Problem], number: u32) -> Option<&'p Problem> {
    let number = number as usize;
    loaded.get(number).or_else(|| late.get(number.checked_sub(loaded.len())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(kind: ProblemKind, row: Option<u64>, file: &str) -> Problem {
        Problem { kind, row, n_rows: 1, file: file.to_owned(), message: format!("about {file}") }
    }

    fn check(clicks: &[ProblemColumn], kind: Option<ProblemKind>, expected: &[&str]) {
        let loaded = [
            problem(ProblemKind::DuplicateId, Some(9), "c"),
            problem(ProblemKind::MissingImage, None, "b"),
            problem(ProblemKind::MissingImage, Some(2), "d"),
        ];
        let late = [problem(ProblemKind::UndecodableImage, Some(5), "a")];
        let mut list = ProblemList { kind, ..ProblemList::default() };
        assert!(list.is_outdated(&loaded, &late));
        for column in clicks {
            list.sort_by(*column);
        }
        list.refresh(&loaded, &late);
        assert!(!list.is_outdated(&loaded, &late));
        let files: Vec<&str> = (0..list.order.len())
            .filter_map(|line| list.problem(line, &loaded, &late))
            .map(|problem| problem.file.as_str())
            .collect();
        assert_eq!(files, expected, "{clicks:?} {kind:?}");
        assert_eq!(list.problem(list.order.len(), &loaded, &late), None);
    }

    #[test]
    fn problems_are_sorted_and_filtered() {
        use ProblemColumn as C;
        check(&[], None, &["b", "d", "a", "c"]);
        check(&[C::Row], None, &["c", "a", "d", "b"]);
        check(&[C::File], None, &["a", "b", "c", "d"]);
        check(&[C::File, C::File], None, &["d", "c", "b", "a"]);
        check(&[C::File, C::File, C::File], None, &["a", "b", "c", "d"]);
        check(&[C::Kind], None, &["b", "d", "a", "c"]);
        check(&[C::Message], Some(ProblemKind::MissingImage), &["b", "d"]);
        check(&[], Some(ProblemKind::BadJson), &[]);
    }
}
