//! Whole files or none: temporary name, sync, rename, sync the folder.

use std::path::Path;

/// Writes `bytes` to `path` so that a crash leaves either the old or the new file.
///
/// # Errors
/// The system's reason; the temporary file is removed.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    unimplemented!("{path:?}{bytes:?}")
}
