//! translations/KEY/: titles' translations by one translator, in files of JSON lines that are each written once, so that a
//! killed job goes on where it stopped. The first line says by whom, how many rows follow and their digest; a file that
//! does not agree with it is set aside, never trusted. Translates nothing itself.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::atomic::{remove_abandoned, write_atomic};
use super::cache::set_aside;
use super::{DamagedFile, ProjectError};

/// The form of the files.
const VERSION: u32 = 1;
/// What names of files begin with.
const PART: &str = "part-";
/// What names of files end in.
const ENDING: &str = ".jsonl";

/// Translations by the blake3 hash of the title.
pub type Translations = HashMap<[u8; 32], String>;

/// The translations folder of a project.
#[derive(Clone, Debug)]
pub struct TranslationCache {
    folder: PathBuf,
}

/// The first line of a file.
#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    translator: String,
    n_rows: usize,
    /// Of everything below this line, hexadecimal.
    blake3: String,
}

/// Every other line.
#[derive(Serialize, Deserialize)]
struct Row {
    /// Blake3 of the title, hexadecimal.
    title: String,
    translation: String,
}

impl TranslationCache {
    /// A cache in `folder`, which need not exist.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Everything `translator` (its fingerprint) has translated so far, and the files that were found damaged now and set
    /// aside.
    ///
    /// # Errors
    /// When a file is there but cannot be read.
    pub fn load(&self, translator: &str) -> Result<(Translations, Vec<DamagedFile>), ProjectError> {
        let folder = self.folder_of(translator);
        let files = match std::fs::read_dir(&folder) {
            Ok(files) => files,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Default::default()),
            Err(error) => return Err(read_error(&folder, &error)),
        };
        let is_part = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(PART) && name.ends_with(ENDING)
        };
        let mut paths: Vec<PathBuf> = files.flatten().map(|file| file.path()).filter(is_part).collect();
        paths.sort();
        let (mut translations, mut damaged) = (Translations::new(), Vec::new());
        for path in paths {
            let bytes = std::fs::read(&path).map_err(|error| read_error(&path, &error))?;
            match parse(&bytes, translator) {
                Ok(rows) => translations.extend(rows),
                Err(reason) => {
                    let path = set_aside(&path, &reason);
                    damaged.push(DamagedFile { path, reason });
                }
            }
        }
        Ok((translations, damaged))
    }

    /// Writes some translations into a file of their own, whole or not at all.
    ///
    /// # Errors
    /// When the disk refuses; then none of them is kept.
    pub fn append(&self, translator: &str, rows: &[([u8; 32], String)]) -> Result<(), ProjectError> {
        let folder = self.folder_of(translator);
        let refuse = |path: &Path, reason: String| ProjectError::Write { path: path.to_owned(), reason };
        std::fs::create_dir_all(&folder).map_err(|error| refuse(&folder, error.to_string()))?;
        remove_abandoned(&folder);
        // Time-ordered, so that files are read in the order in which they were written.
        let path = folder.join(format!("{PART}{}{ENDING}", uuid::Uuid::now_v7().simple()));
        let text = format(translator, rows).map_err(|error| refuse(&path, error.to_string()))?;
        write_atomic(&path, text.as_bytes()).map_err(|error| refuse(&path, error.to_string()))
    }

    fn folder_of(&self, translator: &str) -> PathBuf {
        let digest = blake3::hash(translator.as_bytes()).to_hex();
        self.folder.join(digest.get(..16).unwrap_or(&digest))
    }
}

fn format(translator: &str, rows: &[([u8; 32], String)]) -> serde_json::Result<String> {
    let mut lines = String::new();
    for (title, translation) in rows {
        let title = blake3::Hash::from_bytes(*title).to_hex().to_string();
        lines.push_str(&serde_json::to_string(&Row { title, translation: translation.clone() })?);
        lines.push('\n');
    }
    let header = Header {
        version: VERSION,
        translator: translator.to_owned(),
        n_rows: rows.len(),
        blake3: blake3::hash(lines.as_bytes()).to_hex().to_string(),
    };
    Ok(format!("{}\n{lines}", serde_json::to_string(&header)?))
}

