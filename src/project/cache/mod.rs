//! embeddings/KEY/: shards in safetensors with posting keys and content hashes inside, so that embedding resumes where
//! it stopped, a re-scan recomputes only what changed, and a key's whole matrix is assembled in catalogue order.
//! A shard is written once, atomically; a damaged shard is set aside and recomputed, never trusted.

mod assemble;
mod format;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use self::format::{Digest, FileReader, FileWriter, ShardHeader, n_rows};
use super::ProjectError;
use super::atomic::{remove_abandoned, write_atomic};
use crate::encode::{EmbeddingRows, Embeddings};
use crate::index::{Joined, Neighbors, SearchReport};

/// A whole matrix.
const WHOLE: &str = "whole.safetensors";
/// Neighbour lists.
const NEIGHBORS: &str = "neighbors.safetensors";
/// A short text beside them.
const REMARK: &str = "remark.json";
/// How neighbours were found, in the notes of their file.
const SEARCH: &str = "search";
/// What shard names begin with.
const SHARD: &str = "shard-";
/// What a damaged file's name is given.
const DAMAGED: &str = ".damaged";
/// What the file with the reason is given.
const REASON: &str = ".txt";

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
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        Self { encoder: encoder.to_owned(), digest: hasher.finalize().to_hex().to_string() }
    }

    /// Folder name: `ENCODER-DIGEST` (first 16 digits).
    pub fn folder_name(&self) -> String {
        let plain = |letter: char| {
            if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '_' }
        };
        let encoder: String = self.encoder.chars().map(plain).collect();
        format!("{encoder}-{}", self.digest.get(..16).unwrap_or(&self.digest))
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
    folder: PathBuf,
}

