//! Layer norm over rows or over the channels of each pixel.

use candle_core::{Result, Tensor};

use super::layer::{Layer, Parameters, Pass, one};
use crate::nn::{FeatureAxis, LayerNorm, NnError, ops};

/// Layer norm with its parameters.
#[derive(Debug)]
pub(super) struct LayerNormLayer {
    weight: Tensor,
    bias: Tensor,
    epsilon: f64,
    axis: FeatureAxis,
}

impl LayerNormLayer {
    /// Loads NAME.weight and NAME.bias.
    ///
    /// # Errors
    /// [`NnError::Tensor`] when one is absent or of another shape.
    pub(super) fn load(norm: &LayerNorm, parameters: Parameters<'_>) -> std::result::Result<Self, NnError> {
        let parameter = |kind: &str| parameters.tensor(&format!("{}.{kind}", norm.name), &[norm.width]);
        Ok(Self {
            weight: parameter("weight")?,
            bias: parameter("bias")?,
            epsilon: norm.epsilon,
            axis: norm.axis,
        })
    }
}

impl Layer for LayerNormLayer {
    fn forward(&self, inputs: &[Tensor], _: &mut Pass<'_>) -> Result<Tensor> {
        let features = one(inputs)?;
        let norm = |rows: &Tensor| ops::layer_norm(rows, &self.weight, &self.bias, self.epsilon);
        match self.axis {
            FeatureAxis::Last => norm(features),
            FeatureAxis::Channels => {
                norm(&features.permute((0, 2, 3, 1))?)?.permute((0, 3, 1, 2))?.contiguous()
            }
        }
    }
}
