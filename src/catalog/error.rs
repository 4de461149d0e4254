//! Why a catalogue could not be opened at all.

use std::path::PathBuf;

/// The load failed as a whole. Messages: the problem first, then what to do, the path last.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The file or folder cannot be read.
    #[error("cannot read the catalogue: {reason}. Check that it exists and that you may read it: {}", path.display())]
    Unreadable {
        /// The path given.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// No loader recognises the content.
    #[error("this is not a catalogue: {reason}. Give a CSV, TSV or JSON Lines file, or a folder of pictures: {}", path.display())]
    UnknownFormat {
        /// The path given.
        path: PathBuf,
        /// What was found instead.
        reason: String,
    },
    /// No column can be used as picture or title.
    #[error("no column holds pictures or titles: {reason}. Name them with --map image=...,title=...: {}", path.display())]
    NoUsableColumn {
        /// The path given.
        path: PathBuf,
        /// Which columns there are.
        reason: String,
    },
    /// The file names no candidates.
    #[error("this is no candidate file: {reason}. Give a CSV with a query and its candidates on each line, such as left,c0,c1: {}", path.display())]
    NotCandidates {
        /// The path given.
        path: PathBuf,
        /// What was found instead.
        reason: String,
    },
    /// A file of the demo catalogue cannot be written.
    #[error("cannot write the demo catalogue: {reason}. Give a folder that you may write to: {}", path.display())]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
}