/// A file of the cache that could not be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedFile {
    /// Where it was set aside.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
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
        let mut known: HashSet<Digest> = HashSet::new();
        for (_, header) in self.shards(key)? {
            known.extend(header.contents);
            known.extend(header.failed.into_iter().map(|(content, _)| content));
        }
        Ok(contents.iter().map(|content| known.contains(content)).collect())
    }

    /// Contents that cannot be embedded under `key`, with the reasons.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn failed(&self, key: &CacheKey) -> Result<Vec<([u8; 32], String)>, ProjectError> {
        Ok(self.shards(key)?.into_iter().flat_map(|(_, header)| header.failed).collect())
    }

    /// Files of `key` that were found damaged and set aside, with the reasons.
    pub fn damaged(&self, key: &CacheKey) -> Vec<DamagedFile> {
        let files = std::fs::read_dir(self.folder_of(key)).into_iter().flatten().flatten();
        let damaged = files.map(|file| file.path()).filter(|path| path.to_string_lossy().ends_with(DAMAGED));
        let mut damaged: Vec<DamagedFile> = damaged
            .map(|path| {
                let reason = std::fs::read_to_string(with_ending(&path, REASON)).unwrap_or_default();
                DamagedFile { path, reason }
            })
            .collect();
        damaged.sort_by(|x, y| x.path.cmp(&y.path));
        damaged
    }

    /// A writer of shards.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn writer(&self, key: &CacheKey) -> Result<ShardWriter, ProjectError> {
        let folder = self.folder_of(key);
        make_folder(&folder)?;
        remove_abandoned(&folder);
        Ok(ShardWriter { folder })
    }

    /// Assembles rows in the order of `contents` (`None` = absent posting, or a picture that could not be decoded).
    /// Returns `None` when some content has no row yet, also because the shard that held it is damaged.
    ///
    /// # Errors
    /// When a shard cannot be read.
    pub fn load(
        &self,
        key: &CacheKey,
        contents: &[Option<[u8; 32]>],
    ) -> Result<Option<Embeddings>, ProjectError> {
        let shards = self.shards(key)?;
        let (index, is_complete) = assemble::Index::new(&shards, contents);
        if !is_complete {
            return Ok(None);
        }
        let read = |path: &PathBuf| {
            FileReader::new(&std::fs::read(path).map_err(|error| error.to_string())?)?.rows()
        };
        let paths: Vec<&PathBuf> = shards.iter().map(|(path, _)| path).collect();
        let mut is_whole = true;
        let mut rows = Vec::new();
        for (path, read) in paths.iter().zip(index.read(&paths, read)) {
            match read {
                Ok(shard) => rows.push(shard),
                Err(reason) => {
                    is_whole = false;
                    let _ = set_aside(path, &reason);
                }
            }
        }
        Ok(is_whole.then(|| index.assemble(&rows)))
    }

    /// Stores a whole named matrix that is not per-content (fitted encoders, neighbour lists) atomically.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn save_whole(&self, key: &CacheKey, embeddings: &Embeddings) -> Result<(), ProjectError> {
        let mut file = FileWriter::default();
        file.rows(&embeddings.rows);
        let present: Vec<u8> = embeddings.present.iter().map(|&present| u8::from(present)).collect();
        file.tensor("present", safetensors::Dtype::U8, vec![present.len()], &present);
        self.save(key, WHOLE, file)
    }

    /// Loads what [`Self::save_whole`] stored; `None` when there is none, also because it is damaged (it is set aside).
    ///
    /// # Errors
    /// When it is there but unreadable.
    pub fn load_whole(&self, key: &CacheKey) -> Result<Option<Embeddings>, ProjectError> {
        self.load_file(key, WHOLE, |file| {
            let rows = file.rows()?;
            let present: Vec<u8> = file.tensor("present", safetensors::Dtype::U8)?;
            let present: Vec<bool> = present.into_iter().map(|present| present != 0).collect();
            // A matrix of width 0 has no rows to count.
            let is_whole = n_rows(&rows) == present.len() || n_rows(&rows) == 0;
            if is_whole { Ok(Embeddings { rows, present }) } else { Err("rows are missing".to_owned()) }
        })
    }

    /// Stores neighbour lists atomically; `key` names the embeddings, metric, fusion and size they follow from.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn save_neighbors(&self, key: &CacheKey, neighbors: &Neighbors) -> Result<(), ProjectError> {
        let mut file = FileWriter::default();
        file.neighbors(neighbors);
        self.save(key, NEIGHBORS, file)
    }

    /// Loads what [`Self::save_neighbors`] stored, as [`Self::load_whole`] does.
    ///
    /// # Errors
    /// When it is there but unreadable.
    pub fn load_neighbors(&self, key: &CacheKey) -> Result<Option<Neighbors>, ProjectError> {
        self.load_file(key, NEIGHBORS, |file| file.neighbors())
    }

    /// Stores neighbour lists together with how they were found.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn save_joined(&self, key: &CacheKey, joined: &Joined) -> Result<(), ProjectError> {
        let mut file = FileWriter::default();
        file.neighbors(&joined.neighbors);
        if joined.search != SearchReport::Exact {
            // A report is made of numbers alone, so it can always be written.
            file.note(SEARCH, serde_json::to_string(&joined.search).unwrap_or_default());
        }
        self.save(key, NEIGHBORS, file)
    }

    /// Loads what [`Self::save_joined`] stored; lists that do not say how they were found are exact.
    ///
    /// # Errors
    /// When they are there but unreadable.
    pub fn load_joined(&self, key: &CacheKey) -> Result<Option<Joined>, ProjectError> {
        self.load_file(key, NEIGHBORS, |file| {
            let search = match file.note(SEARCH) {
                "" => SearchReport::Exact,
                note => serde_json::from_str(note).map_err(|error| error.to_string())?,
            };
            Ok(Joined { neighbors: file.neighbors()?, search })
        })
    }

    /// Stores a short text under a key, atomically.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn save_remark(&self, key: &CacheKey, text: &str) -> Result<(), ProjectError> {
        let folder = self.folder_of(key);
        make_folder(&folder)?;
        let path = folder.join(REMARK);
        write_atomic(&path, text.as_bytes())
            .map_err(|error| ProjectError::Write { path, reason: error.to_string() })
    }

    /// The text [`Self::save_remark`] stored; `None` where there is none or it cannot be read: it only saves work.
    pub fn load_remark(&self, key: &CacheKey) -> Option<String> {
        std::fs::read_to_string(self.folder_of(key).join(REMARK)).ok()
    }

    fn folder_of(&self, key: &CacheKey) -> PathBuf {
        self.folder.join(key.folder_name())
    }

    fn save(&self, key: &CacheKey, name: &str, file: FileWriter) -> Result<(), ProjectError> {
        let folder = self.folder_of(key);
        make_folder(&folder)?;
        write_file(&folder.join(name), file)
    }

    fn load_file<T>(
        &self,
        key: &CacheKey,
        name: &str,
        parse: impl FnOnce(&FileReader<'_>) -> Result<T, String>,
    ) -> Result<Option<T>, ProjectError> {
        let path = self.folder_of(key).join(name);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(read_error(&path, &error)),
        };
        match FileReader::new(&bytes).and_then(|file| parse(&file)) {
            Ok(content) => Ok(Some(content)),
            Err(reason) => {
                let _ = set_aside(&path, &reason);
                Ok(None)
            }
        }
    }

    /// All shards of a key by name, those with a damaged header set aside.
    fn shards(&self, key: &CacheKey) -> Result<Vec<(PathBuf, ShardHeader)>, ProjectError> {
        let folder = self.folder_of(key);
        let files = match std::fs::read_dir(&folder) {
            Ok(files) => files,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(read_error(&folder, &error)),
        };
        let is_shard = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(SHARD) && name.ends_with(".safetensors")
        };
        let mut paths: Vec<PathBuf> = files.flatten().map(|file| file.path()).filter(is_shard).collect();
        paths.sort();
        let mut shards = Vec::new();
        for path in paths {
            let mut file = File::open(&path).map_err(|error| read_error(&path, &error))?;
            match ShardHeader::read(&mut file) {
                Ok(header) => shards.push((path, header)),
                Err(reason) => {
                    let _ = set_aside(&path, &reason);
                }
            }
        }
        Ok(shards)
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
        // Time-ordered, so that shards are read in the order in which they were written.
        let path = self.folder.join(format!("{SHARD}{}.safetensors", uuid::Uuid::now_v7().simple()));
        if n_rows(rows) != contents.len() {
            let reason = format!("{} rows for {} contents", n_rows(rows), contents.len());
            return Err(ProjectError::Write { path, reason });
        }
        let (failed, reasons): (Vec<Digest>, Vec<&str>) =
            failed.iter().map(|(content, reason)| (*content, reason.as_str())).unzip();
        let mut file = FileWriter::default();
        file.rows(rows);
        file.header(contents, &failed);
        file.note("reasons", serde_json::json!(reasons).to_string());
        write_file(&path, file)
    }
}

