//! Dot products of 32 rows of 8-bit codes with 32 others, exact in 32-bit integers, and the comparison of such a tile with
//! floors. A processor that multiplies bytes does four to thirty times as many of these in a second as of floats.
//!
//! Four neighbouring codes make a word. The left side comes as unsigned bytes (code + 128), because the instructions want
//! one side unsigned; what that adds to every sum, 128 times the sum of the other side's codes, is taken off by starting
//! from a correction that is packed behind the columns. Every kernel gives the same integers.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx;
mod portable;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod vnni;

use std::marker::PhantomData;

use super::{MAX_TILE, MAX_TILE_ROWS, pack_lanes};

/// Rows and columns of a tile of codes.
pub const CODE_LANES: usize = 32;
/// Codes in a word.
pub const CODES_A_WORD: usize = 4;
/// Words a row is filled up to a multiple of: one step of the tile instructions.
pub const STEP: usize = 16;
/// Turns four signed codes into four unsigned ones, 128 higher.
const TO_UNSIGNED: i32 = 0x8080_8080_u32.cast_signed();

/// Instruction sets with a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeIsa {
    /// Tile registers (AMX-INT8), where the system lets a program use them.
    Amx,
    /// 512-bit byte products (AVX-512 VNNI).
    Vnni,
    /// Plain Rust; hardly faster than floats.
    Portable,
}

/// The kernel of one instruction set that this processor is known to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeKernel {
    isa: CodeIsa,
}

/// A thread's right to multiply; it holds the tile registers' configuration where there is one, so it stays on its thread.
pub struct CodeSession {
    isa: CodeIsa,
    stays_on_its_thread: PhantomData<*const ()>,
}

impl CodeKernel {
    /// The fastest kernel of this processor; `None` when codes would not be faster than floats.
    pub fn detect() -> Option<Self> {
        [CodeIsa::Amx, CodeIsa::Vnni].into_iter().find_map(Self::with_isa)
    }

    /// The kernel of `isa`; `None` when this processor or its system lacks it.
    pub fn with_isa(isa: CodeIsa) -> Option<Self> {
        let available = match isa {
            CodeIsa::Portable => true,
            #[cfg(target_arch = "x86_64")]
            CodeIsa::Vnni => is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni"),
            #[cfg(not(target_arch = "x86_64"))]
            CodeIsa::Vnni => false,
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            CodeIsa::Amx => amx::is_available(),
            #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
            CodeIsa::Amx => false,
        };
        available.then_some(Self { isa })
    }

    /// Opens a session on this thread. Sessions may be nested; another thread needs its own.
    pub fn session(self) -> CodeSession {
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        if self.isa == CodeIsa::Amx {
            amx::open();
        }
        CodeSession { isa: self.isa, stays_on_its_thread: PhantomData }
    }

    /// Words of a row of `n_codes` codes, filled up with zeros.
    pub fn n_words(n_codes: usize) -> usize {
        n_codes.div_ceil(CODES_A_WORD).next_multiple_of(STEP)
    }

    /// Packs up to 32 rows of `n_words` words for the left side of a product: 32 * `n_words` words, one row after the
    /// other. Missing rows become rows of zeros.
    ///
    /// # Panics
    /// When a row is shorter or `out` too short.
    pub fn pack_rows<'a>(rows: impl Iterator<Item = &'a [i32]>, n_words: usize, out: &mut [i32]) {
        let out = &mut out[..CODE_LANES * n_words];
        let mut n_packed = 0;
        for (row, lane) in rows.zip(out.chunks_exact_mut(n_words.max(1))) {
            for (word, &codes) in lane.iter_mut().zip(&row[..n_words]) {
                *word = codes ^ TO_UNSIGNED;
            }
            n_packed += n_words;
        }
        out[n_packed..].fill(TO_UNSIGNED);
    }

    /// Packs up to 32 rows of `n_words` words, whose codes add up to `sums`, for the right side: 32 * (`n_words` + 1) words.
    /// Missing rows become rows of zeros.
    ///
    /// # Panics
    /// When rows differ in length, or `out` is too short.
    pub fn pack_columns<'a>(
        rows: impl Iterator<Item = &'a [i32]> + Clone,
        sums: impl Iterator<Item = i32>,
        n_words: usize,
        out: &mut [i32],
    ) {
        let (words, corrections) = out[..CODE_LANES * (n_words + 1)].split_at_mut(CODE_LANES * n_words);
        if rows.clone().nth(CODE_LANES - 1).is_none() {
            words.fill(0);
        }
        pack_lanes(rows, CODE_LANES, words);
        corrections.fill(0);
        for (correction, sum) in corrections.iter_mut().zip(sums) {
            *correction = -128 * sum;
        }
    }
}

impl CodeSession {
    /// `tile[r * 32 + c]` becomes the dot product of row r and column c, packed by [`CodeKernel::pack_rows`] and
    /// [`CodeKernel::pack_columns`] with `n_words` words, a multiple of 16.
    ///
    /// # Panics
    /// When a slice is shorter than that, or `n_words` no such multiple.
    pub fn products(&self, rows: &[i32], columns: &[i32], n_words: usize, tile: &mut [i32; MAX_TILE]) {
        assert!(n_words.is_multiple_of(STEP), "rows of codes are filled up to whole steps");
        assert!(rows.len() / CODE_LANES >= n_words, "packed rows are too short");
        assert!(columns.len() / CODE_LANES > n_words, "packed columns are too short");
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code, reason = "SIMD behind run-time detection")]
        match self.isa {
            #[cfg(target_os = "linux")]
            // SAFETY: this session configured the tiles on this thread; 32 rows of `n_words` words and 32 columns of
            // one word more are there (asserted above), `n_words` is a multiple of 16, and the tile holds 32 * 32.
            CodeIsa::Amx => unsafe {
                amx::products(rows.as_ptr(), columns.as_ptr(), n_words, tile.as_mut_ptr());
            },
            // SAFETY: AVX-512 VNNI was detected; the slices are as long as above.
            CodeIsa::Vnni => unsafe {
                vnni::products(rows.as_ptr(), columns.as_ptr(), n_words, tile.as_mut_ptr());
            },
            _ => portable::products(rows, columns, n_words, tile),
        }
        #[cfg(not(target_arch = "x86_64"))]
        portable::products(rows, columns, n_words, tile);
    }

    /// Bit c of `masks[r]` says whether score (r, c) reaches `row_floors[r]` or `column_floors[c]`. Returns whether any
    /// bit is set.
    ///
    /// # Panics
    /// When there are fewer than 32 floors on a side.
    pub fn reaching(
        &self,
        tile: &[i32; MAX_TILE],
        row_floors: &[i32],
        column_floors: &[i32],
        masks: &mut [u32; MAX_TILE_ROWS],
    ) -> bool {
        let row_floors = &row_floors[..CODE_LANES];
        let column_floors = &column_floors[..CODE_LANES];
        #[cfg(target_arch = "x86_64")]
        if self.isa != CodeIsa::Portable {
            #[allow(unsafe_code, reason = "SIMD behind run-time detection")]
            // SAFETY: AVX-512F was detected for either kernel; there are 32 floors on both sides (sliced above).
            return unsafe { vnni::reaching(tile, row_floors.as_ptr(), column_floors.as_ptr(), masks) };
        }
        portable::reaching(tile, row_floors, column_floors, masks)
    }
}

impl Drop for CodeSession {
    fn drop(&mut self) {
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        if self.isa == CodeIsa::Amx {
            amx::close();
        }
    }
}
