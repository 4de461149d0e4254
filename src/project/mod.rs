//! Station 4: the project folder (NAME.lookalike/): settings, the review database, the embedding cache, translations.
//! Everything is written to a temporary name, synced and renamed; SQL lives here and nowhere else.

mod atomic;
mod cache;
mod error;
mod filesystem;
mod lock;
mod look_alikes;
mod review_store;
mod settings;
mod trained;
mod translations;
pub mod user_files;

pub use atomic::write_atomic;
pub use cache::{CacheKey, DamagedFile, EmbeddingCache, ShardWriter};
pub use error::ProjectError;
pub use lock::{Access, Holder, ProjectLock};
pub use look_alikes::{CandidatesLie, LookAlikesSettings, PickKeys, PickRecords};
pub use review_store::{Appended, ReviewStore};
pub use settings::{MatchSettings, ProjectSettings, TRAINED_FUSION, TrainedMatch};
pub use trained::{Promotion, TrainedFiles, TrainedModels};
pub use translations::{TranslationCache, Translations};

use std::path::{Path, PathBuf};

use self::review_store::Reset;
use crate::catalog::CatalogSource;

/// The settings' file name; a folder that holds one is a project.
const SETTINGS_FILE: &str = "project.ron";

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
        refuse_network_drive(folder)?;
        let error = |path: &Path, reason: std::io::Error| ProjectError::Write {
            path: path.to_owned(),
            reason: reason.to_string(),
        };
        std::fs::create_dir_all(folder).map_err(|reason| error(folder, reason))?;
        if folder.join(SETTINGS_FILE).exists() {
            let mut project = Self::open(folder)?;
            project.save_settings(ProjectSettings {
                source: settings.source,
                open: settings.open,
                ..project.settings.clone()
            })?;
            return Ok(project);
        }
        let lock = ProjectLock::acquire(folder)?;
        let mut project = Self { folder: folder.to_owned(), settings: settings.clone(), lock };
        project.save_settings(settings)?;
        Ok(project)
    }

    /// Opens an existing project; `Access::ReadOnly` when another window holds the lock.
    ///
    /// # Errors
    /// As [`Self::create`], or when it is no project, or its settings are unreadable or newer than this program.
    pub fn open(folder: &Path) -> Result<Self, ProjectError> {
        let path = folder.join(SETTINGS_FILE);
        if !path.exists() {
            return Err(ProjectError::NotAProject { folder: folder.to_owned() });
        }
        refuse_network_drive(folder)?;
        let settings = ProjectSettings::read(&path)?;
        let lock = ProjectLock::acquire(folder)?;
        Ok(Self { folder: folder.to_owned(), settings, lock })
    }

    /// The default folder of a catalogue's project: beside it when writable, else in the user's data folder.
    pub fn default_folder(source: &crate::catalog::CatalogSource) -> PathBuf {
        let data_folder = || {
            let folders = directories::ProjectDirs::from("", "", "lookalike");
            folders.map_or_else(std::env::temp_dir, |folders| folders.data_dir().join("projects"))
        };
        let (CatalogSource::File(path) | CatalogSource::Folder(path)) = source else {
            let is_looks_like = matches!(source, CatalogSource::DemoLooksLike { .. });
            return data_folder().join(if is_looks_like {
                "demo-look-alikes.lookalike"
            } else {
                "demo.lookalike"
            });
        };
        let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let stem = match source {
            CatalogSource::File(_) => path.file_stem(),
            _ => path.file_name(),
        };
        let stem = stem.map_or_else(|| "catalogue".into(), |stem| stem.to_string_lossy().into_owned());
        let beside = path.with_file_name(format!("{stem}.lookalike"));
        if is_writable(path.parent()) && filesystem::network_kind(&beside).is_none() {
            return beside;
        }
        // Catalogues of one name in different folders are different projects.
        let digest = blake3::hash(path.as_os_str().as_encoded_bytes()).to_hex();
        data_folder().join(format!("{stem}-{}.lookalike", digest.get(..8).unwrap_or_default()))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Display name (folder name without extension).
    pub fn name(&self) -> String {
        let stem = self.folder.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        stem.unwrap_or_else(|| "Project".to_owned())
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
        if self.access() == Access::ReadOnly {
            return Err(ProjectError::ReadOnly { folder: self.folder.clone() });
        }
        settings.write(&self.folder.join(SETTINGS_FILE))?;
        self.settings = settings;
        Ok(())
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
        self.lock.take_over()?;
        // The other window may have changed them.
        self.settings = ProjectSettings::read(&self.folder.join(SETTINGS_FILE))?;
        Ok(())
    }

    /// To be polled about once a second by the holder: gives way when another window asked; returns the access from now on.
    pub fn poll_lock(&mut self) -> Access {
        self.lock.poll()
    }

    /// Who holds the lock, as far as they said.
    pub fn holder(&self) -> Option<Holder> {
        self.lock.holder()
    }

    /// The lock, for those who ask without waiting ([`ProjectLock::ask`], [`ProjectLock::try_acquire`]).
    pub fn lock_mut(&mut self) -> &mut ProjectLock {
        &mut self.lock
    }

    /// Opens the decision log (read-only when the project is).
    ///
    /// # Errors
    /// When the database is damaged (says which file and how to go on) or cannot be opened.
    pub fn review_store(&self) -> Result<ReviewStore, ProjectError> {
        let reset = if self.settings.source.is_demo() { Reset::Allowed } else { Reset::Refused };
        ReviewStore::open(&self.folder.join("review.sqlite"), self.lock.flag(), reset)
    }

    /// The folder with one sub-folder for everything that has learnt from this catalogue.
    pub fn trained(&self) -> PathBuf {
        self.folder.join("trained")
    }

    /// The embedding cache.
    pub fn cache(&self) -> EmbeddingCache {
        EmbeddingCache::new(self.folder.join("embeddings"))
    }

    /// The titles' translations.
    pub fn translations(&self) -> TranslationCache {
        TranslationCache::new(self.folder.join("translations"))
    }
}

