//! Hamming similarities of a few bit strings with a few others.

use super::MAX_TILE;

/// `tile[r * n_columns + c]` becomes 1 - (differing bits of lane r of `rows` and lane c of `columns`) / `n_bits`; both
/// are packed by [`super::pack_lanes`], `n_bits / 64` words deep.
///
/// # Panics
/// When a slice is too short or the tile too large.
pub fn hamming_tile(
    rows: &[u64],
    columns: &[u64],
    (n_rows, n_columns): (usize, usize),
    n_bits: usize,
    tile: &mut [f32; MAX_TILE],
) {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512vpopcntdq") && is_x86_feature_detected!("avx512f") {
            #[allow(unsafe_code, reason = "SIMD behind run-time detection")]
            // SAFETY: both features were just detected; the function reads through slices only.
            return unsafe { hamming_avx512(rows, columns, (n_rows, n_columns), n_bits, tile) };
        }
        if is_x86_feature_detected!("popcnt") {
            #[allow(unsafe_code, reason = "POPCNT behind run-time detection")]
            // SAFETY: the feature was just detected; the function reads through slices only.
            return unsafe { hamming_popcnt(rows, columns, (n_rows, n_columns), n_bits, tile) };
        }
    }
    similarities(rows, columns, (n_rows, n_columns), n_bits, tile);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vpopcntdq")]
fn hamming_avx512(
    rows: &[u64],
    columns: &[u64],
    shape: (usize, usize),
    n_bits: usize,
    tile: &mut [f32; MAX_TILE],
) {
    similarities(rows, columns, shape, n_bits, tile);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "popcnt")]
fn hamming_popcnt(
    rows: &[u64],
    columns: &[u64],
    shape: (usize, usize),
    n_bits: usize,
    tile: &mut [f32; MAX_TILE],
) {
    similarities(rows, columns, shape, n_bits, tile);
}

#[inline(always)]
fn similarities(
    rows: &[u64],
    columns: &[u64],
    (n_rows, n_columns): (usize, usize),
    n_bits: usize,
    tile: &mut [f32; MAX_TILE],
) {
    let n_words = n_bits / 64;
    let (rows, columns) = (&rows[..n_words * n_rows], &columns[..n_words * n_columns]);
    for (row, scores) in tile[..n_rows * n_columns].chunks_exact_mut(n_columns).enumerate() {
        let mut distances = [0_u64; 32];
        let distances = &mut distances[..n_columns];
        for (row_words, column_words) in rows.chunks_exact(n_rows).zip(columns.chunks_exact(n_columns)) {
            let word = row_words[row];
            for (distance, &other) in distances.iter_mut().zip(column_words) {
                *distance += u64::from((word ^ other).count_ones());
            }
        }
        for (score, &distance) in scores.iter_mut().zip(distances.iter()) {
            *score = 1.0 - distance as f32 / n_bits as f32;
        }
    }
}
