//! Small steps on channels: sums over neighbouring channels, and layer norm over the channels of each pixel.
#![allow(unsafe_code, reason = "SIMD on pointers; every block carries its proof")]

use std::sync::Arc;

use super::Memory;
use super::buffer::Buffer;
use super::place::{BLOCK, Place};
use super::simd::Lanes;
use super::strips::Strips;
use super::team::Team;
use super::tile::{Tiles, dispatch, for_every_isa};

/// A sum over taps of neighbouring channels and an activation, of each pixel of a row.
#[derive(Clone, Debug)]
pub(in crate::nn) struct Neighbours {
    pub(in crate::nn) input: Place,
    pub(in crate::nn) output: Place,
    /// An odd number of taps, the middle one on the channel itself.
    pub(in crate::nn) taps: Arc<Vec<f32>>,
    pub(in crate::nn) activation: crate::nn::Activation,
}

impl Neighbours {
    /// Computes the output.
    ///
    /// # Panics
    /// When places do not fit.
    pub(in crate::nn) fn run(&self, memory: &mut Memory) {
        let (input, output, len) = (self.input, self.output, memory.arena.len());
        assert!(input.fits(len) && output.fits(len) && input.is_apart_from(&output));
        assert!(input.n_images == 1 && output.n_images == 1 && input.channels == output.channels);
        assert!(input.height == 1 && output.height == 1 && input.width == output.width);
        let arena = memory.arena.as_mut_slice();
        let at = |place: &Place, x, channel: usize| place.at(0, channel / BLOCK, 0, x) + channel % BLOCK;
        let half = self.taps.len() / 2;
        for x in 0..output.width {
            for channel in 0..output.channels {
                let mut sum = 0.0;
                for (tap, weight) in self.taps.iter().enumerate() {
                    let neighbour = (channel + tap).checked_sub(half).filter(|&other| other < input.channels);
                    sum += neighbour.map_or(0.0, |other| weight * arena[at(&input, x, other)]);
                }
                arena[at(&output, x, channel)] = self.activation.value(sum);
            }
        }
    }
}

/// Layer norm over the channels of each pixel.
#[derive(Clone, Debug)]
pub(in crate::nn) struct LayerNormRows {
    pub(in crate::nn) tiles: Tiles,
    pub(in crate::nn) input: Place,
    /// Where the input is, or apart from it.
    pub(in crate::nn) output: Place,
    /// Scale and shift of each channel, in whole blocks; zeros in channels that fill one up.
    pub(in crate::nn) affine: Arc<[Buffer; 2]>,
    pub(in crate::nn) epsilon: f32,
}

/// Pixels of one task.
#[derive(Clone, Copy)]
struct Pixels {
    input: *const f32,
    input_block: usize,
    output: *mut f32,
    output_block: usize,
    n: usize,
    channels: usize,
    scale: *const f32,
    shift: *const f32,
    epsilon: f32,
}

impl LayerNormRows {
    /// Computes the output.
    ///
    /// # Panics
    /// When places do not fit.
    pub(in crate::nn) fn run(&self, memory: &mut Memory, team: &Team<'_>) {
        let (input, output, len) = (self.input, self.output, memory.arena.len());
        let shape = |place: &Place| [place.n_images, place.channels, place.height, place.width];
        assert!(input.fits(len) && output.fits(len) && shape(&input) == shape(&output));
        assert!(input == output || input.is_apart_from(&output));
        assert!(self.affine.iter().all(|values| values.len() >= output.n_blocks() * BLOCK));
        let arena = memory.arena.shared();
        team.run(output.n_images * output.height, |_, number| {
            let (image, y) = (number / output.height, number % output.height);
            // SAFETY: the rows lie in places that were checked; tasks write different rows.
            unsafe {
                let pixels = Pixels {
                    input: arena.at(input.at(image, 0, y, 0)).cast_const(),
                    input_block: input.block,
                    output: arena.at(output.at(image, 0, y, 0)),
                    output_block: output.block,
                    n: output.width,
                    channels: output.channels,
                    scale: self.affine[0].as_slice().as_ptr(),
                    shift: self.affine[1].as_slice().as_ptr(),
                    epsilon: self.epsilon,
                };
                dispatch!(self.tiles, norm_pixels, &pixels);
            }
        });
    }
}

