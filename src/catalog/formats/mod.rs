//! The catalogue formats: one file each, one line in the table.

/// A catalogue format Lookalike can read.
#[derive(Debug)]
pub struct FormatSpec {
    /// Stable id.
    pub id: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// One sentence for help and README.
    pub summary: &'static str,
}

/// Every format, in the order in which content is probed.
pub const FORMATS: &[FormatSpec] = &[];
