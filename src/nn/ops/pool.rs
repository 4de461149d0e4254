//! Largest or mean of each window, with any padding, overlap and edge, and their gradients. Planes in parallel on the
//! CPU; on other devices windows are put together from candle's operations.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, DType, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::storage::{chunk, floats};
use crate::nn::layers::PadAmounts;
use crate::nn::{PaddingCounts, Pool, PoolEdge};

/// Floats a task is worth.
const MIN_TASK_LEN: usize = 1 << 14;

/// Largest number of each window of `features` (n, c, h, w); padding is never the largest. Differentiable: the gradient
/// goes to the first of several equal numbers on the CPU, and is shared among them elsewhere.
///
/// # Errors
/// When the window does not fit the picture.
pub fn max_pool(features: &Tensor, pool: Pool) -> Result<Tensor> {
    let windows = Windows::new(features, pool)?;
    if on_cpu(features) {
        features.contiguous()?.apply_op1(MaxPool(windows))
    } else {
        max_of_taps(features, &windows)
    }
}

/// Mean of each window of `features` (n, c, h, w). Differentiable.
///
/// # Errors
/// When the window does not fit the picture.
pub fn average_pool(features: &Tensor, pool: Pool, counts: PaddingCounts) -> Result<Tensor> {
    let windows = Windows::new(features, pool)?;
    if on_cpu(features) {
        features.contiguous()?.apply_op1(AveragePool { windows, counts })
    } else {
        mean_of_taps(features, &windows, counts)
    }
}

fn on_cpu(features: &Tensor) -> bool {
    features.device().is_cpu() && features.dtype() == DType::F32
}

/// Where the windows of a picture lie.
#[derive(Clone, Copy, Debug)]
struct Windows {
    input: [usize; 2],
    output: [usize; 2],
    kernel: usize,
    stride: usize,
    pad: PadAmounts,
}

impl Windows {
    fn new(features: &Tensor, pool: Pool) -> Result<Self> {
        let (_, _, height, width) = features.dims4()?;
        let Pool { kernel, stride, .. } = pool;
        let pad = PadAmounts::new(pool.padding, [height, width], [kernel; 2], stride);
        let count = |side: usize, before: usize, after: usize| {
            let room =
                (side + before + after).checked_sub(kernel).filter(|_| stride > 0 && kernel > 0 && side > 0);
            let Some(room) = room else {
                bail!(
                    "pooling: a window of {kernel} with stride {stride} does not fit {:?}",
                    features.dims()
                );
            };
            Ok(match pool.edge {
                PoolEdge::Floor => room / stride + 1,
                // A window that would start beyond the picture is left out even so.
                PoolEdge::Ceil => (room.div_ceil(stride)).min((side + before - 1) / stride) + 1,
            })
        };
        let output = [count(height, pad.top, pad.bottom)?, count(width, pad.left, pad.right)?];
        if pad.top.max(pad.left) >= kernel {
            bail!("pooling: windows of {kernel} lie wholly on the padding {pad:?}");
        }
        Ok(Self { input: [height, width], output, kernel, stride, pad })
    }

    /// The part of the `index`-th window that lies on the picture, along rows (0) or columns (1).
    fn span(&self, index: usize, side: usize) -> std::ops::Range<usize> {
        let before = if side == 0 { self.pad.top } else { self.pad.left };
        let start = index * self.stride;
        let end = (start + self.kernel).saturating_sub(before).min(self.input[side]);
        start.saturating_sub(before).min(end)..end
    }

    /// Rows or columns of the `index`-th window, padding included, but not what hangs over its far side.
    fn whole_len(&self, index: usize, side: usize) -> usize {
        let (before, after) =
            if side == 0 { (self.pad.top, self.pad.bottom) } else { (self.pad.left, self.pad.right) };
        let start = index * self.stride;
        (start + self.kernel).min(before + self.input[side] + after) - start
    }

    /// What the mean of window (row, column) divides by.
    fn divisor(&self, row: usize, column: usize, counts: PaddingCounts) -> f32 {
        let n = match counts {
            PaddingCounts::Yes => self.whole_len(row, 0) * self.whole_len(column, 1),
            PaddingCounts::No => self.span(row, 0).len() * self.span(column, 1).len(),
        };
        n.max(1) as f32
    }

