//! Multiplication with constants and learned numbers.

use candle_core::{Result, Tensor};

use super::layer::{Layer, Parameters, Pass, one};
use crate::nn::{FeatureAxis, NnError};

/// Times a constant.
#[derive(Debug)]
pub(super) struct ScaleLayer(pub(super) f64);

impl Layer for ScaleLayer {
    fn forward(&self, inputs: &[Tensor], _: &mut Pass<'_>) -> Result<Tensor> {
        one(inputs)? * self.0
    }
}

/// Times a learned tensor of a shape that broadcasts.
#[derive(Debug)]
pub(super) struct LearnedScaleLayer {
    scale: Tensor,
    axis: FeatureAxis,
}

impl LearnedScaleLayer {
    /// One number for everything.
    ///
    /// # Errors
    /// [`NnError::Tensor`] when it is absent or of another shape.
    pub(super) fn scalar(name: &str, parameters: Parameters<'_>) -> std::result::Result<Self, NnError> {
        Ok(Self { scale: parameters.tensor(name, &[])?, axis: FeatureAxis::Last })
    }

    /// One number a feature.
    ///
    /// # Errors
    /// As [`LearnedScaleLayer::scalar`].
    pub(super) fn of_features(
        name: &str,
        width: usize,
        axis: FeatureAxis,
        parameters: Parameters<'_>,
    ) -> std::result::Result<Self, NnError> {
        Ok(Self { scale: parameters.tensor(name, &[width])?, axis })
    }
}

impl Layer for LearnedScaleLayer {
    fn forward(&self, inputs: &[Tensor], _: &mut Pass<'_>) -> Result<Tensor> {
        match self.axis {
            FeatureAxis::Last => one(inputs)?.broadcast_mul(&self.scale),
            FeatureAxis::Channels => one(inputs)?.broadcast_mul(&self.scale.reshape((1, (), 1, 1))?),
        }
    }
}
