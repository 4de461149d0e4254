//! Inner loops in SIMD, chosen at run time for the processor at hand; the only folder (besides memory maps) with `unsafe`.
//!
//! Every instruction set has the same interface and, where it has fused multiply-add, the same rounding: one sum a
//! pair of rows, its products added in order of the columns. So a score does not depend on which kernel found it.
//! Nothing here knows what rows mean.

mod dots;
mod hamming;
mod tile;
#[cfg(target_arch = "x86_64")]
mod tile_avx2;
#[cfg(target_arch = "x86_64")]
mod tile_avx512;
mod tile_portable;

pub use dots::{DOT_LANES, dot_products};
pub use hamming::hamming_tile;
pub use tile::{Isa, MAX_TILE, MAX_TILE_ROWS, TileKernel, pack_lanes};

#[cfg(test)]
mod tests;
