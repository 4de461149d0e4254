//! PyTorch checkpoints in their zip format: a description of the tensors (`data.pkl`) beside one file a storage.

use std::collections::HashMap;
use std::ops::Range;

use safetensors::Dtype;

use super::pickle::{Described, described_tensors};
use super::source::Source;
use super::zip::stored_files;
use super::{Entry, Numbers};

/// A longer description is not read; a model of ten thousand tensors has two megabytes.
const MAX_DESCRIPTION_BYTES: usize = 64 << 20;

/// Where the checkpoint's tensors lie.
///
/// # Errors
/// With the reason, in words that follow "it is".
pub(super) fn entries(source: &Source) -> Result<HashMap<String, Entry>, String> {
    let files = stored_files(source)?;
    let read = |range: &Range<usize>| source.read(range.clone()).map_err(|error| error.to_string());
    let description = files.keys().find(|name| *name == "data.pkl" || name.ends_with("/data.pkl"));
    let description = description.ok_or("a zip archive, but no PyTorch checkpoint (it has no data.pkl)")?;
    let folder = description.strip_suffix("data.pkl").unwrap_or_default();
    if let Some(order) = files.get(&format!("{folder}byteorder"))
        && read(order)? != b"little"
    {
        return Err("a PyTorch checkpoint of a big-endian machine".to_owned());
    }
    let range = &files[description];
    if range.len() > MAX_DESCRIPTION_BYTES {
        return Err("a PyTorch checkpoint whose description is too long".to_owned());
    }
    let mut entries = HashMap::new();
    for tensor in described_tensors(&read(range)?)? {
        // Counters of batches and the like are whole numbers, which no network here reads.
        let Some(dtype) = float_type(&tensor.storage_class) else { continue };
        let storage = files.get(&format!("{folder}data/{}", tensor.storage_key));
        let span = storage.and_then(|storage| span(&tensor, dtype, storage));
        let span =
            span.ok_or_else(|| format!("a PyTorch checkpoint that is cut (tensor `{}`)", tensor.name))?;
        if !is_row_major(&tensor) {
            return Err(format!(
                "a PyTorch checkpoint with tensor `{}` not stored row by row; call contiguous() on it before torch.save",
                tensor.name
            ));
        }
        entries.insert(tensor.name, Entry { shape: tensor.shape, numbers: Numbers::Stored(dtype, span) });
    }
    Ok(entries)
}

fn float_type(storage_class: &str) -> Option<Dtype> {
    match storage_class {
        "DoubleStorage" => Some(Dtype::F64),
        "FloatStorage" => Some(Dtype::F32),
        "HalfStorage" => Some(Dtype::F16),
        "BFloat16Storage" => Some(Dtype::BF16),
        _ => None,
    }
}

/// The tensor's bytes, if they lie within its storage.
fn span(tensor: &Described, dtype: Dtype, storage: &Range<usize>) -> Option<Range<usize>> {
    let size = dtype.bitsize() / 8;
    let n_values = tensor.shape.iter().try_fold(1_usize, |product, &side| product.checked_mul(side))?;
    let start = storage.start.checked_add(tensor.offset.checked_mul(size)?)?;
    let end = start.checked_add(n_values.checked_mul(size)?)?;
    (end <= storage.end).then_some(start..end)
}

fn is_row_major(tensor: &Described) -> bool {
    let mut expected = Some(1_usize);
    tensor.stride.len() == tensor.shape.len()
        && tensor.shape.iter().zip(&tensor.stride).rev().all(|(&side, &stride)| {
            let fits = side == 1 || expected == Some(stride);
            expected = expected.and_then(|expected| expected.checked_mul(side.max(1)));
            fits
        })
}
