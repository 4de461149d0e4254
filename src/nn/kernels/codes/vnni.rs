//! The tile of codes with AVX-512 VNNI, eight rows at a time in 16 of its 32 registers. Never called unless the processor
//! has it; [`reaching`] needs AVX-512F alone.
#![allow(unsafe_code, reason = "SIMD intrinsics; every block carries its proof")]

use std::arch::x86_64::{
    __m512i, _mm512_cmpge_epi32_mask, _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_min_epi32,
    _mm512_set1_epi32, _mm512_storeu_si512,
};

use super::{CODE_LANES, MAX_TILE, MAX_TILE_ROWS};

const ROWS: usize = 8;
const LANES: usize = 16;

/// See [`super::CodeSession::products`].
///
/// # Safety
/// The processor has AVX-512F and VNNI; `rows` points to 32 * `n_words` words, `columns` to 32 * (`n_words` + 1), `tile` to
/// 32 * 32.
#[target_feature(enable = "avx512f,avx512vnni")]
pub unsafe fn products(rows: *const i32, columns: *const i32, n_words: usize, tile: *mut i32) {
    for first in (0..CODE_LANES).step_by(ROWS) {
        // SAFETY: the corrections are the 32 words behind 32 * n_words.
        let start = unsafe { load_pair(columns.add(n_words * CODE_LANES)) };
        let mut sums = [start; ROWS];
        for word in 0..n_words {
            // SAFETY: word < n_words and first + row < 32, so 32 words from columns + 32 * word and the word
            // rows[(first + row) * n_words + word] are inside.
            unsafe {
                let [left, right] = load_pair(columns.add(word * CODE_LANES));
                for (row, [sum_left, sum_right]) in sums.iter_mut().enumerate() {
                    let codes = _mm512_set1_epi32(*rows.add((first + row) * n_words + word));
                    *sum_left = _mm512_dpbusd_epi32(*sum_left, codes, left);
                    *sum_right = _mm512_dpbusd_epi32(*sum_right, codes, right);
                }
            }
        }
        for (row, [sum_left, sum_right]) in sums.into_iter().enumerate() {
            // SAFETY: first + row < 32, so 32 words from tile + 32 * (first + row) are inside the 32 * 32.
            unsafe {
                let out = tile.add((first + row) * CODE_LANES);
                _mm512_storeu_si512(out.cast(), sum_left);
                _mm512_storeu_si512(out.add(LANES).cast(), sum_right);
            }
        }
    }
}

/// Two registers from 32 words.
///
/// # Safety
/// The processor has AVX-512F; `words` points to 32 words.
#[target_feature(enable = "avx512f")]
unsafe fn load_pair(words: *const i32) -> [__m512i; 2] {
    // SAFETY: the caller gives 32 words.
    unsafe { [_mm512_loadu_si512(words.cast()), _mm512_loadu_si512(words.add(LANES).cast())] }
}

/// See [`super::CodeSession::reaching`].
///
/// # Safety
/// The processor has AVX-512F; both pointers lead to 32 floors.
#[target_feature(enable = "avx512f")]
pub unsafe fn reaching(
    tile: &[i32; MAX_TILE],
    row_floors: *const i32,
    column_floors: *const i32,
    masks: &mut [u32; MAX_TILE_ROWS],
) -> bool {
    // SAFETY: the caller gives 32 column floors.
    let floors = unsafe { load_pair(column_floors) };
    let mut any = 0;
    for (row, mask) in masks.iter_mut().take(CODE_LANES).enumerate() {
        // SAFETY: row < 32: the caller gives 32 row floors, and the tile has 32 scores from 32 * row.
        let (floor, scores) = unsafe {
            (_mm512_set1_epi32(*row_floors.add(row)), load_pair(tile.as_ptr().add(row * CODE_LANES)))
        };
        let left = _mm512_cmpge_epi32_mask(scores[0], _mm512_min_epi32(floors[0], floor));
        let right = _mm512_cmpge_epi32_mask(scores[1], _mm512_min_epi32(floors[1], floor));
        *mask = u32::from(left) | u32::from(right) << LANES;
        any |= *mask;
    }
    any != 0
}
