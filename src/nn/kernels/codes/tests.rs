//! Every instruction set of this processor against plain loops over the codes.
#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

use super::{CODE_LANES, CODES_A_WORD, CodeIsa, CodeKernel, MAX_TILE, MAX_TILE_ROWS};

fn kernels() -> Vec<CodeKernel> {
    [CodeIsa::Amx, CodeIsa::Vnni, CodeIsa::Portable].into_iter().filter_map(CodeKernel::with_isa).collect()
}

/// Codes over the whole range of a byte, the extremes among them.
fn codes(n: usize, seed: u64) -> Vec<i8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..n)
        .map(|i| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            match i % 17 {
                0 => 127,
                1 => -127,
                _ => (state >> 50) as i8,
            }
        })
        .collect()
}

fn words(codes: &[i8]) -> Vec<i32> {
    codes
        .chunks_exact(CODES_A_WORD)
        .map(|four| i32::from_ne_bytes(std::array::from_fn(|i| four[i].cast_unsigned())))
        .collect()
}

fn check(n_codes: usize, n_rows: usize, n_columns: usize) {
    let n_words = CodeKernel::n_words(n_codes);
    let depth = n_words * CODES_A_WORD;
    let (rows, columns) = (codes(n_rows * depth, 1), codes(n_columns * depth, 2));
    let (row_words, column_words) = (words(&rows), words(&columns));
    let sum =
        |column: usize| columns[column * depth..(column + 1) * depth].iter().map(|&c| i32::from(c)).sum();
    let mut packed_rows = vec![77; CODE_LANES * n_words];
    let mut packed_columns = vec![77; CODE_LANES * (n_words + 1)];
    CodeKernel::pack_rows(row_words.chunks(n_words), n_words, &mut packed_rows);
    let sums = (0..n_columns).map(sum);
    CodeKernel::pack_columns(column_words.chunks(n_words), sums, n_words, &mut packed_columns);
    for kernel in kernels() {
        let session = kernel.session();
        let mut tile = [7; MAX_TILE];
        session.products(&packed_rows, &packed_columns, n_words, &mut tile);
        for r in 0..CODE_LANES {
            for c in 0..CODE_LANES {
                let expected: i32 = if r < n_rows && c < n_columns {
                    let row = &rows[r * depth..(r + 1) * depth];
                    row.iter().zip(&columns[c * depth..]).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum()
                } else {
                    0
                };
                assert_eq!(tile[r * CODE_LANES + c], expected, "{kernel:?}, {n_codes} codes, ({r}, {c})");
            }
        }
    }
}

#[test]
fn tiles_hold_the_products_of_the_codes() {
    for n_codes in [1, 63, 64, 65, 128, 500, 1280] {
        check(n_codes, 32, 32);
    }
}

#[test]
fn missing_rows_and_columns_are_rows_of_zeros() {
    check(64, 5, 32);
    check(128, 32, 1);
    check(96, 31, 17);
}

#[test]
fn scores_that_reach_a_floor_are_marked() {
    let tile: [i32; MAX_TILE] = std::array::from_fn(|i| (i as i32 * 7919) % 1000 - 500);
    let mut row_floors = [400; CODE_LANES];
    let mut column_floors = [450; CODE_LANES];
    (row_floors[3], row_floors[4], column_floors[9]) = (i32::MIN, i32::MAX, -100);
    for kernel in kernels() {
        let mut masks = [0; MAX_TILE_ROWS];
        assert!(kernel.session().reaching(&tile, &row_floors, &column_floors, &mut masks));
        for r in 0..CODE_LANES {
            for c in 0..CODE_LANES {
                let score = tile[r * CODE_LANES + c];
                let reaches = score >= row_floors[r] || score >= column_floors[c];
                assert_eq!(masks[r] >> c & 1 == 1, reaches, "{kernel:?} ({r}, {c})");
            }
        }
        let never = [i32::MAX; CODE_LANES];
        assert!(!kernel.session().reaching(&tile, &never, &never, &mut masks));
    }
}

#[test]
fn sessions_may_be_nested() {
    for kernel in kernels() {
        let outer = kernel.session();
        drop(kernel.session());
        let mut tile = [1; MAX_TILE];
        let n_words = CodeKernel::n_words(64);
        let mut rows = vec![0; CODE_LANES * n_words];
        let mut columns = vec![0; CODE_LANES * (n_words + 1)];
        CodeKernel::pack_rows(std::iter::empty(), n_words, &mut rows);
        CodeKernel::pack_columns(std::iter::empty(), std::iter::empty(), n_words, &mut columns);
        outer.products(&rows, &columns, n_words, &mut tile);
        assert_eq!(tile, [0; MAX_TILE], "{kernel:?}");
    }
}
