//! The register tile: some pixels of a row by one or two blocks of output channels, summed over segments of consecutive
//! inputs. Each input is read once by all its output channels, each weight once by all the tile's pixels.
#![allow(unsafe_code, reason = "SIMD on pointers; every block carries its proof")]

#[cfg(target_arch = "x86_64")]
use super::simd::{Avx2, Avx512};
use super::simd::{Lanes, Portable};
use crate::nn::kernels::{Isa, TileKernel};

/// Consecutive inputs that every pixel reads, `offset` floats after the pixel's own place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) offset: usize,
    pub(super) run: usize,
}

/// What a tile reads and writes. Blocks of sixteen output channels: `bias`, then for each k the weights of all blocks.
#[derive(Clone, Copy)]
pub(super) struct TileTask {
    pub(super) input: *const f32,
    pub(super) segments: *const Segment,
    pub(super) n_segments: usize,
    pub(super) weights: *const f32,
    pub(super) bias: *const f32,
    /// What is added at the same pixels and blocks, or null.
    pub(super) residual: *const f32,
    pub(super) residual_block: usize,
    pub(super) output: *mut f32,
    pub(super) output_block: usize,
    /// Bounds that the sums are held within.
    pub(super) bounds: [f32; 2],
}

/// Most pixels of a tile.
pub(super) const MAX_PIXELS: usize = 14;

/// Pixels by blocks, `PITCH` floats between the inputs of neighbouring pixels.
///
/// # Safety
/// The processor has the instruction set of `V`. For each pixel, the floats of every segment after its place are readable;
/// `weights` has as many blocks of sixteen as all runs together times `BLOCKS`, `bias` has `BLOCKS`, residual and output
/// `PIXELS` blocks of sixteen in a row, `BLOCKS` times.
#[inline(always)]
unsafe fn tile<V: Lanes, const PIXELS: usize, const BLOCKS: usize, const PITCH: usize>(task: &TileTask) {
    // SAFETY: every read and write below is one the caller vouches for: pixel < PIXELS, block < BLOCKS, and `weights` moves
    // on by BLOCKS blocks for each of the run's inputs.
    unsafe {
        let mut sums = [[V::splat(0.0); BLOCKS]; PIXELS];
        for block in 0..BLOCKS {
            let bias = V::load(task.bias.add(16 * block));
            for row in &mut sums {
                row[block] = bias;
            }
        }
        let mut weights = task.weights;
        for index in 0..task.n_segments {
            let segment = *task.segments.add(index);
            let mut input = task.input.add(segment.offset);
            if PITCH >= 16 {
                // What comes next is far away in memory, and too many instructions away to be fetched in time by itself:
                // the next segment's inputs, or those of the tile to the right.
                let next = match index + 1 < task.n_segments {
                    true => task.input.wrapping_add((*task.segments.add(index + 1)).offset),
                    false => task.input.wrapping_add(PIXELS * PITCH),
                };
                for pixel in 0..PIXELS {
                    V::prefetch(next.wrapping_add(pixel * PITCH));
                }
            }
            for _ in 0..segment.run {
                let mut column = [V::splat(0.0); BLOCKS];
                for (block, value) in column.iter_mut().enumerate() {
                    *value = V::load(weights.add(16 * block));
                }
                for (pixel, row) in sums.iter_mut().enumerate() {
                    let value = V::broadcast(input.add(pixel * PITCH));
                    for (sum, &weight) in row.iter_mut().zip(&column) {
                        *sum = value.mul_add(weight, *sum);
                    }
                }
                input = input.add(1);
                weights = weights.add(16 * BLOCKS);
            }
        }
        if !task.residual.is_null() {
            for (pixel, row) in sums.iter_mut().enumerate() {
                for (block, sum) in row.iter_mut().enumerate() {
                    *sum = sum.add(V::load(task.residual.add(block * task.residual_block + 16 * pixel)));
                }
            }
        }
        let (low, high) = (V::splat(task.bounds[0]), V::splat(task.bounds[1]));
        for (pixel, row) in sums.iter().enumerate() {
            for (block, sum) in row.iter().enumerate() {
                let place = task.output.add(block * task.output_block + 16 * pixel);
                high.min(low.max(*sum)).store(place);
            }
        }
    }
}

/// A tile of a certain size.
pub(super) type TileFunction = unsafe fn(&TileTask);

/// Distances between the inputs of neighbouring pixels that there are tiles for: pixels of a plane at stride 1 and 2,
/// blocks of sixteen at stride 1 and 2.
pub(super) const PITCHES: [usize; 4] = [1, 2, 16, 32];

