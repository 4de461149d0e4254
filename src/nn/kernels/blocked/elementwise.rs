//! A map number by number: activation, scale of each channel, gate of each image's channels, sum with another map.
#![allow(unsafe_code, reason = "SIMD on pointers; every block carries its proof")]

use super::Memory;
use super::activate::activate;
use super::buffer::Buffer;
use super::place::{BLOCK, Place};
use super::simd::Lanes;
use super::team::Team;
use super::tile::{Tiles, dispatch, for_every_isa};
use crate::nn::Activation;

/// output = last(first(input) * scale * gate + shift + other), where each part may be absent.
#[derive(Clone, Debug)]
pub(in crate::nn) struct Elementwise {
    pub(in crate::nn) tiles: Tiles,
    pub(in crate::nn) input: Place,
    /// Where the input is, or apart from it.
    pub(in crate::nn) output: Place,
    pub(in crate::nn) first: Activation,
    /// Scale and shift of each channel, in whole blocks.
    pub(in crate::nn) affine: Option<[Buffer; 2]>,
    /// A map whose pixels are the images.
    pub(in crate::nn) gate: Option<Place>,
    pub(in crate::nn) other: Option<Place>,
    pub(in crate::nn) last: Activation,
}

/// One plane of it.
#[derive(Clone, Copy)]
struct Run {
    input: *const f32,
    output: *mut f32,
    other: *const f32,
    n: usize,
    first: Activation,
    scale: [f32; BLOCK],
    shift: [f32; BLOCK],
    last: Activation,
}

impl Elementwise {
    /// Computes the output.
    ///
    /// # Panics
    /// When places do not fit.
    pub(in crate::nn) fn run(&self, memory: &mut Memory, team: &Team<'_>) {
        let len = memory.arena.len();
        let (input, output) = (self.input, self.output);
        let shape = |place: &Place| [place.n_images, place.channels, place.height, place.width];
        assert!(input.fits(len) && output.fits(len) && shape(&input) == shape(&output));
        assert!(input == output || input.is_apart_from(&output));
        if let Some(other) = &self.other {
            assert!(other.fits(len) && shape(other) == shape(&output));
            assert!(*other == output || other.is_apart_from(&output));
        }
        let blocks = output.n_blocks();
        if let Some(gate) = &self.gate {
            assert!(gate.fits(len) && gate.channels == output.channels && gate.width == output.n_images);
            assert!(gate.n_images == 1 && gate.height == 1 && gate.is_apart_from(&output));
        }
        if let Some(affine) = &self.affine {
            assert!(affine.iter().all(|values| values.len() >= blocks * BLOCK));
        }
        let arena = memory.arena.shared();
        team.run(output.n_images * blocks, |_, number| {
            let (image, block) = (number / blocks, number % blocks);
            let (mut scale, mut shift) = ([1.0; BLOCK], [0.0; BLOCK]);
            if let Some([scales, shifts]) = &self.affine {
                scale.copy_from_slice(&scales.as_slice()[block * BLOCK..][..BLOCK]);
                shift.copy_from_slice(&shifts.as_slice()[block * BLOCK..][..BLOCK]);
            }
            if let Some(gate) = &self.gate {
                for (lane, scale) in scale.iter_mut().enumerate() {
                    // SAFETY: the block's sixteen floats lie in the gate, which was checked and which nobody writes now.
                    *scale *= unsafe { *arena.at(gate.at(0, block, 0, image) + lane) };
                }
            }
            for y in 0..output.height {
                // SAFETY: the rows lie in places that were checked; tasks write different planes, and what they read is
                // the same plane or apart from the output.
                unsafe {
                    let run = Run {
                        input: arena.at(input.at(image, block, y, 0)).cast_const(),
                        output: arena.at(output.at(image, block, y, 0)),
                        other: match &self.other {
                            Some(other) => arena.at(other.at(image, block, y, 0)).cast_const(),
                            None => std::ptr::null(),
                        },
                        n: output.width,
                        first: self.first,
                        scale,
                        shift,
                        last: self.last,
                    };
                    dispatch!(self.tiles, run_kernel, &run);
                }
            }
        });
    }
}

/// # Safety
/// The processor has the instruction set; `input`, `output` and (unless null) `other` have `n` blocks of sixteen.
#[inline(always)]
unsafe fn run_of<V: Lanes>(run: &Run) {
    // SAFETY: index < n, for which the caller vouches.
    unsafe {
        let (scale, shift) = (V::load(run.scale.as_ptr()), V::load(run.shift.as_ptr()));
        for index in 0..run.n {
            let mut value = activate(V::load(run.input.add(index * BLOCK)), run.first).mul_add(scale, shift);
            if !run.other.is_null() {
                value = value.add(V::load(run.other.add(index * BLOCK)));
            }
            activate(value, run.last).store(run.output.add(index * BLOCK));
        }
    }
}

for_every_isa!(run_kernel, run_of, (run: &Run));
