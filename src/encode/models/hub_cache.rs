//! The cache other programs fill from the Hugging Face hub: what is there already is used where it lies. Layout:
//! `models--OWNER--NAME/refs/REVISION` holds a commit, `snapshots/COMMIT/` its files. Never written.
//! (huggingface.co/docs/huggingface_hub/guides/manage-cache)

use std::path::{Path, PathBuf};

use super::ModelEntry;

/// The cache's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubCache(PathBuf);

impl HubCache {
    /// A cache at this folder, which need not exist.
    pub fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// `HF_HUB_CACHE`, else `hub` in the hub's home folder.
    pub fn from_environment() -> Option<Self> {
        let cache = super::environment("HF_HUB_CACHE").map(PathBuf::from);
        cache.or_else(|| Some(hub_home()?.join("hub"))).map(Self)
    }

    /// The newest snapshot of the entry's revision that has all of its files.
    pub fn snapshot(&self, entry: &ModelEntry) -> Option<PathBuf> {
        let source = entry.source.as_ref()?;
        let folder = self.0.join(format!("models--{}", source.repository.replace('/', "--")));
        let named = std::fs::read_to_string(folder.join("refs").join(&source.revision)).ok();
        let commit = named.map_or_else(|| source.revision.clone(), |commit| commit.trim().to_owned());
        // A file's text becomes part of a path: only a plain name is taken.
        let is_plain = !commit.is_empty() && commit.chars().all(|c| c.is_ascii_alphanumeric());
        let snapshot = folder.join("snapshots").join(commit);
        let is_there = |name: &str| snapshot.join(name).is_file();
        (is_plain && entry.files.iter().all(|file| is_there(&file.name))).then_some(snapshot)
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.0
    }
}

/// `HF_HOME`, else `huggingface` in the user's cache folder, as the hub's own programs choose.
pub(super) fn hub_home() -> Option<PathBuf> {
    super::environment("HF_HOME").map(PathBuf::from).or_else(|| {
        let caches = super::environment("XDG_CACHE_HOME").map(PathBuf::from);
        let home = || directories::BaseDirs::new().map(|dirs| dirs.home_dir().join(".cache"));
        Some(caches.or_else(home)?.join("huggingface"))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::encode::{Manifest, ModelStore};

    #[test]
    fn a_complete_snapshot_is_used_where_it_lies() {
        let root = tempfile::tempdir().unwrap();
        let cache = HubCache::new(root.path().join("hub"));
        let store = ModelStore::new(root.path().join("models")).with_cache(cache.clone());
        let entry = Manifest::built_in().find("all-MiniLM-L6-v2").unwrap();
        let repository = cache.folder().join("models--sentence-transformers--all-MiniLM-L6-v2");
        let commit = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf";
        let snapshot = repository.join("snapshots").join(commit);
        std::fs::create_dir_all(&snapshot).unwrap();
        std::fs::create_dir_all(repository.join("refs")).unwrap();
        for file in &entry.files {
            assert!(!store.is_present(entry), "not all of its files are there");
            std::fs::write(snapshot.join(&file.name), b"x").unwrap();
        }
        assert!(!store.is_present(entry), "no reference names the snapshot");
        std::fs::write(repository.join("refs/main"), format!("{commit}\n")).unwrap();
        assert!(store.is_present(entry));
        let weights = store.file(&entry.id, "model.safetensors").unwrap();
        assert_eq!(weights, snapshot.join("model.safetensors"));
        assert_eq!(store.locate(entry, "config.json").unwrap().1, super::super::Place::HubCache);

        std::fs::write(repository.join("refs/main"), "../../../..").unwrap();
        assert!(!store.is_present(entry), "a reference that is no commit is not followed");
    }
}
