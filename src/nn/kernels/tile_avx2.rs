//! The 6 x 16 tile in 12 of AVX2's 16 registers. Never called unless the processor has AVX2 and FMA.
#![allow(unsafe_code, reason = "SIMD intrinsics; every block carries its proof")]

use std::arch::x86_64::{
    _CMP_GE_OQ, _mm256_cmp_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_movemask_ps, _mm256_or_ps,
    _mm256_set1_ps, _mm256_setzero_ps, _mm256_storeu_ps,
};

use super::{MAX_TILE, MAX_TILE_ROWS};

const ROWS: usize = 6;
const LANES: usize = 8;

/// See [`super::TileKernel::products`].
///
/// # Safety
/// The processor has AVX2 and FMA; `rows` points to `depth * 6` numbers, `columns` to `depth * 16`, `tile` to 6 * 16.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn products(rows: *const f32, columns: *const f32, depth: usize, tile: *mut f32) {
    let mut sums = [[_mm256_setzero_ps(); 2]; ROWS];
    for step in 0..depth {
        // SAFETY: step < depth, so 16 numbers from columns + 16 * step and 6 from rows + 6 * step are inside.
        unsafe {
            let left = _mm256_loadu_ps(columns.add(step * 2 * LANES));
            let right = _mm256_loadu_ps(columns.add(step * 2 * LANES + LANES));
            for (row, [sum_left, sum_right]) in sums.iter_mut().enumerate() {
                let number = _mm256_set1_ps(*rows.add(step * ROWS + row));
                *sum_left = _mm256_fmadd_ps(number, left, *sum_left);
                *sum_right = _mm256_fmadd_ps(number, right, *sum_right);
            }
        }
    }
    for (row, [sum_left, sum_right]) in sums.into_iter().enumerate() {
        // SAFETY: row < 6, so 16 numbers from tile + 16 * row are inside the 6 * 16.
        unsafe {
            _mm256_storeu_ps(tile.add(row * 2 * LANES), sum_left);
            _mm256_storeu_ps(tile.add(row * 2 * LANES + LANES), sum_right);
        }
    }
}

/// See [`super::TileKernel::reaching`].
///
/// # Safety
/// The processor has AVX2; `row_floors` points to 6 numbers, `column_floors` to 16.
#[target_feature(enable = "avx2")]
pub unsafe fn reaching(
    tile: &[f32; MAX_TILE],
    row_floors: *const f32,
    column_floors: *const f32,
    masks: &mut [u32; MAX_TILE_ROWS],
) -> bool {
    let mut any = 0;
    // SAFETY: the caller gives 16 column floors.
    let floors = unsafe { [_mm256_loadu_ps(column_floors), _mm256_loadu_ps(column_floors.add(LANES))] };
    for (row, mask) in masks.iter_mut().take(ROWS).enumerate() {
        // SAFETY: row < 6: the caller gives 6 row floors, and the tile has 16 numbers from 16 * row.
        let (floor, scores) = unsafe {
            let scores = tile.as_ptr().add(row * 2 * LANES);
            (
                _mm256_set1_ps(*row_floors.add(row)),
                [_mm256_loadu_ps(scores), _mm256_loadu_ps(scores.add(LANES))],
            )
        };
        let mut bits = 0_u32;
        for half in 0..2 {
            let reached = _mm256_or_ps(
                _mm256_cmp_ps::<_CMP_GE_OQ>(scores[half], floor),
                _mm256_cmp_ps::<_CMP_GE_OQ>(scores[half], floors[half]),
            );
            bits |= _mm256_movemask_ps(reached).cast_unsigned() << (half * LANES);
        }
        *mask = bits;
        any |= bits;
    }
    any != 0
}
