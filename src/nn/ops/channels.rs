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

/// The sum of `term` over pairs of numbers: short runs in f32, sixteen sums side by side, which the compiler makes SIMD
/// of; the runs' sums in f64, so that large planes lose no digits.
fn sum(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f64 {
    const RUN: usize = 1024;
    let runs = a.chunks(RUN).zip(b.chunks(RUN)).map(|(a, b)| {
        let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
        let mut lanes = [0.0_f32; 16];
        for (a, b) in a.iter().zip(b) {
            for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
                *lane += term(a, b);
            }
        }
        let rest: f32 = a_rest.iter().zip(b_rest).map(|(&a, &b)| term(a, b)).sum();
        f64::from(lanes.iter().sum::<f32>() + rest)
    });
    runs.sum()
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
        let product = |plane: usize| sum(chunk(a, plane, len), chunk(b, plane, len), |a, b| a * b) as f32;
        let products: Vec<f32> = (0..n_images * channels).into_par_iter().map(product).collect();
        Ok((CpuStorage::F32(products), Shape::from((n_images, channels))))
    }
}

/// (n, c): the sum over each plane.
struct PlaneSums;

impl CustomOp1 for PlaneSums {
    fn name(&self) -> &'static str {
        "plane-sums"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let values = floats(storage, layout)?;
        let (n_images, channels, _, _) = layout.shape().dims4()?;
        let len = plane_len(layout)?;
        let plane_sum = |plane: usize| {
            let plane = chunk(values, plane, len);
            sum(plane, plane, |value, _| value) as f32
        };
        let sums: Vec<f32> = (0..n_images * channels).into_par_iter().map(plane_sum).collect();
        Ok((CpuStorage::F32(sums), Shape::from((n_images, channels))))
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
        let of_shift = gradient.apply_op1_no_bwd(&PlaneSums)?.sum(0)?;
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
            let over_all = |term: &dyn Fn(&[f32]) -> f64| -> f64 {
                planes.iter().map(|&plane| term(chunk(values, plane, len))).sum()
            };
            let count = (planes.len() * len).max(1) as f64;
            let mean = over_all(&|plane| sum(plane, plane, |value, _| value)) / count;
            let centre = mean as f32;
            let squares =
                over_all(&|plane| sum(plane, plane, |value, _| (value - centre) * (value - centre)));
            // Squares around the rounded mean are too large by the square of the rounding.
            let variance = (squares / count - (mean - f64::from(centre)).powi(2)).max(0.0);
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::nn::Random;
    use crate::nn::testing::gradient_check;
    use candle_core::Device;

    fn picture(shape: [usize; 4], centre: f64) -> (Tensor, Vec<f64>) {
        let mut random = Random::new(3);
        let values: Vec<f32> =
            (0..shape.iter().product()).map(|_| (centre + random.normal()) as f32).collect();
        let exact = values.iter().map(|&value| f64::from(value)).collect();
        (Tensor::from_vec(values, &shape, &Device::Cpu).unwrap(), exact)
    }

    #[test]
    fn moments_of_large_planes_far_from_zero_keep_their_digits() {
        let (features, exact) = picture([3, 1, 90, 101], 1000.0);
        let n = exact.len() as f64;
        let mean = exact.iter().sum::<f64>() / n;
        let variance = exact.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
        let [found_mean, found_variance] =
            channel_moments(&features).unwrap().map(|moment| f64::from(moment.to_vec1::<f32>().unwrap()[0]));
        assert!((found_mean - mean).abs() < 1e-3, "{found_mean}, not {mean}");
        assert!((found_variance / variance - 1.0).abs() < 1e-4, "{found_variance}, not {variance}");
    }

    #[test]
    fn gradients_agree_with_differences() {
        let random = |shape: &[usize]| Tensor::randn(0_f32, 1.0, shape, &Device::Cpu).unwrap();
        let (features, mix) = (random(&[2, 3, 5, 4]), random(&[2, 3, 5, 4]));
        let mixed = |result: Tensor| (result * &mix).unwrap().sum_all().unwrap();
        gradient_check(&[features.clone(), random(&[2, 3])], 5e-3, |inputs| {
            mixed(scale_planes(&inputs[0], &inputs[1]).unwrap())
        });
        gradient_check(&[features.clone(), random(&[3]), random(&[3])], 5e-3, |inputs| {
            mixed(channel_affine(&inputs[0], &inputs[1], &inputs[2]).unwrap())
        });
        let weights = [random(&[3]), random(&[3])];
        gradient_check(&[features], 5e-3, |inputs| {
            let [mean, variance] = channel_moments(&inputs[0]).unwrap();
            ((mean * &weights[0]).unwrap() + (variance * &weights[1]).unwrap()).unwrap().sum_all().unwrap()
        });
    }

    #[test]
    fn misfits_are_errors() {
        let (features, _) = picture([1, 2, 2, 2], 0.0);
        let zeros = |n: usize| Tensor::zeros(n, DType::F32, &Device::Cpu).unwrap();
        assert!(channel_affine(&features, &zeros(3), &zeros(2)).is_err());
        assert!(scale_planes(&features, &zeros(2).reshape((2, 1)).unwrap()).is_err());
    }
}
