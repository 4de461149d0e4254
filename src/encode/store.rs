//! Where model files come from: a local folder with one sub-folder a model.

use std::path::{Path, PathBuf};

use super::EncodeError;

/// A folder of models (`--models DIR`, `LOOKALIKE_MODELS`).
#[derive(Clone, Debug)]
pub struct ModelStore {
    folder: PathBuf,
}

impl ModelStore {
    /// A store over `folder`, which need not exist.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder given by the user, else `LOOKALIKE_MODELS`, else `models` in the user's data folder.
    pub fn resolve(given: Option<&Path>) -> Self {
        unimplemented!("{given:?}")
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Path of a model's file.
    ///
    /// # Errors
    /// [`EncodeError::ModelAbsent`].
    pub fn file(&self, model: &str, name: &str) -> Result<PathBuf, EncodeError> {
        unimplemented!("{model}{name}")
    }

    /// Whether all the files an encoder needs are there.
    pub fn has(&self, model: &str) -> bool {
        unimplemented!("{model}")
    }
}
