//! What a layer is, and where its parameters come from.

use std::fmt::Debug;

use candle_core::{DType, Device, Result, Tensor, Var, bail};

use crate::nn::random::Random;
use crate::nn::{NetworkInput, NnError, Weights};

/// One node of a network with its parameters.
pub(crate) trait Layer: Debug + Send + Sync {
    /// The node's result, from the results of the nodes it reads.
    fn forward(&self, inputs: &[Tensor], pass: &mut Pass<'_>) -> Result<Tensor>;
}

/// One run of a network.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    /// What the network was given.
    pub(crate) input: NetworkInput<'a>,
    /// Where dropout takes its numbers from; `None` outside training.
    pub(crate) random: Option<&'a mut Random>,
}

/// Where parameters come from, and so for which executor.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parameters<'a> {
    /// Fixed numbers, to infer: norms are folded, matrices joined.
    Fixed {
        /// The file.
        weights: &'a Weights,
        /// Where to.
        device: &'a Device,
        /// In which precision.
        dtype: DType,
    },
    /// Variables, to train: layers hold them as they are.
    Learned(&'a dyn VariableSource),
}

/// Variables by name.
pub(crate) trait VariableSource: Debug {
    /// The tensor of the variable: tracked where it is to be trained, detached where it is frozen.
    fn variable(&self, name: &str, shape: &[usize]) -> std::result::Result<Tensor, NnError>;

    /// The variable itself, to be set by its layer: running statistics.
    fn buffer(&self, name: &str, shape: &[usize]) -> std::result::Result<Var, NnError>;

    /// The numbers the network computes in.
    fn dtype(&self) -> DType;

    /// Whether the variable is to be trained.
    fn is_trained(&self, name: &str) -> bool;
}

impl Parameters<'_> {
    /// The numbers the network computes in.
    pub(crate) fn dtype(&self) -> DType {
        match self {
            Self::Fixed { dtype, .. } => *dtype,
            Self::Learned(source) => source.dtype(),
        }
    }

    /// The parameter of this full name.
    ///
    /// # Errors
    /// [`NnError::Tensor`] when it is absent or of another shape.
    pub(crate) fn tensor(&self, name: &str, shape: &[usize]) -> std::result::Result<Tensor, NnError> {
        match self {
            Self::Fixed { weights, device, dtype } => {
                Ok(weights.tensor(name, shape, device)?.to_dtype(*dtype)?)
            }
            Self::Learned(source) => source.variable(name, shape),
        }
    }
}

/// The result of the one node read.
pub(super) fn one(inputs: &[Tensor]) -> Result<&Tensor> {
    match inputs {
        [input, ..] => Ok(input),
        [] => bail!("a node reads no other"),
    }
}

/// The results of the two nodes read.
pub(super) fn two(inputs: &[Tensor]) -> Result<[&Tensor; 2]> {
    match inputs {
        [a, b, ..] => Ok([a, b]),
        _ => bail!("a node that reads two others was given {}", inputs.len()),
    }
}