fn parse(bytes: &[u8], translator: &str) -> Result<Vec<([u8; 32], String)>, String> {
    let end = bytes.iter().position(|&byte| byte == b'\n').ok_or("it has no first line")?;
    let (header, lines) = (bytes.get(..end).unwrap_or_default(), bytes.get(end + 1..).unwrap_or_default());
    let header: Header =
        serde_json::from_slice(header).map_err(|error| format!("its first line: {error}"))?;
    if header.version != VERSION || header.translator != translator {
        return Err("it is of another translator or another version".to_owned());
    }
    if blake3::hash(lines).to_hex().as_str() != header.blake3 {
        return Err("its rows are not those its first line tells of".to_owned());
    }
    let rows = lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).map(|line| {
        let row: Row = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        let title = blake3::Hash::from_hex(&row.title).map_err(|error| error.to_string())?;
        Ok((*title.as_bytes(), row.translation))
    });
    let rows = rows.collect::<Result<Vec<_>, String>>()?;
    if rows.len() == header.n_rows { Ok(rows) } else { Err("rows are missing".to_owned()) }
}

fn read_error(path: &Path, error: &std::io::Error) -> ProjectError {
    ProjectError::Read {
        what: "the translations",
        reason: error.to_string(),
        remedy: "Check that they may be read; they can be deleted at the price of translating again",
        path: path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn row(title: &str, translation: &str) -> ([u8; 32], String) {
        (*blake3::hash(title.as_bytes()).as_bytes(), translation.to_owned())
    }

    fn parts(cache: &TranslationCache, translator: &str) -> Vec<PathBuf> {
        let files = std::fs::read_dir(cache.folder_of(translator)).unwrap();
        let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        paths.sort();
        paths
    }

    #[test]
    fn what_is_written_is_read_back_by_the_same_translator_alone() {
        let folder = tempfile::tempdir().unwrap();
        let cache = TranslationCache::new(folder.path().join("translations"));
        assert_eq!(cache.load("a").unwrap(), (Translations::new(), Vec::new()));
        let rows = [row("tas", "bag \"big\"\n"), row("", ""), row("sepatu", "shoe")];
        cache.append("a", &rows[..2]).unwrap();
        cache.append("a", &rows[2..]).unwrap();
        assert_eq!(cache.load("a").unwrap(), (Translations::from(rows), Vec::new()));
        assert!(cache.load("b").unwrap().0.is_empty());
    }

    #[test]
    fn a_damaged_file_is_set_aside_and_the_others_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let cache = TranslationCache::new(folder.path().to_owned());
        let whole = format("a", &[row("tas", "bag"), row("topi", "hat")]).unwrap();
        let cut = &whole[..whole.len() - 30];
        let (swapped, foreign) = (whole.replace("bag", "bug"), format("b", &[row("tas", "bag")]).unwrap());
        for damaged in ["", "nonsense\n", cut, &swapped, &foreign] {
            cache.append("a", &[row("sepatu", "shoe")]).unwrap();
            let path = cache.folder_of("a").join(format!("{PART}damaged{ENDING}"));
            std::fs::write(&path, damaged).unwrap();
            let (translations, set_aside) = cache.load("a").unwrap();
            assert_eq!(translations, Translations::from([row("sepatu", "shoe")]), "{damaged}");
            assert!(set_aside.len() == 1 && set_aside[0].path.exists() && !path.exists(), "{damaged}");
            assert!(!set_aside[0].reason.is_empty());
            assert!(cache.load("a").unwrap().1.is_empty(), "it is set aside once");
            for path in parts(&cache, "a") {
                std::fs::remove_file(path).unwrap();
            }
        }
    }
}