    fn input_len(&self) -> usize {
        self.input[0] * self.input[1]
    }

    fn output_len(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Calls `visit` with each window's place in the output and the runs of input it covers, row by row.
    fn for_each(
        &self,
        mut visit: impl FnMut(usize, usize, &mut dyn Iterator<Item = std::ops::Range<usize>>),
    ) {
        for row in 0..self.output[0] {
            let rows = self.span(row, 0);
            for column in 0..self.output[1] {
                let columns = self.span(column, 1);
                let width = self.input[1];
                let mut runs = rows.clone().map(|row| row * width + columns.start..row * width + columns.end);
                visit(row, column, &mut runs);
            }
        }
    }

    /// Runs `plane` on every plane of the input with its plane of the result, in parallel.
    fn planes(
        &self,
        input: &[f32],
        [from_len, to_len]: [usize; 2],
        plane: impl Fn(&[f32], usize, &mut [f32]) + Sync,
    ) -> Vec<f32> {
        let n_planes = input.len().checked_div(from_len).unwrap_or(0);
        let mut result = vec![0.0_f32; n_planes * to_len];
        result
            .par_chunks_mut(to_len.max(1))
            .with_min_len(MIN_TASK_LEN.div_ceil(from_len.max(to_len).max(1)))
            .enumerate()
            .for_each(|(index, result)| plane(chunk(input, index, from_len), index, result));
        result
    }

    /// The picture with `fill` around it, cut to what the windows reach.
    fn padded(&self, features: &Tensor, fill: f64) -> Result<Tensor> {
        let mut padded = features.clone();
        for (side, before) in [(0, self.pad.top), (1, self.pad.left)] {
            let axis = side + 2;
            let reach = (self.output[side] - 1) * self.stride + self.kernel;
            let after = reach.saturating_sub(before + self.input[side]);
            let band = |len: usize, like: &Tensor| {
                let mut shape = like.dims().to_vec();
                shape[axis] = len;
                Tensor::full(fill as f32, shape, like.device())?.to_dtype(like.dtype())
            };
            let parts = [band(before, &padded)?, padded.clone(), band(after, &padded)?];
            let parts: Vec<&Tensor> = parts.iter().filter(|part| part.dims()[axis] > 0).collect();
            padded = Tensor::cat(&parts, axis)?.narrow(axis, 0, reach)?.contiguous()?;
        }
        Ok(padded)
    }

    /// For each tap of the window what it reads, (n, c, oh, ow).
    fn taps(&self, padded: &Tensor) -> Result<Vec<Tensor>> {
        let indices = |tap: usize, side: usize| {
            let ids: Vec<u32> =
                (0..self.output[side]).map(|index| (index * self.stride + tap) as u32).collect();
            Tensor::new(ids, padded.device())
        };
        let mut taps = Vec::new();
        for row in 0..self.kernel {
            let rows = padded.index_select(&indices(row, 0)?, 2)?;
            for column in 0..self.kernel {
                taps.push(rows.index_select(&indices(column, 1)?, 3)?);
            }
        }
        Ok(taps)
    }
}

fn max_of_taps(features: &Tensor, windows: &Windows) -> Result<Tensor> {
    // No window lies wholly on it.
    let smallest = if features.dtype() == DType::F16 { -6.5e4 } else { f64::from(f32::MIN) };
    let padded = windows.padded(features, smallest)?;
    if !features.track_op() {
        return padded.contiguous()?.max_pool2d_with_stride(windows.kernel, windows.stride);
    }
    let mut taps = windows.taps(&padded)?.into_iter();
    let Some(first) = taps.next() else { bail!("pooling: an empty window") };
    taps.try_fold(first, |largest, tap| largest.maximum(&tap))
}

fn mean_of_taps(features: &Tensor, windows: &Windows, counts: PaddingCounts) -> Result<Tensor> {
    let [height, width] = windows.output;
    let scales = (0..height)
        .flat_map(|row| (0..width).map(move |column| 1.0 / windows.divisor(row, column, counts)))
        .collect::<Vec<f32>>();
    let scales =
        Tensor::from_vec(scales, (1, 1, height, width), features.device())?.to_dtype(features.dtype())?;
    let mut taps = windows.taps(&windows.padded(features, 0.0)?)?.into_iter();
    let Some(first) = taps.next() else { bail!("pooling: an empty window") };
    taps.try_fold(first, |sum, tap| sum + tap)?.broadcast_mul(&scales)
}

struct MaxPool(Windows);

struct MaxPoolGradient(Windows);

struct AveragePool {
    windows: Windows,
    counts: PaddingCounts,
}

struct AveragePoolGradient {
    windows: Windows,
    counts: PaddingCounts,
}

/// The place of the largest number in the runs, the first of several; a NaN is larger than all.
fn place_of_largest(plane: &[f32], runs: &mut dyn Iterator<Item = std::ops::Range<usize>>) -> Option<usize> {
    let mut best: Option<usize> = None;
    for place in runs.flatten() {
        let value = plane[place];
        match best {
            Some(so_far) if !(value > plane[so_far] || value.is_nan()) => {}
            _ => best = Some(place),
        }
        if value.is_nan() {
            break;
        }
    }
    best
}

fn shape_with(layout: &Layout, [height, width]: [usize; 2]) -> Result<Shape> {
    let (n_images, channels, _, _) = layout.shape().dims4()?;
    Ok(Shape::from((n_images, channels, height, width)))
}

impl CustomOp1 for MaxPool {
    fn name(&self) -> &'static str {
        "max-pool"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let windows = &self.0;
        let lens = [windows.input_len(), windows.output_len()];
        let result = windows.planes(floats(storage, layout)?, lens, |plane, _, result| {
            windows.for_each(|row, column, runs| {
                let largest = runs
                    .flat_map(|run| &plane[run])
                    .copied()
                    .fold(f32::NEG_INFINITY, |a, b| if a > b || a.is_nan() { a } else { b });
                result[row * windows.output[1] + column] = largest;
            });
        });
        Ok((CpuStorage::F32(result), shape_with(layout, windows.output)?))
    }

