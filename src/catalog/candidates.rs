//! Candidate files of the one-against-many task: one line a query, then the pictures it is compared with, any number of them.
//! Cells are resolved against a loaded catalogue; what it does not hold is kept as a gap, so that an answer can be written column
//! by column.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::encoding::{DecodedText, binary_reason, decode_text};
use super::formats::read_delimited;
use super::raw_table::MAX_ROWS;
use super::{Catalog, CatalogError, PostingIdx, Problem, ProblemKind};

/// Where a picture of a looks-like table stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Asked about.
    Left,
    /// An answer.
    Right,
}

impl Side {
    /// As written in the `side` column and before the key's slash.
    pub fn id(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
        }
    }

    /// The key of the picture `name` on this side.
    pub fn key(self, name: &str) -> String {
        format!("{}/{name}", self.id())
    }

    /// The side a posting's key names, were its catalogue a looks-like table ([`Catalog::side`] asks that too).
    pub fn of_key(key: &str) -> Option<Self> {
        let (side, _) = key.split_once('/')?;
        [Self::Left, Self::Right].into_iter().find(|known| known.id() == side)
    }
}

/// One line of a candidate file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CandidateLine {
    /// The first cell, as written.
    pub name: String,
    /// The posting it means; `None` where the catalogue lacks it.
    pub query: Option<PostingIdx>,
    /// The posting of each further cell; `None` where the catalogue lacks it or the cell is empty.
    pub candidates: Vec<Option<PostingIdx>>,
}

/// A candidate file, resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CandidateTable {
    /// The file.
    pub path: PathBuf,
    /// Its header.
    pub columns: Vec<String>,
    /// Its lines, in order.
    pub lines: Vec<CandidateLine>,
    /// What is wrong with it; the rest is usable.
    pub problems: Vec<Problem>,
}

/// Reads a candidate file; names are looked up as `left/NAME` and `right/NAME`, then as keys.
///
/// # Errors
/// [`CatalogError::Unreadable`], or [`CatalogError::NotCandidates`] when it has no line with a query and a candidate column.
pub fn read_candidates(path: &Path, catalog: &Catalog) -> Result<CandidateTable, CatalogError> {
    let unreadable =
        |error: std::io::Error| CatalogError::Unreadable { path: path.to_owned(), reason: error.to_string() };
    let refuse =
        |reason: &str| CatalogError::NotCandidates { path: path.to_owned(), reason: reason.to_owned() };
    let bytes = std::fs::read(path).map_err(unreadable)?;
    if let Some(reason) = binary_reason(&bytes) {
        return Err(refuse(reason));
    }
    let DecodedText { text, .. } = decode_text(bytes);
    let table = read_delimited(&text, MAX_ROWS);
    if table.columns.len() < 2 {
        return Err(refuse("it has one column"));
    }
    if table.n_rows() == 0 {
        return Err(refuse("it has no line below its header"));
    }
    if table.columns.get(1).is_some_and(|name| name == "right") && table.columns.len() == 2 {
        return Err(refuse("it names pairs, not candidates; open it as a catalogue"));
    }
    let mut resolver = Resolver { catalog, file: path.to_string_lossy().into_owned(), problems: Vec::new() };
    let mut first_lines: HashMap<PostingIdx, u64> = HashMap::new();
    let mut lines = Vec::with_capacity(table.n_rows());
    for (row, &line) in table.lines.iter().enumerate() {
        let mut cells = table.cells.iter().map(|column| column.get(row).trim());
        let name = cells.next().unwrap_or("").to_owned();
        let query = resolver.find(Side::Left, &name, line);
        if let Some(first) = query.and_then(|query| first_lines.insert(query, line)) {
            resolver.say(ProblemKind::DuplicateId, line, || {
                format!("{name} is asked about in line {first} too; both are asked. Remove one of them if that is not meant")
            });
        }
        let mut candidates: Vec<Option<PostingIdx>> = Vec::new();
        for cell in cells {
            let candidate = resolver.find(Side::Right, cell, line);
            if candidate.is_some() && candidates.contains(&candidate) {
                resolver.say(ProblemKind::DuplicateId, line, || {
                    format!(
                        "{cell} stands twice among the candidates of {name}; it is shown once. Name each once"
                    )
                });
            }
            candidates.push(candidate);
        }
        if query.is_some() && candidates.iter().all(Option::is_none) {
            resolver.say(ProblemKind::EmptyRow, line, || {
                format!("{name} has no candidate that is known, and is not asked about. Name some")
            });
        }
        lines.push(CandidateLine { name, query, candidates });
    }
    let faults = table.faults.iter().map(|fault| Problem {
        kind: fault.kind.problem_kind(),
        row: Some(fault.line),
        n_rows: 1,
        file: resolver.file.clone(),
        message: fault.kind.sentence(table.columns.len()),
    });
    let problems = faults.chain(resolver.problems).collect();
    Ok(CandidateTable { path: path.to_owned(), columns: table.columns, lines, problems })
}

