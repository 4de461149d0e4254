//! What is there of each model, for lists; and removing one. Looks at names and sizes only, opens no weights.

use std::path::PathBuf;

use serde::Serialize;

use super::added::ADDED_FILE;
use super::lock::{LOCK_FILE, Lock};
use super::{Manifest, ModelEntry, ModelError, ModelStore, Place};

/// A model and what is there of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelStatus {
    /// The model.
    pub entry: ModelEntry,
    /// How much of it is there.
    pub presence: Presence,
    /// Bytes on disk, parts of an unfinished download included.
    pub n_bytes: u64,
    /// Whether the digests of all its files are known.
    pub is_pinned: bool,
    /// Whether the user brought it, rather than the manifest.
    pub is_own: bool,
}

/// How much of a model is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Presence {
    /// All its files; the place of its weights.
    Present(Place),
    /// Part of a download, or some of the files.
    Partial,
    /// Nothing.
    Absent,
}

impl Presence {
    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Present(_) => "ready",
            Self::Partial => "unfinished",
            Self::Absent => "absent",
        }
    }
}

impl ModelStatus {
    /// Whether all its files are there.
    pub fn is_ready(&self) -> bool {
        matches!(self.presence, Presence::Present(_))
    }
}

impl ModelStore {
    /// Every model with what is there of it.
    pub fn statuses(&self) -> Vec<ModelStatus> {
        self.entries().into_iter().map(|entry| self.status(entry)).collect()
    }

    /// What is there of one model.
    pub fn status(&self, entry: ModelEntry) -> ModelStatus {
        let length = |path: PathBuf| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        let found: Vec<_> = entry.files.iter().map(|file| self.locate(&entry, &file.name)).collect();
        let folder = self.model_folder(&entry.id);
        let parts = entry.files.iter().map(|file| length(folder.join(format!("{}.part", file.name))));
        let n_bytes =
            parts.sum::<u64>() + found.iter().flatten().map(|(path, _)| length(path.clone())).sum::<u64>();
        let presence = match found.first() {
            Some(Some((_, place))) if found.iter().all(Option::is_some) => Presence::Present(*place),
            _ if n_bytes > 0 => Presence::Partial,
            _ => Presence::Absent,
        };
        let lock = Lock::read(&folder).unwrap_or_default();
        let is_pinned =
            entry.files.iter().all(|file| file.sha256.is_some() || lock.files.contains_key(&file.name));
        let is_own = Manifest::built_in().find(&entry.id).is_none();
        ModelStatus { presence, n_bytes, is_pinned, is_own, entry }
    }

    /// Removes a model's files from the models folder, unfinished downloads too; files elsewhere and files nobody here wrote
    /// stay. Gives how many bytes became free.
    ///
    /// # Errors
    /// When there is nothing of it in the models folder, or the disk refuses.
    pub fn remove(&self, id: &str) -> Result<u64, ModelError> {
        let entry = self.entry(id).ok_or_else(|| ModelError::Unknown(id.to_owned()))?;
        let folder = self.model_folder(id);
        let names = entry.files.iter().flat_map(|file| {
            ["", ".part", ".part.ron", ".part.ron.new"].map(|ending| format!("{}{ending}", file.name))
        });
        let own = [LOCK_FILE, ADDED_FILE, ".downloading"].map(str::to_owned);
        let (mut n_bytes, mut n_files) = (0, 0);
        for name in names.chain(own) {
            let path = folder.join(name);
            let Ok(metadata) = std::fs::symlink_metadata(&path) else { continue };
            std::fs::remove_file(&path).map_err(ModelError::disk(&path))?;
            n_bytes += metadata.len();
            n_files += 1;
        }
        // Only an empty folder goes.
        let _ = std::fs::remove_dir(&folder);
        if n_files == 0 {
            return Err(ModelError::BadFile {
                reason: format!("nothing of `{id}` is in the models folder"),
                remedy: "What lies in another program's cache is that program's to remove".to_owned(),
                path: folder,
            });
        }
        Ok(n_bytes)
    }
}
