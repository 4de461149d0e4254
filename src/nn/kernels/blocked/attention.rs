//! Attention among the pixels of a row (Vaswani et al., "Attention Is All You Need", NIPS 2017, section 3.2): scores and
//! sums of values are register tiles, a few queries at a time, so that their scores stay in the cache. And tables of rows
//! that are added to tokens, and the first token by itself.
#![allow(unsafe_code, reason = "SIMD on pointers; every block carries its proof")]

use std::sync::Arc;

use super::Memory;
use super::activate::exp;
use super::buffer::Buffer;
use super::place::{BLOCK, Place, n_blocks};
use super::simd::Lanes;
use super::team::Team;
use super::tile::{MAX_PIXELS, Segment, TileTask, Tiles, dispatch, for_every_isa};

/// softmax(Q K^T / sqrt(width)) V for each head; queries, keys and values of all heads lie one after the other in the
/// channels of the input.
#[derive(Clone, Debug)]
pub(in crate::nn) struct Attention {
    tiles: Tiles,
    input: Place,
    output: Place,
    n_heads: usize,
    /// Of a head's channels in the input, and of the keys in the scores of a tile.
    channels: Vec<Segment>,
    keys: Vec<Segment>,
}

impl Attention {
    /// Attention of `n_heads` heads of whole blocks of channels.
    ///
    /// # Panics
    /// When the input has not three times the output's channels, or heads are not of whole blocks.
    pub(in crate::nn) fn new(tiles: Tiles, input: Place, output: Place, n_heads: usize) -> Self {
        assert!(input.is_flat() && output.is_flat(), "tokens are one row");
        let (input, output) = (input.flattened(), output.flattened());
        assert!(input.channels == 3 * output.channels && input.n_images == output.n_images);
        assert!(input.width == output.width && output.channels.is_multiple_of(n_heads * BLOCK));
        let n_tokens = input.width;
        let channels = (0..output.channels / n_heads / BLOCK)
            .map(|block| Segment { offset: block * input.block, run: BLOCK })
            .collect();
        let keys = (0..n_tokens.div_ceil(BLOCK))
            .map(|block| Segment {
                offset: block * MAX_PIXELS * BLOCK,
                run: (n_tokens - block * BLOCK).min(BLOCK),
            })
            .collect();
        Self { tiles, input, output, n_heads, channels, keys }
    }

    /// Floats of the keys of a head, of its values, and of the scores of a tile.
    fn parts(&self) -> [usize; 3] {
        let key_blocks = self.keys.len();
        let head = self.channels.len() * BLOCK;
        [key_blocks * BLOCK * head, self.input.width * head, key_blocks * MAX_PIXELS * BLOCK]
    }

    /// Floats of scratch a worker needs.
    pub(in crate::nn) fn scratch_len(&self) -> usize {
        self.parts().iter().sum()
    }

    /// Computes the output.
    ///
    /// # Panics
    /// When places do not fit.
    pub(in crate::nn) fn run(&self, memory: &mut Memory, team: &Team<'_>) {
        let len = memory.arena.len();
        assert!(self.input.fits(len) && self.output.fits(len) && self.input.is_apart_from(&self.output));
        assert!(self.scratch_len() <= memory.scratch_len);
        assert!(team.n_workers() * memory.scratch_len <= memory.scratch.len());
        let (arena, scratch, scratch_len) =
            (memory.arena.shared(), memory.scratch.shared(), memory.scratch_len);
        team.run(self.output.n_images * self.n_heads, |worker, number| {
            let (image, head) = (number / self.n_heads, number % self.n_heads);
            // SAFETY: the places were checked and lie apart; tasks write the channels of different heads; the worker's own
            // scratch has `scratch_len` floats.
            unsafe { self.head(image, head, arena.at(0), scratch.at(worker * scratch_len)) };
        });
    }

