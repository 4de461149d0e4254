//! Station 4: the project folder (NAME.lookalike/): settings, the review database, the embedding cache.
//! Everything is written to a temporary name, synced and renamed; SQL lives here and nowhere else.

mod atomic;
mod cache;
mod error;
mod lock;
mod review_store;
mod settings;
pub mod user_files;

pub use atomic::write_atomic;
pub use cache::{CacheKey, EmbeddingCache, ShardWriter};
pub use error::ProjectError;
pub use lock::{Access, ProjectLock};
pub use review_store::{Appended, ReviewStore};
pub use settings::{MatchSettings, ProjectSettings};

use std::path::{Path, PathBuf};

/// An open project folder.
#[derive(Debug)]
pub struct Project {
    folder: PathBuf,
    settings: ProjectSettings,
    lock: ProjectLock,
}

impl Project {
    /// Creates the folder (or opens it when it is already a project, replacing its catalogue source and keeping decisions).
    ///
    /// # Errors
    /// When it cannot be written, or lies on a network drive where SQLite's WAL does not work.
    pub fn create(folder: &Path, settings: ProjectSettings) -> Result<Self, ProjectError> {
        let _ = (folder, settings);
        unimplemented!()
    }

    /// Opens an existing project; `Access::ReadOnly` when another window holds the lock.
    ///
    /// # Errors
    /// As [`Self::create`], or when it is no project, or its settings are unreadable or newer than this program.
    pub fn open(folder: &Path) -> Result<Self, ProjectError> {
        unimplemented!("{folder:?}")
    }

    /// The default folder of a catalogue's project: beside it when writable, else in the user's data folder.
    pub fn default_folder(source: &crate::catalog::CatalogSource) -> PathBuf {
        unimplemented!("{source:?}")
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Display name (folder name without extension).
    pub fn name(&self) -> String {
        unimplemented!()
    }

    /// The settings as last read or saved.
    pub fn settings(&self) -> &ProjectSettings {
        &self.settings
    }

    /// Saves settings atomically.
    ///
    /// # Errors
    /// When the project is read-only or the disk refuses.
    pub fn save_settings(&mut self, settings: ProjectSettings) -> Result<(), ProjectError> {
        unimplemented!("{settings:?}")
    }

    /// Whether this process may write.
    pub fn access(&self) -> Access {
        self.lock.access()
    }

    /// Asks the holder to give way, or takes the lock when the holder is gone or agrees; the holder turns read-only.
    ///
    /// # Errors
    /// When the holder does not answer within some seconds.
    pub fn take_over(&mut self) -> Result<(), ProjectError> {
        unimplemented!()
    }

    /// To be polled about once a second by the holder: gives way when another window asked; returns the access from now on.
    pub fn poll_lock(&mut self) -> Access {
        unimplemented!()
    }

    /// Opens the decision log (read-only when the project is).
    ///
    /// # Errors
    /// When the database is damaged (says which file and how to go on) or cannot be opened.
    pub fn review_store(&self) -> Result<ReviewStore, ProjectError> {
        unimplemented!()
    }

    /// The embedding cache.
    pub fn cache(&self) -> EmbeddingCache {
        unimplemented!()
    }
}
