//! Convolution for inference: weight standardisation and batch norm folded into weight and bias.

use candle_core::{DType, Device, Result, Tensor};

use super::PadAmounts;
use super::layer::{Layer, Pass, one};
use crate::nn::ops::{add_bias_and_activate, conv2d};
use crate::nn::{Activation, BatchNorm, Convolution, NnError, Padding, WeightStandardisation, Weights};

/// A convolution with its parameters, its norms folded in. Has no gradient: training needs the norms apart.
#[derive(Debug)]
pub(super) struct FoldedConvolution {
    /// (out, in / groups, kernel, kernel).
    weight: Tensor,
    bias: Tensor,
    groups: usize,
    kernel: [usize; 2],
    stride: usize,
    padding: Padding,
    activation: Activation,
}

impl FoldedConvolution {
    /// Loads the folded parameters.
    ///
    /// # Errors
    /// [`NnError::Tensor`] when one is absent or of another shape.
    pub(super) fn load(
        convolution: &Convolution,
        weights: &Weights,
        device: &Device,
        dtype: DType,
    ) -> std::result::Result<Self, NnError> {
        let Convolution { out_channels, kernel, groups, .. } = convolution;
        let FoldedWeights { weight, bias, shape } = FoldedWeights::load(convolution, weights)?;
        Ok(Self {
            weight: Tensor::from_vec(weight, shape.as_slice(), device)?.to_dtype(dtype)?,
            bias: Tensor::from_vec(bias, *out_channels, device)?.to_dtype(dtype)?,
            groups: *groups,
            kernel: *kernel,
            stride: convolution.stride,
            padding: convolution.padding,
            activation: convolution.activation,
        })
    }
}

/// The numbers of a convolution with its norms folded in.
#[derive(Debug)]
pub(in crate::nn) struct FoldedWeights {
    /// (out, in / groups, kernel, kernel).
    pub(in crate::nn) weight: Vec<f32>,
    /// (out).
    pub(in crate::nn) bias: Vec<f32>,
    /// Of the weight.
    pub(in crate::nn) shape: [usize; 4],
}

impl FoldedWeights {
    /// Loads the parameters, standardises the weights and folds the norm: w' = w s, b' = beta + (b - mean) s with
    /// s = gamma / sqrt(var + eps).
    ///
    /// # Errors
    /// [`NnError::Tensor`] when one is absent or of another shape.
    pub(in crate::nn) fn load(
        convolution: &Convolution,
        weights: &Weights,
    ) -> std::result::Result<Self, NnError> {
        let Convolution { name, in_channels, out_channels, kernel, groups, .. } = convolution;
        let shape = [*out_channels, in_channels.checked_div(*groups).unwrap_or(0), kernel[0], kernel[1]];
        let mut weight = weights.values(&format!("{name}.weight"), &shape)?;
        let mut bias = if convolution.has_bias {
            weights.values(&format!("{name}.bias"), &[*out_channels])?
        } else {
            vec![0.0; *out_channels]
        };
        if let Some(standardisation) = &convolution.standardisation {
            standardise(standardisation, weights, &mut weight, *out_channels)?;
        }
        if let Some(norm) = &convolution.norm {
            let affine = folded_norm(norm, weights, *out_channels)?;
            let kernel_len = weight.len().checked_div(*out_channels).unwrap_or(0).max(1);
            for ((kernel, bias), (scale, shift)) in weight.chunks_mut(kernel_len).zip(&mut bias).zip(affine) {
                kernel.iter_mut().for_each(|value| *value = (f64::from(*value) * scale) as f32);
                *bias = (f64::from(*bias) * scale + shift) as f32;
            }
        }
        Ok(Self { weight, bias, shape })
    }
}

impl Layer for FoldedConvolution {
    fn forward(&self, inputs: &[Tensor], _: &mut Pass<'_>) -> Result<Tensor> {
        let features = one(inputs)?;
        let (_, _, height, width) = features.dims4()?;
        let pad = PadAmounts::new(self.padding, [height, width], self.kernel, self.stride);
        // The convolution's result is new memory that nobody else holds, as the step in place asks.
        let result = conv2d(features, &self.weight, self.stride, pad, self.groups)?;
        add_bias_and_activate(result, &self.bias, self.activation)
    }
}

/// The norm of each channel as x scale + shift, in f64.
pub(in crate::nn) fn folded_norm(
    norm: &BatchNorm,
    weights: &Weights,
    n_channels: usize,
) -> std::result::Result<Vec<(f64, f64)>, NnError> {
    let parameter = |kind: &str| weights.values(&format!("{}.{kind}", norm.name), &[n_channels]);
    let (gamma, beta) = (parameter("weight")?, parameter("bias")?);
    let (mean, variance) = (parameter("running_mean")?, parameter("running_var")?);
    let affine = gamma.into_iter().zip(beta).zip(mean.into_iter().zip(variance));
    Ok(affine
        .map(|((gamma, beta), (mean, variance))| {
            let scale = f64::from(gamma) / (f64::from(variance) + norm.epsilon).sqrt();
            (scale, f64::from(beta) - f64::from(mean) * scale)
        })
        .collect())
}

fn standardise(
    standardisation: &WeightStandardisation,
    weights: &Weights,
    weight: &mut [f32],
    n_channels: usize,
) -> std::result::Result<(), NnError> {
    let gain = weights.values(&standardisation.gain, &[n_channels, 1, 1, 1])?;
    let fan_in = weight.len().checked_div(n_channels).unwrap_or(0).max(1);
    for (kernel, gain) in weight.chunks_mut(fan_in).zip(gain) {
        let mean = kernel.iter().copied().map(f64::from).sum::<f64>() / fan_in as f64;
        let variance =
            kernel.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>() / fan_in as f64;
        let deviation = (variance + standardisation.epsilon).sqrt();
        let scale = f64::from(gain) * standardisation.gamma / (fan_in as f64).sqrt() / deviation;
        kernel.iter_mut().for_each(|value| *value = ((f64::from(*value) - mean) * scale) as f32);
    }
    Ok(())
}
