//! What was downloaded, kept beside the files as `lock.ron`: the commit, and each file's size and SHA-256. Recorded from the
//! hub's answer at the first download, checked ever after.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{ModelError, write_whole};

/// Name of the file in the model's folder.
pub(super) const LOCK_FILE: &str = "lock.ron";

/// A model's files as they were when they came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Lock {
    /// Where they came from, "owner/name"; absent for files the user added.
    pub repository: Option<String>,
    /// At which commit.
    pub commit: Option<String>,
    /// Name to facts.
    pub files: BTreeMap<String, LockedFile>,
}

/// A file as it was when it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LockedFile {
    /// Its size.
    pub n_bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

impl Lock {
    /// The lock in a model's folder; empty where there is none.
    ///
    /// # Errors
    /// When it is there but no lock: then nothing about the files is known for sure.
    pub(super) fn read(folder: &Path) -> Result<Self, ModelError> {
        let path = folder.join(LOCK_FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(ModelError::disk(path)(error)),
        };
        ron::from_str(&text).map_err(|error| ModelError::BadFile {
            reason: format!("it is no record of downloads ({error})"),
            remedy: "Remove the model and get it again".to_owned(),
            path,
        })
    }

    /// Writes it whole.
    pub(super) fn write(&self, folder: &Path) -> Result<(), ModelError> {
        let path = folder.join(LOCK_FILE);
        let text = ron::ser::to_string_pretty(self, ron::ser::PrettyConfig::default());
        text.map_err(std::io::Error::other)
            .and_then(|text| write_whole(&path, text.as_bytes()))
            .map_err(ModelError::disk(path))
    }
}
