//! Convolutions and matrix products by register tiles, with what is added and the activation done on the way out.
#![allow(unsafe_code, reason = "pointers into the arena; every block carries its proof")]

use std::sync::Arc;

use super::Memory;
use super::activate::{activate_run, as_bounds};
use super::buffer::Buffer;
use super::pack::Packed;
use super::place::{BLOCK, Border, Place, n_blocks};
use super::simd::Lanes;
use super::team::Team;
use super::tile::{MAX_PIXELS, PITCHES, Segment, TileFunction, TileTask, dispatch, for_every_isa};
use crate::nn::Activation;

/// What a convolution reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::nn) enum Reading {
    /// A blocked map, whose border holds the zeros that taps beyond the map read.
    Blocked(Place),
    /// Planes one after the other, with their zeros around them: float `start + i * image + c * plane + y * row + x`.
    Planes { start: usize, image: usize, plane: usize, row: usize, channels: usize, n_images: usize },
}

/// What happens to an input before it is multiplied, for 1x1 convolutions.
#[derive(Clone, Debug)]
pub(in crate::nn) enum Prologue {
    /// Each channel times the number of the same channel of a map whose pixels are the images.
    Gate(Place),
    /// Each channel times `scale` plus `shift` (whole blocks), held within bounds.
    Affine { scale: Buffer, shift: Buffer, bounds: [f32; 2] },
}

/// A convolution of one size.
#[derive(Clone, Debug)]
pub(in crate::nn) struct Convolve {
    weights: Arc<Packed>,
    input: Reading,
    output: Place,
    residual: Option<Place>,
    prologue: Option<Prologue>,
    activation: Activation,
    /// Of one group; the next group's begin `group_step` floats on.
    segments: Vec<Segment>,
    group_step: usize,
    stride: usize,
    pitch: usize,
    /// Float of pixel (0, 0) under tap (0, 0) in image 0, and floats between rows and images of the input.
    origin: usize,
    row: usize,
    image: usize,
    /// First column and tile of each tile of a row.
    tiles: Vec<(usize, usize, [Option<TileFunction>; 2])>,
    height: usize,
}

/// Bytes of weights that should stay in the second cache beside the input.
const CACHED_WEIGHTS: usize = 1 << 19;

impl Convolve {
    /// A convolution with `kernel`, `stride` and zeros above and left, to which `residual` is added before the activation;
    /// `None` where there is no tile for it.
    ///
    /// # Panics
    /// When the weights are of another depth, the border is too narrow, or the residual of another shape.
    pub(in crate::nn) fn new(
        weights: Arc<Packed>,
        input: Reading,
        output: Place,
        residual: Option<Place>,
        (kernel, stride, pad_before): ([usize; 2], usize, [usize; 2]),
    ) -> Option<Self> {
        let (mut input, mut output, mut residual) = (input, output, residual);
        let shape = |place: &Place| [place.n_images, place.channels, place.height, place.width];
        assert!(
            residual.is_none_or(|residual| shape(&residual) == shape(&output)),
            "{residual:?} on {output:?}"
        );
        if let Reading::Blocked(place) = &mut input
            && (kernel, stride, pad_before) == ([1, 1], 1, [0, 0])
            && [place.height, place.width] == [output.height, output.width]
            && place.is_flat()
            && output.is_flat()
            && residual.is_none_or(|residual| residual.is_flat())
        {
            (*place, output) = (place.flattened(), output.flattened());
            residual = residual.map(|residual| residual.flattened());
        }
        let n_groups = weights.n_groups();
        let (segments, pitch, origin, row, image, group_step) = match input {
            Reading::Blocked(place) => {
                let needed = needed_border(&place, &output, kernel, stride, pad_before);
                assert!(place.border.holds(needed), "{place:?} lacks a border of {needed:?}");
                let group = place.channels / n_groups;
                let mut segments = Vec::new();
                for block in 0..n_blocks(group) {
                    for tap in 0..kernel[0] * kernel[1] {
                        let (y, x) = (tap / kernel[1], tap % kernel[1]);
                        let offset = block * place.block + y * place.row + x * BLOCK;
                        segments.push(Segment { offset, run: (group - block * BLOCK).min(BLOCK) });
                    }
                }
                let origin = place.start - pad_before[0] * place.row - pad_before[1] * BLOCK;
                (segments, stride * BLOCK, origin, place.row, place.image, n_blocks(group) * place.block)
            }
            Reading::Planes { start, image, plane, row, channels, .. } => {
                let segment = |index| Segment {
                    offset: index / kernel[0] * plane + index % kernel[0] * row,
                    run: kernel[1],
                };
                ((0..channels * kernel[0]).map(segment).collect(), stride, start, row, image, 0)
            }
        };
        let depth: usize = segments.iter().map(|segment| segment.run).sum();
        assert!(
            depth == weights.depth() && weights.width() == output.channels,
            "weights of another convolution"
        );
        if !PITCHES.contains(&pitch) {
            return None;
        }
        let mut this = Self {
            weights,
            input,
            residual,
            prologue: None,
            activation: Activation::Identity,
            segments,
            group_step,
            stride,
            pitch,
            origin,
            row,
            image,
            tiles: Vec::new(),
            height: output.height,
            output,
        };
        this.tiles = this.tiles_of_row();
        Some(this)
    }

