//! Convolution of any kernel, stride, padding and grouping: the way is chosen by shape. Differentiable, on any device.

use candle_core::{Result, Tensor, bail};

use super::{average_pool, depthwise_conv2d, pointwise_conv2d};
use crate::nn::layers::PadAmounts;
use crate::nn::{Padding, PaddingCounts, Pool, PoolEdge};

/// Convolves `input` (n, c, h, w) with `weight` (o, c / groups, kh, kw): (n, o, oh, ow) with
/// oh = (h + zeros above and below - kh) / stride + 1.
///
/// # Errors
/// When the shapes do not fit, the stride is zero or the kernel is larger than the padded input.
pub fn conv2d(
    input: &Tensor,
    weight: &Tensor,
    stride: usize,
    pad: PadAmounts,
    groups: usize,
) -> Result<Tensor> {
    let (_, channels, height, width) = input.dims4()?;
    let (out_channels, fan_in, kernel_height, kernel_width) = weight.dims4()?;
    if groups == 0 || fan_in * groups != channels || !out_channels.is_multiple_of(groups) {
        bail!("convolution: kernels {:?} in {groups} groups for pictures {:?}", weight.dims(), input.dims());
    }
    let is_unpadded = pad == PadAmounts::default();
    if [kernel_height, kernel_width] == [1, 1] && groups == 1 && is_unpadded && stride > 0 {
        let seen = if stride == 1 { input.clone() } else { every_nth_pixel(input, stride)? };
        return pointwise_conv2d(&seen, &weight.reshape((out_channels, channels))?);
    }
    if groups == channels && out_channels == channels && groups > 1 {
        return depthwise_conv2d(input, weight, stride, pad);
    }
    let [height, width] = [height + pad.top + pad.bottom, width + pad.left + pad.right];
    if stride == 0 || kernel_height.min(kernel_width) == 0 || kernel_height > height || kernel_width > width {
        let kernel = [kernel_height, kernel_width];
        bail!("convolution: a {kernel:?} kernel with stride {stride} does not fit {:?}", [height, width]);
    }
    // candle 0.11's gradient fails where a stride leaves over unequal numbers of rows and columns, so nothing is left.
    let reach = |side: usize, kernel: usize| (side - kernel) / stride * stride + kernel;
    let (height, width) = (reach(height, kernel_height), reach(width, kernel_width));
    if pad.top == pad.bottom
        && pad.left == pad.right
        && pad.top == pad.left
        && !input.track_op()
        && !weight.track_op()
    {
        return input.conv2d(weight, pad.top, stride, 1, groups);
    }
    let padded = pad.apply(input)?.narrow(2, 0, height)?.narrow(3, 0, width)?.contiguous()?;
    padded.conv2d(weight, 0, stride, 1, groups)
}

fn every_nth_pixel(input: &Tensor, stride: usize) -> Result<Tensor> {
    let pool = Pool { kernel: 1, stride, padding: Padding::Symmetric([0, 0]), edge: PoolEdge::Floor };
    average_pool(input, pool, PaddingCounts::Yes)
}
