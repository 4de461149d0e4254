//! Access to the numbers behind a CPU tensor.

use candle_core::{CpuStorage, Layout, Result, bail};

/// The numbers of a contiguous f32 tensor, row-major.
///
/// # Errors
/// When it is of another type or not contiguous.
pub(super) fn floats<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => match values.get(start..end) {
            Some(values) => Ok(values),
            None => bail!("a tensor lies outside its storage"),
        },
        _ => bail!("nn's CPU operations need contiguous f32"),
    }
}

/// The `index`-th run of `len` numbers.
pub(super) fn chunk(values: &[f32], index: usize, len: usize) -> &[f32] {
    &values[index * len..(index + 1) * len]
}