fn refuse_network_drive(folder: &Path) -> Result<(), ProjectError> {
    match filesystem::network_kind(folder) {
        Some(kind) => Err(ProjectError::NetworkDrive { kind, folder: folder.to_owned() }),
        None => Ok(()),
    }
}

#[cfg(unix)]
fn is_writable(folder: Option<&Path>) -> bool {
    folder.is_some_and(|folder| rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok())
}

#[cfg(not(unix))]
fn is_writable(folder: Option<&Path>) -> bool {
    folder.is_some_and(|folder| std::fs::metadata(folder).is_ok_and(|it| !it.permissions().readonly()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{Access, Project, ProjectError, ProjectSettings};
    use crate::catalog::{CatalogSource, OpenOptions};

    fn settings(catalog: &str) -> ProjectSettings {
        ProjectSettings::new(CatalogSource::File(catalog.into()), OpenOptions::default())
    }

    #[test]
    fn a_project_keeps_its_settings() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("Shop.lookalike");
        assert!(matches!(Project::open(&folder), Err(ProjectError::NotAProject { .. })));
        let mut project = Project::create(&folder, settings("a.csv")).unwrap();
        assert_eq!((project.name().as_str(), project.access()), ("Shop", Access::Write));
        let mut changed = project.settings().clone();
        changed.matching.threshold = 0.25;
        project.save_settings(changed.clone()).unwrap();
        drop(project);
        let project = Project::open(&folder).unwrap();
        assert_eq!(project.settings(), &changed);
        drop(project);
        let project = Project::create(&folder, settings("b.csv")).unwrap();
        assert_eq!(project.settings().source, CatalogSource::File("b.csv".into()));
        assert!((project.settings().matching.threshold - 0.25).abs() < f32::EPSILON);
    }

    #[test]
    fn a_second_window_is_read_only_and_can_take_over() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("Shop.lookalike");
        let mut first = Project::create(&folder, settings("a.csv")).unwrap();
        let mut second = Project::open(&folder).unwrap();
        assert_eq!(second.access(), Access::ReadOnly);
        assert!(matches!(second.save_settings(settings("c.csv")), Err(ProjectError::ReadOnly { .. })));
        assert!(matches!(Project::create(&folder, settings("c.csv")), Err(ProjectError::ReadOnly { .. })));
        first.save_settings(settings("d.csv")).unwrap();
        second.lock_mut().ask().unwrap();
        assert_eq!(first.poll_lock(), Access::ReadOnly);
        second.take_over().unwrap();
        assert_eq!((second.access(), second.settings()), (Access::Write, &settings("d.csv")));
    }

    #[test]
    fn a_project_stands_beside_its_catalogue() {
        let parent = tempfile::tempdir().unwrap();
        let file = CatalogSource::File(parent.path().join("train.csv"));
        assert_eq!(Project::default_folder(&file), parent.path().join("train.lookalike"));
        let pictures = CatalogSource::Folder(parent.path().join("shop.com"));
        assert_eq!(Project::default_folder(&pictures), parent.path().join("shop.com.lookalike"));
        let absent = |name: &str| CatalogSource::File(parent.path().join("no").join(name).join("train.csv"));
        let (a, b) = (Project::default_folder(&absent("a")), Project::default_folder(&absent("b")));
        assert!(a != b && a.file_name().unwrap().to_string_lossy().starts_with("train-"));
    }
}
