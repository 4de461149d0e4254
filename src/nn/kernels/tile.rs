//! Dot products of a few rows with a few columns at once, kept in registers ("register tile"), and the comparison of
//! such a tile with thresholds.

use super::tile_portable;
#[cfg(target_arch = "x86_64")]
use super::{tile_avx2, tile_avx512};

/// Most rows a tile has, of numbers or of codes.
pub const MAX_TILE_ROWS: usize = 32;
/// Most numbers a tile has.
pub const MAX_TILE: usize = MAX_TILE_ROWS * 32;

/// Instruction sets with a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// 512-bit registers with fused multiply-add: tiles of 12 x 32.
    Avx512,
    /// 256-bit registers with fused multiply-add: tiles of 6 x 16.
    Avx2,
    /// Plain Rust: tiles of 4 x 16; multiplies and adds round separately.
    Portable,
}

/// The kernel of one instruction set that this processor is known to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileKernel {
    isa: Isa,
}

impl TileKernel {
    /// The fastest kernel of this processor.
    pub fn detect() -> Self {
        [Isa::Avx512, Isa::Avx2].into_iter().find_map(Self::with_isa).unwrap_or(Self { isa: Isa::Portable })
    }

    /// The kernel of `isa`; `None` when this processor lacks it.
    pub fn with_isa(isa: Isa) -> Option<Self> {
        let available = match isa {
            Isa::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(not(target_arch = "x86_64"))]
            Isa::Avx512 | Isa::Avx2 => false,
        };
        available.then_some(Self { isa })
    }

    /// Its instruction set.
    pub fn isa(self) -> Isa {
        self.isa
    }

    /// Rows of a tile.
    pub fn n_rows(self) -> usize {
        match self.isa {
            Isa::Avx512 => 12,
            Isa::Avx2 => 6,
            Isa::Portable => tile_portable::ROWS,
        }
    }

    /// Columns of a tile.
    pub fn n_columns(self) -> usize {
        match self.isa {
            Isa::Avx512 => 32,
            Isa::Avx2 => 16,
            Isa::Portable => tile_portable::COLUMNS,
        }
    }

    /// `tile[r * n_columns + c]` becomes the dot product of lane r of `rows` and lane c of `columns`, both packed by
    /// [`pack_lanes`] with `n_rows` and `n_columns` lanes of `depth` numbers.
    ///
    /// # Panics
    /// When a slice is shorter than that.
    pub fn products(self, rows: &[f32], columns: &[f32], depth: usize, tile: &mut [f32; MAX_TILE]) {
        assert!(rows.len() / self.n_rows() >= depth, "packed rows are shorter than the depth");
        assert!(columns.len() / self.n_columns() >= depth, "packed columns are shorter than the depth");
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code, reason = "SIMD behind run-time detection")]
        match self.isa {
            // SAFETY: `with_isa` made this value only after detecting AVX-512F; the slices hold `depth` steps of 12
            // and 32 numbers (asserted above), the tile 12 * 32.
            Isa::Avx512 => unsafe {
                tile_avx512::products(rows.as_ptr(), columns.as_ptr(), depth, tile.as_mut_ptr());
            },
            // SAFETY: as above with AVX2 and FMA detected, 6 and 16 numbers a step, 6 * 16 in the tile.
            Isa::Avx2 => unsafe {
                tile_avx2::products(rows.as_ptr(), columns.as_ptr(), depth, tile.as_mut_ptr());
            },
            Isa::Portable => tile_portable::products(rows, columns, depth, tile),
        }
        #[cfg(not(target_arch = "x86_64"))]
        tile_portable::products(rows, columns, depth, tile);
    }

    /// Bit c of `masks[r]` says whether score (r, c) reaches `row_floors[r]` or `column_floors[c]`. A NaN reaches
    /// nothing. Returns whether any bit is set.
    ///
    /// # Panics
    /// When there are fewer floors than the tile has rows or columns.
    pub fn reaching(
        self,
        tile: &[f32; MAX_TILE],
        row_floors: &[f32],
        column_floors: &[f32],
        masks: &mut [u32; MAX_TILE_ROWS],
    ) -> bool {
        assert!(row_floors.len() >= self.n_rows(), "a floor is missing for a row");
        assert!(column_floors.len() >= self.n_columns(), "a floor is missing for a column");
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code, reason = "SIMD behind run-time detection")]
        match self.isa {
            // SAFETY: AVX-512F was detected; 12 row floors and 32 column floors are there (asserted above).
            Isa::Avx512 => unsafe {
                tile_avx512::reaching(tile, row_floors.as_ptr(), column_floors.as_ptr(), masks)
            },
            // SAFETY: AVX2 was detected; 6 row floors and 16 column floors are there (asserted above).
            Isa::Avx2 => unsafe {
                tile_avx2::reaching(tile, row_floors.as_ptr(), column_floors.as_ptr(), masks)
            },
            Isa::Portable => tile_portable::reaching(tile, row_floors, column_floors, masks),
        }
        #[cfg(not(target_arch = "x86_64"))]
        tile_portable::reaching(tile, row_floors, column_floors, masks)
    }
}

/// Interleaves up to `n_lanes` equally long rows: number i of lane r goes to `out[i * n_lanes + r]`; lanes beyond the
/// rows keep what `out` holds (zeros, if it was made so).
///
/// # Panics
/// When there are more rows than lanes, rows differ in length or `out` is too short.
pub fn pack_lanes<'a, T: Copy + 'a>(
    rows: impl Iterator<Item = &'a [T]> + Clone,
    n_lanes: usize,
    out: &mut [T],
) {
    /// Steps a pass: 16 numbers are one cache line of a row, and the lines written stay in the first-level cache.
    const STEPS: usize = 16;
    let depth = out.len() / n_lanes;
    for (block, chunk) in out[..depth * n_lanes].chunks_mut(STEPS * n_lanes).enumerate() {
        let n_steps = chunk.len() / n_lanes;
        for (lane, row) in rows.clone().enumerate() {
            assert!(lane < n_lanes, "more rows than lanes");
            let numbers = &row[block * STEPS..block * STEPS + n_steps];
            for (slot, &number) in chunk[lane..].iter_mut().step_by(n_lanes).zip(numbers) {
                *slot = number;
            }
        }
    }
}
