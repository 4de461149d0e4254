//! Reads weight files: named tensors with their expected shapes checked. Only safetensors, whole into memory; a file
//! that is cut, corrupt or of another architecture is an error that says so. Never runs code from a file.

mod write;

pub use write::write_safetensors;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Read as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};

use crate::nn::NnError;

/// Larger files are refused before a byte is read; the largest model Lookalike knows is far below.
const MAX_FILE_BYTES: u64 = 8 << 30;

/// A checked, open safetensors file.
pub struct Weights {
    path: PathBuf,
    bytes: Vec<u8>,
    entries: HashMap<String, Entry>,
    /// The name a parameter has in files of other libraries.
    other_name: fn(&str) -> Option<String>,
}

/// Where one tensor lies.
struct Entry {
    dtype: Dtype,
    shape: Vec<usize>,
    /// Byte range within the whole file.
    span: Range<usize>,
}

impl std::fmt::Debug for Weights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Weights").field("path", &self.path).field("n_tensors", &self.entries.len()).finish()
    }
}

impl Weights {
    /// Reads and checks a file: header, names, shapes and offsets; no tensor may lie outside the file.
    ///
    /// # Errors
    /// [`NnError::Weights`] with the reason.
    pub fn open(path: &Path) -> Result<Self, NnError> {
        let refuse = |reason: String| NnError::Weights { path: path.to_owned(), reason };
        let mut file = File::open(path).map_err(|error| refuse(error.to_string()))?;
        let n_bytes = file.metadata().map_err(|error| refuse(error.to_string()))?.len();
        if n_bytes > MAX_FILE_BYTES {
            return Err(refuse(format!("it has {n_bytes} bytes, more than the {MAX_FILE_BYTES} allowed")));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| refuse(error.to_string()))?;
        Self::from_bytes(path, bytes)
    }

