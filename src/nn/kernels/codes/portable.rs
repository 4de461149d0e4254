//! The tile of codes in plain Rust, for processors without a kernel of their own.

use super::{CODE_LANES, MAX_TILE, MAX_TILE_ROWS};

/// See [`super::CodeSession::products`].
pub fn products(rows: &[i32], columns: &[i32], n_words: usize, tile: &mut [i32; MAX_TILE]) {
    let (words, corrections) = columns[..CODE_LANES * (n_words + 1)].split_at(CODE_LANES * n_words);
    for (row, sums) in rows.chunks_exact(n_words.max(1)).zip(tile.chunks_exact_mut(CODE_LANES)) {
        sums.copy_from_slice(corrections);
        for (row_word, column_words) in row.iter().zip(words.chunks_exact(CODE_LANES)) {
            let row_codes = row_word.to_ne_bytes().map(i32::from);
            for (sum, column_word) in sums.iter_mut().zip(column_words) {
                let column_codes = column_word.to_ne_bytes().map(|code| i32::from(code.cast_signed()));
                *sum += std::iter::zip(row_codes, column_codes).map(|(a, b)| a * b).sum::<i32>();
            }
        }
    }
}

/// See [`super::CodeSession::reaching`].
pub fn reaching(
    tile: &[i32; MAX_TILE],
    row_floors: &[i32],
    column_floors: &[i32],
    masks: &mut [u32; MAX_TILE_ROWS],
) -> bool {
    let mut any = 0;
    for ((mask, scores), &floor) in masks.iter_mut().zip(tile.chunks_exact(CODE_LANES)).zip(row_floors) {
        let mut bits = 0_u32;
        for (column, (&score, &column_floor)) in scores.iter().zip(column_floors).enumerate() {
            bits |= u32::from(score >= floor.min(column_floor)) << column;
        }
        *mask = bits;
        any |= bits;
    }
    any != 0
}
