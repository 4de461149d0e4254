//! Named tensors on the CPU, in order of their names: what parameters, optimiser states and checkpoints are saved as.
//! Never holds a gradient, never touches a path.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::{Device, Tensor};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::TrainError;

/// Values and shapes by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NamedTensors {
    entries: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

impl NamedTensors {
    /// Adds or replaces a tensor by a copy of its values.
    ///
    /// # Errors
    /// When the device fails.
    pub fn insert(&mut self, name: &str, tensor: &Tensor) -> Result<(), TrainError> {
        let values = tensor.detach().flatten_all()?.to_vec1::<f32>()?;
        self.entries.insert(name.to_owned(), (tensor.dims().to_vec(), values));
        Ok(())
    }

    /// The tensor called `name`, which must have this shape.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] when it is absent or of another shape.
    pub fn tensor(&self, name: &str, shape: &[usize], device: &Device) -> Result<Tensor, TrainError> {
        let (found, values) = self
            .entries
            .get(name)
            .ok_or_else(|| TrainError::Checkpoint(format!("it lacks the tensor `{name}`")))?;
        if found != shape {
            return Err(TrainError::Checkpoint(format!(
                "tensor `{name}` has shape {found:?}, not {shape:?}"
            )));
        }
        Ok(Tensor::from_slice(values, shape, device)?)
    }

    /// The values of a tensor in row-major order.
    pub fn values(&self, name: &str) -> Option<&[f32]> {
        self.entries.get(name).map(|(_, values)| values.as_slice())
    }

    /// Names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Takes in all of `other`, `prefix` put before every name.
    pub fn extend_with_prefix(&mut self, prefix: &str, other: &Self) {
        let renamed = other.entries.iter().map(|(name, entry)| (format!("{prefix}{name}"), entry.clone()));
        self.entries.extend(renamed);
    }

    /// The tensors whose name starts with `prefix`, without it.
    pub fn with_prefix(&self, prefix: &str) -> Self {
        let matching = self.entries.iter().filter_map(|(name, entry)| {
            name.strip_prefix(prefix).map(|rest| (rest.to_owned(), entry.clone()))
        });
        Self { entries: matching.collect() }
    }

    /// A safetensors file with `metadata` in its header; equal tensors give equal bytes.
    ///
    /// # Errors
    /// [`TrainError::Data`] when a name cannot stand in such a file.
    pub fn to_safetensors(&self, metadata: Option<(&str, String)>) -> Result<Vec<u8>, TrainError> {
        let bytes: Vec<Vec<u8>> = self
            .entries
            .values()
            .map(|(_, values)| values.iter().flat_map(|value| value.to_le_bytes()).collect())
            .collect();
        let refuse = |error: safetensors::SafeTensorError| TrainError::Data(error.to_string());
        let mut views = Vec::with_capacity(bytes.len());
        for ((name, (shape, _)), bytes) in self.entries.iter().zip(&bytes) {
            views.push((name, TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(refuse)?));
        }
        // One entry only: the header's map has no order of its own.
        let metadata = metadata.map(|(key, value)| HashMap::from([(key.to_owned(), value)]));
        safetensors::serialize(views, metadata).map_err(refuse)
    }

    /// Reads such a file with the metadata under `key`; `path` is only named in errors.
    ///
    /// # Errors
    /// When the file is damaged or holds other than f32.
    pub fn from_safetensors(
        path: &Path,
        bytes: Vec<u8>,
        key: &str,
    ) -> Result<(Self, Option<String>), TrainError> {
        let refuse = |reason: String| TrainError::Checkpoint(format!("{reason} ({})", path.display()));
        let (_, header) = SafeTensors::read_metadata(&bytes)
            .map_err(|error| refuse(format!("the file is cut or damaged: {error}")))?;
        let metadata = header.metadata().as_ref().and_then(|metadata| metadata.get(key).cloned());
        let shapes: Vec<(String, Vec<usize>)> =
            header.tensors().into_iter().map(|(name, info)| (name, info.shape.clone())).collect();
        let weights = crate::nn::Weights::from_bytes(path, bytes)?;
        let mut tensors = Self::default();
        for (name, shape) in shapes {
            let values = weights.values(&name, &shape)?;
            tensors.entries.insert(name, (shape, values));
        }
        Ok((tensors, metadata))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::path::Path;

    use candle_core::{Device, Tensor};

    use super::NamedTensors;

    fn two() -> NamedTensors {
        let mut tensors = NamedTensors::default();
        tensors.insert("b", &Tensor::new(&[[1.0_f32, -2.5]], &Device::Cpu).unwrap()).unwrap();
        tensors.insert("a", &Tensor::new(3.5_f32, &Device::Cpu).unwrap()).unwrap();
        tensors
    }

    #[test]
    fn a_file_gives_back_what_was_saved() {
        let bytes = two().to_safetensors(Some(("note", "hello".to_owned()))).unwrap();
        assert_eq!(bytes, two().to_safetensors(Some(("note", "hello".to_owned()))).unwrap());
        let (back, note) = NamedTensors::from_safetensors(Path::new("x"), bytes, "note").unwrap();
        assert_eq!((back, note.as_deref()), (two(), Some("hello")));
    }

    #[test]
    fn damage_and_wrong_shapes_are_told() {
        let mut bytes = two().to_safetensors(None).unwrap();
        bytes.pop();
        let message = NamedTensors::from_safetensors(Path::new("x"), bytes, "note").unwrap_err().to_string();
        assert!(message.contains("damaged") && message.contains("(x)"), "{message}");
        let message = two().tensor("b", &[2], &Device::Cpu).unwrap_err().to_string();
        assert!(message.contains("`b`") && message.contains("[1, 2]"), "{message}");
        assert!(two().tensor("c", &[2], &Device::Cpu).is_err());
    }

    #[test]
    fn prefixes_come_and_go() {
        let mut all = NamedTensors::default();
        all.extend_with_prefix("best/", &two());
        assert_eq!(all.names().collect::<Vec<_>>(), ["best/a", "best/b"]);
        assert_eq!(all.with_prefix("best/"), two());
    }
}