    fn tiles_of_row(&self) -> Vec<(usize, usize, [Option<TileFunction>; 2])> {
        let tiles = self.weights.tiles();
        let mut first = 0;
        let mut result = Vec::new();
        for width in tiles.widths(self.output.width) {
            let pitch = if self.prologue.is_some() { BLOCK } else { self.pitch };
            result.push((first, width, [1, 2].map(|blocks| tiles.function(width, blocks, pitch))));
            first += width;
        }
        result
    }

    /// The same with an activation at the end.
    pub(in crate::nn) fn with_activation(self, activation: Activation) -> Self {
        Self { activation, ..self }
    }

    /// The same with something done to the input first; only for 1x1 convolutions of stride 1 in one group.
    ///
    /// # Panics
    /// For other convolutions.
    pub(in crate::nn) fn with_prologue(mut self, prologue: Prologue) -> Self {
        let channels = match self.input {
            Reading::Blocked(place) => place.channels,
            Reading::Planes { .. } => 0,
        };
        assert!(
            self.stride == 1 && self.weights.n_groups() == 1 && self.weights.depth() == channels,
            "a prologue is for 1x1 convolutions"
        );
        match &prologue {
            Prologue::Gate(place) => assert!(
                place.channels == channels && place.n_images == 1 && place.n_pixels() == self.output.n_images
            ),
            Prologue::Affine { scale, shift, .. } => {
                assert!(scale.len().min(shift.len()) >= n_blocks(channels) * BLOCK);
            }
        }
        for (block, segment) in self.segments.iter_mut().enumerate() {
            segment.offset = block * MAX_PIXELS * BLOCK;
        }
        self.prologue = Some(prologue);
        self.tiles = self.tiles_of_row();
        self
    }

    /// Floats of scratch a worker needs.
    pub(in crate::nn) fn scratch_len(&self) -> usize {
        if self.prologue.is_some() { self.segments.len() * MAX_PIXELS * BLOCK } else { 0 }
    }

    /// Computes the output.
    ///
    /// # Panics
    /// When a place lies outside of the arena or the output upon what is read.
    pub(in crate::nn) fn run(&self, memory: &mut Memory, team: &Team<'_>) {
        self.check(memory, team);
        let (arena, scratch) = (memory.arena.shared(), memory.scratch.shared());
        let scratch_len = memory.scratch_len;
        let per_image = self.height * self.tiles.len();
        let (most, group_blocks) = (self.weights.tiles().most_blocks(), self.weights.group_blocks());
        let n_panels = group_blocks.div_ceil(most);
        let [tile_parts, panel_parts] = self.parts(team, per_image, n_panels);
        let n_tasks = self.output.n_images * tile_parts * panel_parts;
        let cached = (CACHED_WEIGHTS / (self.weights.depth() * most * BLOCK * 4).max(1)).max(1);
        team.run(n_tasks, |worker, number| {
            let (image, part) = (number / (tile_parts * panel_parts), number % (tile_parts * panel_parts));
            let (tile_part, panel_part) = (part / panel_parts, part % panel_parts);
            let part_of =
                |len: usize, part: usize, parts: usize| part * len / parts..(part + 1) * len / parts;
            let panels = part_of(n_panels, panel_part, panel_parts);
            for group in 0..self.weights.n_groups() {
                let mut first_panel = panels.start;
                while first_panel < panels.end {
                    let end_panel = (first_panel + cached).min(panels.end);
                    for index in part_of(per_image, tile_part, tile_parts) {
                        let (y, tile) = (index / self.tiles.len(), index % self.tiles.len());
                        // SAFETY: `check` has found every place within the arena and the output apart from what is read;
                        // tasks write different pixels or panels. The worker's own scratch is long enough.
                        unsafe {
                            let scratch = scratch.at(worker * scratch_len);
                            let input = arena.at(0);
                            self.tile([image, y, tile], group, first_panel..end_panel, input, scratch);
                        }
                    }
                    first_panel = end_panel;
                }
            }
        });
    }

