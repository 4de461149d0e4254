//! Reads weight files: named tensors with their expected shapes checked, each when it is asked for. Safetensors, and
//! PyTorch checkpoints in their zip format, which are read as data: never runs code from a file. A file that is cut,
//! corrupt or of another architecture is an error that says so.

mod checkpoint;
mod pickle;
mod source;
#[cfg(test)]
mod tests;
mod write;
mod zip;

pub use write::write_safetensors;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::Metadata;

use crate::nn::NnError;
use source::Source;

/// Larger files are refused before a byte is read; the largest model Lookalike knows is far below.
const MAX_FILE_BYTES: usize = 8 << 30;
/// Longest table of tensors that is read.
const MAX_HEADER_BYTES: usize = 100 << 20;

/// A checked, open weight file.
pub struct Weights {
    path: PathBuf,
    source: Source,
    digest: blake3::Hash,
    entries: HashMap<String, Entry>,
    /// The name a parameter has in files of other libraries.
    other_name: fn(&str) -> Option<String>,
}

/// One tensor.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    shape: Vec<usize>,
    numbers: Numbers,
}

/// Where a tensor's numbers are.
#[derive(Clone, Debug, PartialEq)]
enum Numbers {
    /// In this byte range of the whole file.
    Stored(Dtype, Range<usize>),
    /// Put in the place of the file's.
    Given(Vec<f32>),
}

impl std::fmt::Debug for Weights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Weights").field("path", &self.path).field("n_tensors", &self.entries.len()).finish()
    }
}

impl Weights {
    /// Reads and checks a file's table of tensors: names, shapes and places; none may lie outside the file. The numbers
    /// stay in the file until they are asked for.
    ///
    /// # Errors
    /// [`NnError::Weights`] or [`NnError::WeightFormat`] with the reason.
    pub fn open(path: &Path) -> Result<Self, NnError> {
        let refuse = |error: std::io::Error| damaged(path, error.to_string());
        Self::from_source(path, Source::of_file(File::open(path).map_err(refuse)?).map_err(refuse)?)
    }

    /// The same from bytes already read; `path` is only named in errors.
    ///
    /// # Errors
    /// As [`Weights::open`].
    pub fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<Self, NnError> {
        Self::from_source(path, Source::Memory(bytes))
    }

    fn from_source(path: &Path, source: Source) -> Result<Self, NnError> {
        if source.len() > MAX_FILE_BYTES {
            let n_bytes = source.len();
            return Err(damaged(
                path,
                format!("it has {n_bytes} bytes, more than the {MAX_FILE_BYTES} allowed"),
            ));
        }
        let start = source.start(64).map_err(|error| damaged(path, error.to_string()))?;
        let entries = match kind_of(&start) {
            Kind::Zip => checkpoint::entries(&source).map_err(|reason| NnError::WeightFormat {
                path: path.to_owned(),
                reason: format!("it is {reason}"),
            })?,
            Kind::Foreign(kind) => {
                let reason = format!("it is {kind}, not a safetensors file");
                return Err(NnError::WeightFormat { path: path.to_owned(), reason });
            }
            Kind::Safetensors => safetensors_entries(&source)
                .map_err(|reason| damaged(path, format!("it is cut or damaged ({reason})")))?,
        };
        let digest = source.digest().map_err(|error| damaged(path, error.to_string()))?;
        Ok(Self { path: path.to_owned(), source, digest, entries, other_name: |_| None })
    }

