//! 3x3 convolutions of stride 1 in tiles of 4 x 4 outputs with a quarter of the multiplications: Lavin and Gray, "Fast
//! Algorithms for Convolutional Neural Networks", CVPR 2016, F(4x4, 3x3). Inputs and weights are transformed, multiplied
//! as 36 matrix products over channels, and the products transformed back; the error is some ten times that of plain sums.
#![allow(unsafe_code, reason = "SIMD on pointers; every block carries its proof")]
#![allow(clippy::needless_range_loop, reason = "columns of one array become rows of another")]

use std::sync::Arc;

use rayon::prelude::{IntoParallelIterator as _, ParallelIterator as _};

use super::Memory;
use super::activate::{activate_run, as_bounds};
use super::buffer::Buffer;
use super::pack::Packed;
use super::place::{BLOCK, Place, n_blocks};
use super::simd::Lanes;
use super::team::Team;
use super::tile::{Segment, TileFunction, TileTask, Tiles, dispatch, for_every_isa};
use crate::nn::Activation;

/// Outputs a side, inputs a side, and inputs of a tile.
const OUT: usize = 4;
const SIDE: usize = 6;
const POINTS: usize = SIDE * SIDE;

/// Weights in the transformed domain, (36, out, in), and the bias.
#[derive(Clone, Debug)]
pub(in crate::nn) struct WinogradWeights {
    points: Vec<Packed>,
    bias: Buffer,
}

