//! Convolution for inference: batch norm folded into weight and bias, the fastest way chosen by shape.

use candle_core::{Device, Result, Tensor};

use super::PadAmounts;
use crate::nn::ops::{add_bias_and_activate, depthwise_conv2d, pointwise_conv2d};
use crate::nn::{Activation, BatchNorm, Convolution, NnError, Padding, Weights};

/// A convolution with its parameters, its batch norm folded in. Has no gradient: training needs the norm apart.
#[derive(Debug)]
pub struct FoldedConvolution {
    /// (out, in / groups, kernel, kernel); (out, in) when pointwise.
    weight: Tensor,
    bias: Tensor,
    way: Way,
    kernel: [usize; 2],
    stride: usize,
    padding: Padding,
    activation: Activation,
}

/// How it is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// As a matrix product.
    Pointwise,
    /// By nn's own operation.
    Depthwise,
    /// By candle.
    Grouped(usize),
}

impl FoldedConvolution {
    /// Loads the parameters and folds the norm: w' = w s, b' = beta + (b - mean) s with s = gamma / sqrt(var + eps).
    ///
    /// # Errors
    /// [`NnError::Tensor`] when one is absent or of another shape.
    pub fn load(
        convolution: &Convolution,
        weights: &Weights,
        device: &Device,
    ) -> std::result::Result<Self, NnError> {
        let Convolution { name, in_channels, out_channels, kernel, groups, .. } = convolution;
        let shape = [*out_channels, in_channels.checked_div(*groups).unwrap_or(0), kernel[0], kernel[1]];
        let mut weight = weights.values(&format!("{name}.weight"), &shape)?;
        let mut bias = if convolution.has_bias {
            weights.values(&format!("{name}.bias"), &[*out_channels])?
        } else {
            vec![0.0; *out_channels]
        };
        if let Some(norm) = &convolution.norm {
            fold(norm, weights, &mut weight, &mut bias)?;
        }
        let way = if *kernel == [1, 1]
            && convolution.stride == 1
            && *groups == 1
            && no_padding(convolution.padding)
        {
            Way::Pointwise
        } else if groups == in_channels && in_channels == out_channels {
            Way::Depthwise
        } else {
            Way::Grouped(*groups)
        };
        let weight = match way {
            Way::Pointwise => Tensor::from_vec(weight, (*out_channels, *in_channels), device)?,
            Way::Depthwise | Way::Grouped(_) => Tensor::from_vec(weight, shape.as_slice(), device)?,
        };
        Ok(Self {
            weight,
            bias: Tensor::from_vec(bias, *out_channels, device)?,
            way,
            kernel: *kernel,
            stride: convolution.stride,
            padding: convolution.padding,
            activation: convolution.activation,
        })
    }

    /// (n, in, h, w) to (n, out, oh, ow).
    ///
    /// # Errors
    /// When the shapes do not fit or the device fails.
    pub fn forward(&self, features: &Tensor) -> Result<Tensor> {
        let (_, _, height, width) = features.dims4()?;
        let pad = PadAmounts::new(self.padding, [height, width], self.kernel, self.stride);
        let result = match self.way {
            Way::Pointwise => pointwise_conv2d(features, &self.weight)?,
            Way::Depthwise => depthwise_conv2d(features, &self.weight, self.stride, pad)?,
            Way::Grouped(groups) => pad.apply(features)?.conv2d(&self.weight, 0, self.stride, 1, groups)?,
        };
        add_bias_and_activate(result, &self.bias, self.activation)
    }
}

/// A 1x1 kernel at stride 1 gets no zeros from SAME either.
fn no_padding(padding: Padding) -> bool {
    matches!(padding, Padding::Same | Padding::Symmetric([0, 0]))
}

fn fold(
    norm: &BatchNorm,
    weights: &Weights,
    weight: &mut [f32],
    bias: &mut [f32],
) -> std::result::Result<(), NnError> {
    let n_channels = bias.len();
    let parameter = |kind: &str| weights.values(&format!("{}.{kind}", norm.name), &[n_channels]);
    let (gamma, beta) = (parameter("weight")?, parameter("bias")?);
    let (mean, variance) = (parameter("running_mean")?, parameter("running_var")?);
    let kernel_len = weight.len().checked_div(n_channels).unwrap_or(0).max(1);
    for (channel, kernel) in weight.chunks_mut(kernel_len).enumerate() {
        let scale = f64::from(gamma[channel]) / (f64::from(variance[channel]) + norm.epsilon).sqrt();
        for value in kernel {
            *value = (f64::from(*value) * scale) as f32;
        }
        let shifted = (f64::from(bias[channel]) - f64::from(mean[channel])) * scale;
        bias[channel] = (f64::from(beta[channel]) + shifted) as f32;
    }
    Ok(())
}
