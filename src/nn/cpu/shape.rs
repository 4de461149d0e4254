//! Sizes of all results for pictures of one size, which way each convolution goes, and where results lie.

use candle_core::{Result, bail};

use super::lower::{Convolved, Lowered, Node};
use crate::nn::kernels::blocked::Border;
use crate::nn::layers::PadAmounts;
use crate::nn::{Padding, Pool, PoolEdge};

/// Channels, rows and columns of a result, of one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
}

impl Size {
    pub(super) fn n_pixels(self) -> usize {
        self.height * self.width
    }
}

/// Rows and columns of windows of `kernel` and the zeros around the input.
pub(super) fn windows(
    size: Size,
    kernel: [usize; 2],
    stride: usize,
    padding: Padding,
) -> Result<([usize; 2], PadAmounts)> {
    let pad = PadAmounts::new(padding, [size.height, size.width], kernel, stride);
    let count = |side: usize, zeros: usize, kernel: usize| match (side + zeros).checked_sub(kernel) {
        Some(room) if side > 0 => Ok(room / stride.max(1) + 1),
        _ => bail!("a kernel of {kernel} does not fit {side} pixels with {zeros} zeros around them"),
    };
    let height = count(size.height, pad.top + pad.bottom, kernel[0])?;
    Ok(([height, count(size.width, pad.left + pad.right, kernel[1])?], pad))
}

/// The part of the input that each window along one side covers, and what a mean divides by.
pub(super) fn pool_windows(
    pool: Pool,
    side: usize,
    [before, after]: [usize; 2],
    counts_padding: bool,
) -> Result<Vec<(std::ops::Range<usize>, f32)>> {
    let Pool { kernel, stride, .. } = pool;
    let room = (side + before + after).checked_sub(kernel).filter(|_| stride > 0 && kernel > 0 && side > 0);
    let Some(room) = room else {
        bail!("pooling: a window of {kernel} with stride {stride} does not fit {side} pixels");
    };
    if before >= kernel {
        bail!("pooling: windows of {kernel} lie wholly on {before} pixels of padding");
    }
    let count = match pool.edge {
        PoolEdge::Floor => room / stride + 1,
        // A window that would start beyond the picture is left out even so.
        PoolEdge::Ceil => room.div_ceil(stride).min((side + before - 1) / stride) + 1,
    };
    Ok((0..count)
        .map(|index| {
            let start = index * stride;
            let end = (start + kernel).saturating_sub(before).min(side);
            let range = start.saturating_sub(before).min(end)..end;
            let whole = (start + kernel).min(before + side + after) - start;
            let divisor = if counts_padding { whole } else { range.len() };
            (range, divisor.max(1) as f32)
        })
        .collect())
}

/// The zeros that a k x k convolution reads around its input.
pub(super) fn border(
    size: Size,
    out: [usize; 2],
    kernel: [usize; 2],
    stride: usize,
    pad: PadAmounts,
) -> Border {
    let after = |side: usize, out: usize, kernel: usize, before: usize| {
        ((out.max(1) - 1) * stride + kernel).saturating_sub(before + side)
    };
    Border {
        top: pad.top,
        left: pad.left,
        bottom: after(size.height, out[0], kernel[0], pad.top),
        right: after(size.width, out[1], kernel[1], pad.left),
    }
}

/// Sizes of all results.
///
/// # Errors
/// When an operation does not fit what it is given.
pub(super) fn sizes(nodes: &[Node], input: Size) -> Result<Vec<Size>> {
    let mut sizes: Vec<Size> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let of_inputs: Vec<Size> =
            node.inputs.iter().filter_map(|&input| sizes.get(input).copied()).collect();
        let size = size_of(&node.operation, &of_inputs, input)?;
        sizes.push(size);
    }
    Ok(sizes)
}

fn size_of(operation: &Lowered, inputs: &[Size], picture: Size) -> Result<Size> {
    let first = inputs.first().copied().unwrap_or(picture);
    let sized = |channels: usize, [height, width]: [usize; 2]| Size { channels, height, width };
    Ok(match operation {
        Lowered::Input | Lowered::InputPlanes => picture,
        Lowered::InputPatches(side) => {
            let channels = picture.channels * side * side;
            let (out, _) = windows(picture, [*side; 2], *side, Padding::Symmetric([0, 0]))?;
            sized(channels, out)
        }
        Lowered::Convolve(convolved) => {
            let wanted = convolved.weights.in_channels;
            if wanted != first.channels {
                bail!("a convolution of {wanted} channels was given {}", first.channels);
            }
            let Convolved { kernel, stride, padding, has_residual, .. } = convolved;
            let (out, _) = windows(first, *kernel, *stride, *padding)?;
            let size = sized(convolved.weights.packed.width(), out);
            if *has_residual && inputs.last() != Some(&size) {
                bail!("the sum of {:?} and {size:?}", inputs.last());
            }
            size
        }
        Lowered::Channelwise { weights, stride, padding, .. } => {
            if weights.channels() != first.channels {
                bail!("a convolution of {} channels was given {}", weights.channels(), first.channels);
            }
            let (out, _) = windows(first, weights.kernel(), *stride, *padding)?;
            sized(first.channels, out)
        }
        Lowered::Pool(pool, _, _) => {
            let pad =
                PadAmounts::new(pool.padding, [first.height, first.width], [pool.kernel; 2], pool.stride);
            let rows = pool_windows(*pool, first.height, [pad.top, pad.bottom], false)?;
            let columns = pool_windows(*pool, first.width, [pad.left, pad.right], false)?;
            sized(first.channels, [rows.len(), columns.len()])
        }
        Lowered::GlobalMean => sized(first.channels, [1, 1]),
        Lowered::Flatten => sized(first.channels * first.n_pixels(), [1, 1]),
        Lowered::Concatenate => {
            if inputs.iter().any(|size| (size.height, size.width) != (first.height, first.width)) {
                bail!("maps of different sizes cannot be joined: {inputs:?}");
            }
            sized(inputs.iter().map(|size| size.channels).sum(), [first.height, first.width])
        }
        Lowered::Elementwise(pointwise) => {
            let affine = pointwise.affine.as_ref().map(|[scale, _]| scale.len());
            if affine.is_some_and(|len| len != first.channels.next_multiple_of(16)) {
                bail!("a scale of other channels than {}", first.channels);
            }
            if pointwise.has_other && inputs.last() != Some(&first) {
                bail!("the sum of {first:?} and {:?}", inputs.last());
            }
            if pointwise.has_gate && inputs.get(1).is_none_or(|gate| gate.channels != first.channels) {
                bail!("a gate of other channels than {}", first.channels);
            }
            first
        }
        Lowered::LayerNorm(affine, _) => {
            if affine.iter().any(|values| values.len() != first.channels.next_multiple_of(16)) {
                bail!("a norm of other channels than {}", first.channels);
            }
            first
        }
        Lowered::TokenTable { channels, n_rows, n_before, .. } => {
            let n_tokens = first.n_pixels() + n_before;
            if *channels != first.channels || *n_before == 0 && *n_rows != n_tokens {
                bail!(
                    "a table of {n_rows} rows of {channels} numbers for {n_tokens} tokens of {}",
                    first.channels
                );
            }
            sized(first.channels, [1, n_tokens])
        }
        Lowered::Attention(_) => sized(first.channels / 3, [first.height, first.width]),
        Lowered::FirstPixel => sized(first.channels, [1, 1]),
        Lowered::Neighbours(_) | Lowered::Alias => first,
    })
}
