//! Depthwise convolution of one plane (one channel of one picture), forward and backward.
//!
//! The plane is first split into stride x stride phases with the padding laid around it, all rows of one width.
//! Then every output is the sum over the kernel's taps of one phase read at a constant distance, so the inner loop is
//! contiguous for any kernel, stride and padding. Outputs between the end of a row and the phase's width are computed
//! and dropped.

/// Outputs computed at once; they stay in registers while the taps go by.
const LANES: usize = 32;

/// Sizes of one plane's convolution. Taps outside the input read zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// Input rows and columns.
    pub input: [usize; 2],
    /// Kernel rows and columns, at least 1.
    pub kernel: [usize; 2],
    /// Step between outputs, at least 1.
    pub stride: usize,
    /// Zeros above and left of the input.
    pub pad_before: [usize; 2],
    /// Output rows and columns, at least 1.
    pub output: [usize; 2],
}

impl Geometry {
    /// Columns of a phase.
    fn phase_width(&self) -> usize {
        ((self.output[1] - 1) * self.stride + self.kernel[1] - 1) / self.stride + 1
    }

    /// Rows of a phase.
    fn phase_height(&self) -> usize {
        ((self.output[0] - 1) * self.stride + self.kernel[0] - 1) / self.stride + 1
    }

    /// Outputs with the gaps at the rows' ends, rounded up to whole lanes.
    fn flat_len(&self) -> usize {
        (self.output[0] * self.phase_width()).next_multiple_of(LANES)
    }

    /// Floats of a phase, with room for reading beyond its last row.
    fn phase_len(&self) -> usize {
        self.flat_len() + self.tap_offset(self.kernel[0] - 1, self.kernel[1] - 1)
    }

    /// Distance between an output's flat place and what the tap reads within its phase.
    fn tap_offset(&self, row: usize, column: usize) -> usize {
        row / self.stride * self.phase_width() + column / self.stride
    }

    /// Start within the phases of what tap (row, column) reads for the first output.
    fn tap_start(&self, row: usize, column: usize) -> usize {
        let phase = row % self.stride * self.stride + column % self.stride;
        phase * self.phase_len() + self.tap_offset(row, column)
    }

    /// Calls `visit` with each run of input that has a place in the phases: the input's start, its step, its count
    /// and the place of its first float. Input that no tap reaches (the last row under a stride) is left out.
    fn for_each_run(&self, mut visit: impl FnMut(usize, usize, usize, usize)) {
        let (stride, phase_len, phase_width) = (self.stride, self.phase_len(), self.phase_width());
        for row in 0..self.input[0] {
            let padded_row = row + self.pad_before[0];
            if padded_row / stride >= self.phase_height() {
                break;
            }
            for phase_column in 0..stride {
                let first = (phase_column + stride - self.pad_before[1] % stride) % stride;
                let place = (first + self.pad_before[1]) / stride;
                if first >= self.input[1] || place >= phase_width {
                    continue;
                }
                let count = (self.input[1] - first).div_ceil(stride).min(phase_width - place);
                let phase = padded_row % stride * stride + phase_column;
                let to = phase * phase_len + padded_row / stride * phase_width + place;
                visit(row * self.input[1] + first, stride, count, to);
            }
        }
    }
}

/// Room for one plane at a time; make one a thread and reuse it for planes of the same geometry.
pub(crate) struct Scratch {
    geometry: Geometry,
    starts: Vec<usize>,
    phases: Vec<f32>,
    flat: Vec<f32>,
}

impl Scratch {
    /// Room for planes of `geometry`.
    pub(crate) fn new(geometry: Geometry) -> Self {
        let starts = (0..geometry.kernel[0])
            .flat_map(|row| (0..geometry.kernel[1]).map(move |column| geometry.tap_start(row, column)))
            .collect();
        Self {
            geometry,
            starts,
            phases: vec![0.0; geometry.stride * geometry.stride * geometry.phase_len()],
            flat: vec![0.0; geometry.flat_len()],
        }
    }

    /// `output` (rows x columns) becomes the convolution of `input` with `weight`, all row-major.
    pub(crate) fn forward(&mut self, input: &[f32], weight: &[f32], output: &mut [f32]) {
        self.load_phases(input);
        sum_of_taps(&self.phases, &self.starts, weight, &mut self.flat);
        let width = self.geometry.output[1];
        for (to, from) in output.chunks_exact_mut(width).zip(self.flat.chunks(self.geometry.phase_width())) {
            to.copy_from_slice(&from[..width]);
        }
    }

