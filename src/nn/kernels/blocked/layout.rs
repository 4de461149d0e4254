//! Between pictures as tensors, (n, c, h, w), and what kernels read.
#![allow(unsafe_code, reason = "pointers into the arena; every block carries its proof")]

use super::Memory;
use super::place::{BLOCK, Place};
use super::team::Team;

/// Pictures to a blocked map; the map's zeros around and in channels that fill up a block are written too.
#[derive(Clone, Copy, Debug)]
pub(in crate::nn) struct ToBlocked {
    pub(in crate::nn) output: Place,
}

impl ToBlocked {
    /// Copies `pictures`.
    ///
    /// # Panics
    /// When they are not as many floats as the map's, or the map lies outside of the arena.
    pub(in crate::nn) fn run(&self, pictures: &[f32], memory: &mut Memory, team: &Team<'_>) {
        let Place { n_images, channels, height, width, .. } = self.output;
        assert!(
            self.output.fits(memory.arena.len()) && pictures.len() == n_images * channels * height * width
        );
        let (blocks, arena) = (self.output.n_blocks(), memory.arena.shared());
        team.run(n_images * blocks, |_, number| {
            let (image, block) = (number / blocks, number % blocks);
            for y in 0..height {
                let to = self.output.at(image, block, y, 0);
                // SAFETY: the row lies in the map, which was checked; tasks write different planes.
                let row = unsafe { std::slice::from_raw_parts_mut(arena.at(to), width * BLOCK) };
                row.fill(0.0);
                for lane in 0..BLOCK.min(channels - block * BLOCK) {
                    let from = ((image * channels + block * BLOCK + lane) * height + y) * width;
                    let from = pictures.get(from..from + width).unwrap_or_default();
                    for (to, &value) in row.iter_mut().skip(lane).step_by(BLOCK).zip(from) {
                        *to = value;
                    }
                }
            }
        });
    }
}

/// Pictures to planes with zeros around them, as first convolutions read them.
#[derive(Clone, Copy, Debug)]
pub(in crate::nn) struct ToPlanes {
    pub(in crate::nn) start: usize,
    /// Pictures and channels, as one.
    pub(in crate::nn) n_planes: usize,
    /// Rows and columns of the pictures.
    pub(in crate::nn) size: [usize; 2],
    /// Zeros above and left.
    pub(in crate::nn) before: [usize; 2],
    /// Rows and columns with all zeros.
    pub(in crate::nn) padded: [usize; 2],
}

impl ToPlanes {
    /// Copies `pictures`.
    ///
    /// # Panics
    /// When sizes do not fit.
    pub(in crate::nn) fn run(&self, pictures: &[f32], memory: &mut Memory, team: &Team<'_>) {
        let Self { start, n_planes, size: [height, width], before: [top, left], padded: [rows, columns] } =
            *self;
        assert!(
            pictures.len() == n_planes * height * width && top + height <= rows && left + width <= columns
        );
        let planes = &mut memory.arena.as_mut_slice()[start..start + n_planes * rows * columns];
        let to = SendPointer(planes.as_mut_ptr());
        team.run(n_planes, |_, number| {
            // SAFETY: plane `number` of the slice above, which is borrowed until all tasks are done; tasks take different
            // planes.
            let plane =
                unsafe { std::slice::from_raw_parts_mut(to.at(number * rows * columns), rows * columns) };
            let picture = pictures.get(number * height * width..).unwrap_or_default();
            let (above, rest) = plane.split_at_mut(top * columns);
            above.fill(0.0);
            let (inside, below) = rest.split_at_mut(height * columns);
            below.fill(0.0);
            for (to, from) in inside.chunks_exact_mut(columns.max(1)).zip(picture.chunks_exact(width.max(1)))
            {
                to[..left].fill(0.0);
                to[left..left + width].copy_from_slice(from);
                to[left + width..].fill(0.0);
            }
        });
    }
}

