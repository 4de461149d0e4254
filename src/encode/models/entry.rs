//! One line of the manifest: what a model is, where it comes from and what is in its folder. Facts only; a size or digest
//! that is not known first-hand is absent.

use serde::{Deserialize, Serialize};

use crate::encode::{Modality, Preprocess};

/// Architecture of files of word vectors, one word a line or word2vec's binary form; they have no tensors.
pub(super) const WORD_VECTORS: &str = "glove";

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
    /// What it is for.
    #[serde(default)]
    pub purpose: Purpose,
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
    /// Numbers in its weights, where known first-hand; says about how large a download is.
    #[serde(default)]
    pub n_parameters: Option<u64>,
    /// How pictures are prepared where the folder has no config.json that says so.
    #[serde(default)]
    pub preprocess: Option<Preprocess>,
    /// How titles are read and pooled; `None` for pictures.
    #[serde(default)]
    pub text: Option<TextInput>,
}

impl ModelEntry {
    /// The file of weights.
    pub fn weights(&self) -> Option<&ModelFile> {
        self.files.first()
    }

    /// Bytes to download, exact where every size is known, else about (four for each number of the weights).
    pub fn size(&self) -> Option<ModelSize> {
        let known: Option<u64> = self.files.iter().map(|file| file.n_bytes).sum();
        let about = || self.n_parameters.map(|n| ModelSize::About(n.saturating_mul(4)));
        known.map(ModelSize::Exact).or_else(about)
    }

    /// Whether the entry makes sense in itself; names that could leave the models folder are refused.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn check(&self) -> Result<(), String> {
        let is_plain = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c))
        };
        if !is_plain(&self.id) {
            return Err(format!("the id {:?} is no plain name (letters, digits, - _ .)", self.id));
        }
        if self.width == 0 {
            return Err("the width is 0".to_owned());
        }
        let weights = self.weights().ok_or("it has no files")?;
        // Word vectors are the one kind of model that is not published as tensors.
        let endings: &[&str] = match self.architecture.as_str() {
            WORD_VECTORS => &[".txt", ".vec", ".bin"],
            _ => &[".safetensors"],
        };
        if !endings.iter().any(|ending| weights.name.ends_with(ending)) {
            return Err(format!("the weights {:?} are no {} file", weights.name, endings.join(", ")));
        }
        for file in &self.files {
            if !file.name.split('/').all(is_plain) {
                return Err(format!("the file name {:?} is no plain relative path", file.name));
            }
        }
        if let Some(source) = &self.source {
            let n_parts = source.repository.split('/').count();
            if n_parts > 2 || !source.repository.split('/').all(is_plain) {
                return Err(format!("the repository {:?} is not owner/name", source.repository));
            }
            if !source.revision.split('/').all(is_plain) {
                return Err(format!("the revision {:?} is no branch, tag or commit", source.revision));
            }
        }
        Ok(())
    }
}

/// What a model is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// It turns pictures or titles into rows.
    #[default]
    Encode,
    /// It turns titles into English ones.
    Translate,
}

/// How much a model takes on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ModelSize {
    /// So many bytes.
    Exact(u64),
    /// About so many bytes, computed from the number of parameters.
    About(u64),
}

impl std::fmt::Display for ModelSize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(n_bytes) => f.write_str(&bytes_in_words(*n_bytes)),
            Self::About(n_bytes) => write!(f, "about {}", bytes_in_words(*n_bytes)),
        }
    }
}

/// Bytes as people say them: "91 MB".
pub fn bytes_in_words(n_bytes: u64) -> String {
    let n = n_bytes as f64;
    match n_bytes {
        0..1_000 => format!("{n_bytes} B"),
        1_000..1_000_000 => format!("{:.0} KB", n / 1e3),
        1_000_000..10_000_000 => format!("{:.1} MB", n / 1e6),
        10_000_000..1_000_000_000 => format!("{:.0} MB", n / 1e6),
        _ => format!("{:.1} GB", n / 1e9),
    }
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