    /// `input_gradient` becomes the gradient of the input, given that of the output.
    pub(crate) fn input_gradient(
        &mut self,
        output_gradient: &[f32],
        weight: &[f32],
        input_gradient: &mut [f32],
    ) {
        self.load_flat(output_gradient);
        self.phases.fill(0.0);
        for (&start, &tap) in self.starts.iter().zip(weight) {
            for (sum, value) in self.phases[start..].iter_mut().zip(&self.flat) {
                *sum += tap * value;
            }
        }
        input_gradient.fill(0.0);
        let phases = &self.phases;
        self.geometry.for_each_run(|from, step, count, to| {
            for (value, phase) in input_gradient[from..].iter_mut().step_by(step).zip(&phases[to..to + count])
            {
                *value = *phase;
            }
        });
        // The zeros around the input must be zeros again for a later `forward`.
        self.phases.fill(0.0);
    }

    /// Adds to `weight_gradient` (kernel rows x columns) what this plane contributes, given the gradient of the output.
    pub(crate) fn add_weight_gradient(
        &mut self,
        input: &[f32],
        output_gradient: &[f32],
        weight_gradient: &mut [f32],
    ) {
        self.load_phases(input);
        self.load_flat(output_gradient);
        for (&start, gradient) in self.starts.iter().zip(weight_gradient) {
            let products = self.phases[start..].iter().zip(&self.flat).map(|(value, outer)| value * outer);
            *gradient += products.sum::<f32>();
        }
    }

    fn load_phases(&mut self, input: &[f32]) {
        let phases = &mut self.phases;
        self.geometry.for_each_run(|from, step, count, to| {
            let target = &mut phases[to..to + count];
            if step == 1 {
                target.copy_from_slice(&input[from..from + count]);
            } else {
                for (value, source) in target.iter_mut().zip(input[from..].iter().step_by(step)) {
                    *value = *source;
                }
            }
        });
    }

    /// Lays output-shaped values out with zeros in the gaps.
    fn load_flat(&mut self, output_gradient: &[f32]) {
        self.flat.fill(0.0);
        let width = self.geometry.output[1];
        let rows = self.flat.chunks_mut(self.geometry.phase_width());
        for (to, from) in rows.zip(output_gradient.chunks_exact(width)) {
            to[..width].copy_from_slice(from);
        }
    }
}

/// `flat[i]` becomes the sum over taps of `weight[tap] * phases[starts[tap] + i]`.
fn sum_of_taps(phases: &[f32], starts: &[usize], weight: &[f32], flat: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if super::has_avx2_and_fma() {
        #[allow(
            unsafe_code,
            reason = "calls a function compiled for instructions the processor was just seen to have"
        )]
        // SAFETY: `sum_of_taps_avx2` is an ordinary safe function but for needing AVX2 and FMA, detected above.
        unsafe {
            sum_of_taps_avx2(phases, starts, weight, flat);
        }
        return;
    }
    // Elsewhere a fused multiply-add is either an instruction of the baseline (aarch64) or a slow library call.
    if cfg!(target_arch = "aarch64") {
        sum_of_taps_with(phases, starts, weight, flat, f32::mul_add);
    } else {
        sum_of_taps_with(phases, starts, weight, flat, |value, tap, sum| value * tap + sum);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn sum_of_taps_avx2(phases: &[f32], starts: &[usize], weight: &[f32], flat: &mut [f32]) {
    sum_of_taps_with(phases, starts, weight, flat, f32::mul_add);
}

#[inline(always)]
fn sum_of_taps_with(
    phases: &[f32],
    starts: &[usize],
    weight: &[f32],
    flat: &mut [f32],
    multiply_add: impl Fn(f32, f32, f32) -> f32,
) {
    for (chunk, lanes) in flat.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        let mut sums = [0.0_f32; LANES];
        for (&start, &tap) in starts.iter().zip(weight) {
            let from = start + chunk * LANES;
            // `phase_len` leaves room for whole lanes at every tap.
            let values = &phases[from..from + LANES];
            for (sum, &value) in sums.iter_mut().zip(values) {
                *sum = multiply_add(value, tap, *sum);
            }
        }
        *lanes = sums;
    }
}
