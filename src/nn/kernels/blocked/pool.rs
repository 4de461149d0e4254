//! Largest and mean of windows and of whole planes, sixteen channels at once.
#![allow(unsafe_code, reason = "SIMD on pointers; every block carries its proof")]

use super::Memory;
use super::place::{BLOCK, Place};
use super::simd::Lanes;
use super::team::Team;
use super::tile::{Tiles, dispatch, for_every_isa};

/// What becomes of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::nn) enum WindowPool {
    Largest,
    Mean,
}

/// The windows of a map along rows and columns: for each the part of the input it covers, and what a mean divides by in
/// that direction.
#[derive(Clone, Debug)]
pub(in crate::nn) struct PoolWindows {
    pub(in crate::nn) tiles: Tiles,
    pub(in crate::nn) input: Place,
    pub(in crate::nn) output: Place,
    pub(in crate::nn) pool: WindowPool,
    pub(in crate::nn) rows: Vec<(std::ops::Range<usize>, f32)>,
    pub(in crate::nn) columns: Vec<(std::ops::Range<usize>, f32)>,
}

impl PoolWindows {
    /// Computes the output.
    ///
    /// # Panics
    /// When places or windows do not fit.
    pub(in crate::nn) fn run(&self, memory: &mut Memory, team: &Team<'_>) {
        let (input, output, len) = (self.input, self.output, memory.arena.len());
        assert!(input.fits(len) && output.fits(len) && input.is_apart_from(&output));
        assert!(input.channels == output.channels && input.n_images == output.n_images);
        assert!(self.rows.len() == output.height && self.columns.len() == output.width);
        assert!(self.rows.iter().all(|(range, _)| !range.is_empty() && range.end <= input.height));
        assert!(self.columns.iter().all(|(range, _)| !range.is_empty() && range.end <= input.width));
        let arena = memory.arena.shared();
        let blocks = output.n_blocks();
        team.run(output.n_images * blocks, |_, number| {
            let (image, block) = (number / blocks, number % blocks);
            for (y, (rows, row_divisor)) in self.rows.iter().enumerate() {
                // SAFETY: both planes lie in places that were checked, as do all windows; tasks write different planes.
                unsafe {
                    let from = arena.at(input.at(image, block, rows.start, 0)).cast_const();
                    let to = arena.at(output.at(image, block, y, 0));
                    let sizes = [rows.len(), input.row];
                    dispatch!(self.tiles, pool_row, from, sizes, &self.columns, self.pool, *row_divisor, to);
                }
            }
        });
    }
}

/// # Safety
/// `from` is the first row of `sizes[0]` rows, `sizes[1]` floats apart, in which every column of a window is readable; `to`
/// has a block of sixteen for each window.
#[inline(always)]
unsafe fn pool_row_of<V: Lanes>(
    from: *const f32,
    [rows, row]: [usize; 2],
    columns: &[(std::ops::Range<usize>, f32)],
    pool: WindowPool,
    row_divisor: f32,
    to: *mut f32,
) {
    for (x, (range, divisor)) in columns.iter().enumerate() {
        // SAFETY: the caller vouches for rows and columns, which are not empty.
        unsafe {
            let first = from.add(range.start * BLOCK);
            let mut result = if pool == WindowPool::Largest { V::load(first) } else { V::splat(0.0) };
            for y in 0..rows {
                for column in 0..range.len() {
                    let value = V::load(first.add(y * row + column * BLOCK));
                    result = if pool == WindowPool::Largest { result.max(value) } else { result.add(value) };
                }
            }
            if pool == WindowPool::Mean {
                result = result.mul(V::splat(1.0 / (divisor * row_divisor)));
            }
            result.store(to.add(x * BLOCK));
        }
    }
}

for_every_isa!(pool_row, pool_row_of, (
    from: *const f32,
    sizes: [usize; 2],
    columns: &[(std::ops::Range<usize>, f32)],
    pool: WindowPool,
    row_divisor: f32,
    to: *mut f32
));

/// The mean of each channel.
#[derive(Clone, Copy, Debug)]
pub(in crate::nn) struct GlobalMean {
    pub(in crate::nn) tiles: Tiles,
    pub(in crate::nn) input: Place,
    /// A map whose pixels are the images.
    pub(in crate::nn) output: Place,
}

impl GlobalMean {
    /// Computes the means.
    ///
    /// # Panics
    /// When places do not fit.
    pub(in crate::nn) fn run(&self, memory: &mut Memory, team: &Team<'_>) {
        let (input, output, len) = (self.input, self.output, memory.arena.len());
        assert!(input.fits(len) && output.fits(len) && input.is_apart_from(&output));
        assert!(input.channels == output.channels && input.n_images == output.width);
        assert!(output.n_images == 1 && output.height == 1);
        let arena = memory.arena.shared();
        let blocks = output.n_blocks();
        team.run(input.n_images * blocks, |_, number| {
            let (image, block) = (number / blocks, number % blocks);
            // SAFETY: both places were checked; tasks write different blocks.
            unsafe {
                let from = arena.at(input.at(image, block, 0, 0)).cast_const();
                let to = arena.at(output.at(0, block, 0, image));
                dispatch!(self.tiles, mean_plane, from, [input.height, input.width, input.row], to);
            }
        });
    }
}

/// # Safety
/// `from` is a plane of rows and columns with `sizes[2]` floats between rows; `to` has sixteen floats.
#[inline(always)]
unsafe fn mean_plane_of<V: Lanes>(from: *const f32, [height, width, row]: [usize; 3], to: *mut f32) {
    // SAFETY: the caller vouches for the plane.
    unsafe {
        let mut sums = [V::splat(0.0); 4];
        for y in 0..height {
            let line = from.add(y * row);
            let mut x = 0;
            while x + 4 <= width {
                for (lane, sum) in sums.iter_mut().enumerate() {
                    *sum = sum.add(V::load(line.add((x + lane) * BLOCK)));
                }
                x += 4;
            }
            while x < width {
                sums[0] = sums[0].add(V::load(line.add(x * BLOCK)));
                x += 1;
            }
        }
        let [a, b, c, d] = sums;
        let scale = V::splat(1.0 / (height * width).max(1) as f32);
        a.add(b).add(c.add(d)).mul(scale).store(to);
    }
}

for_every_isa!(mean_plane, mean_plane_of, (from: *const f32, sizes: [usize; 3], to: *mut f32));
