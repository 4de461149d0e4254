//! Depthwise convolution of blocked maps: sixteen channels a lane each, some pixels of a row in registers while the taps go
//! by. On the way out the activation is done and each channel's mean is taken, where somebody wants it.
#![allow(unsafe_code, reason = "SIMD on pointers; every block carries its proof")]

use std::sync::Arc;

use super::Memory;
use super::activate::activate_run;
use super::convolve::needed_border;
use super::pack::PackedChannels;
use super::place::{BLOCK, Place};
use super::simd::Lanes;
use super::team::Team;
use super::tile::{Tiles, dispatch, for_every_isa};
use crate::nn::Activation;

/// A depthwise convolution of one size.
#[derive(Clone, Debug)]
pub(in crate::nn) struct Channelwise {
    tiles: Tiles,
    weights: Arc<PackedChannels>,
    input: Place,
    output: Place,
    /// A map whose pixels are the images; takes the means.
    mean: Option<Place>,
    stride: usize,
    origin: usize,
    activation: Activation,
}

/// What one row reads and writes.
#[derive(Clone, Copy)]
struct Row {
    /// First pixel under tap (0, 0).
    input: *const f32,
    /// Floats between rows of the input and between the inputs of neighbouring pixels.
    row: usize,
    pitch: usize,
    /// Taps, then the bias.
    weights: *const f32,
    kernel: [usize; 2],
    output: *mut f32,
    width: usize,
    activation: Activation,
    /// Sixteen sums that the row's results are added to.
    sums: *mut f32,
}

impl Channelwise {
    /// A convolution with `stride` and zeros above and left.
    ///
    /// # Panics
    /// When channels differ or the border is too narrow.
    pub(in crate::nn) fn new(
        tiles: Tiles,
        weights: Arc<PackedChannels>,
        [input, output]: [Place; 2],
        (stride, pad_before): (usize, [usize; 2]),
        activation: Activation,
    ) -> Self {
        let needed = needed_border(&input, &output, weights.kernel(), stride, pad_before);
        assert!(input.border.holds(needed), "{input:?} lacks a border of {needed:?}");
        assert!(
            input.channels == weights.channels()
                && output.channels == input.channels
                && output.n_images == input.n_images
        );
        let origin = input.start - pad_before[0] * input.row - pad_before[1] * BLOCK;
        Self { tiles, weights, input, output, mean: None, stride, origin, activation }
    }

    /// The same that writes the mean of each channel to `mean`.
    ///
    /// # Panics
    /// When `mean` has other channels or another number of pixels than there are images.
    pub(in crate::nn) fn with_mean(self, mean: Place) -> Self {
        assert!(mean.channels == self.output.channels && mean.n_pixels() == self.output.n_images);
        Self { mean: Some(mean), ..self }
    }

