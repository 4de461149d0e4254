//! Titles into English, before they are encoded, by a Marian translator (opus-mt). An optional step: encoders that know
//! many languages need none. Files lie in one folder: model.safetensors, config.json, vocab.json and source.spm.
//! It keeps nothing between two calls, and never changes a title it cannot translate.

mod config;
mod model;
mod protobuf;
mod search;
mod sentencepiece;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use self::config::MarianConfig;
use self::model::Marian;
pub use self::search::Search;
use self::sentencepiece::{SPACE, SentencePiece};
use super::{EncodeError, ModelEntry, ModelStore};
use crate::nn::{DeviceChoice, Weights, open_device};

/// Files of a translator, the weights first.
pub const TRANSLATOR_FILES: &[&str] = &["model.safetensors", "config.json", "vocab.json", "source.spm"];

const WEIGHTS: &str = "model.safetensors";
const CONFIG: &str = "config.json";
const VOCABULARY: &str = "vocab.json";
const SOURCE: &str = "source.spm";
const UNKNOWN: &str = "<unk>";
/// Raised when the same files and titles give other translations.
const CODE_VERSION: u32 = 1;
/// Titles a pass; they are of about one length.
const TITLES_PER_PASS: usize = 16;
const TITLES_PER_PASS_GPU: usize = 256;

/// How titles are translated; part of the fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TranslateOptions {
    /// How the translation is searched.
    pub search: Search,
    /// The most tokens of a translation for each of its title's, where the model's own limit is not lower; a network
    /// that begins to repeat itself stops there. `None` leaves only the model's limit.
    pub tokens_per_token: Option<usize>,
}

impl Default for TranslateOptions {
    /// Greedy, at most three tokens for each, as Marian itself limits its translations.
    fn default() -> Self {
        Self { search: Search::Greedy, tokens_per_token: Some(3) }
    }
}

/// Short titles may grow by so many tokens beyond their share.
const SPARE_TOKENS: usize = 8;

/// An opened translator.
pub struct Translator {
    model: Marian,
    config: MarianConfig,
    source: SentencePiece,
    ids: HashMap<String, u32>,
    /// By id; specials are empty.
    pieces: Vec<String>,
    unknown_id: u32,
    options: TranslateOptions,
    digest: String,
}