#[derive(Clone, Copy)]
struct SendPointer(*mut f32);

impl SendPointer {
    /// # Safety
    /// As for [`pointer::add`].
    unsafe fn at(self, offset: usize) -> *mut f32 {
        // SAFETY: the caller vouches for it.
        unsafe { self.0.add(offset) }
    }
}

// SAFETY: tasks make slices apart from it, and the slice it is of stays borrowed.
unsafe impl Send for SendPointer {}
// SAFETY: as for `Send`.
unsafe impl Sync for SendPointer {}

/// Squares of `side` pixels without overlap, each as one pixel whose channels are the square's channels, rows and columns.
#[derive(Clone, Copy, Debug)]
pub(in crate::nn) struct Patches {
    pub(in crate::nn) output: Place,
    pub(in crate::nn) channels: usize,
    pub(in crate::nn) size: [usize; 2],
    pub(in crate::nn) side: usize,
}

impl Patches {
    /// Copies `pictures`.
    ///
    /// # Panics
    /// When sizes do not fit.
    pub(in crate::nn) fn run(&self, pictures: &[f32], memory: &mut Memory, team: &Team<'_>) {
        let Self { output, channels, size: [height, width], side } = *self;
        assert!(pictures.len() == output.n_images * channels * height * width);
        assert!(output.fits(memory.arena.len()) && output.channels == channels * side * side);
        assert!(output.height * side <= height && output.width * side <= width);
        let (blocks, arena) = (output.n_blocks(), memory.arena.shared());
        team.run(output.n_images * blocks, |_, number| {
            let (image, block) = (number / blocks, number % blocks);
            for y in 0..output.height {
                let to = output.at(image, block, y, 0);
                // SAFETY: the row lies in the map, which was checked; tasks write different planes.
                let row = unsafe { std::slice::from_raw_parts_mut(arena.at(to), output.width * BLOCK) };
                row.fill(0.0);
                for lane in 0..BLOCK.min(output.channels - block * BLOCK) {
                    let number = block * BLOCK + lane;
                    let (channel, within) = (number / (side * side), number % (side * side));
                    let line = (image * channels + channel) * height + y * side + within / side;
                    let from = pictures.get(line * width + within % side..).unwrap_or_default();
                    for (to, &value) in
                        row.iter_mut().skip(lane).step_by(BLOCK).zip(from.iter().step_by(side))
                    {
                        *to = value;
                    }
                }
            }
        });
    }
}

/// A blocked map to a tensor (n, c, h, w), or (n, h w, c).
#[derive(Clone, Copy, Debug)]
pub(in crate::nn) struct FromBlocked {
    pub(in crate::nn) input: Place,
    /// Whether channels come last.
    pub(in crate::nn) order: Order,
}

/// Where channels are in a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::nn) enum Order {
    /// (n, c, h, w).
    ChannelsFirst,
    /// (n, h w, c).
    ChannelsLast,
}

impl FromBlocked {
    /// The floats of the map.
    ///
    /// # Panics
    /// When the map lies outside of the arena.
    pub(in crate::nn) fn run(&self, memory: &Memory, result: &mut Vec<f32>) {
        let Place { n_images, channels, height, width, .. } = self.input;
        assert!(self.input.fits(memory.arena.len()));
        let arena = memory.arena.as_slice();
        let value = |image, channel: usize, y, x| {
            let at = self.input.at(image, channel / BLOCK, y, x) + channel % BLOCK;
            arena.get(at).copied().unwrap_or(f32::NAN)
        };
        result.reserve(n_images * channels * height * width);
        for image in 0..n_images {
            match self.order {
                Order::ChannelsFirst => {
                    for channel in 0..channels {
                        for y in 0..height {
                            result.extend((0..width).map(|x| value(image, channel, y, x)));
                        }
                    }
                }
                Order::ChannelsLast => {
                    for pixel in 0..height * width {
                        let (y, x) = (pixel / width, pixel % width);
                        result.extend((0..channels).map(|channel| value(image, channel, y, x)));
                    }
                }
            }
        }
    }
}

