//! Where model files come from: a local folder with one sub-folder a model. Never downloads, never writes.

use std::path::{Path, PathBuf};

use super::EncodeError;
use super::image::mobilenetv2_tf;
use super::text::minilm;

/// The files each model needs, one line a model.
const MODELS: &[(&str, &[&str])] =
    &[(mobilenetv2_tf::MODEL, mobilenetv2_tf::FILES), (minilm::MODEL, minilm::FILES)];

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
        let variable =
            std::env::var_os("LOOKALIKE_MODELS").filter(|value| !value.is_empty()).map(PathBuf::from);
        let dirs = directories::ProjectDirs::from("", "", "lookalike");
        Self::first_of(given, variable, dirs.map(|dirs| dirs.data_dir().to_owned()))
    }

    fn first_of(given: Option<&Path>, variable: Option<PathBuf>, data_folder: Option<PathBuf>) -> Self {
        let folder = given.map(Path::to_owned).or(variable);
        Self::new(folder.unwrap_or_else(|| data_folder.unwrap_or_default().join("models")))
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
        let path = self.folder.join(model).join(name);
        if path.is_file() {
            return Ok(path);
        }
        Err(EncodeError::ModelAbsent {
            model: model.to_owned(),
            missing: name.to_owned(),
            looked_in: self.folder.clone(),
        })
    }

    /// Text of a model's small file, such as its config.json.
    ///
    /// # Errors
    /// [`EncodeError::ModelAbsent`], or [`EncodeError::BadModelFile`] when it is no text.
    pub fn text(&self, model: &str, name: &str) -> Result<String, EncodeError> {
        let path = self.file(model, name)?;
        std::fs::read_to_string(&path)
            .map_err(|error| EncodeError::BadModelFile { path, reason: error.to_string() })
    }

    /// Whether all the files an encoder needs are there; false for a model Lookalike does not know.
    pub fn has(&self, model: &str) -> bool {
        let files = MODELS.iter().find(|(known, _)| *known == model).map(|(_, files)| *files);
        files.is_some_and(|files| files.iter().all(|name| self.file(model, name).is_ok()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_choice_wins() {
        let folder = |given: Option<&str>, variable: Option<&str>, data: Option<&str>| {
            ModelStore::first_of(given.map(Path::new), variable.map(Into::into), data.map(Into::into)).folder
        };
        assert_eq!(folder(Some("a"), Some("b"), Some("c")), Path::new("a"));
        assert_eq!(folder(None, Some("b"), Some("c")), Path::new("b"));
        assert_eq!(folder(None, None, Some("c")), Path::new("c/models"));
        assert_eq!(folder(None, None, None), Path::new("models"));
    }

    #[test]
    fn a_model_is_there_once_all_its_files_are() {
        let folder = tempfile::tempdir().unwrap();
        let store = ModelStore::new(folder.path().to_owned());
        for (model, files) in MODELS {
            std::fs::create_dir(folder.path().join(model)).unwrap();
            for name in *files {
                assert!(!store.has(model));
                let message = store.file(model, name).unwrap_err().to_string();
                assert!(
                    message.contains(model) && message.contains(name) && message.contains("--models"),
                    "{message}"
                );
                std::fs::write(folder.path().join(model).join(name), b"x").unwrap();
            }
            assert!(store.has(model));
        }
        assert!(!store.has("unknown"));
    }
}
