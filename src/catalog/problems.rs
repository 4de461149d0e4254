//! What went wrong while loading, row by row. A problem never stops a load.

use std::io::Write;

/// The kinds of problem, for grouping and sorting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProblemKind {
    /// The picture file does not exist.
    MissingImage,
    /// The picture file cannot be decoded.
    UndecodableImage,
    /// The id stood in an earlier row; this row is kept under `id#2`, `id#3`, …
    DuplicateId,
    /// The row has neither picture nor title; it is left out.
    EmptyRow,
    /// Bytes that are not valid in the file's encoding.
    BadEncoding,
    /// The row has more or fewer cells than the header, or a quote that is never closed.
    RaggedRow,
    /// The line is not a JSON object.
    BadJson,
}

/// One warning, or one warning that stands for many rows with the same cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind it is.
    pub kind: ProblemKind,
    /// 1-based line or row number in the source; `None` when it stands for many rows.
    pub row: Option<u64>,
    /// How many rows it stands for.
    pub n_rows: u64,
    /// The file it concerns (the picture, or the catalogue itself).
    pub file: String,
    /// One sentence: the problem, then what to do.
    pub message: String,
}

impl ProblemKind {
    /// Every kind, in order of severity for the user.
    pub const ALL: [Self; 7] = [
        Self::MissingImage,
        Self::UndecodableImage,
        Self::DuplicateId,
        Self::EmptyRow,
        Self::BadEncoding,
        Self::RaggedRow,
        Self::BadJson,
    ];

    /// Short label in sentence case, for tables.
    pub fn label(self) -> &'static str {
        match self {
            Self::MissingImage => "Missing picture",
            Self::UndecodableImage => "Undecodable picture",
            Self::DuplicateId => "Duplicate id",
            Self::EmptyRow => "Empty row",
            Self::BadEncoding => "Bad encoding",
            Self::RaggedRow => "Ragged row",
            Self::BadJson => "Bad JSON",
        }
    }

    /// The sentence for `n_hit` of `n_rows` rows.
    fn summary(self, n_hit: u64, n_rows: u64) -> String {
        let what = match self {
            Self::MissingImage => "pictures were not found. Give their folder with --images",
            Self::UndecodableImage => "pictures cannot be decoded. Replace the files",
            Self::DuplicateId => "rows repeat an earlier id and were numbered. Check which column is the id",
            Self::EmptyRow => "rows have neither picture nor title and were left out. Check the column map",
            Self::BadEncoding => "rows hold bytes that are not text. Save the file as UTF-8",
            Self::RaggedRow => {
                "rows have more or fewer cells than the header. Check the quotes and the separator"
            }
            Self::BadJson => "lines are not JSON objects and were left out. Write one object a line",
        };
        format!("{n_hit} of {n_rows} {what}")
    }
}

/// Replaces every kind that hits over a fifth of `n_rows` by one warning with a count (its file is the first one
/// hit), and sorts by row; warnings that stand for many rows come first.
pub fn summarise_problems(problems: Vec<Problem>, n_rows: u64) -> Vec<Problem> {
    let mut kept = Vec::new();
    let mut by_kind: Vec<Vec<Problem>> = ProblemKind::ALL.iter().map(|_| Vec::new()).collect();
    for problem in problems {
        let slot = ProblemKind::ALL.iter().position(|kind| *kind == problem.kind);
        match slot.and_then(|slot| by_kind.get_mut(slot)).filter(|_| problem.row.is_some()) {
            Some(same) => same.push(problem),
            None => kept.push(problem),
        }
    }
    for same in by_kind {
        let n_hit = same.iter().map(|problem| problem.n_rows).sum::<u64>();
        match same.first() {
            Some(first) if same.len() > 1 && n_hit * 5 > n_rows => kept.push(Problem {
                kind: first.kind,
                row: None,
                n_rows: n_hit,
                file: first.file.clone(),
                message: first.kind.summary(n_hit, n_rows.max(n_hit)),
            }),
            _ => kept.extend(same),
        }
    }
    kept.sort_by_key(|problem| (problem.row, problem.kind));
    kept
}

