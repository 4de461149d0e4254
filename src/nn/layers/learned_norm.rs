//! Batch norm for training: statistics of the batch, running statistics gathered beside (Ioffe and Szegedy, "Batch
//! Normalization", ICML 2015; momentum and the unbiased running variance as in PyTorch).

use candle_core::{Result, Tensor, Var, bail};

use super::layer::{Layer, Pass, VariableSource, one};
use crate::nn::ops::{activate, channel_affine, channel_moments};
use crate::nn::{Activation, BatchNorm, NnError};

/// Share of the newest batch in the running statistics.
const MOMENTUM: f64 = 0.1;

/// What a batch norm normalises with while training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Statistics {
    /// Mean and variance of the batch at hand.
    OfTheBatch,
    /// Those gathered before: the norm is frozen.
    Running,
}

/// Batch norm with its parameters as variables.
#[derive(Debug)]
pub(super) struct LearnedBatchNorm {
    weight: Tensor,
    bias: Tensor,
    /// Running mean and variance.
    running: [Var; 2],
    statistics: Statistics,
    epsilon: f64,
}

impl LearnedBatchNorm {
    /// Loads the parameters of a norm over `n_channels`.
    ///
    /// # Errors
    /// [`NnError::Tensor`] when one is absent or of another shape.
    pub(super) fn load(
        norm: &BatchNorm,
        n_channels: usize,
        variables: &dyn VariableSource,
    ) -> std::result::Result<Self, NnError> {
        let name = |kind: &str| format!("{}.{kind}", norm.name);
        let buffer = |kind: &str| variables.buffer(&name(kind), &[n_channels]);
        let is_trained = variables.is_trained(&name("weight")) || variables.is_trained(&name("bias"));
        Ok(Self {
            weight: variables.variable(&name("weight"), &[n_channels])?,
            bias: variables.variable(&name("bias"), &[n_channels])?,
            running: [buffer("running_mean")?, buffer("running_var")?],
            statistics: if is_trained { Statistics::OfTheBatch } else { Statistics::Running },
            epsilon: norm.epsilon,
        })
    }

    /// (n, c, h, w) to the same.
    ///
    /// # Errors
    /// When a batch to train on has a single number a channel.
    pub(super) fn apply(&self, features: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        let [mean, variance] = match (self.statistics, &pass.random) {
            (Statistics::OfTheBatch, Some(_)) => {
                let moments = channel_moments(features)?;
                self.gather(features, &moments)?;
                moments
            }
            _ => self.running.each_ref().map(Var::as_detached_tensor),
        };
        let scale = (&self.weight / (variance + self.epsilon)?.sqrt()?)?;
        let shift = (&self.bias - (mean * &scale)?)?;
        channel_affine(features, &scale, &shift)
    }

    fn gather(&self, features: &Tensor, moments: &[Tensor; 2]) -> Result<()> {
        let (n_images, _, height, width) = features.dims4()?;
        let count = n_images * height * width;
        if count < 2 {
            bail!(
                "batch norm: a batch of one picture with one pixel has no variance; train with larger batches"
            );
        }
        let unbiased = count as f64 / (count - 1) as f64;
        for ((running, moment), factor) in self.running.iter().zip(moments).zip([1.0, unbiased]) {
            let kept = (running.as_detached_tensor() * (1.0 - MOMENTUM))?;
            running.set(&(kept + (moment.detach() * (MOMENTUM * factor))?)?)?;
        }
        Ok(())
    }
}

/// Batch norm by itself, then an activation.
#[derive(Debug)]
pub(super) struct LearnedNormLayer {
    pub(super) norm: LearnedBatchNorm,
    pub(super) activation: Activation,
}

impl Layer for LearnedNormLayer {
    fn forward(&self, inputs: &[Tensor], pass: &mut Pass<'_>) -> Result<Tensor> {
        activate(&self.norm.apply(one(inputs)?, pass)?, self.activation)
    }
}
