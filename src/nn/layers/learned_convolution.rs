//! Convolution for training: weights standardised and norms computed at every pass, all differentiable.

use candle_core::{Result, Tensor};

use super::PadAmounts;
use super::layer::{Layer, Pass, VariableSource, one};
use super::learned_norm::LearnedBatchNorm;
use crate::nn::ops::{activate, conv2d};
use crate::nn::{Activation, Convolution, NnError, Padding};

/// A convolution with its parameters as variables.
#[derive(Debug)]
pub(super) struct LearnedConvolution {
    weight: Tensor,
    bias: Option<Tensor>,
    standardisation: Option<Standardisation>,
    norm: Option<LearnedBatchNorm>,
    kernel: [usize; 2],
    groups: usize,
    stride: usize,
    padding: Padding,
    activation: Activation,
}

#[derive(Debug)]
struct Standardisation {
    /// (out, 1, 1, 1).
    gain: Tensor,
    gamma: f64,
    epsilon: f64,
}

impl LearnedConvolution {
    /// Loads the parameters.
    ///
    /// # Errors
    /// [`NnError::Tensor`] when one is absent or of another shape.
    pub(super) fn load(
        convolution: &Convolution,
        variables: &dyn VariableSource,
    ) -> std::result::Result<Self, NnError> {
        let Convolution { name, in_channels, out_channels, kernel, groups, .. } = convolution;
        let shape = [*out_channels, in_channels.checked_div(*groups).unwrap_or(0), kernel[0], kernel[1]];
        let bias = || variables.variable(&format!("{name}.bias"), &[*out_channels]);
        let standardisation = convolution.standardisation.as_ref().map(|standardisation| {
            Ok::<_, NnError>(Standardisation {
                gain: variables.variable(&standardisation.gain, &[*out_channels, 1, 1, 1])?,
                gamma: standardisation.gamma,
                epsilon: standardisation.epsilon,
            })
        });
        let norm = convolution.norm.as_ref();
        Ok(Self {
            weight: variables.variable(&format!("{name}.weight"), &shape)?,
            bias: convolution.has_bias.then(bias).transpose()?,
            standardisation: standardisation.transpose()?,
            norm: norm.map(|norm| LearnedBatchNorm::load(norm, *out_channels, variables)).transpose()?,
            kernel: *kernel,
            groups: *groups,
            stride: convolution.stride,
            padding: convolution.padding,
            activation: convolution.activation,
        })
    }
}

impl Standardisation {
    fn apply(&self, weight: &Tensor) -> Result<Tensor> {
        let rows = weight.flatten_from(1)?;
        let (_, fan_in) = rows.dims2()?;
        let centred = rows.broadcast_sub(&rows.mean_keepdim(1)?)?;
        let deviation = (centred.sqr()?.mean_keepdim(1)? + self.epsilon)?.sqrt()?;
        let scale = (self.gain.flatten_from(1)? * (self.gamma / (fan_in as f64).sqrt()))?.div(&deviation)?;
        centred.broadcast_mul(&scale)?.reshape(weight.dims())
    }
}

impl Layer for LearnedConvolution {
    fn forward(&self, inputs: &[Tensor], pass: &mut Pass<'_>) -> Result<Tensor> {
        let features = one(inputs)?;
        let (_, _, height, width) = features.dims4()?;
        let pad = PadAmounts::new(self.padding, [height, width], self.kernel, self.stride);
        let standardised;
        let weight = match &self.standardisation {
            Some(standardisation) => {
                standardised = standardisation.apply(&self.weight)?;
                &standardised
            }
            None => &self.weight,
        };
        let mut result = conv2d(features, weight, self.stride, pad, self.groups)?;
        if let Some(bias) = &self.bias {
            result = result.broadcast_add(&bias.reshape((1, (), 1, 1))?)?;
        }
        if let Some(norm) = &self.norm {
            result = norm.apply(&result, pass)?;
        }
        activate(&result, self.activation)
    }
}
