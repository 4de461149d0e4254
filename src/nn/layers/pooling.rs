//! Pooling of pictures: over windows, over everything, and by generalised mean.

use candle_core::{D, Result, Tensor};

use super::layer::{Layer, Parameters, Pass, one};
use super::linear::widened;
use crate::nn::{NnError, PaddingCounts, Pool, ops};

/// Largest of each window.
#[derive(Debug)]
pub(super) struct MaxPoolLayer(pub(super) Pool);

impl Layer for MaxPoolLayer {
    fn forward(&self, inputs: &[Tensor], _: &mut Pass<'_>) -> Result<Tensor> {
        ops::max_pool(one(inputs)?, self.0)
    }
}

/// Mean of each window.
#[derive(Debug)]
pub(super) struct AveragePoolLayer(pub(super) Pool, pub(super) PaddingCounts);

impl Layer for AveragePoolLayer {
    fn forward(&self, inputs: &[Tensor], _: &mut Pass<'_>) -> Result<Tensor> {
        ops::average_pool(one(inputs)?, self.0, self.1)
    }
}

/// Mean over rows and columns.
#[derive(Debug)]
pub(super) struct GlobalAverageLayer;

impl Layer for GlobalAverageLayer {
    fn forward(&self, inputs: &[Tensor], _: &mut Pass<'_>) -> Result<Tensor> {
        global_average(one(inputs)?)
    }
}

/// (n, c, h, w) to (n, c).
pub(super) fn global_average(features: &Tensor) -> Result<Tensor> {
    widened(features, |features| features.flatten_from(2)?.mean(2))
}

/// (mean of max(x, epsilon)^p)^(1/p), by logarithms.
#[derive(Debug)]
pub(super) struct GeneralisedMeanLayer {
    power: Tensor,
    epsilon: f64,
}

impl GeneralisedMeanLayer {
    /// Loads p.
    ///
    /// # Errors
    /// [`NnError::Tensor`] when it is absent or of another shape.
    pub(super) fn load(
        name: &str,
        epsilon: f64,
        parameters: Parameters<'_>,
    ) -> std::result::Result<Self, NnError> {
        Ok(Self { power: parameters.tensor(name, &[1])?, epsilon })
    }
}

impl Layer for GeneralisedMeanLayer {
    fn forward(&self, inputs: &[Tensor], _: &mut Pass<'_>) -> Result<Tensor> {
        widened(one(inputs)?, |features| {
            let power = self.power.to_dtype(features.dtype())?.unsqueeze(0)?;
            let logs = features.flatten_from(2)?.maximum(self.epsilon)?.log()?;
            let powers = logs.broadcast_mul(&power.unsqueeze(0)?)?;
            // The largest power is taken out first, so that none overflows; it is a constant to the gradient.
            let largest = powers.max_keepdim(D::Minus1)?.detach();
            let mean = powers.broadcast_sub(&largest)?.exp()?.mean_keepdim(D::Minus1)?.log()?;
            (mean + largest)?.squeeze(2)?.broadcast_div(&power)?.exp()
        })
    }
}
