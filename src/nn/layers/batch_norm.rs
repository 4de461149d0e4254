//! Batch norm by itself, for inference: one multiplication and one addition a number.

use candle_core::{DType, Device, Result, Tensor};

use super::convolution::folded_norm;
use super::layer::{Layer, Pass, one};
use crate::nn::ops::{add_bias_and_activate, channel_affine};
use crate::nn::{Activation, BatchNorm, NnError, Weights};

/// Batch norm with its running statistics, then an activation.
#[derive(Debug)]
pub(super) struct FoldedBatchNorm {
    /// (c).
    scale: Tensor,
    /// (c).
    shift: Tensor,
    activation: Activation,
}

impl FoldedBatchNorm {
    /// Loads the parameters of a norm over `n_channels`.
    ///
    /// # Errors
    /// [`NnError::Tensor`] when one is absent or of another shape.
    pub(super) fn load(
        norm: &BatchNorm,
        n_channels: usize,
        activation: Activation,
        weights: &Weights,
        device: &Device,
        dtype: DType,
    ) -> std::result::Result<Self, NnError> {
        let affine = folded_norm(norm, weights, n_channels)?;
        let tensor = |values: Vec<f32>| Tensor::from_vec(values, n_channels, device)?.to_dtype(dtype);
        Ok(Self {
            scale: tensor(affine.iter().map(|affine| affine.0 as f32).collect())?,
            shift: tensor(affine.iter().map(|affine| affine.1 as f32).collect())?,
            activation,
        })
    }
}

impl Layer for FoldedBatchNorm {
    fn forward(&self, inputs: &[Tensor], _: &mut Pass<'_>) -> Result<Tensor> {
        let features = one(inputs)?;
        let zeros = self.shift.zeros_like()?;
        let scaled = channel_affine(features, &self.scale, &zeros)?;
        add_bias_and_activate(scaled, &self.shift, self.activation)
    }
}
