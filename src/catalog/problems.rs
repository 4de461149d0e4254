//! What went wrong while loading, row by row. A problem never stops a load.

/// The kinds of problem, for grouping and sorting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProblemKind {
    /// The picture file does not exist.
    MissingImage,
    /// The picture file cannot be decoded.
    UndecodableImage,
    /// The id stood in an earlier row.
    DuplicateId,
    /// The row has neither picture nor title.
    EmptyRow,
    /// Bytes that are not valid in the file's encoding.
    BadEncoding,
    /// The row has more or fewer cells than the header.
    RaggedRow,
    /// The line is not valid JSON.
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
}
