//! The bytes of a weight file, read where they are needed: a large file is never in memory as a whole.

use std::fs::File;
use std::io::{Error, ErrorKind, Read as _, Result, Seek as _, SeekFrom};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Bytes in memory or in an open file.
#[derive(Debug)]
pub(super) enum Source {
    /// In memory.
    Memory(Vec<u8>),
    /// In a file of this length.
    File(Mutex<File>, usize),
}

impl Source {
    /// An open file.
    pub(super) fn of_file(file: File) -> Result<Self> {
        let n_bytes = file.metadata()?.len();
        let n_bytes = usize::try_from(n_bytes).map_err(|_| Error::from(ErrorKind::FileTooLarge))?;
        Ok(Self::File(Mutex::new(file), n_bytes))
    }

    /// Bytes there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Memory(bytes) => bytes.len(),
            Self::File(_, n_bytes) => *n_bytes,
        }
    }

    /// The bytes of a range; an error where it does not lie within.
    pub(super) fn read(&self, range: Range<usize>) -> Result<Vec<u8>> {
        let outside = || Error::from(ErrorKind::UnexpectedEof);
        if range.start > range.end || range.end > self.len() {
            return Err(outside());
        }
        match self {
            Self::Memory(bytes) => bytes.get(range).map(<[u8]>::to_vec).ok_or_else(outside),
            Self::File(file, _) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(range.start as u64))?;
                let mut bytes = vec![0; range.len()];
                file.read_exact(&mut bytes)?;
                Ok(bytes)
            }
        }
    }

    /// At most the first `n` bytes.
    pub(super) fn start(&self, n: usize) -> Result<Vec<u8>> {
        self.read(0..n.min(self.len()))
    }

    /// Blake3 of all bytes.
    pub(super) fn digest(&self) -> Result<blake3::Hash> {
        match self {
            Self::Memory(bytes) => Ok(blake3::hash(bytes)),
            Self::File(file, _) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(0))?;
                let mut hasher = blake3::Hasher::new();
                hasher.update_reader(&mut *file)?;
                Ok(hasher.finalize())
            }
        }
    }
}
