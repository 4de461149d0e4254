//! Text encoders, one file an architecture.

pub mod architecture;
mod bert;
mod blocks;
mod clip_text;
mod distilbert;
pub mod glove;
pub(super) mod idf_word;
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

use super::{EncodeError, Encoder, ModelEntry, ModelStore};
use crate::nn::{DeviceChoice, Precision};

/// Opens a model of the manifest.
///
/// # Errors
/// When its files are absent or unusable, or the device is not there.
pub(super) fn open_model(
    entry: &ModelEntry,
    store: &ModelStore,
    device: DeviceChoice,
    precision: Precision,
) -> Result<Encoder, EncodeError> {
    Ok(Encoder::Text(match entry.architecture.as_str() {
        glove::ARCHITECTURE => Box::new(glove::Glove::open(entry, store)?),
        _ => Box::new(transformer::TransformerEncoder::open(entry, store, device, precision)?),
    }))
}
