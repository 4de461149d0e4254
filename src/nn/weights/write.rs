//! Writes tensors as safetensors, by name; nothing else is in the file.

use std::collections::BTreeMap;
use std::io::Write;

use candle_core::{DType, Tensor};
use serde_json::{Map, Value, json};

use super::{Entry, MAX_FILE_BYTES, Numbers, Weights, damaged};
use crate::nn::NnError;
use safetensors::Dtype;

/// Writes the tensors in order of their names, f16 and bf16 as they are, other floats as f32.
///
/// # Errors
/// [`NnError::Write`] when the writer fails, [`NnError::Candle`] for tensors of whole numbers.
pub fn write_safetensors(mut to: impl Write, tensors: &BTreeMap<String, Tensor>) -> Result<(), NnError> {
    let (mut header, mut n_bytes) = (Map::new(), 0_usize);
    for (name, tensor) in tensors {
        let (dtype, size) = match tensor.dtype() {
            DType::F16 => ("F16", 2),
            DType::BF16 => ("BF16", 2),
            DType::F32 | DType::F64 => ("F32", 4),
            other => return Err(candle_core::Error::UnsupportedDTypeForOp(other, "write_safetensors").into()),
        };
        let end = n_bytes + tensor.elem_count() * size;
        let entry = json!({"dtype": dtype, "shape": tensor.dims(), "data_offsets": [n_bytes, end]});
        header.insert(name.clone(), entry);
        n_bytes = end;
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    // Blanks, so that the numbers start at a multiple of their size.
    header.resize(header.len().next_multiple_of(8), b' ');
    to.write_all(&(header.len() as u64).to_le_bytes())?;
    to.write_all(&header)?;
    for tensor in tensors.values() {
        let tensor = tensor.flatten_all()?;
        let bytes: Vec<u8> = match tensor.dtype() {
            DType::F16 => {
                tensor.to_vec1::<half::f16>()?.iter().flat_map(|value| value.to_le_bytes()).collect()
            }
            DType::BF16 => {
                tensor.to_vec1::<half::bf16>()?.iter().flat_map(|value| value.to_le_bytes()).collect()
            }
            _ => {
                let values = tensor.to_dtype(DType::F32)?.to_vec1::<f32>()?;
                values.iter().flat_map(|value| value.to_le_bytes()).collect()
            }
        };
        to.write_all(&bytes)?;
    }
    Ok(to.flush()?)
}

impl Weights {
    /// Writes all tensors as safetensors under the names they have in the file, f16 and bf16 as they are, other floats as f32;
    /// one tensor at a time is in memory.
    ///
    /// # Errors
    /// [`NnError::Write`] when the writer fails, [`NnError::Weights`] when the file cannot be read or would grow beyond
    /// what is read again, [`NnError::Tensor`] for numbers that are no floats.
    pub fn write_safetensors(&self, mut to: impl Write) -> Result<(), NnError> {
        let tensors: BTreeMap<&String, &Entry> = self.entries.iter().collect();
        let (mut header, mut n_bytes) = (Map::new(), 0_usize);
        for (name, entry) in &tensors {
            let (dtype, size) = match &entry.numbers {
                Numbers::Stored(Dtype::F16, _) => ("F16", 2),
                Numbers::Stored(Dtype::BF16, _) => ("BF16", 2),
                Numbers::Stored(..) | Numbers::Given(_) => ("F32", 4),
            };
            let n_values: usize = entry.shape.iter().product();
            // Tensors may share one storage, which is written for each of them.
            let end = n_bytes.saturating_add(n_values.saturating_mul(size));
            if end > MAX_FILE_BYTES {
                let reason = format!("its tensors need more than the {MAX_FILE_BYTES} bytes allowed");
                return Err(damaged(&self.path, reason));
            }
            let entry = json!({"dtype": dtype, "shape": entry.shape, "data_offsets": [n_bytes, end]});
            header.insert((*name).clone(), entry);
            n_bytes = end;
        }
        let mut header = Value::Object(header).to_string().into_bytes();
        // Blanks, so that the numbers start at a multiple of their size.
        header.resize(header.len().next_multiple_of(8), b' ');
        to.write_all(&(header.len() as u64).to_le_bytes())?;
        to.write_all(&header)?;
        for (name, entry) in &tensors {
            match &entry.numbers {
                Numbers::Stored(Dtype::F16 | Dtype::BF16 | Dtype::F32, span) => {
                    let read = self.source.read(span.clone());
                    to.write_all(&read.map_err(|error| damaged(&self.path, error.to_string()))?)?;
                }
                Numbers::Stored(..) | Numbers::Given(_) => {
                    let values = self.values(name, &entry.shape)?;
                    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                    to.write_all(&bytes)?;
                }
            }
        }
        Ok(to.flush()?)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::nn::Weights;
    use candle_core::Device;

    #[test]
    fn what_is_written_is_read_back() {
        let numbers = Tensor::new(&[[1.5_f32, -2.0], [0.25, 4.0]], &Device::Cpu).unwrap();
        let tensors = BTreeMap::from([
            ("b.weight".to_owned(), numbers.t().unwrap()),
            ("a \"quoted\" name".to_owned(), numbers.to_dtype(DType::F16).unwrap()),
            ("scalar".to_owned(), Tensor::new(7_f64, &Device::Cpu).unwrap()),
            ("bf".to_owned(), numbers.to_dtype(DType::BF16).unwrap()),
        ]);
        let mut bytes = Vec::new();
        write_safetensors(&mut bytes, &tensors).unwrap();
        let weights = Weights::from_bytes("some.safetensors".as_ref(), bytes).unwrap();
        assert_eq!(weights.values("b.weight", &[2, 2]).unwrap(), [1.5, 0.25, -2.0, 4.0]);
        assert_eq!(weights.values("a \"quoted\" name", &[2, 2]).unwrap(), [1.5, -2.0, 0.25, 4.0]);
        assert_eq!(weights.values("bf", &[2, 2]).unwrap(), [1.5, -2.0, 0.25, 4.0]);
        assert_eq!(weights.values("scalar", &[]).unwrap(), [7.0]);
    }

    #[test]
    fn whole_numbers_and_a_full_disk_are_errors() {
        let ids = BTreeMap::from([("ids".to_owned(), Tensor::new(&[1_u32], &Device::Cpu).unwrap())]);
        assert!(write_safetensors(Vec::new(), &ids).is_err());
        let numbers = BTreeMap::from([("a".to_owned(), Tensor::new(&[1_f32], &Device::Cpu).unwrap())]);
        let mut room = [0_u8; 20];
        assert!(matches!(write_safetensors(&mut room[..], &numbers), Err(NnError::Write(_))));
    }
}
