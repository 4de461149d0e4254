//! Linear layer over the last dimension.

use candle_core::{DType, Result, Tensor};

use super::layer::{Layer, Parameters, Pass, one};
use crate::nn::ops::{activate, add_row_bias_and_activate};
use crate::nn::{Activation, Linear, NnError};

/// activation(x W^T + b).
#[derive(Debug)]
pub(super) struct LinearLayer {
    /// (out, in).
    weight: Tensor,
    bias: Option<Tensor>,
    activation: Activation,
}

impl LinearLayer {
    /// Loads NAME.weight (out, in) and, where it has one, NAME.bias (out).
    ///
    /// # Errors
    /// [`NnError::Tensor`] when one is absent or of another shape.
    pub(super) fn load(linear: &Linear, parameters: Parameters<'_>) -> std::result::Result<Self, NnError> {
        let Linear { name, in_features, out_features, has_bias, activation } = linear;
        let weight = parameters.tensor(&format!("{name}.weight"), &[*out_features, *in_features])?;
        let bias =
            has_bias.then(|| parameters.tensor(&format!("{name}.bias"), &[*out_features])).transpose()?;
        Ok(Self { weight, bias, activation: *activation })
    }

    /// With bias and without activation, `in_features` to `out_features`.
    ///
    /// # Errors
    /// As [`LinearLayer::load`].
    pub(super) fn plain(
        name: &str,
        [in_features, out_features]: [usize; 2],
        parameters: Parameters<'_>,
    ) -> std::result::Result<Self, NnError> {
        let activation = Activation::Identity;
        let linear = Linear { name: name.to_owned(), in_features, out_features, has_bias: true, activation };
        Self::load(&linear, parameters)
    }

    /// From a weight (out, in) and a bias (out).
    pub(super) fn from_tensors(weight: Tensor, bias: Option<Tensor>, activation: Activation) -> Self {
        Self { weight, bias, activation }
    }

    /// (..., in) to (..., out).
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub(super) fn apply(&self, features: &Tensor) -> Result<Tensor> {
        let (out_features, in_features) = self.weight.dims2()?;
        let mut shape = features.dims().to_vec();
        match shape.last_mut() {
            Some(width) if *width == in_features => *width = out_features,
            _ => {
                candle_core::bail!("a linear layer of {in_features} numbers was given {:?}", features.dims())
            }
        }
        let rows = features.reshape(((), in_features))?.matmul(&self.weight.t()?)?;
        let result = match &self.bias {
            // The product is new memory that nobody else holds, as the step in place asks.
            Some(bias) if !rows.track_op() && !bias.track_op() => {
                add_row_bias_and_activate(rows, bias, self.activation)?
            }
            Some(bias) => activate(&rows.broadcast_add(bias)?, self.activation)?,
            None => activate(&rows, self.activation)?,
        };
        result.reshape(shape)
    }
}

impl Layer for LinearLayer {
    fn forward(&self, inputs: &[Tensor], _: &mut Pass<'_>) -> Result<Tensor> {
        self.apply(one(inputs)?)
    }
}

/// Halves in f32 and back, for sums that they are too coarse for; f32 and f64 as they are.
pub(super) fn widened(features: &Tensor, function: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    if matches!(features.dtype(), DType::F32 | DType::F64) {
        return function(features);
    }
    function(&features.to_dtype(DType::F32)?)?.to_dtype(features.dtype())
}
