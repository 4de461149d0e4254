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

/// Numbers of the last dimension, at least one.
pub(super) fn row_len(layout: &Layout) -> usize {
    layout.dims().last().copied().unwrap_or(1).max(1)
}

/// Rows of `row_len` numbers that are worth a task.
pub(super) fn min_rows(row_len: usize) -> usize {
    const MIN_TASK_LEN: usize = 1 << 13;
    MIN_TASK_LEN.div_ceil(row_len)
}

/// The `index`-th run of `len` numbers.
pub(super) fn chunk(values: &[f32], index: usize, len: usize) -> &[f32] {
    &values[index * len..(index + 1) * len]
}
