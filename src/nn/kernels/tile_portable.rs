//! The 4 x 16 tile in plain Rust, for processors without a kernel of their own; the compiler vectorises it.

use super::{MAX_TILE, MAX_TILE_ROWS};

/// Rows of the tile.
pub const ROWS: usize = 4;
/// Columns of the tile.
pub const COLUMNS: usize = 16;

/// See [`super::TileKernel::products`].
pub fn products(rows: &[f32], columns: &[f32], depth: usize, tile: &mut [f32; MAX_TILE]) {
    let mut sums = [[0.0_f32; COLUMNS]; ROWS];
    let steps = rows.chunks_exact(ROWS).zip(columns.chunks_exact(COLUMNS));
    for (row_numbers, column_numbers) in steps.take(depth) {
        for (sums_of_row, &number) in sums.iter_mut().zip(row_numbers) {
            for (sum, &other) in sums_of_row.iter_mut().zip(column_numbers) {
                *sum += number * other;
            }
        }
    }
    for (out, sums_of_row) in tile.chunks_exact_mut(COLUMNS).zip(&sums) {
        out.copy_from_slice(sums_of_row);
    }
}

/// See [`super::TileKernel::reaching`].
pub fn reaching(
    tile: &[f32; MAX_TILE],
    row_floors: &[f32],
    column_floors: &[f32],
    masks: &mut [u32; MAX_TILE_ROWS],
) -> bool {
    let mut any = 0;
    for ((mask, scores), &floor) in
        masks.iter_mut().zip(tile.chunks_exact(COLUMNS)).zip(row_floors).take(ROWS)
    {
        let mut bits = 0_u32;
        for (column, (&score, &column_floor)) in scores.iter().zip(column_floors).enumerate() {
            bits |= u32::from(score >= floor || score >= column_floor) << column;
        }
        *mask = bits;
        any |= bits;
    }
    any != 0
}
