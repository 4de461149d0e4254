//! Where model files lie: a local folder with one sub-folder a model, files the user pointed at, and what is already in the
//! Hugging Face cache. Finds files; downloads and writes nothing.

use std::path::{Path, PathBuf};

use super::added::{ADDED_FILE, AddedModel};
use super::{HubCache, Manifest, ModelEntry};
use crate::encode::EncodeError;

/// A folder of models (`--models DIR`, `LOOKALIKE_MODELS`), and the cache beside it.
#[derive(Clone, Debug)]
pub struct ModelStore {
    folder: PathBuf,
    cache: Option<HubCache>,
}

/// Where a model's file was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub enum Place {
    /// In the models folder.
    Folder,
    /// Where the user pointed.
    Reference,
    /// In the Hugging Face cache.
    HubCache,
}

impl Place {
    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Folder => "models folder",
            Self::Reference => "your own file",
            Self::HubCache => "Hugging Face cache",
        }
    }
}

impl ModelStore {
    /// A store over `folder`, which need not exist, and nothing else.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, cache: None }
    }

    /// The folder given by the user, else `LOOKALIKE_MODELS`, else `models` in the user's data folder; and the cache of the
    /// Hugging Face hub (`HF_HUB_CACHE`, `HF_HOME`, else its usual place).
    pub fn resolve(given: Option<&Path>) -> Self {
        let variable =
            std::env::var_os("LOOKALIKE_MODELS").filter(|value| !value.is_empty()).map(PathBuf::from);
        let dirs = directories::ProjectDirs::from("", "", "lookalike");
        let store = Self::first_of(given, variable, dirs.map(|dirs| dirs.data_dir().to_owned()));
        Self { cache: HubCache::from_environment(), ..store }
    }

    fn first_of(given: Option<&Path>, variable: Option<PathBuf>, data_folder: Option<PathBuf>) -> Self {
        let folder = given.map(Path::to_owned).or(variable);
        Self::new(folder.unwrap_or_else(|| data_folder.unwrap_or_default().join("models")))
    }

    /// The same store that also looks into this cache.
    #[must_use]
    pub fn with_cache(self, cache: HubCache) -> Self {
        Self { cache: Some(cache), ..self }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of one model, which need not exist.
    pub fn model_folder(&self, model: &str) -> PathBuf {
        self.folder.join(model)
    }

    /// Every model: the manifest's, then the user's own.
    pub fn entries(&self) -> Vec<ModelEntry> {
        self.scan().0
    }

    /// The model with this id.
    pub fn entry(&self, id: &str) -> Option<ModelEntry> {
        match Manifest::built_in().find(id) {
            Some(entry) => Some(entry.clone()),
            None => self.added(id).map(|added| added.entry),
        }
    }

    /// Sentences about folders of the user's own models that cannot be read.
    pub fn problems(&self) -> Vec<String> {
        self.scan().1
    }

    /// Whether all the model's files are there (their contents are not looked at).
    pub fn is_present(&self, entry: &ModelEntry) -> bool {
        self.missing(entry).is_none()
    }

    /// The first of the model's files that is not there.
    pub fn missing<'e>(&self, entry: &'e ModelEntry) -> Option<&'e str> {
        let names = || entry.files.iter().map(|file| file.name.as_str());
        names().find(|name| self.locate(entry, name).is_none())
    }

    /// Where a file of the model is, and in which of the places.
    pub fn locate(&self, entry: &ModelEntry, name: &str) -> Option<(PathBuf, Place)> {
        let path = self.folder.join(&entry.id).join(name);
        if path.is_file() {
            return Some((path, Place::Folder));
        }
        let referred = self.added(&entry.id).and_then(|added| added.references.get(name).cloned());
        if let Some(path) = referred.filter(|path| path.is_file()) {
            return Some((path, Place::Reference));
        }
        let path = self.cache.as_ref()?.snapshot(entry)?.join(name);
        path.is_file().then_some((path, Place::HubCache))
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
        let found = self.entry(model).and_then(|entry| self.locate(&entry, name));
        found.map(|(path, _)| path).ok_or_else(|| EncodeError::ModelAbsent {
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

    /// Whether all the files of the model with this id are there; false for one nobody knows.
    pub fn has(&self, model: &str) -> bool {
        self.entry(model).is_some_and(|entry| self.is_present(&entry))
    }

    /// What the user said about a model, where it is one of the user's own or has files elsewhere.
    pub(super) fn added(&self, id: &str) -> Option<AddedModel> {
        AddedModel::read(&self.folder.join(id).join(ADDED_FILE)).ok()
    }

    fn scan(&self) -> (Vec<ModelEntry>, Vec<String>) {
        let mut entries = Manifest::built_in().models.clone();
        let mut problems = Vec::new();
        let Ok(folders) = std::fs::read_dir(&self.folder) else { return (entries, problems) };
        let mut paths: Vec<PathBuf> =
            folders.flatten().map(|folder| folder.path().join(ADDED_FILE)).collect();
        paths.sort();
        for path in paths.iter().filter(|path| path.is_file()) {
            match AddedModel::read(path) {
                // A known model has such a file where its weights lie elsewhere; the manifest speaks for it.
                Ok(added) if Manifest::built_in().find(&added.entry.id).is_none() => {
                    entries.push(added.entry)
                }
                Ok(_) => {}
                Err(reason) => problems.push(reason),
            }
        }
        (entries, problems)
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
        for entry in &Manifest::built_in().models {
            for file in &entry.files {
                assert!(!store.has(&entry.id));
                let message = store.file(&entry.id, &file.name).unwrap_err().to_string();
                for part in [&*entry.id, &file.name, "lookalike models get"] {
                    assert!(message.contains(part), "{message}");
                }
                let path = folder.path().join(&entry.id).join(&file.name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(&path, b"x").unwrap();
                assert_eq!(store.locate(entry, &file.name), Some((path, Place::Folder)));
            }
            assert!(store.has(&entry.id) && store.is_present(entry));
        }
        assert!(!store.has("unknown"));
    }

    #[test]
    fn the_user_s_own_models_are_listed_and_found_where_they_lie() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let weights = elsewhere.path().join("weights.safetensors");
        let store = ModelStore::new(folder.path().join("models"));
        let entry = ModelEntry { id: "mine".to_owned(), ..Manifest::built_in().models[0].clone() };
        let name = entry.files[0].name.clone();
        let references = [(name.clone(), weights.clone())].into();
        let added =
            AddedModel { entry: ModelEntry { files: vec![entry.files[0].clone()], ..entry }, references };
        added.write(&store.model_folder("mine")).unwrap();
        let entries = store.entries();
        assert_eq!(entries.len(), Manifest::built_in().models.len() + 1);
        let entry = entries.last().unwrap();
        assert!(!store.is_present(entry), "the file it refers to is not there");
        std::fs::write(&weights, b"x").unwrap();
        assert_eq!(store.locate(entry, &name), Some((weights.clone(), Place::Reference)));
        assert_eq!(store.file("mine", &name).unwrap(), weights);
        assert!(store.problems().is_empty());

        std::fs::write(store.model_folder("mine").join(ADDED_FILE), "(nonsense").unwrap();
        assert_eq!(store.entries().len(), Manifest::built_in().models.len());
        let problems = store.problems();
        assert!(problems.len() == 1 && problems[0].contains("mine"), "{problems:?}");
    }
}