/// Makes the tiles of one instruction set and their table.
macro_rules! tiles_of {
    ($table:ident, $lanes:ty, $blocks:literal, [$($feature:meta)?], [$($pixels:literal),*]) => {
        /// The tile for pixels, blocks and pitch; `None` where there is none.
        fn $table(pixels: usize, blocks: usize, pitch: usize) -> Option<TileFunction> {
            /// # Safety
            /// As for [`tile`].
            $(#[$feature])?
            unsafe fn sized<const PIXELS: usize, const BLOCKS: usize, const PITCH: usize>(task: &TileTask) {
                // SAFETY: the caller vouches for all that `tile` asks.
                unsafe { tile::<$lanes, PIXELS, BLOCKS, PITCH>(task) }
            }
            if blocks == 0 || blocks > $blocks {
                return None;
            }
            Some(match (pixels, blocks == 1, pitch) {
                $(
                    ($pixels, true, 1) => sized::<$pixels, 1, 1>,
                    ($pixels, true, 2) => sized::<$pixels, 1, 2>,
                    ($pixels, true, 16) => sized::<$pixels, 1, 16>,
                    ($pixels, true, 32) => sized::<$pixels, 1, 32>,
                    ($pixels, false, 1) => sized::<$pixels, $blocks, 1>,
                    ($pixels, false, 2) => sized::<$pixels, $blocks, 2>,
                    ($pixels, false, 16) => sized::<$pixels, $blocks, 16>,
                    ($pixels, false, 32) => sized::<$pixels, $blocks, 32>,
                )*
                _ => return None,
            })
        }
    };
}

#[cfg(target_arch = "x86_64")]
tiles_of!(
    avx512,
    Avx512,
    2,
    [target_feature(enable = "avx512f")],
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
);
#[cfg(target_arch = "x86_64")]
tiles_of!(avx2, Avx2, 1, [target_feature(enable = "avx2,fma")], [1, 2, 3, 4, 5, 6]);
tiles_of!(portable, Portable, 1, [], [1, 2, 3]);

/// The tiles of one instruction set that this processor is known to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::nn) struct Tiles {
    isa: Isa,
}

impl Tiles {
    /// The fastest of this processor.
    pub(in crate::nn) fn detect() -> Self {
        Self { isa: TileKernel::detect().isa() }
    }

    /// Those of `isa`; `None` when this processor lacks it.
    #[cfg(test)]
    pub(in crate::nn) fn with_isa(isa: Isa) -> Option<Self> {
        TileKernel::with_isa(isa).map(|kernel| Self { isa: kernel.isa() })
    }

    /// Its instruction set, which the processor has.
    pub(super) fn isa(self) -> Isa {
        self.isa
    }

    /// Most pixels of a tile.
    pub(super) fn most_pixels(self) -> usize {
        match self.isa {
            Isa::Avx512 => MAX_PIXELS,
            Isa::Avx2 => 6,
            Isa::Portable => 3,
        }
    }

    /// Rows of a strip: as many as a tile is high.
    pub(in crate::nn) fn strip(self) -> usize {
        self.most_pixels()
    }

    /// Most blocks of output channels of a tile, which is how weights are packed.
    pub(in crate::nn) fn most_blocks(self) -> usize {
        match self.isa {
            Isa::Avx512 => 2,
            Isa::Avx2 | Isa::Portable => 1,
        }
    }

    /// The tile of a size; `None` where there is none.
    pub(super) fn function(self, pixels: usize, blocks: usize, pitch: usize) -> Option<TileFunction> {
        match self.isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => avx512(pixels, blocks, pitch),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => avx2(pixels, blocks, pitch),
            _ => portable(pixels, blocks, pitch),
        }
    }

    /// Widths of the tiles that cover a row of `width` pixels: as few as possible, as even as possible.
    pub(super) fn widths(self, width: usize) -> Vec<usize> {
        let n_tiles = width.div_ceil(self.most_pixels()).max(1);
        (0..n_tiles).map(|tile| (tile + 1) * width / n_tiles - tile * width / n_tiles).collect()
    }
}

/// Calls a function generic over [`Lanes`] compiled for the instruction set of `$tiles`.
macro_rules! dispatch {
    ($tiles:expr, $function:ident, $($argument:expr),*) => {
        match $tiles.isa() {
            #[cfg(target_arch = "x86_64")]
            crate::nn::kernels::Isa::Avx512 => {
                $function::avx512($($argument),*)
            }
            #[cfg(target_arch = "x86_64")]
            crate::nn::kernels::Isa::Avx2 => $function::avx2($($argument),*),
            _ => $function::portable($($argument),*),
        }
    };
}
pub(super) use dispatch;

/// Compiles a function generic over [`Lanes`] for every instruction set, in a module of the function's name.
macro_rules! for_every_isa {
    ($name:ident, $function:ident, ($($argument:ident: $kind:ty),*) $(-> $result:ty)?) => {
        mod $name {
            use super::*;

            /// # Safety
            /// As the generic function's, on a processor with AVX-512F.
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f")]
            pub(super) unsafe fn avx512($($argument: $kind),*) $(-> $result)? {
                // SAFETY: the caller vouches for all that the function asks.
                unsafe { $function::<super::super::simd::Avx512>($($argument),*) }
            }

            /// # Safety
            /// As the generic function's, on a processor with AVX2 and FMA.
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            pub(super) unsafe fn avx2($($argument: $kind),*) $(-> $result)? {
                // SAFETY: the caller vouches for all that the function asks.
                unsafe { $function::<super::super::simd::Avx2>($($argument),*) }
            }

            /// # Safety
            /// As the generic function's.
            pub(super) unsafe fn portable($($argument: $kind),*) $(-> $result)? {
                // SAFETY: the caller vouches for all that the function asks.
                unsafe { $function::<super::super::simd::Portable>($($argument),*) }
            }
        }
    };
}
pub(super) use for_every_isa;
