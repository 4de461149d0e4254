//! The catalogue formats: one file each, one line in the table.

mod delimited;
mod folder;
mod json_lines;
mod looks_like;
mod records;
mod shopee;

use std::path::Path;

use super::ColumnMap;
use super::raw_table::RawTable;

pub(super) use delimited::read_delimited;

/// A catalogue format Lookalike can read.
#[derive(Debug)]
pub struct FormatSpec {
    /// Stable id.
    pub id: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// One sentence for help and README.
    pub summary: &'static str,
    /// Whether the content is of this format; the first format that says so reads it.
    pub(super) recognises: fn(&Content<'_>) -> bool,
    /// Reads at most so many rows.
    pub(super) read: fn(&Content<'_>, usize) -> RawTable,
    /// Which column plays which role, when the user does not say.
    pub(super) roles: fn(&RawTable) -> ColumnMap,
}

/// What a format is recognised by and read from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content<'c> {
    /// A file's text, decoded.
    Text(&'c str),
    /// A folder.
    Folder(&'c Path),
}

/// Every format, in the order in which content is probed.
pub const FORMATS: &[FormatSpec] =
    &[folder::SPEC, json_lines::SPEC, shopee::SPEC, looks_like::SPEC, delimited::SPEC];

/// The first format that recognises `content`.
pub(super) fn recognise(content: &Content<'_>) -> Option<&'static FormatSpec> {
    FORMATS.iter().find(|format| (format.recognises)(content))
}