/// Layer norm of the rows of `input` into `output`; scale and shift as for [`LayerNormRows`].
///
/// # Panics
/// When one of them has fewer floats than the strips, or the affine fewer than their blocks.
pub(in crate::nn) fn norm_strips(
    tiles: Tiles,
    rows: Strips,
    input: &[f32],
    output: &mut [f32],
    (affine, epsilon): (&[Buffer; 2], f32),
) {
    assert!(input.len() >= rows.len() && output.len() >= rows.len());
    assert!(affine.iter().all(|values| values.len() >= rows.n_blocks() * BLOCK));
    for strip in 0..rows.n_strips() {
        let start = rows.at(strip * rows.strip, 0);
        // SAFETY: the strip lies in both slices, which are as long as all strips; the affine has all blocks.
        unsafe {
            let pixels = Pixels {
                input: input.as_ptr().add(start),
                input_block: rows.block_len(),
                output: output.as_mut_ptr().add(start),
                output_block: rows.block_len(),
                n: rows.rows_of(strip),
                channels: rows.width,
                scale: affine[0].as_slice().as_ptr(),
                shift: affine[1].as_slice().as_ptr(),
                epsilon,
            };
            dispatch!(tiles, norm_pixels, &pixels);
        }
    }
}

/// # Safety
/// The processor has the instruction set; input and output have `n` pixels in each block of the channels, scale and shift
/// as many whole blocks.
#[inline(always)]
unsafe fn norm_pixels_of<V: Lanes>(pixels: &Pixels) {
    let blocks = pixels.channels.div_ceil(BLOCK);
    // Lanes of the last block that are channels.
    let mut is_channel = [0.0_f32; BLOCK];
    is_channel[..pixels.channels - (blocks - 1) * BLOCK].fill(1.0);
    let scale = 1.0 / pixels.channels as f32;
    // SAFETY: pixel < n and block < blocks, for which the caller vouches; the arrays have sixteen floats.
    unsafe {
        let mask = V::load(is_channel.as_ptr());
        let total = |sum: V| {
            let mut lanes = [0.0_f32; BLOCK];
            sum.store(lanes.as_mut_ptr());
            lanes.iter().sum::<f32>()
        };
        for pixel in 0..pixels.n {
            let from = pixels.input.add(pixel * BLOCK);
            let mut sum = V::splat(0.0);
            for block in 0..blocks - 1 {
                sum = sum.add(V::load(from.add(block * pixels.input_block)));
            }
            sum = V::load(from.add((blocks - 1) * pixels.input_block)).mul_add(mask, sum);
            let mean = V::splat(total(sum) * scale);
            let mut squares = V::splat(0.0);
            for block in 0..blocks {
                let mut centred = V::load(from.add(block * pixels.input_block)).sub(mean);
                if block + 1 == blocks {
                    centred = centred.mul(mask);
                }
                squares = centred.mul_add(centred, squares);
            }
            let deviation = V::splat(1.0 / (total(squares) * scale + pixels.epsilon).sqrt());
            let to = pixels.output.add(pixel * BLOCK);
            for block in 0..blocks {
                let centred = V::load(from.add(block * pixels.input_block)).sub(mean);
                let factor = V::load(pixels.scale.add(block * BLOCK)).mul(deviation);
                let shifted = centred.mul_add(factor, V::load(pixels.shift.add(block * BLOCK)));
                shifted.store(to.add(block * pixels.output_block));
            }
        }
    }
}

for_every_isa!(norm_pixels, norm_pixels_of, (pixels: &Pixels));