impl std::fmt::Debug for Translator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Translator")
            .field("digest", &self.digest)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Translator {
    /// Opens the translator of a folder with [`TRANSLATOR_FILES`].
    ///
    /// # Errors
    /// When a file is absent or unusable, or the device is not there.
    pub fn open(folder: &Path, device: DeviceChoice) -> Result<Self, EncodeError> {
        let locate = |name: &str| {
            let path = folder.join(name);
            if path.is_file() { Ok(path) } else { Err(absent(folder, name)) }
        };
        Self::open_files(&locate, device)
    }

    /// Opens a translator of the manifest, wherever the store keeps its files.
    ///
    /// # Errors
    /// As [`Translator::open`].
    pub fn open_model(
        entry: &ModelEntry,
        store: &ModelStore,
        device: DeviceChoice,
    ) -> Result<Self, EncodeError> {
        Self::open_files(&|name| store.file(&entry.id, name), device)
    }

    /// The same translator with other options.
    #[must_use]
    pub fn with_options(self, options: TranslateOptions) -> Self {
        Self { options, ..self }
    }

    /// Identifies files and options: translations of one title under one fingerprint are the same for ever.
    pub fn fingerprint(&self) -> String {
        format!("marian v{CODE_VERSION}; {:?}; {}", self.options, self.digest)
    }

    /// Whether it computes on the CPU, where several threads may use it and a call works on several batches at once.
    pub fn is_on_cpu(&self) -> bool {
        self.model.device().is_cpu()
    }

    /// How many titles one call of [`Translator::translate`] likes.
    pub fn batch_size(&self) -> usize {
        if self.model.device().is_cpu() { TITLES_PER_PASS } else { TITLES_PER_PASS_GPU }
    }

    /// The ids of a title as the network reads it, the end included, cut to the network's length.
    pub fn token_ids(&self, title: &str) -> Vec<u32> {
        let pieces = self.source.pieces(title);
        let mut ids: Vec<u32> =
            pieces.iter().map(|piece| self.ids.get(piece).copied().unwrap_or(self.unknown_id)).collect();
        ids.truncate(self.config.n_positions.min(self.config.max_tokens).saturating_sub(1));
        ids.push(self.config.end_id);
        ids
    }

    /// Translates titles, one for one. A title without words, and one whose translation comes out empty, stays as it
    /// is.
    ///
    /// # Errors
    /// When the device fails.
    pub fn translate(&self, titles: &[&str]) -> Result<Vec<String>, EncodeError> {
        let ids: Vec<Vec<u32>> = titles.par_iter().map(|title| self.token_ids(title)).collect();
        let translated = self.translate_ids(&ids)?;
        let texts = titles.iter().zip(&translated).map(|(title, ids)| {
            let text = self.text(ids);
            if text.is_empty() { (*title).to_owned() } else { text }
        });
        Ok(texts.collect())
    }

    /// The same between ids; a title of nothing but the end gives nothing.
    fn translate_ids(&self, ids: &[Vec<u32>]) -> Result<Vec<Vec<u32>>, EncodeError> {
        let mut order: Vec<usize> = (0..ids.len()).filter(|&title| ids[title].len() > 1).collect();
        order.sort_by_key(|&title| ids[title].len());
        let run = |pass: &[usize]| {
            let titles: Vec<&[u32]> = pass.iter().map(|&title| ids[title].as_slice()).collect();
            let limits: Vec<usize> = titles.iter().map(|ids| self.limit(ids.len())).collect();
            search::search(&self.model, &self.config, &titles, &limits, self.options.search)
        };
        // On the CPU passes run side by side: a step of decoding is too little work for several threads.
        let passes: Vec<Vec<Vec<u32>>> = if self.model.device().is_cpu() {
            order.par_chunks(self.batch_size()).map(run).collect::<Result<_, _>>()?
        } else {
            order.chunks(self.batch_size()).map(run).collect::<Result<_, _>>()?
        };
        let mut translated = vec![Vec::new(); ids.len()];
        for (title, ids) in order.into_iter().zip(passes.into_iter().flatten()) {
            translated[title] = ids;
        }
        Ok(translated)
    }

    /// The most tokens, start and end counted, of the translation of a title of so many.
    fn limit(&self, n_tokens: usize) -> usize {
        let share =
            self.options.tokens_per_token.map(|factor| n_tokens.saturating_mul(factor) + SPARE_TOKENS);
        share.map_or(self.config.max_tokens, |share| share.min(self.config.max_tokens))
    }

    /// The text of ids, specials left out.
    fn text(&self, ids: &[u32]) -> String {
        let pieces = ids.iter().filter_map(|&id| self.pieces.get(id as usize));
        pieces.map(String::as_str).collect::<String>().replace(SPACE, " ").trim().to_owned()
    }

    /// Opens a translator whose files lie where `locate` says.
    ///
    /// # Errors
    /// As [`Translator::open`], or what `locate` says.
    pub(in crate::encode) fn open_files(
        locate: &dyn Fn(&str) -> Result<PathBuf, EncodeError>,
        device: DeviceChoice,
    ) -> Result<Self, EncodeError> {
        let bad = |path: &Path, reason: String| EncodeError::BadModelFile { path: path.to_owned(), reason };
        let mut hasher = blake3::Hasher::new();
        let mut bytes_of = |name: &str| {
            let path = locate(name)?;
            let bytes = std::fs::read(&path).map_err(|error| bad(&path, error.to_string()))?;
            hasher.update(blake3::hash(&bytes).as_bytes());
            Ok::<_, EncodeError>((path, bytes))
        };
        let (path, json) = bytes_of(CONFIG)?;
        let config =
            MarianConfig::read(&String::from_utf8_lossy(&json)).map_err(|reason| bad(&path, reason))?;
        let (path, json) = bytes_of(VOCABULARY)?;
        let ids: HashMap<String, u32> =
            serde_json::from_slice(&json).map_err(|error| bad(&path, error.to_string()))?;
        let (unknown_id, pieces) = pieces_by_id(&ids, &config).map_err(|reason| bad(&path, reason))?;
        let (path, bytes) = bytes_of(SOURCE)?;
        let source = SentencePiece::read(&bytes).map_err(|reason| bad(&path, reason))?;
        // No step needs target.spm: the vocabulary spells the target's pieces.
        let weights = Weights::open(&locate(WEIGHTS)?)?;
        hasher.update(weights.digest().as_bytes());
        let device = open_device(device)?;
        let model = Marian::load(&config, weights, &device)?;
        let digest = hasher.finalize().to_hex().to_string();
        Ok(Self {
            model,
            config,
            source,
            ids,
            pieces,
            unknown_id,
            options: TranslateOptions::default(),
            digest,
        })
    }
}

/// Id of the unknown piece, and every piece's spelling by its id, specials empty.
fn pieces_by_id(ids: &HashMap<String, u32>, config: &MarianConfig) -> Result<(u32, Vec<String>), String> {
    let Some(&unknown_id) = ids.get(UNKNOWN) else {
        return Err(format!("it lacks the piece `{UNKNOWN}`"));
    };
    let mut pieces = vec![String::new(); config.vocabulary];
    for (piece, &id) in ids {
        let Some(slot) = pieces.get_mut(id as usize) else {
            return Err(format!(
                "its piece {piece:?} has id {id}, beyond the {} of the model",
                config.vocabulary
            ));
        };
        if ![config.end_id, config.padding_id, unknown_id].contains(&id) {
            slot.clone_from(piece);
        }
    }
    Ok((unknown_id, pieces))
}

fn absent(folder: &Path, name: &str) -> EncodeError {
    EncodeError::ModelAbsent {
        model: folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned(),
        missing: name.to_owned(),
        looked_in: folder.to_owned(),
    }
}

#[cfg(test)]
pub(crate) mod tests;
