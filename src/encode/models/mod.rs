//! The models Lookalike knows: a manifest of facts (`assets/models.ron`), files on disk, downloads.

mod added;
mod entry;
mod hub_cache;
mod manifest;
mod store;

use std::path::Path;

pub use entry::{ModelEntry, ModelFile, ModelSize, ModelSource, Pooling, TextInput, bytes_in_words};
pub use hub_cache::HubCache;
pub use manifest::Manifest;
pub use store::{ModelStore, Place};

/// A variable of the environment; an empty one counts as absent.
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Writes a small file under a temporary name, syncs and renames it, so that a crash leaves the old one or the new one.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let temporary = path.with_file_name(name);
    let write = || {
        let mut file = std::fs::File::create(&temporary)?;
        std::io::Write::write_all(&mut file, bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    };
    write().inspect_err(|_| {
        // The first failure is the one to report.
        let _ = std::fs::remove_file(&temporary);
    })
}
