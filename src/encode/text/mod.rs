//! Text encoders, one file an architecture.

pub mod architecture;
pub(super) mod idf_word;
pub mod minilm;
mod stop_words;
mod terms;
mod tfidf;
pub(super) mod tfidf_char;
pub(super) mod tfidf_word;

use super::{EncodeError, Encoder, ModelEntry, ModelStore};
use crate::nn::DeviceChoice;

/// Opens a model of the manifest.
///
/// # Errors
/// When its files are absent or unusable, or the device is not there.
pub(super) fn open_model(
    entry: &ModelEntry,
    store: &ModelStore,
    device: DeviceChoice,
) -> Result<Encoder, EncodeError> {
    if entry.id == minilm::MODEL {
        return Ok(Encoder::Text(Box::new(minilm::MiniLm::open(store, device)?)));
    }
    Err(EncodeError::BrokenEncoder(format!(
        "the model `{}` is a network of the kind `{}`, which this program cannot open",
        entry.id, entry.architecture
    )))
}
