//! Why an encoder cannot be opened or run.

use std::path::PathBuf;

/// Errors of encoders.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// No such encoder.
    #[error("there is no encoder `{0}`. `lookalike encoders` lists them")]
    UnknownEncoder(String),
    /// There is a description of it that cannot be used; the message says which file and why.
    #[error("{0}")]
    BrokenEncoder(String),
    /// It learns from a catalogue, and has not yet.
    #[error(
        "`{encoder}` learns from a catalogue's own pictures before it can compare them. Index a project with it"
    )]
    NotTrained {
        /// The encoder.
        encoder: String,
    },
    /// It has no network whose weights could be trained further.
    #[error(
        "`{encoder}` has no network that can be trained further. Choose an encoder of pictures with an architecture of its own, such as mobilenetv2_tf"
    )]
    NotTrainable {
        /// The encoder.
        encoder: String,
    },
    /// A network cannot be cut where it was asked for.
    #[error(
        "the network of `{encoder}` cannot be trained from `{block}` on. Choose one of its blocks: {}", blocks.join(", ")
    )]
    NoSuchBlock {
        /// The encoder.
        encoder: String,
        /// What was asked for.
        block: String,
        /// Where it can be cut, in order.
        blocks: Vec<String>,
    },
    /// The model's files are not there.
    #[error("the model `{model}` is not there: {missing} is missing. Get it in the window's Models panel or with `lookalike models get {model}`, or give its folder with --models or LOOKALIKE_MODELS; looked in {}", looked_in.display())]
    ModelAbsent {
        /// Model folder name.
        model: String,
        /// First missing file.
        missing: String,
        /// Models folder.
        looked_in: PathBuf,
    },
    /// A model file is there but wrong.
    #[error("the model file is not usable: {reason}: {}", path.display())]
    BadModelFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// From the layer below.
    #[error(transparent)]
    Nn(#[from] crate::nn::NnError),
}

impl From<candle_core::Error> for EncodeError {
    fn from(error: candle_core::Error) -> Self {
        Self::Nn(error.into())
    }
}