    /// # Safety
    /// `arena` is one that the places were checked against, `scratch` has `scratch_len` floats, and nobody else writes the
    /// head's outputs or reads them meanwhile.
    unsafe fn head(&self, image: usize, head: usize, arena: *mut f32, scratch: *mut f32) {
        let head_blocks = self.channels.len();
        let n_tokens = self.input.width;
        let most = self.tiles.most_blocks();
        let [keys_len, values_len, _] = self.parts();
        let first = |part: usize| self.input.at(image, (part * self.n_heads + head) * head_blocks, 0, 0);
        let zeros = [0.0_f32; 2 * BLOCK];
        // SAFETY: the three parts of the scratch are as long as `parts` says, and what is read of the input is the head's
        // blocks of each of its three parts.
        unsafe {
            let (keys, values) = (scratch, scratch.add(keys_len));
            let scores = values.add(values_len);
            self.pack_keys(arena.add(first(1)).cast_const(), keys);
            self.pack_values(arena.add(first(2)).cast_const(), values);
            let mut token = 0;
            for width in self.tiles.widths(n_tokens) {
                let functions = [1, 2].map(|blocks| self.tiles.function(width, blocks, BLOCK));
                let mut task = TileTask {
                    input: arena.add(first(0) + token * BLOCK).cast_const(),
                    segments: self.channels.as_ptr(),
                    n_segments: head_blocks,
                    weights: keys.cast_const(),
                    bias: zeros.as_ptr(),
                    residual: std::ptr::null(),
                    residual_block: 0,
                    output: scores,
                    output_block: MAX_PIXELS * BLOCK,
                    bounds: [f32::NEG_INFINITY, f32::INFINITY],
                };
                let mut block = 0;
                while block < self.keys.len() {
                    let blocks = (self.keys.len() - block).min(most);
                    task.weights = keys.add(block * BLOCK * head_blocks * BLOCK).cast_const();
                    task.output = scores.add(block * MAX_PIXELS * BLOCK);
                    if let Some(function) = functions[blocks - 1] {
                        function(&task);
                    }
                    block += blocks;
                }
                let mut shares = [0.0_f32; MAX_PIXELS];
                dispatch!(self.tiles, soften, scores, [width, n_tokens], shares.as_mut_ptr());
                task.input = scores.cast_const();
                task.segments = self.keys.as_ptr();
                task.n_segments = self.keys.len();
                task.output_block = self.output.block;
                let mut block = 0;
                while block < head_blocks {
                    let blocks = (head_blocks - block).min(most);
                    task.weights = values.add(block * n_tokens * BLOCK).cast_const();
                    task.output = arena.add(self.output.at(image, head * head_blocks + block, 0, token));
                    if let Some(function) = functions[blocks - 1] {
                        function(&task);
                    }
                    let sizes = [width, blocks, self.output.block];
                    dispatch!(self.tiles, scale_pixels, task.output, sizes, shares.as_ptr());
                    block += blocks;
                }
                token += width;
            }
        }
    }

    /// Keys as weights: for each panel of blocks of keys, for each channel, the number of every key, scaled.
    ///
    /// # Safety
    /// `from` is the head's first block of keys; `to` has the room that `parts` says.
    unsafe fn pack_keys(&self, from: *const f32, to: *mut f32) {
        let (head, most) = (self.channels.len() * BLOCK, self.tiles.most_blocks());
        let scale = 1.0 / (head as f32).sqrt();
        let n_tokens = self.input.width;
        let mut block = 0;
        while block < self.keys.len() {
            let blocks = (self.keys.len() - block).min(most);
            for channel in 0..head {
                for lane in 0..blocks * BLOCK {
                    let token = block * BLOCK + lane;
                    // SAFETY: tokens below `n_tokens` are read, of the head's channels; the panel's numbers are written.
                    unsafe {
                        let value = if token < n_tokens {
                            scale
                                * *from
                                    .add(channel / BLOCK * self.input.block + token * BLOCK + channel % BLOCK)
                        } else {
                            0.0
                        };
                        *to.add(block * BLOCK * head + channel * blocks * BLOCK + lane) = value;
                    }
                }
            }
            block += blocks;
        }
    }

    /// Values as weights: for each panel of blocks of channels, for each token, the number of every channel.
    ///
    /// # Safety
    /// `from` is the head's first block of values; `to` has the room that `parts` says.
    unsafe fn pack_values(&self, from: *const f32, to: *mut f32) {
        let (head_blocks, most, n_tokens) = (self.channels.len(), self.tiles.most_blocks(), self.input.width);
        let mut block = 0;
        while block < head_blocks {
            let blocks = (head_blocks - block).min(most);
            for token in 0..n_tokens {
                for within in 0..blocks {
                    // SAFETY: the token's block is read, and the panel's block written.
                    unsafe {
                        let from = from.add((block + within) * self.input.block + token * BLOCK);
                        let to = to.add(block * n_tokens * BLOCK + (token * blocks + within) * BLOCK);
                        std::ptr::copy_nonoverlapping(from, to, BLOCK);
                    }
                }
            }
            block += blocks;
        }
    }
}