/// Looks names up and notes what is wrong with them.
struct Resolver<'c> {
    catalog: &'c Catalog,
    file: String,
    problems: Vec<Problem>,
}

impl Resolver<'_> {
    fn find(&mut self, side: Side, cell: &str, line: u64) -> Option<PostingIdx> {
        if cell.is_empty() {
            return None;
        }
        let stem = cell.rsplit_once('.').map_or(cell, |(stem, _)| stem);
        let names = [side.key(cell), side.key(stem), cell.to_owned()];
        let found = names.iter().find_map(|key| self.catalog.find(key));
        if found.is_none() {
            self.say(ProblemKind::MissingImage, line, || {
                format!(
                    "The catalogue has no posting {} and none {cell}. Open the catalogue that holds it",
                    side.key(cell)
                )
            });
        }
        found
    }

    fn say(&mut self, kind: ProblemKind, line: u64, message: impl FnOnce() -> String) {
        self.problems.push(Problem {
            kind,
            row: Some(line),
            n_rows: 1,
            file: self.file.clone(),
            message: message(),
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{CandidateTable, PostingIdx, ProblemKind, read_candidates};
    use crate::catalog::{CatalogError, CatalogSource, OpenOptions, open};

    /// A catalogue with left/a, left/b, right/x and right/y, and a candidate file of this text.
    fn read(text: &str) -> Result<CandidateTable, CatalogError> {
        let folder = tempfile::tempdir().unwrap();
        let (pairs, file) = (folder.path().join("train.csv"), folder.path().join("candidates.csv"));
        std::fs::write(&pairs, "left,right\na,x\nb,y\n").unwrap();
        std::fs::write(&file, text).unwrap();
        let catalog = open(&CatalogSource::File(pairs), &OpenOptions::default()).unwrap();
        assert_eq!(catalog.column_map().unwrap().group.as_deref(), Some("pair"));
        read_candidates(&file, &catalog)
    }

    const A: PostingIdx = PostingIdx(0);
    const X: PostingIdx = PostingIdx(1);
    const Y: PostingIdx = PostingIdx(3);

    fn check_line(
        text: &str,
        query: Option<PostingIdx>,
        candidates: &[Option<PostingIdx>],
        kinds: &[ProblemKind],
    ) {
        let table = read(text).unwrap();
        assert_eq!(table.lines.last().unwrap().query, query, "{text:?}");
        assert_eq!(table.lines.last().unwrap().candidates, candidates, "{text:?}");
        let found: Vec<ProblemKind> = table.problems.iter().map(|problem| problem.kind).collect();
        assert_eq!(found, kinds, "{text:?}: {:?}", table.problems);
    }

    #[test]
    fn lines_are_resolved_and_gaps_stay_in_their_column() {
        check_line("left,c0,c1\na,x,y\n", Some(A), &[Some(X), Some(Y)], &[]);
        check_line("left,c0\na,right/y\n", Some(A), &[Some(Y)], &[]);
        check_line("left,c0\na.jpg,y.png\n", Some(A), &[Some(Y)], &[]);
        let missing = ProblemKind::MissingImage;
        check_line("left,c0,c1\na,zzz,y\n", Some(A), &[None, Some(Y)], &[missing]);
        check_line("left,c0\nnobody,y\n", None, &[Some(Y)], &[missing]);
        check_line("left,c0,c1\na,,\n", Some(A), &[None, None], &[ProblemKind::EmptyRow]);
        let twice = ProblemKind::DuplicateId;
        check_line("left,c0,c1\na,x,x\n", Some(A), &[Some(X), Some(X)], &[twice]);
        check_line("left,c0\na,x\na,y\n", Some(A), &[Some(Y)], &[twice]);
    }

    #[test]
    fn many_candidates_are_as_good_as_one() {
        let names: Vec<String> = (0..500).map(|n| format!("c{n}")).collect();
        let cells = vec!["x"; 500].join(",");
        let table = read(&format!("left,{}\na,{cells}\n", names.join(","))).unwrap();
        assert_eq!(table.lines[0].candidates.len(), 500);
    }

    #[test]
    fn other_files_are_refused() {
        for (text, reason) in [
            ("left\na\n", "one column"),
            ("left,c0\n", "no line"),
            ("left,right\na,x\n", "pairs"),
            ("\u{0}\u{0}\u{0}\u{1}", "candidate"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("candidates.csv"), "{error}");
        }
    }
}
