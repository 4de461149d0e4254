//! What can go wrong between a weight file and a result.

use std::path::PathBuf;

/// Errors of devices, weight files and layers.
#[derive(Debug, thiserror::Error)]
pub enum NnError {
    /// The device was asked for but cannot be used.
    #[error("the device {device} cannot be used: {reason}. Use --device auto or cpu")]
    Device {
        /// As asked for.
        device: String,
        /// The driver's reason.
        reason: String,
    },
    /// The weight file cannot be read.
    #[error("the weight file cannot be read: {reason}. Download it again: {}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is of a kind that is not read; the reason says what to do.
    #[error("the weight file cannot be used: {reason}: {}", path.display())]
    WeightFormat {
        /// The file.
        path: PathBuf,
        /// What it is, and the remedy.
        reason: String,
    },
    /// A tensor is missing or has another shape.
    #[error("tensor `{name}`: expected {expected}, found {found}. The file belongs to another architecture: {}", path.display())]
    Tensor {
        /// The tensor's name.
        name: String,
        /// Expected shape.
        expected: String,
        /// Found shape or "nothing".
        found: String,
        /// The file.
        path: PathBuf,
    },
    /// Tensors could not be written.
    #[error("the tensors could not be written: {0}")]
    Write(#[from] std::io::Error),
    /// candle refused an operation.
    #[error("computation failed: {0}")]
    Candle(#[from] candle_core::Error),
}