fn make_folder(folder: &Path) -> Result<(), ProjectError> {
    std::fs::create_dir_all(folder)
        .map_err(|error| ProjectError::Write { path: folder.to_owned(), reason: error.to_string() })
}

fn write_file(path: &Path, file: FileWriter) -> Result<(), ProjectError> {
    let bytes = file.finish();
    bytes
        .and_then(|bytes| write_atomic(path, &bytes).map_err(|error| error.to_string()))
        .map_err(|reason| ProjectError::Write { path: path.to_owned(), reason })
}

/// Renames a damaged file, so that it is neither used nor lost. Where that fails (a read-only disk) it is passed over
/// again next time. Gives where the file is now.
pub(super) fn set_aside(path: &Path, reason: &str) -> PathBuf {
    let aside = with_ending(path, DAMAGED);
    if std::fs::rename(path, &aside).is_err() {
        return path.to_owned();
    }
    let _ = write_atomic(&with_ending(&aside, REASON), reason.as_bytes());
    aside
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn read_error(path: &Path, error: &std::io::Error) -> ProjectError {
    ProjectError::Read {
        what: "the embedding cache",
        reason: error.to_string(),
        remedy: "Check that it may be read; it can be deleted at the price of embedding again",
        path: path.to_owned(),
    }
}
