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

impl Activation {
    /// The activation of one number.
    pub fn value(self, x: f32) -> f32 {
        match self {
            Self::Identity => x,
            Self::Relu => x.max(0.0),
            Self::Relu6 => x.clamp(0.0, 6.0),
            Self::Silu => x / (1.0 + (-x).exp()),
            Self::HardSwish => x * ((x + 3.0).clamp(0.0, 6.0) / 6.0),
            Self::HardSigmoid => (x + 3.0).clamp(0.0, 6.0) / 6.0,
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::Gelu => {
                0.5 * x * (1.0 + candle_core::cpu::erf::erf_f32(x * std::f32::consts::FRAC_1_SQRT_2))
            }
            Self::GeluTanh => {
                let inner = (2.0 / std::f32::consts::PI).sqrt() * (x + 0.044_715 * x * x * x);
                0.5 * x * (1.0 + inner.tanh())
            }
            Self::QuickGelu => x / (1.0 + (-1.702 * x).exp()),
            Self::Tanh => x.tanh(),
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