    /// How often an image's tiles and the panels are divided among tasks.
    fn parts(&self, team: &Team<'_>, per_image: usize, n_panels: usize) -> [usize; 2] {
        /// Multiply-adds that are worth a task.
        const TASK: usize = 200_000;
        if team.n_workers() == 1 {
            return [1, 1];
        }
        let work =
            self.output.n_pixels() * self.output.channels * self.weights.depth() * self.output.n_images;
        let wanted = (work / TASK).clamp(1, 4 * team.n_workers()).div_ceil(self.output.n_images);
        let n_weights = self.output.channels * self.weights.depth();
        if n_weights > self.output.n_pixels() * self.weights.depth() / (self.segments.len().max(1)) * 16 {
            let panels = wanted.min(n_panels);
            [wanted.div_ceil(panels).min(per_image), panels]
        } else {
            let tiles = wanted.min(per_image);
            [tiles, wanted.div_ceil(tiles).min(n_panels)]
        }
    }

    fn check(&self, memory: &Memory, team: &Team<'_>) {
        let len = memory.arena.len();
        assert!(self.output.fits(len), "the output lies outside of the arena");
        let is_read = |place: &Place| {
            // Channels of a block beyond the last are read and dropped.
            assert!(
                place.fits(len) && place.is_apart_from(&self.output),
                "{place:?} under {:?}",
                self.output
            );
        };
        match self.input {
            Reading::Blocked(place) => is_read(&place),
            Reading::Planes { start, image, row, n_images, .. } => {
                let reach =
                    self.segments.iter().map(|segment| segment.offset + segment.run).max().unwrap_or(0);
                let last = start
                    + (n_images - 1) * image
                    + (self.height - 1) * self.stride * row
                    + (self.output.width - 1) * self.pitch
                    + reach;
                let output = self.output.range();
                assert!(last <= len && (last <= output.start || output.end <= start));
            }
        }
        self.residual.iter().for_each(|place| assert!(place.fits(len) && place.is_apart_from(&self.output)));
        if let Some(Prologue::Gate(place)) = &self.prologue {
            is_read(place);
        }
        assert!(self.scratch_len() <= memory.scratch_len);
        assert!(team.n_workers() * memory.scratch_len <= memory.scratch.len());
    }

    /// One tile of one row for some panels.
    ///
    /// # Safety
    /// `arena` is the start of an arena that `check` was asked about, `scratch` has `scratch_len` floats, and nobody else
    /// writes the tile's outputs of these panels or reads them meanwhile.
    unsafe fn tile(
        &self,
        [image, y, tile]: [usize; 3],
        group: usize,
        panels: std::ops::Range<usize>,
        arena: *mut f32,
        scratch: *mut f32,
    ) {
        let (x, width, functions) = self.tiles[tile];
        let tiles = self.weights.tiles();
        let (most, group_blocks) = (tiles.most_blocks(), self.weights.group_blocks());
        let from = self.origin + image * self.image + y * self.stride * self.row + x * self.pitch;
        // SAFETY: the pixel lies in the input, whose place was checked.
        let mut input = unsafe { arena.add(from + group * self.group_step) }.cast_const();
        if let Some(prologue) = &self.prologue {
            // SAFETY: width pixels from `input` lie in the input for each block; the scratch has MAX_PIXELS blocks of
            // sixteen for each.
            unsafe { self.prepare(prologue, image, width, arena, input, scratch) };
            input = scratch.cast_const();
        }
        let bounds = as_bounds(self.activation);
        for panel in panels {
            let block = panel * most;
            let blocks = (group_blocks - block).min(most);
            let out_block = group * group_blocks + block;
            // SAFETY: the blocks and pixels lie in output and residual, whose places were checked; the panel's weights are
            // as many as the segments' runs together, which `new` has compared with the depth.
            unsafe {
                let output = arena.add(self.output.at(image, out_block, y, x));
                let residual = match &self.residual {
                    Some(place) => arena.add(place.at(image, out_block, y, x)).cast_const(),
                    None => std::ptr::null(),
                };
                let task = TileTask {
                    input,
                    segments: self.segments.as_ptr(),
                    n_segments: self.segments.len(),
                    weights: self.weights.panel(group, block).as_ptr(),
                    bias: self.weights.bias(group, block).as_ptr(),
                    residual,
                    residual_block: self.residual.map_or(0, |place| place.block),
                    output,
                    output_block: self.output.block,
                    bounds: bounds.unwrap_or([f32::NEG_INFINITY, f32::INFINITY]),
                };
                if let Some(function) = functions[blocks - 1] {
                    function(&task);
                }
                if bounds.is_none() {
                    for block in 0..blocks {
                        let values = output.add(block * self.output.block);
                        dispatch!(tiles, activate_pixels, values, width, self.activation);
                    }
                }
            }
        }
    }