/// The transform of three weights for six points.
const G: [[f64; 3]; SIDE] = [
    [0.25, 0.0, 0.0],
    [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
    [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
    [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
    [0.0, 0.0, 1.0],
];

impl WinogradWeights {
    /// From the weights of a 3x3 convolution of `channels` inputs in one group, packed in the order of blocked maps.
    ///
    /// # Panics
    /// When they are of another depth.
    pub(in crate::nn) fn new(weights: &Packed, channels: usize) -> Self {
        assert!(weights.depth() == 9 * channels && weights.n_groups() == 1);
        let width = weights.width();
        let order: Vec<usize> = (0..channels).collect();
        let zeros = vec![0.0; width];
        let transformed = |point: usize| {
            let (row, column) = (G[point / SIDE], G[point % SIDE]);
            let mut matrix = Vec::with_capacity(width * channels);
            for out in 0..width {
                for channel in 0..channels {
                    let block = channel / BLOCK;
                    let run = (channels - block * BLOCK).min(BLOCK);
                    let mut sum = 0.0;
                    for tap in 0..9 {
                        let k = block * BLOCK * 9 + tap * run + channel % BLOCK;
                        sum += row[tap / 3] * column[tap % 3] * f64::from(weights.value(out, k));
                    }
                    matrix.push(sum as f32);
                }
            }
            Packed::new(weights.tiles(), &matrix, &zeros, 1, &order)
        };
        let points = (0..POINTS).into_par_iter().map(transformed).collect();
        let mut bias = Buffer::zeros(n_blocks(width) * BLOCK);
        let len = bias.len();
        bias.as_mut_slice().copy_from_slice(&weights.bias(0, 0)[..len]);
        Self { points, bias }
    }
}

/// A 3x3 convolution of one size.
#[derive(Clone, Debug)]
pub(in crate::nn) struct Winograd {
    weights: Arc<WinogradWeights>,
    input: Place,
    output: Place,
    residual: Option<Place>,
    pad_before: [usize; 2],
    activation: Activation,
    /// Tiles along rows and columns.
    grid: [usize; 2],
    /// Tiles at once.
    chunk: usize,
    segments: Vec<Segment>,
    columns: Vec<(usize, [Option<TileFunction>; 2])>,
}

impl Winograd {
    /// A convolution with zeros above and left, for a team of `n_workers`.
    ///
    /// # Panics
    /// When shapes do not fit.
    pub(in crate::nn) fn new(
        weights: Arc<WinogradWeights>,
        [input, output]: [Place; 2],
        residual: Option<Place>,
        pad_before: [usize; 2],
        activation: Activation,
        n_workers: usize,
    ) -> Self {
        /// Floats of both transforms that stay in the second cache.
        const CACHED: usize = 300_000;
        let shape = |place: &Place| [place.n_images, place.channels, place.height, place.width];
        assert!(
            residual.is_none_or(|residual| shape(&residual) == shape(&output))
                && input.n_images == output.n_images
        );
        assert!(weights.points[0].depth() == input.channels && weights.points[0].width() == output.channels);
        let grid = [output.height.div_ceil(OUT), output.width.div_ceil(OUT)];
        let n_tiles = grid[0] * grid[1] * output.n_images;
        let per_tile = POINTS * (input.n_blocks() + output.n_blocks()) * BLOCK;
        let most = (CACHED / per_tile).clamp(14, 56).min(n_tiles.div_ceil(n_workers)).max(1);
        let n_chunks = n_tiles.div_ceil(most).next_multiple_of(n_workers);
        let chunk = n_tiles.div_ceil(n_chunks).max(1);
        let segments = (0..input.n_blocks())
            .map(|block| Segment {
                offset: block * chunk * BLOCK,
                run: (input.channels - block * BLOCK).min(BLOCK),
            })
            .collect();
        let tiles = weights.points[0].tiles();
        let mut this = Self {
            weights,
            input,
            output,
            residual,
            pad_before,
            activation,
            grid,
            chunk,
            segments,
            columns: Vec::new(),
        };
        this.columns = this.columns_of(tiles, chunk);
        this
    }

    fn columns_of(&self, tiles: Tiles, n: usize) -> Vec<(usize, [Option<TileFunction>; 2])> {
        let column = |width| (width, [1, 2].map(|blocks| tiles.function(width, blocks, BLOCK)));
        tiles.widths(n).into_iter().map(column).collect()
    }

    /// Floats between points of the transformed input and of the products; a line more, so that the points do not fall
    /// into one set of the cache.
    fn point_len(&self) -> [usize; 2] {
        [&self.input, &self.output].map(|place| (place.n_blocks() * self.chunk + 1) * BLOCK)
    }

    /// Floats of scratch a worker needs.
    pub(in crate::nn) fn scratch_len(&self) -> usize {
        POINTS * self.point_len().iter().sum::<usize>()
    }

    /// Computes the output.
    ///
    /// # Panics
    /// When a place lies outside of the arena or the output upon what is read.
    pub(in crate::nn) fn run(&self, memory: &mut Memory, team: &Team<'_>) {
        let len = memory.arena.len();
        assert!(self.input.fits(len) && self.output.fits(len) && self.input.is_apart_from(&self.output));
        self.residual.iter().for_each(|place| assert!(place.fits(len) && place.is_apart_from(&self.output)));
        assert!(self.scratch_len() <= memory.scratch_len);
        assert!(team.n_workers() * memory.scratch_len <= memory.scratch.len());
        let (arena, scratch, scratch_len) =
            (memory.arena.shared(), memory.scratch.shared(), memory.scratch_len);
        let n_tiles = self.grid[0] * self.grid[1] * self.output.n_images;
        team.run(n_tiles.div_ceil(self.chunk), |worker, number| {
            let tiles = number * self.chunk..((number + 1) * self.chunk).min(n_tiles);
            // SAFETY: places lie in the arena and apart, as checked; tasks write the outputs of different tiles; the
            // worker's own scratch has `scratch_len` floats.
            unsafe { self.chunk(tiles, arena.at(0), scratch.at(worker * scratch_len)) };
        });
    }

    /// # Safety
    /// `arena` is one that the places were checked against, `scratch` has `scratch_len` floats, and nobody else writes the
    /// outputs of `tiles` or reads them meanwhile.
    unsafe fn chunk(&self, tiles: std::ops::Range<usize>, arena: *mut f32, scratch: *mut f32) {
        let isa = self.weights.points[0].tiles();
        let [in_len, out_len] = self.point_len();
        let per_image = self.grid[0] * self.grid[1];
        let spot = |tile: usize| {
            let within = tile % per_image;
            (tile / per_image, within / self.grid[1] * OUT, within % self.grid[1] * OUT)
        };
        // SAFETY: the scratch has room for both parts.
        let products = unsafe { scratch.add(POINTS * in_len) };
        for block in 0..self.input.n_blocks() {
            for (index, tile) in tiles.clone().enumerate() {
                let (image, y, x) = spot(tile);
                // SAFETY: the block and the tile lie in the input and in the first part of the scratch.
                unsafe {
                    let plane = arena.add(self.input.at(image, block, 0, 0)).cast_const();
                    let to = scratch.add((block * self.chunk + index) * BLOCK);
                    self.load_tile(plane, [y, x], to, in_len);
                }
            }
        }
        let other;
        let columns = if tiles.len() == self.chunk {
            &self.columns
        } else {
            other = self.columns_of(isa, tiles.len());
            &other
        };
        for (point, weights) in self.weights.points.iter().enumerate() {
            let most = isa.most_blocks();
            for first_block in (0..weights.group_blocks()).step_by(most) {
                let blocks = (weights.group_blocks() - first_block).min(most);
                let mut column = 0;
                for (width, functions) in columns {
                    // SAFETY: the columns are at most `chunk` together, so inputs and products lie in their parts of the
                    // scratch; the panel has the weights of all channels.
                    unsafe {
                        let task = TileTask {
                            input: scratch.add(point * in_len + column * BLOCK).cast_const(),
                            segments: self.segments.as_ptr(),
                            n_segments: self.segments.len(),
                            weights: weights.panel(0, first_block).as_ptr(),
                            bias: weights.bias(0, first_block).as_ptr(),
                            residual: std::ptr::null(),
                            residual_block: 0,
                            output: products
                                .add(point * out_len + (first_block * self.chunk + column) * BLOCK),
                            output_block: self.chunk * BLOCK,
                            bounds: [f32::NEG_INFINITY, f32::INFINITY],
                        };
                        if let Some(function) = functions[blocks - 1] {
                            function(&task);
                        }
                    }
                    column += width;
                }
            }
        }
        for block in 0..self.output.n_blocks() {
            for (index, tile) in tiles.clone().enumerate() {
                let (image, y, x) = spot(tile);
                // SAFETY: the tile's rows and columns within the output are written; residual and output were checked.
                unsafe {
                    let from = products.add((block * self.chunk + index) * BLOCK).cast_const();
                    let store = Store {
                        bias: self.weights.bias.as_slice().as_ptr().add(block * BLOCK),
                        residual: match &self.residual {
                            Some(place) => arena.add(place.at(image, block, y, x)).cast_const(),
                            None => std::ptr::null(),
                        },
                        residual_row: self.residual.map_or(0, |place| place.row),
                        output: arena.add(self.output.at(image, block, y, x)),
                        output_row: self.output.row,
                        size: [(self.output.height - y).min(OUT), (self.output.width - x).min(OUT)],
                        activation: self.activation,
                    };
                    dispatch!(isa, store_products, from, out_len, &store);
                }
            }
        }
    }

    /// Transforms the inputs of the tile whose first output is (y, x).
    ///
    /// # Safety
    /// `plane` is a plane of the input; `to` has room for a block at each point, `point_len` floats apart.
    unsafe fn load_tile(&self, plane: *const f32, [y, x]: [usize; 2], to: *mut f32, point_len: usize) {
        let isa = self.weights.points[0].tiles();
        let [top, left] = self.pad_before;
        let is_inside = y >= top
            && x >= left
            && y - top + SIDE <= self.input.height
            && x - left + SIDE <= self.input.width;
        if is_inside {
            // SAFETY: all rows and columns of the tile lie in the plane.
            unsafe {
                let from = plane.add((y - top) * self.input.row + (x - left) * BLOCK);
                dispatch!(isa, transform_inputs, from, self.input.row, to, point_len);
            }
            return;
        }
        let mut copy = [[[0.0_f32; BLOCK]; SIDE]; SIDE];
        for (row, line) in copy.iter_mut().enumerate() {
            let Some(y) = (y + row).checked_sub(top).filter(|&y| y < self.input.height) else { continue };
            for (column, pixel) in line.iter_mut().enumerate() {
                let Some(x) = (x + column).checked_sub(left).filter(|&x| x < self.input.width) else {
                    continue;
                };
                // SAFETY: the pixel lies in the plane.
                *pixel = unsafe { plane.add(y * self.input.row + x * BLOCK).cast::<[f32; BLOCK]>().read() };
            }
        }
        // SAFETY: the copy has six rows of six blocks.
        unsafe { dispatch!(isa, transform_inputs, copy.as_ptr().cast(), SIDE * BLOCK, to, point_len) };
    }
}

/// B^T d of equation 15 for the points 0, 1, -1, 2, -2 and infinity.
///
/// # Safety
/// The processor has the instruction set.
#[inline(always)]
unsafe fn six_points<V: Lanes>(d: [V; SIDE]) -> [V; SIDE] {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let (two, four, five) = (V::splat(2.0), V::splat(4.0), V::splat(5.0));
        let even = four.mul_sub_from(d[2], d[4]);
        let odd = four.mul_sub_from(d[1], d[3]);
        let (near, far) = (d[4].sub(d[2]), d[3].sub(d[1]));
        [
            four.mul_add(d[0], five.mul_sub_from(d[2], d[4])),
            even.add(odd),
            even.sub(odd),
            two.mul_add(far, near),
            two.mul_sub_from(far, near),
            four.mul_add(d[1], five.mul_sub_from(d[3], d[5])),
        ]
    }
}

/// A^T m of the same.
///
/// # Safety
/// The processor has the instruction set.
#[inline(always)]
unsafe fn four_outputs<V: Lanes>(m: [V; SIDE]) -> [V; OUT] {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let (sum, difference) = (m[1].add(m[2]), m[1].sub(m[2]));
        let (far_sum, far_difference) = (m[3].add(m[4]), m[3].sub(m[4]));
        [
            m[0].add(sum).add(far_sum),
            V::splat(2.0).mul_add(far_difference, difference),
            V::splat(4.0).mul_add(far_sum, sum),
            V::splat(8.0).mul_add(far_difference, difference).add(m[5]),
        ]
    }
}

/// # Safety
/// `from` has six rows of six blocks of sixteen, `row` floats apart; `to` a block at each point.
#[inline(always)]
unsafe fn transform_inputs_of<V: Lanes>(from: *const f32, row: usize, to: *mut f32, point_len: usize) {
    // SAFETY: rows and columns are below six.
    unsafe {
        let mut half = [[V::splat(0.0); SIDE]; SIDE];
        for column in 0..SIDE {
            let mut line = [V::splat(0.0); SIDE];
            for (y, value) in line.iter_mut().enumerate() {
                *value = V::load(from.add(y * row + column * BLOCK));
            }
            for (y, value) in six_points(line).into_iter().enumerate() {
                half[y][column] = value;
            }
        }
        for (y, line) in half.into_iter().enumerate() {
            for (x, value) in six_points(line).into_iter().enumerate() {
                value.store(to.add((y * SIDE + x) * point_len));
            }
        }
    }
}

for_every_isa!(transform_inputs, transform_inputs_of, (from: *const f32, row: usize, to: *mut f32, point_len: usize));

/// Where the outputs of a tile go.
#[derive(Clone, Copy)]
struct Store {
    bias: *const f32,
    residual: *const f32,
    residual_row: usize,
    output: *mut f32,
    output_row: usize,
    /// Rows and columns that lie in the output.
    size: [usize; 2],
    activation: Activation,
}

/// # Safety
/// `from` has a block at each point, `point_len` floats apart; bias, output and (unless null) residual lead to what
/// `store` says.
#[inline(always)]
unsafe fn store_products_of<V: Lanes>(from: *const f32, point_len: usize, store: &Store) {
    // SAFETY: points are below 36, rows and columns below `store.size`.
    unsafe {
        let bias = V::load(store.bias);
        let mut half = [[V::splat(0.0); SIDE]; OUT];
        for column in 0..SIDE {
            let mut line = [V::splat(0.0); SIDE];
            for (y, value) in line.iter_mut().enumerate() {
                *value = V::load(from.add((y * SIDE + column) * point_len));
            }
            for (y, value) in four_outputs(line).into_iter().enumerate() {
                half[y][column] = value;
            }
        }
        let bounds = as_bounds(store.activation).unwrap_or([f32::NEG_INFINITY, f32::INFINITY]);
        let (low, high) = (V::splat(bounds[0]), V::splat(bounds[1]));
        for (y, line) in half.into_iter().enumerate().take(store.size[0]) {
            let to = store.output.add(y * store.output_row);
            for (x, value) in four_outputs(line).into_iter().enumerate().take(store.size[1]) {
                let mut value = value.add(bias);
                if !store.residual.is_null() {
                    value = value.add(V::load(store.residual.add(y * store.residual_row + x * BLOCK)));
                }
                high.min(low.max(value)).store(to.add(x * BLOCK));
            }
            if as_bounds(store.activation).is_none() {
                activate_run::<V>(to, store.size[1], store.activation);
            }
        }
    }
}

for_every_isa!(store_products, store_products_of, (from: *const f32, point_len: usize, store: &Store));
