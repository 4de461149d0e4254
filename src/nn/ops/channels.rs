//! Arithmetic a channel at a time: x scale + shift, gates of planes, and the moments a batch norm needs. Planes and
//! channels in parallel on the CPU.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, CustomOp3, DType, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::storage::{chunk, floats};

/// Floats a task is worth.
const MIN_TASK_LEN: usize = 1 << 14;

/// `features` (n, c, h, w) times `scale` (n, c), one number a plane. Differentiable in both, on any device.
///
/// # Errors
/// When the shapes do not fit.
pub fn scale_planes(features: &Tensor, scale: &Tensor) -> Result<Tensor> {
    let (n_images, channels, _, _) = features.dims4()?;
    if scale.dims2()? != (n_images, channels) {
        bail!("{:?} scales for pictures {:?}", scale.dims(), features.dims());
    }
    if on_cpu(features) {
        return features.contiguous()?.apply_op2(&scale.contiguous()?, ScalePlanes);
    }
    features.broadcast_mul(&scale.reshape((n_images, channels, 1, 1))?)
}

/// `features` (n, c, h, w) times `scale` (c) plus `shift` (c). Differentiable in all three, on any device.
///
/// # Errors
/// When the shapes do not fit.
pub fn channel_affine(features: &Tensor, scale: &Tensor, shift: &Tensor) -> Result<Tensor> {
    let (_, channels, _, _) = features.dims4()?;
    if scale.dims1()? != channels || shift.dims1()? != channels {
        bail!("{:?} scales and {:?} shifts for pictures {:?}", scale.dims(), shift.dims(), features.dims());
    }
    if on_cpu(features) {
        return features.contiguous()?.apply_op3(&scale.contiguous()?, &shift.contiguous()?, ChannelAffine);
    }
    features.broadcast_mul(&column(scale)?)?.broadcast_add(&column(shift)?)
}

/// Mean and variance (divided by the count) of each channel of `features` (n, c, h, w), (c) each. Differentiable, on any
/// device.
///
/// # Errors
/// When there are no rows and columns.
pub fn channel_moments(features: &Tensor) -> Result<[Tensor; 2]> {
    let (_, channels, _, _) = features.dims4()?;
    if on_cpu(features) {
        let moments = features.contiguous()?.apply_op1(ChannelMoments)?;
        return Ok([moments.narrow(0, 0, 1)?.squeeze(0)?, moments.narrow(0, 1, 1)?.squeeze(0)?]);
    }
    let rows = features.transpose(0, 1)?.reshape((channels, ()))?;
    let mean = rows.mean_keepdim(1)?;
    Ok([mean.squeeze(1)?, rows.broadcast_sub(&mean)?.sqr()?.mean(1)?])
}

fn on_cpu(features: &Tensor) -> bool {
    features.device().is_cpu() && features.dtype() == DType::F32
}

/// (c) as (1, c, 1, 1).
fn column(values: &Tensor) -> Result<Tensor> {
    values.reshape((1, (), 1, 1))
}

/// Replaces every number of every plane; `function` is given the plane's number.
fn map_planes(values: &mut [f32], n_planes: usize, function: impl Fn(usize, &mut [f32]) + Sync) {
    let plane_len = values.len().checked_div(n_planes).unwrap_or(0);
    if plane_len > 0 {
        values
            .par_chunks_mut(plane_len)
            .with_min_len(MIN_TASK_LEN.div_ceil(plane_len))
            .enumerate()
            .for_each(|(plane, values)| function(plane, values));
    }
}

/// For each channel a result from its planes, pictures in order, so that no sum depends on the number of threads.
fn map_channels<R: Send>(
    layout: &Layout,
    function: impl Fn(&mut dyn Iterator<Item = usize>) -> R + Sync,
) -> Result<Vec<R>> {
    let (n_images, channels, _, _) = layout.shape().dims4()?;
    let each = |channel: usize| function(&mut (0..n_images).map(|image| image * channels + channel));
    Ok((0..channels).into_par_iter().map(each).collect())
}

fn sum(values: impl Iterator<Item = f32>) -> f64 {
    // Short runs in f32, which the compiler makes SIMD of no better in f64, would lose digits over large planes.
    values.map(f64::from).sum()
}

fn plane_len(layout: &Layout) -> Result<usize> {
    let (_, _, height, width) = layout.shape().dims4()?;
    Ok(height * width)
}

struct ScalePlanes;

