//! The models Lookalike knows: a manifest of facts (`assets/models.ron`), files on disk, downloads.

mod add;
mod added;
mod digest;
mod download;
mod entry;
mod error;
mod header;
mod hub;
mod hub_cache;
mod lock;
mod manifest;
mod status;
mod store;
mod tensors;
mod verify;

use std::path::Path;

pub use add::{AddFiles, Keep, TextInputChoice, add as add_model};
pub use download::{DownloadWatch, download as download_model};
pub use entry::{ModelEntry, ModelFile, ModelSize, ModelSource, Pooling, Purpose, TextInput, bytes_in_words};
pub use error::ModelError;
pub use hub::Hub;
pub use hub_cache::HubCache;
pub use manifest::Manifest;
pub use status::{ModelStatus, Presence};
pub use store::{ModelStore, Place};
pub use verify::{DigestSource, Verification, VerifiedFile, check_tensors, verify as verify_model};

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
