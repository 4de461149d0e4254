//! Linear layer.

use candle_core::{Device, Result, Tensor};

use crate::nn::{Linear, NnError, Weights};

/// x W^T + b with its parameters.
#[derive(Debug)]
pub struct LinearLayer {
    weight_transposed: Tensor,
    bias: Tensor,
}

impl LinearLayer {
    /// Loads NAME.weight (out, in) and NAME.bias (out).
    ///
    /// # Errors
    /// [`NnError::Tensor`] when one is absent or of another shape.
    pub fn load(linear: &Linear, weights: &Weights, device: &Device) -> std::result::Result<Self, NnError> {
        let Linear { name, in_features, out_features, .. } = linear;
        let weight = weights.tensor(&format!("{name}.weight"), &[*out_features, *in_features], device)?;
        let bias = weights.tensor(&format!("{name}.bias"), &[*out_features], device)?;
        Ok(Self { weight_transposed: weight.t()?, bias })
    }

    /// (n, in) to (n, out).
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn forward(&self, features: &Tensor) -> Result<Tensor> {
        features.matmul(&self.weight_transposed)?.broadcast_add(&self.bias)
    }
}
