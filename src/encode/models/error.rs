//! Why a model cannot be got, added or trusted. The problem first, then what to do, the path last.

use std::path::PathBuf;

/// Errors of the model store.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Nobody knows this model.
    #[error("there is no model `{0}`. `lookalike models list` shows them")]
    Unknown(String),
    /// It is not on any hub.
    #[error("`{id}` cannot be downloaded: its files are yours to bring. Add them with `lookalike models add`, or put {files} into {}", folder.display())]
    NoSource {
        /// The model.
        id: String,
        /// Its files' names.
        files: String,
        /// Its folder.
        folder: PathBuf,
    },
    /// Downloads are switched off.
    #[error(
        "downloads are switched off ({by}). Switch them on, or bring the files yourself: `lookalike models add`"
    )]
    Offline {
        /// What switched them off.
        by: &'static str,
    },
    /// No answer.
    #[error(
        "no answer from {host}: {reason}. Check the network (HF_ENDPOINT names another hub, HTTPS_PROXY a proxy), or bring the files yourself: `lookalike models add`. Everything else goes on without"
    )]
    NoNetwork {
        /// Asked host.
        host: String,
        /// The reason.
        reason: String,
    },
    /// 401 or 403.
    #[error(
        "the hub does not give out {what} (status {status}): it may ask you to accept its terms first. Do so on {page}, then give your token in HF_TOKEN (or log in with the hub's own program)"
    )]
    Gated {
        /// File and repository.
        what: String,
        /// HTTP status.
        status: u16,
        /// The repository's page.
        page: String,
    },
    /// 404.
    #[error(
        "the hub has no {what}. It may have been renamed: look at {page}, and add the files yourself with `lookalike models add`"
    )]
    NotThere {
        /// File and repository.
        what: String,
        /// The repository's page.
        page: String,
    },
    /// Any other answer.
    #[error("the hub answered {what} with {answer}. Try again later")]
    Answer {
        /// File and repository.
        what: String,
        /// Status or what was wrong with the answer.
        answer: String,
    },
    /// The connection broke too often.
    #[error("the download broke off after {n_done} bytes: {reason}. What arrived is kept; getting it again goes on from there: {}", path.display())]
    BrokeOff {
        /// Bytes that are there.
        n_done: u64,
        /// The last reason.
        reason: String,
        /// The file.
        path: PathBuf,
    },
    /// The bytes are not the ones promised.
    #[error("the file is not what it should be: {what} should be {expected}, is {found}. {remedy}: {}", path.display())]
    Different {
        /// "its SHA-256" or "its size".
        what: &'static str,
        /// As promised.
        expected: String,
        /// As found.
        found: String,
        /// What to do.
        remedy: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A file that is to become part of a model cannot be used.
    #[error("the file cannot be used: {reason}. {remedy}: {}", path.display())]
    BadFile {
        /// What is wrong with it.
        reason: String,
        /// What to do.
        remedy: String,
        /// The file.
        path: PathBuf,
    },
    /// Another program downloads it.
    #[error("another window downloads this model already. Wait for it: {}", .0.display())]
    Busy(PathBuf),
    /// The disk refused.
    #[error("the disk refused: {reason}. Check free space and permissions, or choose another models folder: {}", path.display())]
    Disk {
        /// The system's reason.
        reason: String,
        /// The file or folder.
        path: PathBuf,
    },
    /// From reading a weight file.
    #[error(transparent)]
    Encode(#[from] crate::encode::EncodeError),
    /// Stopped on request.
    #[error("stopped; what arrived is kept, and getting it again goes on from there")]
    Cancelled,
}

impl ModelError {
    pub(super) fn disk(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |error| Self::Disk { reason: error.to_string(), path }
    }
}