    /// Tensors in memory: name to shape and row-major values; `label` stands for the file in errors.
    ///
    /// # Errors
    /// [`NnError::Tensor`] when a tensor has more or fewer numbers than its shape.
    pub fn from_tensors(
        label: &str,
        tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    ) -> Result<Self, NnError> {
        let path = PathBuf::from(label);
        let (mut bytes, mut entries) = (Vec::new(), HashMap::new());
        for (name, (shape, values)) in tensors {
            let n_values = shape.iter().try_fold(1_usize, |product, &side| product.checked_mul(side));
            if n_values != Some(values.len()) {
                let (expected, found) = (format!("{shape:?}"), format!("{} numbers", values.len()));
                return Err(NnError::Tensor { name, expected, found, path });
            }
            let start = bytes.len();
            bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            let numbers = Numbers::Stored(Dtype::F32, start..bytes.len());
            entries.insert(name, Entry { shape, numbers });
        }
        let (digest, source) = (blake3::hash(&bytes), Source::Memory(bytes));
        Ok(Self { path, source, digest, entries, other_name: |_| None })
    }

    /// Reads a tensor that is absent under the name asked for under the name `other_name` gives it.
    #[must_use]
    pub fn with_names(self, other_name: fn(&str) -> Option<String>) -> Self {
        Self { other_name, ..self }
    }

    /// Lets the tensor be read with another shape of as many numbers in the same order; nothing happens where it is absent
    /// or the numbers are more or fewer.
    pub fn reshape(&mut self, name: &str, shape: &[usize]) {
        let n_values: usize = shape.iter().product();
        let key =
            if self.entries.contains_key(name) { Some(name.to_owned()) } else { (self.other_name)(name) };
        if let Some(entry) = key.and_then(|key| self.entries.get_mut(&key))
            && entry.shape.iter().product::<usize>() == n_values
        {
            entry.shape = shape.to_vec();
        }
    }

    /// Puts a tensor in the place of the one of this name, or beside the others.
    ///
    /// # Errors
    /// [`NnError::Tensor`] when there are more or fewer numbers than its shape says.
    pub fn replace(&mut self, name: &str, shape: &[usize], values: &[f32]) -> Result<(), NnError> {
        if shape.iter().try_fold(1_usize, |product, &side| product.checked_mul(side)) != Some(values.len()) {
            let (expected, found) = (format!("{shape:?}"), format!("{} numbers", values.len()));
            return Err(NnError::Tensor { name: name.to_owned(), expected, found, path: self.path.clone() });
        }
        let entry = Entry { shape: shape.to_vec(), numbers: Numbers::Given(values.to_vec()) };
        self.entries.insert(name.to_owned(), entry);
        Ok(())
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Blake3 of the whole file as it was opened, in hexadecimal; part of cache keys.
    pub fn digest(&self) -> String {
        self.digest.to_hex().to_string()
    }

    /// How many tensors of the file are known, of a checkpoint those of floats.
    pub fn n_tensors(&self) -> usize {
        self.entries.len()
    }

    /// Shape of a tensor, `None` when the file has none of this name.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.entry(name).map(|entry| entry.shape.as_slice())
    }

    /// Values of a tensor in row-major order, whatever float type the file keeps them in.
    ///
    /// # Errors
    /// [`NnError::Tensor`] when it is absent, of another shape or not of floats.
    pub fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, NnError> {
        let refuse = |found: String| NnError::Tensor {
            name: name.to_owned(),
            expected: format!("{shape:?}"),
            found,
            path: self.path.clone(),
        };
        let entry = self.entry(name).ok_or_else(|| refuse("nothing".to_owned()))?;
        if entry.shape != shape {
            return Err(refuse(format!("{:?}", entry.shape)));
        }
        let (dtype, span) = match &entry.numbers {
            Numbers::Given(values) => return Ok(values.clone()),
            Numbers::Stored(dtype, span) => (*dtype, span.clone()),
        };
        let data = self.source.read(span).map_err(|error| damaged(&self.path, error.to_string()))?;
        let data = data.as_slice();
        let values: Vec<f32> = match dtype {
            Dtype::F64 => words(data).map(|word| f64::from_le_bytes(word) as f32).collect(),
            Dtype::F32 => words(data).map(f32::from_le_bytes).collect(),
            Dtype::F16 => words(data).map(|word| f16::from_le_bytes(word).to_f32()).collect(),
            Dtype::BF16 => words(data).map(|word| bf16::from_le_bytes(word).to_f32()).collect(),
            other => {
                return Err(refuse(format!(
                    "numbers of type {other:?}, where F64, F32, F16 or BF16 are read"
                )));
            }
        };
        // The reader above has checked the length already; this keeps a change there from becoming a panic later.
        if values.len() != shape.iter().product::<usize>() {
            return Err(refuse(format!("{} numbers", values.len())));
        }
        Ok(values)
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name).or_else(|| self.entries.get(&(self.other_name)(name)?))
    }

    /// A tensor of f32 on `device`.
    ///
    /// # Errors
    /// As [`Weights::values`]; or the device is out of memory.
    pub fn tensor(&self, name: &str, shape: &[usize], device: &Device) -> Result<Tensor, NnError> {
        Ok(Tensor::from_vec(self.values(name, shape)?, shape, device)?)
    }
}

