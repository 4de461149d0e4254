//! embeddings/KEY/: shards in safetensors with posting keys and content hashes inside, so that embedding resumes where
//! it stopped, a re-scan recomputes only what changed, and a key's whole matrix is assembled in catalogue order.
//! A shard is written once, atomically; a damaged shard is set aside and recomputed, never trusted.

use std::path::PathBuf;

use super::ProjectError;
use crate::encode::{EmbeddingRows, Embeddings};

/// Names one set of embeddings: encoder id, fingerprint (weights, preprocessing), options; for fitted encoders the corpus digest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey {
    /// Encoder id, for people reading the folder.
    pub encoder: String,
    /// Digest of everything else, hexadecimal.
    pub digest: String,
}

impl CacheKey {
    /// The key of `encoder` with these distinguishing parts.
    pub fn new(encoder: &str, parts: &[&str]) -> Self {
        unimplemented!("{encoder}{parts:?}")
    }

    /// Folder name: `ENCODER-DIGEST` (first 16 digits).
    pub fn folder_name(&self) -> String {
        unimplemented!()
    }
}

/// The embeddings folder of a project.
#[derive(Clone, Debug)]
pub struct EmbeddingCache {
    folder: PathBuf,
}

/// Appends shards of one key.
#[derive(Debug)]
pub struct ShardWriter {
    _private: (),
}

impl EmbeddingCache {
    /// A cache in `folder`.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder.
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// Which of these contents (blake3 of picture bytes or title text) already have a row under `key`.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn cached(&self, key: &CacheKey, contents: &[[u8; 32]]) -> Result<Vec<bool>, ProjectError> {
        unimplemented!("{key:?}{contents:?}")
    }

    /// A writer of shards.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn writer(&self, key: &CacheKey) -> Result<ShardWriter, ProjectError> {
        unimplemented!("{key:?}")
    }

    /// Assembles rows in the order of `contents` (`None` = absent posting, or a picture that could not be decoded).
    /// Returns `None` when some content has no row yet.
    ///
    /// # Errors
    /// When a shard cannot be read.
    pub fn load(
        &self,
        key: &CacheKey,
        contents: &[Option<[u8; 32]>],
    ) -> Result<Option<Embeddings>, ProjectError> {
        unimplemented!("{key:?}{contents:?}")
    }

    /// Stores a whole named matrix that is not per-content (fitted encoders, neighbour lists) atomically.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn save_whole(&self, key: &CacheKey, embeddings: &Embeddings) -> Result<(), ProjectError> {
        unimplemented!("{key:?}{embeddings:?}")
    }

    /// Loads what [`Self::save_whole`] stored.
    ///
    /// # Errors
    /// When it is there but unreadable.
    pub fn load_whole(&self, key: &CacheKey) -> Result<Option<Embeddings>, ProjectError> {
        unimplemented!("{key:?}")
    }
}

impl ShardWriter {
    /// Writes one shard: `contents[i]` belongs to row i; `failed` lists contents that cannot be embedded (with the reason),
    /// so that they are not tried again until they change.
    ///
    /// # Errors
    /// When the disk refuses; then the shard does not exist.
    pub fn write(
        &mut self,
        contents: &[[u8; 32]],
        rows: &EmbeddingRows,
        failed: &[([u8; 32], String)],
    ) -> Result<(), ProjectError> {
        unimplemented!("{contents:?}{rows:?}{failed:?}")
    }
}
