//! Bias and activation in one pass over memory, in place. For inference only: it leaves no trace for a gradient.

use candle_core::{CpuStorage, InplaceOp2, Layout, Result, Tensor, bail};
use rayon::prelude::*;

use crate::nn::Activation;

/// Floats a task is worth.
const MIN_TASK_LEN: usize = 1 << 14;

/// Adds `bias` (c) to every plane of `features` (n, c, h, w) and applies the activation. `features` is overwritten
/// where that is possible; use only the result afterwards, and only pass a tensor nobody else holds.
///
/// # Errors
/// When the shapes do not fit.
pub fn add_bias_and_activate(features: Tensor, bias: &Tensor, activation: Activation) -> Result<Tensor> {
    let (_, channels, _, _) = features.dims4()?;
    if features.device().is_cpu() && features.is_contiguous() {
        features.inplace_op2(bias, &BiasActivation(activation))?;
        return Ok(features);
    }
    activation.apply(&features.broadcast_add(&bias.reshape((1, channels, 1, 1))?)?)
}

struct BiasActivation(Activation);

impl InplaceOp2 for BiasActivation {
    fn name(&self) -> &'static str {
        "bias-activation"
    }

    fn cpu_fwd(
        &self,
        features: &mut CpuStorage,
        layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<()> {
        let (n_images, channels, height, width) = layout.shape().dims4()?;
        let (CpuStorage::F32(features), CpuStorage::F32(bias)) = (features, bias) else {
            bail!("bias-activation works on f32");
        };
        let (Some((start, end)), Some((bias_start, bias_end))) =
            (layout.contiguous_offsets(), bias_layout.contiguous_offsets())
        else {
            bail!("bias-activation needs contiguous tensors");
        };
        let bias = &bias[bias_start..bias_end];
        let plane_len = height * width;
        if bias.len() != channels {
            bail!("bias-activation: {channels} channels, {} biases", bias.len());
        }
        if n_images * channels * plane_len == 0 {
            return Ok(());
        }
        let activation = self.0;
        features[start..end]
            .par_chunks_mut(plane_len)
            .with_min_len(MIN_TASK_LEN.div_ceil(plane_len))
            .enumerate()
            .for_each(|(plane, values)| {
                let bias = bias[plane % channels];
                match activation {
                    Activation::Identity => values.iter_mut().for_each(|value| *value += bias),
                    Activation::Relu => values.iter_mut().for_each(|value| *value = (*value + bias).max(0.0)),
                    Activation::Relu6 => {
                        values.iter_mut().for_each(|value| *value = (*value + bias).clamp(0.0, 6.0))
                    }
                    other => values.iter_mut().for_each(|value| *value = other.value(*value + bias)),
                }
            });
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use candle_core::Device;

    fn check(activation: Activation, expected: [f32; 4]) {
        let features =
            Tensor::new(&[-3_f32, 1.0, 0.0, 9.0], &Device::Cpu).unwrap().reshape((1, 2, 1, 2)).unwrap();
        let bias = Tensor::new(&[2_f32, -1.0], &Device::Cpu).unwrap();
        let slow =
            activation.apply(&features.broadcast_add(&bias.reshape((1, 2, 1, 1)).unwrap()).unwrap()).unwrap();
        let fast = add_bias_and_activate(features, &bias, activation).unwrap();
        for result in [slow, fast] {
            assert_eq!(result.flatten_all().unwrap().to_vec1::<f32>().unwrap(), expected, "{activation:?}");
        }
    }

    #[test]
    fn adds_then_activates() {
        check(Activation::Identity, [-1.0, 3.0, -1.0, 8.0]);
        check(Activation::Relu, [0.0, 3.0, 0.0, 8.0]);
        check(Activation::Relu6, [0.0, 3.0, 0.0, 6.0]);
    }

    #[test]
    fn a_bias_of_another_width_is_refused() {
        let features = Tensor::zeros((1, 2, 1, 1), candle_core::DType::F32, &Device::Cpu).unwrap();
        let bias = Tensor::zeros(3, candle_core::DType::F32, &Device::Cpu).unwrap();
        assert!(add_bias_and_activate(features, &bias, Activation::Relu).is_err());
    }
}
