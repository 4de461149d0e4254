//! Small files in the user's settings folder: preferences. Nothing here belongs to a project.

use std::path::PathBuf;

use super::write_atomic;

/// The settings folder: `LOOKALIKE_CONFIG` where set (tests, portable use), else the system's place for it.
pub fn folder() -> Option<PathBuf> {
    std::env::var_os("LOOKALIKE_CONFIG").map(PathBuf::from).or_else(|| {
        directories::ProjectDirs::from("", "", "lookalike").map(|dirs| dirs.config_dir().to_path_buf())
    })
}

/// The text of a settings file; `None` where it does not exist or cannot be read.
pub fn load(name: &str) -> Option<String> {
    std::fs::read_to_string(folder()?.join(name)).ok()
}

/// Saves a settings file atomically.
///
/// # Errors
/// A sentence with the reason and the path.
pub fn save(name: &str, text: &str) -> Result<(), String> {
    let folder = folder().ok_or("the system names no folder for settings; set LOOKALIKE_CONFIG")?;
    let path = folder.join(name);
    std::fs::create_dir_all(&folder)
        .and_then(|()| write_atomic(&path, text.as_bytes()))
        .map_err(|error| format!("{error}: {}", path.display()))
}