impl CustomOp2 for ScalePlanes {
    fn name(&self) -> &'static str {
        "scale-planes"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let mut result = floats(s1, l1)?.to_vec();
        let scale = floats(s2, l2)?;
        map_planes(&mut result, scale.len(), |plane, values| {
            let scale = scale[plane];
            values.iter_mut().for_each(|value| *value *= scale);
        });
        Ok((CpuStorage::F32(result), l1.shape().clone()))
    }

    fn bwd(
        &self,
        features: &Tensor,
        scale: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let of_features = gradient.apply_op2_no_bwd(scale, &Self)?;
        let of_scale = gradient.apply_op2_no_bwd(features, &PlaneProducts)?;
        Ok((Some(of_features), Some(of_scale)))
    }
}

/// (n, c): the sum over each plane of the product of two pictures.
struct PlaneProducts;

impl CustomOp2 for PlaneProducts {
    fn name(&self) -> &'static str {
        "plane-products"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (a, b) = (floats(s1, l1)?, floats(s2, l2)?);
        let (n_images, channels, _, _) = l1.shape().dims4()?;
        let len = plane_len(l1)?;
        let product = |plane: usize| {
            sum(chunk(a, plane, len).iter().zip(chunk(b, plane, len)).map(|(a, b)| a * b)) as f32
        };
        let products: Vec<f32> = (0..n_images * channels).into_par_iter().map(product).collect();
        Ok((CpuStorage::F32(products), Shape::from((n_images, channels))))
    }
}

struct ChannelAffine;

impl CustomOp3 for ChannelAffine {
    fn name(&self) -> &'static str {
        "channel-affine"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
        s3: &CpuStorage,
        l3: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let mut result = floats(s1, l1)?.to_vec();
        let (scale, shift) = (floats(s2, l2)?, floats(s3, l3)?);
        let (n_images, channels, _, _) = l1.shape().dims4()?;
        map_planes(&mut result, n_images * channels, |plane, values| {
            let (scale, shift) = (scale[plane % channels], shift[plane % channels]);
            values.iter_mut().for_each(|value| *value = *value * scale + shift);
        });
        Ok((CpuStorage::F32(result), l1.shape().clone()))
    }

    fn bwd(
        &self,
        features: &Tensor,
        scale: &Tensor,
        shift: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let no_shift = shift.zeros_like()?;
        let of_features = gradient.apply_op3_no_bwd(&scale.contiguous()?, &no_shift, &Self)?;
        let of_scale = gradient.apply_op2_no_bwd(features, &PlaneProducts)?.sum(0)?;
        let of_shift = gradient.flatten_from(2)?.sum(2)?.sum(0)?;
        Ok((Some(of_features), Some(of_scale), Some(of_shift)))
    }
}

struct ChannelMoments;

impl CustomOp1 for ChannelMoments {
    fn name(&self) -> &'static str {
        "channel-moments"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let values = floats(storage, layout)?;
        let len = plane_len(layout)?;
        let moments = map_channels(layout, |planes| {
            let planes: Vec<usize> = planes.collect();
            let all = || planes.iter().flat_map(|&plane| chunk(values, plane, len)).copied();
            let count = (planes.len() * len).max(1) as f64;
            let mean = sum(all()) / count;
            let variance = all().map(|value| (f64::from(value) - mean).powi(2)).sum::<f64>() / count;
            (mean as f32, variance as f32)
        })?;
        let (means, variances): (Vec<f32>, Vec<f32>) = moments.into_iter().unzip();
        let channels = means.len();
        Ok((CpuStorage::F32([means, variances].concat()), Shape::from((2, channels))))
    }

    fn bwd(&self, features: &Tensor, moments: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let (n_images, channels, height, width) = features.dims4()?;
        let count = (n_images * height * width).max(1) as f64;
        let row = |tensor: &Tensor, row: usize| tensor.narrow(0, row, 1)?.squeeze(0);
        // d mean / dx = 1 / count; d variance / dx = 2 (x - mean) / count.
        let scale = (row(gradient, 1)? * (2.0 / count))?;
        let shift = ((row(gradient, 0)? / count)? - (&scale * row(&moments.detach(), 0)?)?)?;
        debug_assert_eq!(shift.dims(), [channels]);
        Ok(Some(features.apply_op3_no_bwd(&scale.contiguous()?, &shift.contiguous()?, &ChannelAffine)?))
    }
}