    /// # Safety
    /// As for [`Convolve::tile`]; `input` are `width` pixels.
    unsafe fn prepare(
        &self,
        prologue: &Prologue,
        image: usize,
        width: usize,
        arena: *mut f32,
        input: *const f32,
        scratch: *mut f32,
    ) {
        let Reading::Blocked(place) = self.input else { return };
        // SAFETY: the caller's promises; scale and shift have whole blocks, as `with_prologue` and `check` have made sure.
        unsafe {
            let (scale, scale_block, shift, bounds) = match prologue {
                Prologue::Gate(gate) => {
                    let scale = arena.add(gate.at(0, 0, 0, image)).cast_const();
                    (scale, gate.block, std::ptr::null(), [f32::NEG_INFINITY, f32::INFINITY])
                }
                Prologue::Affine { scale, shift, bounds } => {
                    (scale.as_slice().as_ptr(), BLOCK, shift.as_slice().as_ptr(), *bounds)
                }
            };
            let sizes = [self.segments.len(), width, place.block, scale_block];
            dispatch!(self.weights.tiles(), scaled_pixels, input, sizes, scale, shift, bounds, scratch);
        }
    }
}

/// Zeros that a convolution reads around its input.
pub(super) fn needed_border(
    input: &Place,
    output: &Place,
    kernel: [usize; 2],
    stride: usize,
    pad_before: [usize; 2],
) -> Border {
    let after = |input: usize, output: usize, side: usize| {
        ((output.max(1) - 1) * stride + kernel[side]).saturating_sub(pad_before[side] + input)
    };
    Border {
        top: pad_before[0],
        left: pad_before[1],
        bottom: after(input.height, output.height, 0),
        right: after(input.width, output.width, 1),
    }
}

/// # Safety
/// `n` blocks of sixteen from `values` are the caller's to write.
#[inline(always)]
unsafe fn activate_run_only<V: Lanes>(values: *mut f32, n: usize, kind: Activation) {
    // SAFETY: the caller vouches for it.
    unsafe { activate_run::<V>(values, n, kind) };
}

for_every_isa!(activate_pixels, activate_run_only, (values: *mut f32, n: usize, kind: Activation));

/// Copies pixels of each block, each channel scaled and shifted and held within bounds.
///
/// # Safety
/// `sizes` are blocks, pixels, and the floats between blocks of input and scale; pointers lead to as much, `to` to
/// [`MAX_PIXELS`] blocks of sixteen for each block.
#[inline(always)]
unsafe fn scaled_pixels_of<V: Lanes>(
    input: *const f32,
    [blocks, pixels, input_block, scale_block]: [usize; 4],
    scale: *const f32,
    shift: *const f32,
    bounds: [f32; 2],
    to: *mut f32,
) {
    // SAFETY: block < blocks and pixel < pixels, for which the caller vouches.
    unsafe {
        let (low, high) = (V::splat(bounds[0]), V::splat(bounds[1]));
        for block in 0..blocks {
            let factor = V::load(scale.add(block * scale_block));
            let (from, to) = (input.add(block * input_block), to.add(block * MAX_PIXELS * BLOCK));
            if shift.is_null() {
                for pixel in 0..pixels {
                    V::load(from.add(pixel * BLOCK)).mul(factor).store(to.add(pixel * BLOCK));
                }
            } else {
                let summand = V::load(shift.add(block * BLOCK));
                for pixel in 0..pixels {
                    let value = V::load(from.add(pixel * BLOCK)).mul_add(factor, summand);
                    high.min(low.max(value)).store(to.add(pixel * BLOCK));
                }
            }
        }
    }
}

for_every_isa!(scaled_pixels, scaled_pixels_of, (
    input: *const f32,
    sizes: [usize; 4],
    scale: *const f32,
    shift: *const f32,
    bounds: [f32; 2],
    to: *mut f32
));
