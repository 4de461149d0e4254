//! One line of the manifest: what a model is, where it comes from and what is in its folder. Facts only; a size or digest
//! that is not known first-hand is absent.

use serde::{Deserialize, Serialize};

use crate::encode::{Modality, Preprocess};

/// A model with published weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry {
    /// Stable id: the encoder's id and the name of the model's folder.
    pub id: String,
    /// Name shown to people.
    pub label: String,
    /// One sentence: what it is good for.
    pub summary: String,
    /// What it reads.
    pub modality: Modality,
    /// Id of its architecture ([`crate::encode::IMAGE_ARCHITECTURES`], [`crate::encode::TEXT_ARCHITECTURES`]).
    pub architecture: String,
    /// Where it can be downloaded; `None` for files the user brings.
    #[serde(default)]
    pub source: Option<ModelSource>,
    /// Its files; the first is the weights.
    pub files: Vec<ModelFile>,
    /// SPDX id, or the licence's name where it has none.
    pub licence: String,
    /// Numbers an embedding.
    pub width: usize,
    /// How pictures are prepared where the folder has no config.json that says so.
    #[serde(default)]
    pub preprocess: Option<Preprocess>,
    /// How titles are read and pooled; `None` for pictures.
    #[serde(default)]
    pub text: Option<TextInput>,
}

/// A repository on a hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSource {
    /// "owner/name" on the Hugging Face hub.
    pub repository: String,
    /// Branch, tag or commit.
    pub revision: String,
}

/// A file of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Path in the repository and in the model's folder, with forward slashes.
    pub name: String,
    /// Its size, where known first-hand.
    #[serde(default)]
    pub n_bytes: Option<u64>,
    /// Its SHA-256 in hexadecimal, where known first-hand.
    #[serde(default)]
    pub sha256: Option<String>,
}

/// How titles become a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextInput {
    /// Tokens a title, special ones counted; what lies beyond is cut off.
    pub max_tokens: usize,
    /// How token rows become one.
    pub pooling: Pooling,
    /// Put before every title ("query: " for E5), often empty.
    #[serde(default)]
    pub prefix: String,
}

/// How token rows become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pooling {
    /// Mean over the real tokens.
    Mean,
    /// The first token.
    Cls,
    /// What the architecture itself ends in (CLIP, SigLIP, GloVe).
    Own,
}
