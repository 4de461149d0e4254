//! What a core can do at most: multiply-adds in registers alone.
#![allow(unsafe_code, reason = "built of SIMD intrinsics; every block carries its proof")]

use super::simd::Lanes;
use super::tile::{Tiles, dispatch, for_every_isa};

/// Does multiply-adds in registers, `n_rounds` for each of some sums, and says how many; a bench divides by the time.
pub fn spend_multiply_adds(n_rounds: u64) -> u64 {
    // SAFETY: `Tiles::detect` has found the instruction set on this processor.
    unsafe { dispatch!(Tiles::detect(), rounds, n_rounds) }
}

/// # Safety
/// The processor has the instruction set.
#[inline(always)]
unsafe fn rounds_of<V: Lanes>(n_rounds: u64) -> u64 {
    /// A sum takes four cycles and two begin in each.
    const MOST_SUMS: usize = 12;
    let n_sums = if V::N_REGISTERS > MOST_SUMS { MOST_SUMS } else { V::N_REGISTERS - 2 };
    // SAFETY: the caller vouches for the instruction set; the array has sixteen floats.
    unsafe {
        let factor = V::splat(std::hint::black_box(0.999_999));
        let mut sums = [V::splat(std::hint::black_box(1.0)); MOST_SUMS];
        for _ in 0..n_rounds {
            for sum in sums.iter_mut().take(n_sums) {
                *sum = sum.mul_add(factor, factor);
            }
        }
        let mut total = sums[0];
        for sum in &sums[1..] {
            total = total.add(*sum);
        }
        let mut lanes = [0.0_f32; 16];
        total.store(lanes.as_mut_ptr());
        std::hint::black_box(lanes);
    }
    n_rounds * n_sums as u64 * 16
}

for_every_isa!(rounds, rounds_of, (n_rounds: u64) -> u64);