/// Turns the scores of each pixel, in blocks of keys, to exp(score - largest), and writes one over their sum to `shares`.
///
/// # Safety
/// The processor has the instruction set; `scores` has [`MAX_PIXELS`] blocks for each block of the `sizes[1]` keys,
/// `shares` has `sizes[0]` floats.
#[inline(always)]
unsafe fn soften_of<V: Lanes>(scores: *mut f32, [pixels, n_keys]: [usize; 2], shares: *mut f32) {
    let blocks = n_keys.div_ceil(BLOCK);
    // SAFETY: pixel < pixels and block < blocks, for which the caller vouches; the arrays have sixteen floats.
    unsafe {
        for pixel in 0..pixels {
            let at = |block: usize| scores.add((block * MAX_PIXELS + pixel) * BLOCK);
            // Lanes beyond the last key must not count.
            for lane in n_keys - (blocks - 1) * BLOCK..BLOCK {
                *at(blocks - 1).add(lane) = f32::NEG_INFINITY;
            }
            let mut largest = V::load(at(0));
            for block in 1..blocks {
                largest = largest.max(V::load(at(block)));
            }
            let mut lanes = [0.0_f32; BLOCK];
            largest.store(lanes.as_mut_ptr());
            let largest = V::splat(lanes.iter().copied().fold(f32::NEG_INFINITY, f32::max));
            let mut sum = V::splat(0.0);
            for block in 0..blocks {
                let power = exp(V::load(at(block)).sub(largest));
                power.store(at(block));
                sum = sum.add(power);
            }
            sum.store(lanes.as_mut_ptr());
            *shares.add(pixel) = 1.0 / lanes.iter().sum::<f32>();
        }
    }
}

for_every_isa!(soften, soften_of, (scores: *mut f32, sizes: [usize; 2], shares: *mut f32));

/// Multiplies each pixel's blocks with its factor.
///
/// # Safety
/// The processor has the instruction set; `values` has `sizes[1]` blocks of `sizes[0]` pixels, `sizes[2]` floats apart,
/// `factors` as many floats as there are pixels.
#[inline(always)]
unsafe fn scale_pixels_of<V: Lanes>(
    values: *mut f32,
    [pixels, blocks, block_len]: [usize; 3],
    factors: *const f32,
) {
    // SAFETY: the caller vouches for pixels and blocks.
    unsafe {
        for pixel in 0..pixels {
            let factor = V::broadcast(factors.add(pixel));
            for block in 0..blocks {
                let place = values.add(block * block_len + pixel * BLOCK);
                V::load(place).mul(factor).store(place);
            }
        }
    }
}

for_every_isa!(scale_pixels, scale_pixels_of, (values: *mut f32, sizes: [usize; 3], factors: *const f32));

/// Rows added to tokens, some of them before the first: token i of the output is row i, plus token i - `n_before` of the
/// input where there is one.
#[derive(Clone, Debug)]
pub(in crate::nn) struct TokenTable {
    pub(in crate::nn) input: Place,
    pub(in crate::nn) output: Place,
    /// For each block of channels all rows; missing rows are zeros.
    pub(in crate::nn) table: Arc<Buffer>,
    pub(in crate::nn) n_rows: usize,
    pub(in crate::nn) n_before: usize,
}

impl TokenTable {
    /// Computes the output.
    ///
    /// # Panics
    /// When places do not fit.
    pub(in crate::nn) fn run(&self, memory: &mut Memory) {
        let len = memory.arena.len();
        assert!(self.input.is_flat() && self.output.is_flat(), "tokens are one row");
        let (input, output) = (self.input.flattened(), self.output.flattened());
        assert!(input.fits(len) && output.fits(len) && input.is_apart_from(&output));
        assert!(output.width == input.width + self.n_before && input.n_images == output.n_images);
        assert!(input.channels == output.channels);
        let table = self.table.as_slice();
        assert!(
            self.n_rows <= output.width && self.n_rows * n_blocks(output.channels) * BLOCK <= table.len()
        );
        let arena = memory.arena.as_mut_slice();
        for image in 0..output.n_images {
            for block in 0..output.n_blocks() {
                for token in 0..output.width {
                    let to = output.at(image, block, 0, token);
                    if let Some(from) = token.checked_sub(self.n_before) {
                        let from = input.at(image, block, 0, from);
                        arena.copy_within(from..from + BLOCK, to);
                    } else {
                        arena[to..to + BLOCK].fill(0.0);
                    }
                    if token < self.n_rows {
                        let row = &table[(block * self.n_rows + token) * BLOCK..][..BLOCK];
                        arena[to..to + BLOCK].iter_mut().zip(row).for_each(|(value, row)| *value += row);
                    }
                }
            }
        }
    }
}

/// The first pixel of each image as rows.
#[derive(Clone, Copy, Debug)]
pub(in crate::nn) struct FirstPixel {
    pub(in crate::nn) input: Place,
    pub(in crate::nn) output: Place,
}

impl FirstPixel {
    /// Copies them.
    ///
    /// # Panics
    /// When places do not fit.
    pub(in crate::nn) fn run(&self, memory: &mut Memory) {
        let (input, output, len) = (self.input, self.output, memory.arena.len());
        assert!(input.fits(len) && output.fits(len) && input.is_apart_from(&output));
        assert!(output.n_images == 1 && output.width == input.n_images && input.channels == output.channels);
        let arena = memory.arena.as_mut_slice();
        for image in 0..input.n_images {
            for block in 0..input.n_blocks() {
                let from = input.at(image, block, 0, 0);
                arena.copy_within(from..from + BLOCK, output.at(0, block, 0, image));
            }
        }
    }
}
