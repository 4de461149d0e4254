//! Every instruction set of this processor against plain loops.
#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

use super::{DOT_LANES, Isa, MAX_TILE, MAX_TILE_ROWS, TileKernel, dot_products, hamming_tile, pack_lanes};

/// A small generator of numbers in [-1, 1).
fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..n)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

fn kernels() -> Vec<TileKernel> {
    [Isa::Avx512, Isa::Avx2, Isa::Portable].into_iter().filter_map(TileKernel::with_isa).collect()
}

/// Packs `n_lanes` rows of `depth` numbers.
fn packed(values: &[f32], depth: usize, n_lanes: usize) -> Vec<f32> {
    let mut out = vec![0.0; depth * n_lanes];
    pack_lanes((0..n_lanes).map(|lane| &values[lane * depth..(lane + 1) * depth]), n_lanes, &mut out);
    out
}

fn check_products(depth: usize) {
    let (rows, columns) = (numbers(12 * depth, 1), numbers(32 * depth, 2));
    for kernel in kernels() {
        let (n_rows, n_columns) = (kernel.n_rows(), kernel.n_columns());
        let mut tile = [f32::NAN; MAX_TILE];
        kernel.products(&packed(&rows, depth, n_rows), &packed(&columns, depth, n_columns), depth, &mut tile);
        for r in 0..n_rows {
            for c in 0..n_columns {
                let exact: f64 = (0..depth)
                    .map(|i| f64::from(rows[r * depth + i]) * f64::from(columns[c * depth + i]))
                    .sum();
                let got = tile[r * n_columns + c];
                assert!(
                    (f64::from(got) - exact).abs() < 1e-5 * (depth as f64 + 1.0),
                    "{kernel:?} depth {depth} ({r}, {c}): {got} is not {exact}"
                );
            }
        }
    }
}

#[test]
fn tiles_hold_the_dot_products() {
    for depth in [0, 1, 2, 15, 16, 17, 64, 513] {
        check_products(depth);
    }
}

#[test]
fn tiles_and_single_dots_round_alike() {
    let depth = 384;
    let (rows, columns) = (numbers(12 * depth, 3), numbers(32 * depth, 4));
    let kernel = TileKernel::detect();
    let mut tile = [0.0; MAX_TILE];
    let (n_rows, n_columns) = (kernel.n_rows(), kernel.n_columns());
    kernel.products(&packed(&rows, depth, n_rows), &packed(&columns, depth, n_columns), depth, &mut tile);
    for r in 0..n_rows {
        let others = std::array::from_fn(|c| &columns[c * depth..(c + 1) * depth]);
        let dots: [f32; DOT_LANES] = dot_products(&rows[r * depth..(r + 1) * depth], others);
        assert_eq!(dots, tile[r * n_columns..r * n_columns + DOT_LANES], "row {r}");
    }
}

#[test]
fn masks_name_exactly_the_scores_at_a_floor() {
    let mut tile = [0.0; MAX_TILE];
    for (slot, number) in tile.iter_mut().zip(numbers(MAX_TILE, 5)) {
        *slot = (number * 4.0).round() / 4.0;
    }
    tile[3] = f32::NAN;
    let mut row_floors = numbers(12, 6).iter().map(|x| (x * 4.0).round() / 4.0).collect::<Vec<_>>();
    let mut column_floors = numbers(32, 7).iter().map(|x| (x * 4.0).round() / 4.0 + 0.5).collect::<Vec<_>>();
    row_floors[1] = f32::INFINITY;
    column_floors[1] = f32::NEG_INFINITY;
    for kernel in kernels() {
        let mut masks = [0; MAX_TILE_ROWS];
        let any = kernel.reaching(&tile, &row_floors, &column_floors, &mut masks);
        assert!(any, "{kernel:?}");
        for (r, mask) in masks.iter().enumerate().take(kernel.n_rows()) {
            for c in 0..kernel.n_columns() {
                let score = tile[r * kernel.n_columns() + c];
                let expected = score >= row_floors[r] || score >= column_floors[c];
                assert_eq!(mask >> c & 1 == 1, expected, "{kernel:?} ({r}, {c})");
            }
        }
        let none = kernel.reaching(&tile, &[f32::INFINITY; 12], &[f32::INFINITY; 32], &mut masks);
        assert!(!none, "{kernel:?}");
    }
}

#[test]
fn hamming_counts_bits() {
    for n_words in [1, 2, 9] {
        let words: Vec<u64> = numbers(44 * n_words, 8)
            .iter()
            .enumerate()
            .map(|(i, x)| u64::from(x.to_bits()).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(i as u32))
            .collect();
        let row = |i: usize| &words[i * n_words..(i + 1) * n_words];
        let (mut rows, mut columns) = (vec![0; 12 * n_words], vec![0; 32 * n_words]);
        pack_lanes((0..12).map(row), 12, &mut rows);
        pack_lanes((12..44).map(row), 32, &mut columns);
        let mut tile = [0.0; MAX_TILE];
        hamming_tile(&rows, &columns, (12, 32), n_words * 64, &mut tile);
        for r in 0..12 {
            for c in 0..32 {
                let distance: u32 = row(r).iter().zip(row(12 + c)).map(|(a, b)| (a ^ b).count_ones()).sum();
                assert_eq!(tile[r * 32 + c], 1.0 - distance as f32 / (n_words * 64) as f32);
            }
        }
    }
}

#[test]
#[should_panic(expected = "shorter than the depth")]
fn short_input_is_refused_before_any_pointer_is_made() {
    TileKernel::detect().products(&[0.0; 11], &[0.0; 64], 2, &mut [0.0; MAX_TILE]);
}
