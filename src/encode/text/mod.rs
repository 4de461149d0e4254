//! Text encoders, one file an architecture.

pub mod architecture;
mod bert;
mod blocks;
mod clip_text;
mod distilbert;
pub mod glove;
pub(super) mod idf_word;
pub mod minilm;
mod siglip_text;
mod stop_words;
mod terms;
mod tfidf;
pub(super) mod tfidf_char;
pub(super) mod tfidf_word;
mod tokenizer;
pub mod transformer;
pub mod word_vectors;
mod xlm_roberta;

use super::{EncodeError, ModelEntry, ModelStore, TextEncoder};
use crate::nn::DeviceChoice;

/// Opens a text model of the manifest, by its architecture: word vectors or a transformer.
///
/// # Errors
/// When its files are absent or unusable, its architecture is not known, or the device is not there.
pub(crate) fn open_model(
    entry: &ModelEntry,
    store: &ModelStore,
    device: DeviceChoice,
) -> Result<Box<dyn TextEncoder>, EncodeError> {
    if entry.architecture == glove::ARCHITECTURE {
        return Ok(Box::new(glove::Glove::open(entry, store)?));
    }
    Ok(Box::new(transformer::TransformerEncoder::open(entry, store, device)?))
}