    /// Computes the output.
    ///
    /// # Panics
    /// When a place lies outside of the arena or two of them upon each other.
    pub(in crate::nn) fn run(&self, memory: &mut Memory, team: &Team<'_>) {
        /// Pixels that are worth a task.
        const TASK: usize = 200;
        let len = memory.arena.len();
        assert!(self.input.fits(len) && self.output.fits(len) && self.input.is_apart_from(&self.output));
        if let Some(mean) = &self.mean {
            assert!(mean.fits(len) && mean.is_apart_from(&self.output) && mean.is_apart_from(&self.input));
        }
        let arena = memory.arena.shared();
        let n_planes = self.output.n_images * self.output.n_blocks();
        let bands = if team.n_workers() == 1 || self.mean.is_some() {
            1
        } else {
            let wanted = (4 * team.n_workers()).div_ceil(n_planes);
            wanted.min(self.output.n_pixels() / TASK).clamp(1, self.output.height)
        };
        let height = self.output.height;
        team.run(n_planes * bands, |_, number| {
            let (plane, band) = (number / bands, number % bands);
            let (image, block) = (plane / self.output.n_blocks(), plane % self.output.n_blocks());
            let mut sums = [0.0_f32; BLOCK];
            for y in band * height / bands..(band + 1) * height / bands {
                let from = self.origin
                    + image * self.input.image
                    + block * self.input.block
                    + y * self.stride * self.input.row;
                // SAFETY: the places were checked against the arena, the input's border against what the taps reach, and
                // the two are apart; tasks write different rows or planes. A block has all its taps and its bias.
                unsafe {
                    let row = Row {
                        input: arena.at(from).cast_const(),
                        row: self.input.row,
                        pitch: self.stride * BLOCK,
                        weights: self.weights.of_block(block).as_ptr(),
                        kernel: self.weights.kernel(),
                        output: arena.at(self.output.at(image, block, y, 0)),
                        width: self.output.width,
                        activation: self.activation,
                        sums: sums.as_mut_ptr(),
                    };
                    dispatch!(self.tiles, row_kernel, &row);
                }
            }
            if let Some(mean) = &self.mean {
                let scale = 1.0 / self.output.n_pixels().max(1) as f32;
                for (lane, sum) in sums.iter().enumerate() {
                    // SAFETY: the block's sixteen floats lie in `mean`, which was checked; only this task writes them.
                    unsafe { *arena.at(mean.at(0, block, 0, image) + lane) = sum * scale };
                }
            }
        });
    }
}

/// `PIXELS` pixels of a row from pixel `first` on.
///
/// # Safety
/// As for [`row_of`], with `first + PIXELS` at most the row's width.
#[inline(always)]
unsafe fn pixels_of_row<V: Lanes, const PIXELS: usize>(row: &Row, first: usize) {
    let [rows, columns] = row.kernel;
    // SAFETY: the caller vouches for the taps of these pixels, the weights and the output.
    unsafe {
        let mut sums = [V::load(row.weights.add(rows * columns * BLOCK)); PIXELS];
        let mut weights = row.weights;
        for y in 0..rows {
            let mut input = row.input.add(first * row.pitch + y * row.row);
            for _ in 0..columns {
                let weight = V::load(weights);
                for (pixel, sum) in sums.iter_mut().enumerate() {
                    *sum = V::load(input.add(pixel * row.pitch)).mul_add(weight, *sum);
                }
                input = input.add(BLOCK);
                weights = weights.add(BLOCK);
            }
        }
        for (pixel, sum) in sums.into_iter().enumerate() {
            sum.store(row.output.add((first + pixel) * BLOCK));
        }
    }
}

/// # Safety
/// The processor has the instruction set; for each pixel all taps are readable, `output` has `width` blocks of sixteen,
/// `sums` sixteen floats, `weights` a block for each tap and one more.
#[inline(always)]
unsafe fn row_of<V: Lanes>(row: &Row) {
    let mut first = 0;
    // SAFETY: the pixels done stay below the width, and all else the caller vouches for.
    unsafe {
        // The compiler keeps the pitch in the address where it is known.
        macro_rules! run_of {
            ($pixels:literal) => {
                while row.width - first >= $pixels {
                    if row.pitch == BLOCK {
                        pixels_of_row::<V, $pixels>(&Row { pitch: BLOCK, ..*row }, first);
                    } else if row.pitch == 2 * BLOCK {
                        pixels_of_row::<V, $pixels>(&Row { pitch: 2 * BLOCK, ..*row }, first);
                    } else {
                        pixels_of_row::<V, $pixels>(row, first);
                    }
                    first += $pixels;
                }
            };
        }
        if V::N_REGISTERS > 16 {
            run_of!(14);
            run_of!(7);
        }
        if V::N_REGISTERS > 6 {
            run_of!(6);
        }
        run_of!(3);
        run_of!(1);
        let sum = activate_run::<V>(row.output, row.width, row.activation);
        sum.add(V::load(row.sums)).store(row.sums);
    }
}

for_every_isa!(row_kernel, row_of, (row: &Row));
