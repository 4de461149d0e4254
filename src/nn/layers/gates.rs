//! Gates over channels: squeeze-and-excitation (Hu et al., CVPR 2018) and efficient channel attention (Wang et al.,
//! CVPR 2020).

use candle_core::{Result, Tensor};

use super::layer::{Layer, Parameters, Pass, one};
use super::linear::LinearLayer;
use super::pooling::global_average;
use crate::nn::ops::{activate, scale_planes};
use crate::nn::{Activation, ChannelAttention, NnError, SqueezeExcite};

/// The picture times a gate computed from its channel means.
#[derive(Debug)]
pub(super) struct SqueezeExciteLayer {
    reduce: LinearLayer,
    expand: LinearLayer,
}

impl SqueezeExciteLayer {
    /// Loads both 1x1 convolutions as linear layers.
    ///
    /// # Errors
    /// [`NnError::Tensor`] when a parameter is absent or of another shape.
    pub(super) fn load(
        gate: &SqueezeExcite,
        parameters: Parameters<'_>,
    ) -> std::result::Result<Self, NnError> {
        let load = |name: &str, [from, to]: [usize; 2], activation| {
            let weight = parameters.tensor(&format!("{name}.weight"), &[to, from, 1, 1])?.flatten_from(1)?;
            let bias = parameters.tensor(&format!("{name}.bias"), &[to])?;
            Ok::<_, NnError>(LinearLayer::from_tensors(weight, Some(bias), activation))
        };
        Ok(Self {
            reduce: load(&gate.reduce, [gate.n_channels, gate.n_reduced], gate.activation)?,
            expand: load(&gate.expand, [gate.n_reduced, gate.n_channels], gate.gate)?,
        })
    }
}

impl Layer for SqueezeExciteLayer {
    fn forward(&self, inputs: &[Tensor], _: &mut Pass<'_>) -> Result<Tensor> {
        let features = one(inputs)?;
        let reduced = self.reduce.apply(&global_average(features)?)?;
        scale_planes(features, &self.expand.apply(&reduced)?)
    }
}

/// The picture times a gate computed from the means of neighbouring channels.
#[derive(Debug)]
pub(super) struct ChannelAttentionLayer {
    /// (1, 1, kernel).
    weight: Tensor,
}

impl ChannelAttentionLayer {
    /// Loads NAME.weight.
    ///
    /// # Errors
    /// [`NnError::Tensor`] when it is absent or of another shape.
    pub(super) fn load(
        gate: &ChannelAttention,
        parameters: Parameters<'_>,
    ) -> std::result::Result<Self, NnError> {
        Ok(Self { weight: parameters.tensor(&format!("{}.weight", gate.name), &[1, 1, gate.kernel])? })
    }
}

impl Layer for ChannelAttentionLayer {
    fn forward(&self, inputs: &[Tensor], _: &mut Pass<'_>) -> Result<Tensor> {
        let features = one(inputs)?;
        let means = global_average(features)?;
        let (_, n_channels) = means.dims2()?;
        let kernel = self.weight.dim(2)?;
        let padded = means.pad_with_zeros(1, kernel / 2, kernel / 2)?;
        let weight = self.weight.flatten_all()?;
        // A few shifted sums: the kernel has three to nine taps, and its gradient is exact.
        let mut sum = padded.narrow(1, 0, n_channels)?.broadcast_mul(&weight.narrow(0, 0, 1)?)?;
        for tap in 1..kernel {
            let shifted = padded.narrow(1, tap, n_channels)?;
            sum = (sum + shifted.broadcast_mul(&weight.narrow(0, tap, 1)?)?)?;
        }
        scale_planes(features, &activate(&sum, Activation::Sigmoid)?)
    }
}