/// Zeros around each plane of a map.
#[derive(Clone, Copy, Debug)]
pub(in crate::nn) struct ZeroBorder {
    pub(in crate::nn) place: Place,
}

impl ZeroBorder {
    /// Writes them.
    ///
    /// # Panics
    /// When the map lies outside of the arena.
    pub(in crate::nn) fn run(&self, memory: &mut Memory) {
        let Place { row, height, width, border, .. } = self.place;
        assert!(self.place.fits(memory.arena.len()));
        let arena = memory.arena.as_mut_slice();
        for image in 0..self.place.n_images {
            for block in 0..self.place.n_blocks() {
                let first = self.place.at(image, block, 0, 0) - border.top * row - border.left * BLOCK;
                let mut zero = |from: usize, len: usize| {
                    arena.get_mut(from..from + len).into_iter().for_each(|part| part.fill(0.0));
                };
                let side = (border.right + border.left) * BLOCK;
                zero(first, border.top * row + border.left * BLOCK);
                for y in 0..height.saturating_sub(1) {
                    zero(first + (border.top + y) * row + (border.left + width) * BLOCK, side);
                }
                let after = first + (border.top + height) * row - border.right * BLOCK;
                zero(after, border.right * BLOCK + border.bottom * row);
            }
        }
    }
}

/// The pixels of each image as further channels of one pixel: block b and pixel p become block b h w + p of a map whose
/// pixels are the images.
#[derive(Clone, Copy, Debug)]
pub(in crate::nn) struct Regroup {
    pub(in crate::nn) input: Place,
    pub(in crate::nn) output: Place,
}

impl Regroup {
    /// Copies the input.
    ///
    /// # Panics
    /// When places do not fit.
    pub(in crate::nn) fn run(&self, memory: &mut Memory) {
        let (input, output, len) = (self.input, self.output, memory.arena.len());
        assert!(input.fits(len) && output.fits(len) && input.is_apart_from(&output));
        assert!(output.n_images == 1 && output.height == 1 && output.width == input.n_images);
        assert!(output.n_blocks() == input.n_blocks() * input.n_pixels());
        let arena = memory.arena.as_mut_slice();
        for image in 0..input.n_images {
            for block in 0..input.n_blocks() {
                for pixel in 0..input.n_pixels() {
                    let from = input.at(image, block, pixel / input.width, pixel % input.width);
                    let to = output.at(0, block * input.n_pixels() + pixel, 0, image);
                    arena.copy_within(from..from + BLOCK, to);
                }
            }
        }
    }
}

/// The numbers of each image's planes, channel after channel, as channels of one pixel.
#[derive(Clone, Copy, Debug)]
pub(in crate::nn) struct Flatten {
    pub(in crate::nn) input: Place,
    pub(in crate::nn) output: Place,
}

impl Flatten {
    /// Copies the input.
    ///
    /// # Panics
    /// When places do not fit.
    pub(in crate::nn) fn run(&self, memory: &mut Memory) {
        let (input, output, len) = (self.input, self.output, memory.arena.len());
        assert!(input.fits(len) && output.fits(len) && input.is_apart_from(&output));
        assert!(output.n_images == 1 && output.height == 1 && output.width == input.n_images);
        let n_pixels = input.n_pixels();
        assert!(output.channels == input.channels * n_pixels);
        let arena = memory.arena.as_mut_slice();
        for image in 0..input.n_images {
            for number in 0..output.channels {
                let (channel, pixel) = (number / n_pixels, number % n_pixels);
                let from = input.at(image, channel / BLOCK, pixel / input.width, pixel % input.width);
                let to = output.at(0, number / BLOCK, 0, image) + number % BLOCK;
                arena[to] = arena[from + channel % BLOCK];
            }
        }
    }
}
