//! Linear layers of rows in strips, by the register tile: weights a few panels at a time, which stay in the second cache
//! while all strips pass; sums, bias, what is added and the activation without a way through memory.
#![allow(unsafe_code, reason = "tiles take pointers; every block carries its proof")]

use super::activate::{activate_run, as_bounds};
use super::pack::Packed;
use super::place::BLOCK;
use super::simd::Lanes;
use super::strips::Strips;
use super::tile::{Segment, TileFunction, TileTask, dispatch, for_every_isa};
use crate::nn::Activation;

/// activation(x W^T + b), and then the rows that are added.
#[derive(Clone, Debug)]
pub(in crate::nn) struct StripLinear {
    weights: Packed,
    activation: Activation,
    segments: Vec<Segment>,
    /// Tiles of one and of two blocks, by rows less one.
    functions: Vec<[Option<TileFunction>; 2]>,
    strip: usize,
}

/// Bytes of weights that should stay in the second cache beside the rows.
const CACHED_WEIGHTS: usize = 1 << 19;

impl StripLinear {
    /// A layer with `weights` of a single group; its strips are as high as a tile.
    pub(in crate::nn) fn new(weights: Packed, activation: Activation) -> Self {
        let tiles = weights.tiles();
        let strip = tiles.most_pixels();
        let segment = |first: usize| Segment {
            offset: first / BLOCK * strip * BLOCK,
            run: (weights.depth() - first).min(BLOCK),
        };
        let segments = (0..weights.depth()).step_by(BLOCK).map(segment).collect();
        let functions =
            (1..=strip).map(|rows| [1, 2].map(|blocks| tiles.function(rows, blocks, BLOCK))).collect();
        Self { weights, activation, segments, functions, strip }
    }

    /// Numbers a row it reads.
    pub(in crate::nn) fn in_width(&self) -> usize {
        self.weights.depth()
    }

    /// Numbers a row it writes.
    pub(in crate::nn) fn out_width(&self) -> usize {
        self.weights.width()
    }

    /// Computes `output` from `n_rows` rows of `input`; `residual` has the shape of the output.
    ///
    /// # Panics
    /// When one of them has fewer floats than its strips.
    pub(in crate::nn) fn run(
        &self,
        n_rows: usize,
        input: &[f32],
        residual: Option<&[f32]>,
        output: &mut [f32],
    ) {
        let rows = |width: usize| Strips { n_rows, width, strip: self.strip };
        let (from, to) = (rows(self.in_width()), rows(self.out_width()));
        assert!(input.len() >= from.len() && output.len() >= to.len());
        assert!(residual.is_none_or(|residual| residual.len() >= to.len()));
        let most = self.weights.tiles().most_blocks();
        let n_panels = to.n_blocks().div_ceil(most);
        let cached = (CACHED_WEIGHTS / (self.in_width() * most * BLOCK * 4).max(1)).max(1);
        for first in (0..n_panels).step_by(cached) {
            for strip in 0..from.n_strips() {
                for panel in first..(first + cached).min(n_panels) {
                    // SAFETY: strip and panel are among those whose floats were counted above.
                    unsafe { self.tile([strip, panel * most], [from, to], input, residual, output) };
                }
            }
        }
    }

    /// # Safety
    /// `strip` is a strip of both shapes, `block` begins a panel, and the slices are as long as their shapes.
    unsafe fn tile(
        &self,
        [strip, block]: [usize; 2],
        [from, to]: [Strips; 2],
        input: &[f32],
        residual: Option<&[f32]>,
        output: &mut [f32],
    ) {
        let tiles = self.weights.tiles();
        let blocks = (to.n_blocks() - block).min(tiles.most_blocks());
        let (rows, start) = (from.rows_of(strip), to.at(strip * self.strip, block));
        let Some(function) = self.functions.get(rows - 1).and_then(|functions| functions[blocks - 1]) else {
            return;
        };
        let bounds = as_bounds(self.activation);
        // What is added comes after the activation, so the tile may add it only where there is none.
        let by_tile = residual.filter(|_| self.activation == Activation::Identity);
        // SAFETY: the caller vouches for strip and block; the strip's rows have all segments, and the panel as many weights
        // as their runs together, for both were made from the depth; a tile writes `rows` blocks, `blocks` times.
        unsafe {
            let values = output.as_mut_ptr().add(start);
            let task = TileTask {
                input: input.as_ptr().add(from.at(strip * self.strip, 0)),
                segments: self.segments.as_ptr(),
                n_segments: self.segments.len(),
                weights: self.weights.panel(0, block).as_ptr(),
                bias: self.weights.bias(0, block).as_ptr(),
                residual: by_tile.map_or(std::ptr::null(), |residual| residual.as_ptr().add(start)),
                residual_block: to.block_len(),
                output: values,
                output_block: to.block_len(),
                bounds: bounds.unwrap_or([f32::NEG_INFINITY, f32::INFINITY]),
            };
            function(&task);
            let added = match residual {
                Some(residual) if by_tile.is_none() => residual.as_ptr().add(start),
                _ => std::ptr::null(),
            };
            if bounds.is_none() || !added.is_null() {
                let sizes = [rows, blocks, to.block_len()];
                let activation = if bounds.is_none() { self.activation } else { Activation::Identity };
                dispatch!(tiles, finish, values, sizes, activation, added);
            }
        }
    }
}

/// Applies an activation to blocks of rows, and adds what lies at the same places of `added`, unless that is null.
///
/// # Safety
/// The processor has the instruction set; `sizes` are rows, blocks and floats between blocks, all within the caller's floats.
#[inline(always)]
unsafe fn finish_of<V: Lanes>(
    values: *mut f32,
    [rows, blocks, block_len]: [usize; 3],
    activation: Activation,
    added: *const f32,
) {
    for block in 0..blocks {
        // SAFETY: the caller vouches for rows and blocks.
        unsafe {
            let values = values.add(block * block_len);
            if activation != Activation::Identity {
                activate_run::<V>(values, rows, activation);
            }
            if !added.is_null() {
                for row in 0..rows {
                    let place = values.add(row * BLOCK);
                    V::load(place).add(V::load(added.add(block * block_len + row * BLOCK))).store(place);
                }
            }
        }
    }
}

for_every_isa!(finish, finish_of, (
    values: *mut f32,
    sizes: [usize; 3],
    activation: Activation,
    added: *const f32
));