    fn bwd(&self, features: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(features.apply_op2_no_bwd(&gradient.contiguous()?, &MaxPoolGradient(self.0))?))
    }
}

impl CustomOp2 for MaxPoolGradient {
    fn name(&self) -> &'static str {
        "max-pool-gradient"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let windows = &self.0;
        let gradient = floats(s2, l2)?;
        let lens = [windows.input_len(); 2];
        let result = windows.planes(floats(s1, l1)?, lens, |plane, index, result| {
            let gradient = chunk(gradient, index, windows.output_len());
            windows.for_each(|row, column, runs| {
                if let Some(place) = place_of_largest(plane, runs) {
                    result[place] += gradient[row * windows.output[1] + column];
                }
            });
        });
        Ok((CpuStorage::F32(result), l1.shape().clone()))
    }
}

impl CustomOp1 for AveragePool {
    fn name(&self) -> &'static str {
        "average-pool"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let Self { windows, counts } = self;
        let lens = [windows.input_len(), windows.output_len()];
        let result = windows.planes(floats(storage, layout)?, lens, |plane, _, result| {
            windows.for_each(|row, column, runs| {
                let sum: f32 = runs.map(|run| plane[run].iter().sum::<f32>()).sum();
                result[row * windows.output[1] + column] = sum / windows.divisor(row, column, *counts);
            });
        });
        Ok((CpuStorage::F32(result), shape_with(layout, windows.output)?))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let backward = AveragePoolGradient { windows: self.windows, counts: self.counts };
        Ok(Some(gradient.contiguous()?.apply_op1_no_bwd(&backward)?))
    }
}

impl CustomOp1 for AveragePoolGradient {
    fn name(&self) -> &'static str {
        "average-pool-gradient"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let Self { windows, counts } = self;
        let lens = [windows.output_len(), windows.input_len()];
        let result = windows.planes(floats(storage, layout)?, lens, |gradient, _, result| {
            windows.for_each(|row, column, runs| {
                let slope =
                    gradient[row * windows.output[1] + column] / windows.divisor(row, column, *counts);
                for run in runs {
                    result[run].iter_mut().for_each(|value| *value += slope);
                }
            });
        });
        Ok((CpuStorage::F32(result), shape_with(layout, windows.input)?))
    }
}
