//! The table of tensors of a weight file: names, shapes and number types, of safetensors read without the numbers, so that
//! half a gigabyte is checked in milliseconds; of a PyTorch checkpoint as the weights' reader knows it. Never runs code from a file, never trusts an offset.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use safetensors::Dtype;
use safetensors::tensor::Metadata;

use crate::nn::{NnError, Weights};

/// Longer headers are refused unread; real ones have less than a megabyte.
const MAX_HEADER_BYTES: u64 = 100 << 20;

/// A checked header.
#[derive(Debug)]
pub(super) struct WeightsHeader {
    path: PathBuf,
    table: Table,
}

/// Which tensors there are.
#[derive(Debug)]
enum Table {
    Safetensors(Metadata),
    /// Its tensors are all of floats.
    Checkpoint(Weights),
}

/// How a PyTorch checkpoint in its zip format begins.
const CHECKPOINT: &[u8] = b"PK\x03\x04";

/// Whether a file begins as a PyTorch checkpoint in its zip format does.
pub(super) fn is_checkpoint(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(4).read_to_end(&mut start));
    read.is_ok() && start == CHECKPOINT
}

impl WeightsHeader {
    /// Reads and checks a file's header: no tensor may lie outside the file, overlap another or have another size than its
    /// shape says.
    ///
    /// # Errors
    /// [`NnError::Weights`] with the reason.
    pub(super) fn read(path: &Path) -> Result<Self, NnError> {
        let refuse = |reason: String| NnError::Weights { path: path.to_owned(), reason };
        let io = |error: std::io::Error| refuse(error.to_string());
        let mut file = File::open(path).map_err(io)?;
        let n_bytes = file.metadata().map_err(io)?.len();
        let mut start = Vec::new();
        file.by_ref().take(64).read_to_end(&mut start).map_err(io)?;
        if start.starts_with(CHECKPOINT) {
            return Ok(Self { path: path.to_owned(), table: Table::Checkpoint(Weights::open(path)?) });
        }
        if let Some(kind) = foreign_kind(&start) {
            return Err(refuse(kind.to_owned()));
        }
        let damaged = |reason: &str| refuse(format!("it is cut or damaged ({reason})"));
        let Some((length, _)) = start.split_first_chunk::<8>() else {
            return Err(damaged("it has no header"));
        };
        let length = u64::from_le_bytes(*length);
        if length > MAX_HEADER_BYTES || length.saturating_add(8) > n_bytes {
            return Err(damaged("its header is longer than the file may be"));
        }
        let mut header = start.get(8..).unwrap_or_default().to_vec();
        file.take((length + 8).saturating_sub(start.len() as u64)).read_to_end(&mut header).map_err(io)?;
        header.truncate(usize::try_from(length).unwrap_or(0));
        let metadata: Metadata =
            serde_json::from_slice(&header).map_err(|error| damaged(&error.to_string()))?;
        let n_data = n_bytes - 8 - length;
        if metadata.data_len() as u64 != n_data {
            return Err(damaged(&format!(
                "its tensors need {} bytes, {n_data} are there",
                metadata.data_len()
            )));
        }
        Ok(Self { path: path.to_owned(), table: Table::Safetensors(metadata) })
    }

    /// How many tensors it has.
    pub(super) fn n_tensors(&self) -> usize {
        match &self.table {
            Table::Safetensors(metadata) => metadata.tensors().len(),
            Table::Checkpoint(weights) => weights.n_tensors(),
        }
    }

    /// Whether it has a tensor of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        match &self.table {
            Table::Safetensors(metadata) => metadata.info(name).is_some(),
            Table::Checkpoint(weights) => weights.shape(name).is_some(),
        }
    }

    /// Checks one tensor: there, of this shape, of floats.
    ///
    /// # Errors
    /// [`NnError::Tensor`] that names it and what was expected.
    pub(super) fn check(&self, name: &str, shape: &[usize]) -> Result<(), NnError> {
        let refuse = |found: String| NnError::Tensor {
            name: name.to_owned(),
            expected: format!("{shape:?}"),
            found,
            path: self.path.clone(),
        };
        let (found, dtype) = match &self.table {
            Table::Safetensors(metadata) => {
                metadata.info(name).map(|info| (info.shape.as_slice(), info.dtype))
            }
            Table::Checkpoint(weights) => weights.shape(name).map(|shape| (shape, Dtype::F32)),
        }
        .ok_or_else(|| refuse("nothing".to_owned()))?;
        if found != shape {
            return Err(refuse(format!("{found:?}")));
        }
        match dtype {
            Dtype::F64 | Dtype::F32 | Dtype::F16 | Dtype::BF16 => Ok(()),
            other => Err(refuse(format!("numbers of type {other:?}, where F64, F32, F16 or BF16 are read"))),
        }
    }
}

