//! SHA-256 of files, read in pieces, stopping when asked to.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::ModelError;

/// Bytes read at once.
pub(super) const PIECE: usize = 1 << 18;

/// Feeds the first `n_bytes` of a file to `hasher`.
pub(super) fn feed(
    hasher: &mut Sha256,
    path: &Path,
    n_bytes: u64,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<(), ModelError> {
    let mut file = File::open(path).map_err(ModelError::disk(path))?.take(n_bytes);
    let mut piece = vec![0; PIECE];
    loop {
        if is_cancelled() {
            return Err(ModelError::Cancelled);
        }
        match file.read(&mut piece).map_err(ModelError::disk(path))? {
            0 => return Ok(()),
            n => hasher.update(piece.get(..n).unwrap_or_default()),
        }
    }
}

/// The SHA-256 of a whole file, in hexadecimal.
pub(super) fn of_file(path: &Path, is_cancelled: &dyn Fn() -> bool) -> Result<String, ModelError> {
    let mut hasher = Sha256::new();
    feed(&mut hasher, path, u64::MAX, is_cancelled)?;
    Ok(hexadecimal(hasher))
}

/// The digest in hexadecimal.
pub(super) fn hexadecimal(hasher: Sha256) -> String {
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_the_standard_s() {
        // FIPS 180-2, appendix B.1.
        let mut hasher = Sha256::new();
        hasher.update(b"abc");
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hexadecimal(hasher), expected);
    }
}
