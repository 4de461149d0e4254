//! Activations in one pass over memory, with their derivatives. On devices other than the CPU, and for other number
//! types than f32, candle's own operations compute them.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, DType, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::storage::floats;
use crate::nn::Activation;
use crate::nn::kernels::exponential::{erf, exp, sigmoid, tanh};

/// Floats a task is worth.
const TASK_LEN: usize = 1 << 14;

/// Applies `activation` to each number. Differentiable, on any device.
///
/// # Errors
/// When the device fails.
pub fn activate(features: &Tensor, activation: Activation) -> Result<Tensor> {
    if activation == Activation::Identity {
        Ok(features.clone())
    } else if features.device().is_cpu() && features.dtype() == DType::F32 {
        features.contiguous()?.apply_op1(Activate(activation))
    } else {
        activation.apply(features)
    }
}

/// Applies `activation` to each number in place.
pub(super) fn activate_slice(activation: Activation, values: &mut [f32]) {
    match activation {
        Activation::Identity => {}
        Activation::Relu => map(values, |x| if x < 0.0 { 0.0 } else { x }),
        Activation::Relu6 => map(values, |x| x.clamp(0.0, 6.0)),
        Activation::Silu => map(values, |x| x * sigmoid(x)),
        Activation::HardSwish => map(values, |x| x * hard_sigmoid(x)),
        Activation::HardSigmoid => map(values, hard_sigmoid),
        Activation::Sigmoid => map(values, sigmoid),
        Activation::Gelu => map(values, |x| x * normal(x)),
        Activation::GeluTanh => map(values, |x| 0.5 * x * (1.0 + tanh(tanh_argument(x)))),
        Activation::QuickGelu => map(values, |x| x * sigmoid(1.702 * x)),
        Activation::Tanh => map(values, tanh),
    }
}

#[inline]
fn map(values: &mut [f32], function: impl Fn(f32) -> f32) {
    for value in values {
        *value = function(*value);
    }
}

/// Multiplies each slope with the activation's at the feature beside it.
fn multiply_derivative(activation: Activation, slopes: &mut [f32], features: &[f32]) {
    /// One loop an activation, so that the compiler can make SIMD of those without a branch.
    macro_rules! each {
        ($($name:ident),*) => {
            match activation {
                $(Activation::$name => slopes.iter_mut().zip(features).for_each(|(slope, &x)| {
                    *slope *= derivative(Activation::$name, x);
                }),)*
            }
        };
    }
    each!(Identity, Relu, Relu6, Silu, HardSwish, HardSigmoid, Sigmoid, Gelu, GeluTanh, QuickGelu, Tanh);
}

/// The slope at x; at a kink the one to its flat side, as in PyTorch.
#[inline(always)]
fn derivative(activation: Activation, x: f32) -> f32 {
    let with_gate = |gate: f32, scale: f32| gate * (1.0 + scale * x * (1.0 - gate));
    match activation {
        Activation::Identity => 1.0,
        Activation::Relu => f32::from(x > 0.0),
        Activation::Relu6 => f32::from(x > 0.0 && x < 6.0),
        Activation::Silu => with_gate(sigmoid(x), 1.0),
        Activation::HardSwish if x <= -3.0 => 0.0,
        Activation::HardSwish if x >= 3.0 => 1.0,
        Activation::HardSwish => x / 3.0 + 0.5,
        Activation::HardSigmoid => f32::from(x > -3.0 && x < 3.0) / 6.0,
        Activation::Sigmoid => sigmoid(x) * (1.0 - sigmoid(x)),
        Activation::Gelu => normal(x) + x * exp(-0.5 * x * x) * (0.5 / std::f32::consts::PI).sqrt(),
        Activation::GeluTanh => {
            let curve = tanh(tanh_argument(x));
            let slope = TANH_SCALE * (1.0 + 3.0 * TANH_CUBE * x * x);
            0.5 * (1.0 + curve) + 0.5 * x * (1.0 - curve * curve) * slope
        }
        Activation::QuickGelu => with_gate(sigmoid(1.702 * x), 1.702),
        Activation::Tanh => 1.0 - tanh(x) * tanh(x),
    }
}

/// sqrt(2 / pi), and the cube's factor beside it (Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016).
const TANH_SCALE: f32 = 0.797_884_6;
const TANH_CUBE: f32 = 0.044_715;