/// Little-endian words of N bytes; an incomplete last one is left out.
fn words<const N: usize>(data: &[u8]) -> impl Iterator<Item = [u8; N]> + '_ {
    data.as_chunks::<N>().0.iter().copied()
}

fn damaged(path: &Path, reason: String) -> NnError {
    NnError::Weights { path: path.to_owned(), reason }
}

/// The table at the start of a safetensors file: its length, then JSON; the numbers follow.
fn safetensors_entries(source: &Source) -> Result<HashMap<String, Entry>, String> {
    let header_len = source.read(0..8).map_err(|error| error.to_string())?;
    let header_len = <[u8; 8]>::try_from(header_len).map(u64::from_le_bytes).unwrap_or(u64::MAX);
    let header_len = usize::try_from(header_len).ok().filter(|&len| len <= MAX_HEADER_BYTES);
    let header_len = header_len.ok_or("its header is too long")?;
    let data_start = 8 + header_len;
    let header = source.read(8..data_start).map_err(|error| error.to_string())?;
    let metadata: Metadata = serde_json::from_slice(&header).map_err(|error| error.to_string())?;
    let mut entries = HashMap::new();
    let mut end_of_all = data_start;
    for (name, info) in metadata.tensors() {
        let (start, end) = info.data_offsets;
        let span = data_start.saturating_add(start)..data_start.saturating_add(end);
        let n_values = info.shape.iter().try_fold(1_usize, |product, &side| product.checked_mul(side));
        let n_bits = n_values.and_then(|n_values| n_values.checked_mul(info.dtype.bitsize()));
        if span.start > span.end || span.end > source.len() || n_bits != span.len().checked_mul(8) {
            return Err(format!("tensor `{name}` does not lie within the file"));
        }
        end_of_all = end_of_all.max(span.end);
        let numbers = Numbers::Stored(info.dtype, span);
        entries.insert(name, Entry { shape: info.shape.clone(), numbers });
    }
    if end_of_all != source.len() {
        return Err(format!("its tensors end at byte {end_of_all} of {}", source.len()));
    }
    Ok(entries)
}

enum Kind {
    Safetensors,
    Zip,
    Foreign(&'static str),
}

/// What a file is by its first bytes, among them files people mistake for weights.
fn kind_of(start: &[u8]) -> Kind {
    let is = |magic: &[u8]| start.starts_with(magic);
    if is(b"PK\x03\x04") {
        Kind::Zip
    } else if is(b"version https://git-lfs") {
        Kind::Foreign("a Git LFS pointer (run `git lfs pull`)")
    } else if (is(b"\x80\x02") || is(b"\x80\x04")) && start.get(8) != Some(&b'{') {
        // A safetensors file whose table happens to be 640 or 1,152 bytes long starts with the same two bytes.
        Kind::Foreign(
            "a PyTorch pickle of the old kind (load it and save its state_dict with torch.save, or convert it)",
        )
    } else if is(b"GGUF") {
        Kind::Foreign("a GGUF file (take the model's safetensors)")
    } else if is(b"<!DOCTYPE") || is(b"<html") {
        Kind::Foreign("a web page (download the file itself)")
    } else {
        Kind::Safetensors
    }
}