    /// The same from bytes already read; `path` is only named in errors.
    ///
    /// # Errors
    /// As [`Weights::open`].
    pub fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<Self, NnError> {
        let refuse = |reason: String| NnError::Weights { path: path.to_owned(), reason };
        if let Some(kind) = foreign_kind(&bytes) {
            return Err(refuse(format!("it is {kind}, not a safetensors file")));
        }
        let (header_len, metadata) = SafeTensors::read_metadata(&bytes)
            .map_err(|error| refuse(format!("it is cut or damaged ({error})")))?;
        let data_start = 8 + header_len;
        let mut entries = HashMap::new();
        for (name, info) in metadata.tensors() {
            let (start, end) = info.data_offsets;
            let span = data_start.saturating_add(start)..data_start.saturating_add(end);
            if bytes.get(span.clone()).is_none() {
                return Err(refuse(format!("tensor `{name}` lies outside the file")));
            }
            entries.insert(name, Entry { dtype: info.dtype, shape: info.shape.clone(), span });
        }
        Ok(Self { path: path.to_owned(), bytes, entries, other_name: |_| None })
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
            entries.insert(name, Entry { dtype: Dtype::F32, shape, span: start..bytes.len() });
        }
        Ok(Self { path, bytes, entries, other_name: |_| None })
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
        let start = self.bytes.len();
        self.bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        let entry = Entry { dtype: Dtype::F32, shape: shape.to_vec(), span: start..self.bytes.len() };
        self.entries.insert(name.to_owned(), entry);
        Ok(())
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Blake3 of the whole file, in hexadecimal; part of cache keys.
    pub fn digest(&self) -> String {
        blake3::hash(&self.bytes).to_hex().to_string()
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
        let data = self.bytes.get(entry.span.clone()).unwrap_or_default();
        let values: Vec<f32> = match entry.dtype {
            Dtype::F32 => words(data).map(f32::from_le_bytes).collect(),
            Dtype::F16 => words(data).map(|word| f16::from_le_bytes(word).to_f32()).collect(),
            Dtype::BF16 => words(data).map(|word| bf16::from_le_bytes(word).to_f32()).collect(),
            other => {
                return Err(refuse(format!("numbers of type {other:?}, where F32, F16 or BF16 are read")));
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

/// Files people mistake for weights, known by their first bytes.
fn foreign_kind(bytes: &[u8]) -> Option<&'static str> {
    let is = |start: &[u8]| bytes.starts_with(start);
    if is(b"version https://git-lfs") {
        Some("a Git LFS pointer (run `git lfs pull`)")
    } else if is(b"PK\x03\x04") || is(b"\x80\x02") && bytes.get(8) != Some(&b'{') {
        Some("a PyTorch pickle (convert it to safetensors)")
    } else if is(b"<!DOCTYPE") || is(b"<html") {
        Some("a web page")
    } else {
        None
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop, proptest};

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(data);
        bytes
    }

    fn open(bytes: Vec<u8>) -> Result<Weights, NnError> {
        Weights::from_bytes(Path::new("some/model.safetensors"), bytes)
    }

    fn good() -> Vec<u8> {
        let header = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F16","shape":[1,2],"data_offsets":[8,12]},"c":{"dtype":"BF16","shape":[1],"data_offsets":[12,14]},"d":{"dtype":"I16","shape":[1],"data_offsets":[14,16]}}"#;
        let mut data = Vec::new();
        data.extend(1.5_f32.to_le_bytes());
        data.extend((-2.25_f32).to_le_bytes());
        data.extend(f16::from_f32(0.5).to_le_bytes());
        data.extend(f16::from_f32(-3.0).to_le_bytes());
        data.extend(bf16::from_f32(4.0).to_le_bytes());
        data.extend(7_i16.to_le_bytes());
        file(header, &data)
    }

    fn check_refused(bytes: Vec<u8>, expected: &str) {
        let message = open(bytes).unwrap_err().to_string();
        assert!(message.contains(expected), "{message:?} does not say {expected:?}");
        assert!(message.ends_with("some/model.safetensors"), "{message}");
    }

    #[test]
    fn every_float_type_becomes_f32() {
        let weights = open(good()).unwrap();
        assert_eq!(weights.values("a", &[2]).unwrap(), [1.5, -2.25]);
        assert_eq!(weights.values("b", &[1, 2]).unwrap(), [0.5, -3.0]);
        assert_eq!(weights.values("c", &[1]).unwrap(), [4.0]);
        assert_eq!(weights.tensor("b", &[1, 2], &Device::Cpu).unwrap().dims(), [1, 2]);
    }

    #[test]
    fn a_wrong_tensor_is_named_with_what_was_expected() {
        let weights = open(good()).unwrap();
        let message = |name: &str, shape: &[usize]| weights.values(name, shape).unwrap_err().to_string();
        assert!(message("a", &[3]).contains("tensor `a`: expected [3], found [2]"));
        assert!(message("z", &[3]).contains("tensor `z`: expected [3], found nothing"));
        assert!(message("d", &[1]).contains("I16"));
    }

    #[test]
    fn a_tensor_is_read_with_another_shape_of_as_many_numbers() {
        let other_name = |name: &str| (name == "long").then(|| "a".to_owned());
        let mut weights = open(good()).unwrap().with_names(other_name);
        weights.reshape("long", &[1, 2, 1]);
        assert_eq!(weights.values("a", &[1, 2, 1]).unwrap(), [1.5, -2.25]);
        weights.reshape("long", &[3]);
        weights.reshape("absent", &[3]);
        assert_eq!((weights.shape("a"), weights.shape("absent")), (Some([1, 2, 1].as_slice()), None));
    }

    #[test]
    fn a_tensor_is_replaced() {
        let mut weights = open(good()).unwrap();
        weights.replace("a", &[1, 3], &[7.0, 8.0, 9.0]).unwrap();
        assert_eq!(weights.values("a", &[1, 3]).unwrap(), [7.0, 8.0, 9.0]);
        assert_eq!(weights.values("b", &[1, 2]).unwrap(), [0.5, -3.0]);
        let message = weights.replace("a", &[2], &[7.0]).unwrap_err().to_string();
        assert!(message.contains("`a`: expected [2], found 1 numbers"), "{message}");
    }

    #[test]
    fn broken_files_are_refused() {
        check_refused(Vec::new(), "cut or damaged");
        check_refused(good()[..good().len() - 1].to_vec(), "cut or damaged");
        check_refused(u64::MAX.to_le_bytes().to_vec(), "cut or damaged");
        check_refused(file("not json", &[]), "cut or damaged");
        let entry = |shape: &str, offsets: &str| {
            format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}}}"#)
        };
        check_refused(file(&entry("[1]", "[0,18446744073709551615]"), &[0; 4]), "cut or damaged");
        check_refused(file(&entry("[1]", "[8,4]"), &[0; 4]), "cut or damaged");
        check_refused(file(&entry("[4294967296,4294967296,2]", "[0,4]"), &[0; 4]), "cut or damaged");
        check_refused(file(&entry("[2]", "[0,4]"), &[0; 4]), "cut or damaged");
        check_refused(b"PK\x03\x04....".to_vec(), "PyTorch pickle");
        check_refused(b"version https://git-lfs.github.com/spec/v1\n".to_vec(), "git lfs pull");
        check_refused(b"<!DOCTYPE html>".to_vec(), "web page");
    }

    #[test]
    fn an_absent_file_is_named() {
        let message = Weights::open(Path::new("/nonexistent/w.safetensors")).unwrap_err().to_string();
        assert!(message.contains("/nonexistent/w.safetensors"), "{message}");
    }

    proptest! {
        #[test]
        fn damaged_bytes_never_panic(position in any::<prop::sample::Index>(), value: u8, length in any::<prop::sample::Index>()) {
            let mut bytes = good();
            let at = position.index(bytes.len());
            bytes[at] = value;
            bytes.truncate(length.index(bytes.len() + 1));
            if let Ok(weights) = open(bytes) {
                for (name, shape) in [("a", vec![2]), ("b", vec![1, 2]), ("c", vec![1]), ("d", vec![1])] {
                    let _ = weights.values(name, &shape);
                }
            }
        }
    }
}
