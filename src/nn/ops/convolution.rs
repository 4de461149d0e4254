//! Convolution of any kernel, stride, padding and grouping: the way is chosen by shape. Differentiable, on any device.

use candle_core::{CpuStorage, CustomOp3, DType, Layout, Result, Shape, Tensor, bail};

use super::storage::floats;
use super::unfold::{Fold, Sliding, Unfold};
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
    let is_tracked = input.track_op() || weight.track_op();
    if pad.top == pad.bottom && pad.left == pad.right && pad.top == pad.left && !is_tracked {
        return input.conv2d(weight, pad.top, stride, 1, groups);
    }
    // candle 0.11's gradient fails where a stride leaves over unequal numbers of rows and columns, so nothing is left.
    let reach = |side: usize, kernel: usize| (side - kernel) / stride * stride + kernel;
    let (height, width) = (reach(height, kernel_height), reach(width, kernel_width));
    let padded = pad.apply(input)?.narrow(2, 0, height)?.narrow(3, 0, width)?.contiguous()?;
    if !is_tracked || !input.device().is_cpu() || input.dtype() != DType::F32 {
        return padded.conv2d(weight, 0, stride, 1, groups);
    }
    let sliding = Sliding { input: [height, width], kernel: [kernel_height, kernel_width], stride };
    let parts = (0..groups).map(|group| {
        let input = padded.narrow(1, group * fan_in, fan_in)?.contiguous()?;
        let weight =
            weight.narrow(0, group * (out_channels / groups), out_channels / groups)?.contiguous()?;
        let result = input.detach().conv2d(&weight.detach(), 0, stride, 1, 1)?;
        input.apply_op3(&weight, &result, ByPatches(sliding))
    });
    let parts = parts.collect::<Result<Vec<_>>>()?;
    if parts.len() == 1 { Ok(parts[0].clone()) } else { Tensor::cat(&parts, 1) }
}

/// A convolution that candle has computed, given a gradient: matrix products with the patches of one picture at a time.
/// candle's own is a transposed convolution, many times slower on the CPU.
struct ByPatches(Sliding);

impl CustomOp3 for ByPatches {
    fn name(&self) -> &'static str {
        "convolution-by-patches"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        result: &CpuStorage,
        layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(floats(result, layout)?.to_vec()), layout.shape().clone()))
    }

    fn bwd(
        &self,
        input: &Tensor,
        weight: &Tensor,
        _: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (n_images, _, _, _) = input.dims4()?;
        let gradient = gradient.flatten_from(2)?.contiguous()?;
        let matrix = weight.detach().flatten_from(1)?;
        let mut of_input = Vec::with_capacity(n_images);
        let mut of_weight: Option<Tensor> = None;
        for image in 0..n_images {
            let gradient = gradient.narrow(0, image, 1)?.squeeze(0)?;
            if weight.track_op() {
                let patches = input.detach().narrow(0, image, 1)?.apply_op1_no_bwd(&Unfold(self.0))?;
                let share = gradient.matmul(&patches.t()?)?;
                of_weight = Some(match of_weight {
                    Some(sum) => (sum + share)?,
                    None => share,
                });
            }
            if input.track_op() {
                of_input.push(matrix.t()?.matmul(&gradient)?.apply_op1_no_bwd(&Fold(self.0))?);
            }
        }
        let of_weight = of_weight.map(|sum| sum.reshape(weight.dims())).transpose()?;
        let of_input = if of_input.is_empty() { None } else { Some(Tensor::cat(&of_input, 0)?) };
        Ok((of_input, of_weight, None))
    }
}

fn every_nth_pixel(input: &Tensor, stride: usize) -> Result<Tensor> {
    let pool = Pool { kernel: 1, stride, padding: Padding::Symmetric([0, 0]), edge: PoolEdge::Floor };
    average_pool(input, pool, PaddingCounts::Yes)
}
