//! Inner loops in SIMD, chosen at run time for the processor at hand; the only folder (besides memory maps) with `unsafe`.
//!
//! Every instruction set has the same interface and, where it has fused multiply-add, the same rounding: one sum a
//! pair of rows, its products added in order of the columns. So a score does not depend on which kernel found it.
//! Nothing here knows what rows mean.

pub(in crate::nn) mod blocked;
pub(super) mod depthwise;
mod dots;
pub(super) mod exponential;
mod hamming;
pub(super) mod matrix;
mod tile;
#[cfg(target_arch = "x86_64")]
mod tile_avx2;
#[cfg(target_arch = "x86_64")]
mod tile_avx512;
mod tile_portable;

pub use blocked::spend_multiply_adds;
pub use dots::{DOT_LANES, dot_products};
pub use hamming::hamming_tile;
pub use tile::{Isa, MAX_TILE, MAX_TILE_ROWS, TileKernel, pack_lanes};

/// The widest instruction set the kernels (ours and the matrix products') may use here, for people to read.
pub(super) fn instruction_set() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512f") {
        return "AVX-512";
    } else if has_avx2_and_fma() {
        return "AVX2";
    }
    if cfg!(target_arch = "x86_64") {
        "SSE2"
    } else if cfg!(target_arch = "aarch64") {
        "NEON"
    } else {
        "portable"
    }
}

/// Whether functions compiled for AVX2 and FMA may be called.
#[cfg(target_arch = "x86_64")]
fn has_avx2_and_fma() -> bool {
    std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
}

#[cfg(test)]
mod tests;
