//! Why a project cannot be opened or written.

use std::path::PathBuf;

/// Errors of the project folder. The problem, then the remedy, the path last.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The folder is not a project.
    #[error("this is not a Lookalike project: project.ron is missing. Open a folder made by `lookalike index` or the window: {}", folder.display())]
    NotAProject {
        /// The folder.
        folder: PathBuf,
    },
    /// The disk refused.
    #[error("cannot write to the project: {reason}. Check free space and permissions: {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// A file of the project cannot be read.
    #[error("cannot read {what}: {reason}. {remedy}: {}", path.display())]
    Read {
        /// What the file is.
        what: &'static str,
        /// The reason.
        reason: String,
        /// What to do.
        remedy: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// There is no such trained model.
    #[error("there is no trained model `{id}`. `lookalike train --recipe {id}` makes one, `lookalike receipts` lists those there are: {}", folder.display())]
    NotTrained {
        /// The recipe's id.
        id: String,
        /// Where it would lie.
        folder: PathBuf,
    },
    /// No trained model is in use.
    #[error("no trained model is in use, so there is nothing to roll back. `lookalike promote` puts one to use: {}", folder.display())]
    NothingPromoted {
        /// The folder of trained models.
        folder: PathBuf,
    },
    /// On a network drive.
    #[error("the project is on a network drive ({kind}), where the decision log could be damaged. Keep it on a local disk: {}", folder.display())]
    NetworkDrive {
        /// File-system kind.
        kind: String,
        /// The folder.
        folder: PathBuf,
    },
    /// Another window writes.
    #[error("the project is open in another window, this one is read-only. Take over there or here: {}", folder.display())]
    ReadOnly {
        /// The folder.
        folder: PathBuf,
    },
    /// Another window did not let go.
    #[error("the other window did not give way: {reason}. Close it and try again: {}", folder.display())]
    StillHeld {
        /// What is known of it.
        reason: String,
        /// The folder.
        folder: PathBuf,
    },
}
