//! Functions applied to each number by itself.

use candle_core::{Result, Tensor};

/// What follows a convolution or a linear layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    Identity,
    /// max(x, 0).
    Relu,
    /// x held within 0 and 6.
    Relu6,
    /// x sigmoid(x).
    Silu,
    /// x relu6(x + 3) / 6.
    HardSwish,
    /// relu6(x + 3) / 6.
    HardSigmoid,
    /// 1 / (1 + exp(-x)).
    Sigmoid,
    /// x Phi(x) by the error function.
    Gelu,
    /// GELU by its tanh approximation.
    GeluTanh,
    /// x sigmoid(1.702 x).
    QuickGelu,
    /// tanh(x).
    Tanh,
}

impl Activation {
    /// The activation by candle's own operations: differentiable, on any device.
    ///
    /// # Errors
    /// When the device fails.
    pub fn apply(self, features: &Tensor) -> Result<Tensor> {
        match self {
            Self::Identity => Ok(features.clone()),
            Self::Relu => features.relu(),
            Self::Relu6 => features.clamp(0_f32, 6_f32),
            Self::Silu => features.silu(),
            Self::HardSwish => features * hard_sigmoid(features)?,
            Self::HardSigmoid => hard_sigmoid(features),
            Self::Sigmoid => sigmoid(features),
            Self::Gelu => features.gelu_erf(),
            Self::GeluTanh => features.gelu(),
            Self::QuickGelu => features * sigmoid(&(features * 1.702)?)?,
            Self::Tanh => features.tanh(),
        }
    }
}

fn hard_sigmoid(features: &Tensor) -> Result<Tensor> {
    (features + 3.0)?.clamp(0_f32, 6_f32)? / 6.0
}

/// By tanh, which has a gradient everywhere and never overflows.
fn sigmoid(features: &Tensor) -> Result<Tensor> {
    ((features * 0.5)?.tanh()? * 0.5)? + 0.5
}