/// Writes the problems as CSV: `row,kind,rows,file,message`; `row` is empty where one stands for many.
///
/// # Errors
/// Those of `out`.
pub fn write_problems(problems: &[Problem], out: &mut dyn Write) -> std::io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(["row", "kind", "rows", "file", "message"])?;
    for problem in problems {
        let row = problem.row.map(|row| row.to_string()).unwrap_or_default();
        let n_rows = problem.n_rows.to_string();
        table.write_record([&row, problem.kind.label(), &n_rows, &problem.file, &problem.message])?;
    }
    table.flush()
}

/// Problems of rows while they are met: beyond a fifth of the rows a kind is only counted, so that a table whose
/// million pictures are all missing does not make a million sentences.
#[derive(Debug)]
pub(super) struct ProblemLog {
    n_rows: u64,
    counts: [u64; ProblemKind::ALL.len()],
    kept: Vec<Problem>,
}

impl ProblemLog {
    /// A log for a table of `n_rows`.
    pub(super) fn new(n_rows: u64) -> Self {
        Self { n_rows, counts: [0; ProblemKind::ALL.len()], kept: Vec::new() }
    }

    /// Records a problem of `row`; `describe` gives the file and the sentence.
    pub(super) fn row(&mut self, kind: ProblemKind, row: u64, describe: impl FnOnce() -> (String, String)) {
        let count = &mut self.counts[kind as usize];
        *count += 1;
        // One more than a fifth is kept, and the sum of rows put right at the end.
        if *count <= self.n_rows / 5 + 2 {
            let (file, message) = describe();
            self.kept.push(Problem { kind, row: Some(row), n_rows: 1, file, message });
        }
    }

    /// The problems, summarised.
    pub(super) fn finish(self) -> Vec<Problem> {
        let mut problems = summarise_problems(self.kept, self.n_rows);
        for problem in problems.iter_mut().filter(|problem| problem.row.is_none()) {
            let n_hit = self.counts[problem.kind as usize];
            problem.n_rows = n_hit;
            problem.message = problem.kind.summary(n_hit, self.n_rows.max(n_hit));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::{Problem, ProblemKind, ProblemLog, summarise_problems, write_problems};

    fn problem(kind: ProblemKind, row: u64) -> Problem {
        Problem {
            kind,
            row: Some(row),
            n_rows: 1,
            file: format!("{row}.jpg"),
            message: "a, \"b\"".to_owned(),
        }
    }

    fn check(n_missing: u64, n_rows: u64, expected: usize) {
        let mut problems: Vec<Problem> =
            (0..n_missing).map(|row| problem(ProblemKind::MissingImage, row)).collect();
        problems.push(problem(ProblemKind::DuplicateId, 3));
        let summary = summarise_problems(problems.clone(), n_rows);
        assert_eq!(summary.len(), expected + 1, "{n_missing} of {n_rows}");
        assert_eq!(summary.iter().map(|problem| problem.n_rows).sum::<u64>(), n_missing + 1);
        let mut log = ProblemLog::new(n_rows);
        for problem in problems {
            log.row(problem.kind, problem.row.unwrap_or(0), || {
                (problem.file.clone(), problem.message.clone())
            });
        }
        assert_eq!(log.finish(), summary, "the log and the summary agree");
    }

    #[test]
    fn a_cause_over_a_fifth_is_one_warning() {
        check(2, 10, 2);
        check(3, 10, 1);
        check(1, 2, 1);
        check(0, 10, 0);
        check(900, 1000, 1);
        check(200, 1000, 200);
        check(201, 1000, 1);
    }

    #[test]
    fn the_table_is_written_as_csv() -> std::io::Result<()> {
        let mut out = Vec::new();
        write_problems(&[problem(ProblemKind::MissingImage, 7)], &mut out)?;
        let text = String::from_utf8_lossy(&out);
        assert_eq!(text, "row,kind,rows,file,message\n7,Missing picture,1,7.jpg,\"a, \"\"b\"\"\"\n");
        Ok(())
    }
}