/// Files people mistake for weights, known by their first bytes.
fn foreign_kind(start: &[u8]) -> Option<&'static str> {
    const PICKLE: &str = "it is a PyTorch pickle of the old kind, which can run code when it is loaded; load it in PyTorch and save its state_dict with torch.save, or convert it to safetensors";
    let is = |bytes: &[u8]| start.starts_with(bytes);
    if is(b"version https://git-lfs") {
        Some("it is a Git LFS pointer, not the file itself; run `git lfs pull`")
    } else if is_pickle(start) {
        Some(PICKLE)
    } else if is(b"<!DOCTYPE") || is(b"<html") {
        Some("it is a web page, not weights")
    } else if is(b"GGUF") || is(b"\x89HDF") {
        Some("it is in another program's format; convert it to safetensors")
    } else {
        None
    }
}

/// A pickle of protocol 2 to 5. A header of 640 or more bytes may start with the same two, but is followed by its brace.
fn is_pickle(start: &[u8]) -> bool {
    matches!(start, [0x80, 2..=5, ..]) && start.get(8) != Some(&b'{')
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<WeightsHeader, NnError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        std::fs::write(&path, bytes).unwrap();
        WeightsHeader::read(&path)
    }

    fn file(header: &str, n_data: usize) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.resize(bytes.len() + n_data, 0);
        bytes
    }

    const GOOD: &str = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"I16","shape":[1],"data_offsets":[8,10]}}"#;

    #[test]
    fn tensors_are_checked_by_name_shape_and_type() {
        let header = read(&file(GOOD, 10)).unwrap();
        assert!(header.check("a", &[2]).is_ok() && header.has("b"));
        for (name, shape, expected) in [
            ("a", vec![3], "tensor `a`: expected [3], found [2]"),
            ("z", vec![3], "tensor `z`: expected [3], found nothing"),
            ("b", vec![1], "I16"),
        ] {
            let message = header.check(name, &shape).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn broken_files_are_refused() {
        let entry = |shape: &str, offsets: &str| {
            format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}}}"#)
        };
        let mut pickle = b"\x80\x02}q\x00X\x05\x00\x00\x00model".to_vec();
        pickle.resize(200, 1);
        for (bytes, expected) in [
            (Vec::new(), "cut or damaged"),
            (file(GOOD, 9), "need 10 bytes, 9 are there"),
            (file(GOOD, 11), "need 10 bytes, 11 are there"),
            (u64::MAX.to_le_bytes().to_vec(), "cut or damaged"),
            (file(&entry("[1]", "[0,18446744073709551615]"), 4), "cut or damaged"),
            (file(&entry("[1]", "[8,4]"), 4), "cut or damaged"),
            (file(&entry("[4294967296,4294967296,2]", "[0,4]"), 4), "cut or damaged"),
            (file("nonsense", 0), "cut or damaged"),
            (b"PK\x03\x04............".to_vec(), "zip archive without its end"),
            (pickle, "run code"),
            (b"<html><body>Sign in</body></html>".to_vec(), "web page"),
            (b"version https://git-lfs.github.com/spec/v1\n".to_vec(), "git lfs pull"),
        ] {
            let message = read(&bytes).unwrap_err().to_string();
            assert!(message.contains(expected), "{expected}: {message}");
        }
    }

    #[test]
    fn a_header_whose_length_looks_like_a_pickle_is_read() {
        // 0x0280 = 640 bytes: the file starts with 80 02 00 00 00 00 00 00.
        let padded = format!("{GOOD:<640}");
        assert!(read(&file(&padded, 10)).is_ok());
    }
}
