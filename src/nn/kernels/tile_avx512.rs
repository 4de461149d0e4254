//! The 12 x 32 tile in 24 of AVX-512's 32 registers. Never called unless the processor has AVX-512F.
#![allow(unsafe_code, reason = "SIMD intrinsics; every block carries its proof")]

use std::arch::x86_64::{
    _CMP_GE_OQ, _mm512_cmp_ps_mask, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps,
    _mm512_storeu_ps,
};

use super::{MAX_TILE, MAX_TILE_ROWS};

const ROWS: usize = 12;
const LANES: usize = 16;

/// See [`super::TileKernel::products`].
///
/// # Safety
/// The processor has AVX-512F; `rows` points to `depth * 12` numbers, `columns` to `depth * 32`, `tile` to 12 * 32.
#[target_feature(enable = "avx512f")]
pub unsafe fn products(rows: *const f32, columns: *const f32, depth: usize, tile: *mut f32) {
    let mut sums = [[_mm512_setzero_ps(); 2]; ROWS];
    for step in 0..depth {
        // SAFETY: step < depth, so 32 numbers from columns + 32 * step and 12 from rows + 12 * step are inside.
        unsafe {
            let left = _mm512_loadu_ps(columns.add(step * 2 * LANES));
            let right = _mm512_loadu_ps(columns.add(step * 2 * LANES + LANES));
            for (row, [sum_left, sum_right]) in sums.iter_mut().enumerate() {
                let number = _mm512_set1_ps(*rows.add(step * ROWS + row));
                *sum_left = _mm512_fmadd_ps(number, left, *sum_left);
                *sum_right = _mm512_fmadd_ps(number, right, *sum_right);
            }
        }
    }
    for (row, [sum_left, sum_right]) in sums.into_iter().enumerate() {
        // SAFETY: row < 12, so 32 numbers from tile + 32 * row are inside the 12 * 32.
        unsafe {
            _mm512_storeu_ps(tile.add(row * 2 * LANES), sum_left);
            _mm512_storeu_ps(tile.add(row * 2 * LANES + LANES), sum_right);
        }
    }
}

/// See [`super::TileKernel::reaching`].
///
/// # Safety
/// The processor has AVX-512F; `row_floors` points to 12 numbers, `column_floors` to 32.
#[target_feature(enable = "avx512f")]
pub unsafe fn reaching(
    tile: &[f32; MAX_TILE],
    row_floors: *const f32,
    column_floors: *const f32,
    masks: &mut [u32; MAX_TILE_ROWS],
) -> bool {
    let mut any = 0;
    // SAFETY: the caller gives 32 column floors.
    let floors = unsafe { [_mm512_loadu_ps(column_floors), _mm512_loadu_ps(column_floors.add(LANES))] };
    for (row, mask) in masks.iter_mut().take(ROWS).enumerate() {
        // SAFETY: row < 12: the caller gives 12 row floors, and the tile has 32 numbers from 32 * row.
        let (floor, scores) = unsafe {
            let scores = tile.as_ptr().add(row * 2 * LANES);
            (
                _mm512_set1_ps(*row_floors.add(row)),
                [_mm512_loadu_ps(scores), _mm512_loadu_ps(scores.add(LANES))],
            )
        };
        let mut bits = 0_u32;
        for half in 0..2 {
            let reached = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(scores[half], floor)
                | _mm512_cmp_ps_mask::<_CMP_GE_OQ>(scores[half], floors[half]);
            bits |= u32::from(reached) << (half * LANES);
        }
        *mask = bits;
        any |= bits;
    }
    any != 0
}
