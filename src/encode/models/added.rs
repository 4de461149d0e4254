//! What the user said about a model of their own: the entry, and where files lie that were not copied. Kept as `model.ron` in
//! the model's folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{ModelEntry, write_whole};

/// Name of the file in the model's folder.
pub(super) const ADDED_FILE: &str = "model.ron";

/// A model the user added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddedModel {
    /// As in the manifest.
    pub entry: ModelEntry,
    /// Files that were not copied: name in the entry, absolute path.
    #[serde(default)]
    pub references: BTreeMap<String, PathBuf>,
}

impl AddedModel {
    /// Reads `model.ron`.
    ///
    /// # Errors
    /// A sentence with the reason and the path.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let refuse = |reason: String| {
            format!("a model of your own cannot be read: {reason}. Add it again: {}", path.display())
        };
        let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
        let added: Self = ron::from_str(&text).map_err(|error| refuse(error.to_string()))?;
        added.entry.check().map_err(refuse)?;
        let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
        if folder != added.entry.id.as_str() {
            return Err(refuse(format!("it names itself `{}`", added.entry.id)));
        }
        Ok(added)
    }

    /// Writes `model.ron` into the model's folder, which is made where it is missing.
    ///
    /// # Errors
    /// The system's reason.
    pub(super) fn write(&self, folder: &Path) -> std::io::Result<()> {
        let text = ron::ser::to_string_pretty(self, ron::ser::PrettyConfig::default())
            .map_err(std::io::Error::other)?;
        std::fs::create_dir_all(folder)?;
        write_whole(&folder.join(ADDED_FILE), text.as_bytes())
    }
}
