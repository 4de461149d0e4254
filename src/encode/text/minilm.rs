//! all-MiniLM-L6-v2: a small sentence encoder. BERT's last layer, averaged over the real tokens, at most 256 of them.
//! Wang et al., "MiniLM", NeurIPS 2020; Reimers and Gurevych, "Sentence-BERT", EMNLP 2019. The network is `bert`'s,
//! opened as every other transformer.

use super::open_model;
use crate::encode::{
    EncodeError, Encoder, EncoderOptions, EncoderSpec, Modality, ModelEntry, ModelFile, ModelStore, OutputKind,
    Pooling, TextInput,
};
use crate::nn::DeviceChoice;

/// Name of the model folder.
pub(crate) const MODEL: &str = "all-MiniLM-L6-v2";
/// The files in it.
pub(crate) const FILES: &[&str] = &["model.safetensors", "config.json", "tokenizer.json"];

/// The line of the table.
pub(crate) const SPEC: EncoderSpec = EncoderSpec {
    id: MODEL,
    label: "MiniLM",
    summary: "Compares titles by meaning; knows English best",
    modality: Modality::Text,
    output: OutputKind::Dense,
    model: Some(MODEL),
    open,
};

fn open(store: &ModelStore, device: DeviceChoice, _: &EncoderOptions) -> Result<Encoder, EncodeError> {
    Ok(Encoder::Text(open_model(&entry(), store, device)?))
}

/// What the model is.
pub fn entry() -> ModelEntry {
    let file = |name: &&str| ModelFile { name: (*name).to_owned(), n_bytes: None, sha256: None };
    ModelEntry {
        id: MODEL.to_owned(),
        label: SPEC.label.to_owned(),
        summary: SPEC.summary.to_owned(),
        modality: Modality::Text,
        architecture: "bert".to_owned(),
        source: None,
        files: FILES.iter().map(file).collect(),
        licence: "Apache-2.0".to_owned(),
        width: 384,
        preprocess: None,
        text: Some(TextInput { max_tokens: 256, pooling: Pooling::Mean, prefix: String::new() }),
    }
}
