//! Floats on cache lines, and pointers to them that several workers may hold.
#![allow(
    unsafe_code,
    reason = "a view of whole lines as floats, and shared pointers; every block carries its proof"
)]

/// A cache line, and one register of AVX-512.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// Floats that start on a cache line; a whole number of lines.
#[derive(Clone, Debug, Default)]
pub(in crate::nn) struct Buffer(Vec<Line>);

impl Buffer {
    /// At least `len` zeros.
    pub(in crate::nn) fn zeros(len: usize) -> Self {
        Self(vec![Line([0.0; 16]); len.div_ceil(16)])
    }

    /// Floats it holds.
    pub(in crate::nn) fn len(&self) -> usize {
        self.0.len() * 16
    }

    /// The floats.
    pub(in crate::nn) fn as_slice(&self) -> &[f32] {
        // SAFETY: `Line` is sixteen floats without padding (its size is its alignment), and the lines are one allocation.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len() * 16) }
    }

    /// The floats.
    pub(in crate::nn) fn as_mut_slice(&mut self) -> &mut [f32] {
        // SAFETY: as for `as_slice`; the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), self.0.len() * 16) }
    }

    /// A pointer for workers to write through, each to its own part.
    pub(super) fn shared(&mut self) -> Shared {
        Shared { start: self.0.as_mut_ptr().cast(), len: self.0.len() * 16 }
    }
}

/// A pointer to the floats of a [`Buffer`] that is borrowed exclusively while the pointer is in use.
#[derive(Clone, Copy)]
pub(super) struct Shared {
    start: *mut f32,
    len: usize,
}

// SAFETY: the pointer is only read and written by kernels, whose tasks keep to places apart; sending it moves no value.
unsafe impl Send for Shared {}
// SAFETY: as for `Send`.
unsafe impl Sync for Shared {}

impl Shared {
    /// The float at `offset`. Kernels check whole places beforehand; this check is for tests.
    pub(super) fn at(self, offset: usize) -> *mut f32 {
        debug_assert!(offset <= self.len, "{offset} of {}", self.len);
        // SAFETY: callers have checked the place that `offset` is of against the buffer's length, so the result lies in
        // the allocation or one past its end.
        unsafe { self.start.add(offset) }
    }
}