fn tanh_argument(x: f32) -> f32 {
    TANH_SCALE * (x + TANH_CUBE * x * x * x)
}

fn hard_sigmoid(x: f32) -> f32 {
    (x + 3.0).clamp(0.0, 6.0) * (1.0 / 6.0)
}

/// The normal distribution's Phi(x).
fn normal(x: f32) -> f32 {
    0.5 + 0.5 * erf(x * std::f32::consts::FRAC_1_SQRT_2)
}

struct Activate(Activation);

struct ActivationGradient(Activation);

impl CustomOp1 for Activate {
    fn name(&self) -> &'static str {
        "activation"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let mut values = floats(storage, layout)?.to_vec();
        values.par_chunks_mut(TASK_LEN).for_each(|chunk| activate_slice(self.0, chunk));
        Ok((CpuStorage::F32(values), layout.shape().clone()))
    }

    fn bwd(&self, features: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(features.apply_op2_no_bwd(&gradient.contiguous()?, &ActivationGradient(self.0))?))
    }
}

impl CustomOp2 for ActivationGradient {
    fn name(&self) -> &'static str {
        "activation-gradient"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (features, gradient) = (floats(s1, l1)?, floats(s2, l2)?);
        let mut result = gradient.to_vec();
        result.par_chunks_mut(TASK_LEN).zip(features.par_chunks(TASK_LEN)).for_each(|(result, features)| {
            multiply_derivative(self.0, result, features);
        });
        Ok((CpuStorage::F32(result), l1.shape().clone()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use candle_core::{Device, Var};

    const ALL: [Activation; 11] = [
        Activation::Identity,
        Activation::Relu,
        Activation::Relu6,
        Activation::Silu,
        Activation::HardSwish,
        Activation::HardSigmoid,
        Activation::Sigmoid,
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::QuickGelu,
        Activation::Tanh,
    ];

    fn points() -> Vec<f32> {
        (-80..=80).map(|step| step as f32 * 0.1 + 0.013).collect()
    }

    #[test]
    fn agrees_with_candle_s_operations() {
        let features = Tensor::new(points(), &Device::Cpu).unwrap();
        for activation in ALL {
            let (ours, plain) =
                (activate(&features, activation).unwrap(), activation.apply(&features).unwrap());
            for (ours, plain) in
                ours.to_vec1::<f32>().unwrap().into_iter().zip(plain.to_vec1::<f32>().unwrap())
            {
                assert!((ours - plain).abs() < 3e-6, "{activation:?}: {ours} {plain}");
            }
        }
    }

    #[test]
    fn slopes_agree_with_differences() {
        let step = 1e-3_f64;
        for activation in ALL {
            let features = Var::new(points(), &Device::Cpu).unwrap();
            let gradients = activate(&features, activation).unwrap().sum_all().unwrap().backward().unwrap();
            let slopes = gradients.get(&features).unwrap().to_vec1::<f32>().unwrap();
            let exact = Tensor::new(points(), &Device::Cpu).unwrap().to_dtype(DType::F64).unwrap();
            let moved = |by: f64| activation_f64(activation, &(&exact + by).unwrap());
            let rise = (moved(step) - moved(-step)).unwrap().to_vec1::<f64>().unwrap();
            for ((x, slope), rise) in points().into_iter().zip(slopes).zip(rise) {
                assert!(
                    (f64::from(slope) - rise / (2.0 * step)).abs() < 1e-5,
                    "{activation:?} at {x}: {slope}"
                );
            }
        }
    }

    /// In f64, where candle's clamp with f32 bounds would not do.
    fn activation_f64(activation: Activation, x: &Tensor) -> Tensor {
        let gate =
            |x: Tensor| (x + 3.0).unwrap().clamp(0_f64, 6_f64).unwrap().affine(1.0 / 6.0, 0.0).unwrap();
        match activation {
            Activation::Relu6 => x.clamp(0_f64, 6_f64).unwrap(),
            Activation::HardSwish => (x * gate(x.clone())).unwrap(),
            Activation::HardSigmoid => gate(x.clone()),
            other => other.apply(x).unwrap(),
        }
    }

    #[test]
    fn kinks_have_the_slope_of_their_flat_side() {
        for (activation, x) in
            [(Activation::Relu, 0.0), (Activation::Relu6, 6.0), (Activation::HardSigmoid, -3.0)]
        {
            assert_eq!(derivative(activation, x), 0.0);
        }
    }
}
