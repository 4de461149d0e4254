//! Dropout of numbers and of whole samples, from the pass's seeded source; nothing outside training.

use candle_core::{Result, Tensor};

use super::layer::{Layer, Pass, one};

/// What is dropped together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dropped {
    /// Each number by itself.
    Numbers,
    /// All numbers of a sample.
    Samples,
}

/// Sets to zero with a probability and scales the rest so that the mean stays.
#[derive(Debug)]
pub(super) struct DropoutLayer {
    pub(super) probability: f64,
    pub(super) dropped: Dropped,
}

impl Layer for DropoutLayer {
    fn forward(&self, inputs: &[Tensor], pass: &mut Pass<'_>) -> Result<Tensor> {
        let features = one(inputs)?;
        let Some(random) = pass.random.as_mut().filter(|_| self.probability > 0.0) else {
            return Ok(features.clone());
        };
        let mut shape = features.dims().to_vec();
        if self.dropped == Dropped::Samples {
            shape.iter_mut().skip(1).for_each(|side| *side = 1);
        }
        // With probability 1 nothing is kept, and nothing is divided by zero.
        let scale = if self.probability < 1.0 { (1.0 / (1.0 - self.probability)) as f32 } else { 0.0 };
        let n_values = shape.iter().product();
        let kept: Vec<f32> =
            (0..n_values).map(|_| if random.uniform() < self.probability { 0.0 } else { scale }).collect();
        let kept = Tensor::from_vec(kept, shape, features.device())?.to_dtype(features.dtype())?;
        features.broadcast_mul(&kept)
    }
}
