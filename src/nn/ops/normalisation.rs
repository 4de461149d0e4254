//! Layer norm and softmax over the last dimension, rows in parallel on the CPU, with their gradients.

use candle_core::{CpuStorage, CustomOp1, CustomOp3, D, DType, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::storage::{floats, min_rows, row_len};
use crate::nn::kernels::exponential::exp;

/// Mean 0 and variance 1 over the last dimension of `features` (..., width), times `weight` (width) plus `bias` (width).
/// Differentiable in all three, on any device.
///
/// # Errors
/// When the shapes do not fit.
pub fn layer_norm(features: &Tensor, weight: &Tensor, bias: &Tensor, epsilon: f64) -> Result<Tensor> {
    if features.device().is_cpu() && features.dtype() == DType::F32 {
        return features.contiguous()?.apply_op3(weight, bias, LayerNormOp { epsilon });
    }
    let is_tracked = features.track_op() || weight.track_op() || bias.track_op();
    // candle's layer norm has no gradient and knows no f64.
    if !is_tracked && features.dtype() != DType::F64 {
        return candle_nn::ops::layer_norm(&features.contiguous()?, weight, bias, epsilon as f32);
    }
    let centred = features.broadcast_sub(&features.mean_keepdim(D::Minus1)?)?;
    let deviation = (centred.sqr()?.mean_keepdim(D::Minus1)? + epsilon)?.sqrt()?;
    centred.broadcast_div(&deviation)?.broadcast_mul(weight)?.broadcast_add(bias)
}

/// Positive numbers that sum to 1 along the last dimension. Differentiable, on any device.
///
/// # Errors
/// When the device fails.
pub fn softmax(scores: &Tensor) -> Result<Tensor> {
    if scores.device().is_cpu() && scores.dtype() == DType::F32 {
        scores.contiguous()?.apply_op1(Softmax)
    } else if scores.track_op() || scores.dtype() == DType::F64 {
        candle_nn::ops::softmax(scores, D::Minus1)
    } else {
        candle_nn::ops::softmax_last_dim(&scores.contiguous()?)
    }
}

struct Softmax;

impl CustomOp1 for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let mut values = floats(storage, layout)?.to_vec();
        let width = row_len(layout);
        values.par_chunks_mut(width).with_min_len(min_rows(width)).for_each(|row| {
            let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            row.iter_mut().for_each(|value| *value = exp(*value - largest));
            let scale = 1.0 / row.iter().sum::<f32>();
            row.iter_mut().for_each(|value| *value *= scale);
        });
        Ok((CpuStorage::F32(values), layout.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let weighted = (result.detach() * gradient)?;
        let sum = weighted.sum_keepdim(D::Minus1)?;
        Ok(Some((weighted - result.detach().broadcast_mul(&sum)?)?))
    }
}

struct LayerNormOp {
    epsilon: f64,
}

impl CustomOp3 for LayerNormOp {
    fn name(&self) -> &'static str {
        "layer-norm"
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
        let mut values = floats(s1, l1)?.to_vec();
        let (weight, bias) = (floats(s2, l2)?, floats(s3, l3)?);
        let width = row_len(l1);
        if weight.len() != width || bias.len() != width {
            candle_core::bail!(
                "layer norm: {} weights, {} biases for {:?}",
                weight.len(),
                bias.len(),
                l1.dims()
            );
        }
        let epsilon = self.epsilon as f32;
        values.par_chunks_mut(width).with_min_len(min_rows(width)).for_each(|row| {
            let mean = row.iter().sum::<f32>() / width as f32;
            let variance =
                row.iter().map(|value| (value - mean) * (value - mean)).sum::<f32>() / width as f32;
            let scale = 1.0 / (variance + epsilon).sqrt();
            for ((value, weight), bias) in row.iter_mut().zip(weight).zip(bias) {
                *value = (*value - mean) * scale * weight + bias;
            }
        });
        Ok((CpuStorage::F32(values), l1.shape().clone()))
    }

    fn bwd(
        &self,
        features: &Tensor,
        weight: &Tensor,
        _: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (features, weight) = (features.detach(), weight.detach());
        let centred = features.broadcast_sub(&features.mean_keepdim(D::Minus1)?)?;
        let deviation = (centred.sqr()?.mean_keepdim(D::Minus1)? + self.epsilon)?.sqrt()?;
        let normed = centred.broadcast_div(&deviation)?;
        let scaled = gradient.broadcast_mul(&weight)?;
        let along = (&scaled * &normed)?.mean_keepdim(D::Minus1)?;
        let of_features = scaled
            .broadcast_sub(&scaled.mean_keepdim(D::Minus1)?)?
            .sub(&normed.broadcast_mul(&along)?)?
            .broadcast_div(&deviation)?;
        let rows = |tensor: &Tensor| tensor.reshape(((), weight.elem_count()))?.sum(0);
        Ok((Some(of_features), Some(rows(&(gradient * &normed)?)?), Some(rows(gradient)?)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::nn::testing::gradient_check;
    use candle_core::Device;

    fn random(shape: &[usize]) -> Tensor {
        Tensor::randn(0_f32, 1.0, shape, &Device::Cpu).unwrap()
    }

    #[test]
    fn gradients_agree_with_differences() {
        let mix = random(&[3, 4, 5]);
        let mixed = |result: Tensor| (result * &mix).unwrap().sum_all().unwrap();
        gradient_check(&[random(&[3, 4, 5])], 3e-3, |inputs| mixed(softmax(&inputs[0]).unwrap()));
        gradient_check(&[random(&[3, 4, 5]), random(&[5]), random(&[5])], 3e-3, |inputs| {
            mixed(layer_norm(&inputs[0], &inputs[1], &inputs[2], 0.1).unwrap())
        });
    }

    #[test]
    fn large_scores_do_not_overflow() {
        let scores = Tensor::new(&[[1e4_f32, -1e4], [f32::MIN, 3e38]], &Device::Cpu).unwrap();
        assert_eq!(softmax(&scores).unwrap().to_vec2::<f32>().unwrap(), [[1.0, 0.0], [0.0, 1.0]]);
    }

    #[test]
    fn parameters_of_another_width_are_refused() {
        assert!(layer_norm(&random(&[2, 3]), &random(&[4]), &random(&[3]), 0.1).is_err());
    }
}
