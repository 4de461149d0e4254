//! Bias and activation in one pass over memory, in place. For inference only: it leaves no trace for a gradient.

use candle_core::{CpuStorage, DType, InplaceOp2, Layout, Result, Tensor, bail};
use rayon::prelude::*;

use super::activation::activate_slice;
use super::storage::floats;
use crate::nn::Activation;

/// Floats a task is worth.
const MIN_TASK_LEN: usize = 1 << 14;

/// Adds `bias` (c) to every plane of `features` (n, c, h, w) and applies the activation. `features` is overwritten
/// where that is possible; use only the result afterwards, and only pass a tensor nobody else holds.
///
/// # Errors
/// When the shapes do not fit.
pub fn add_bias_and_activate(features: Tensor, bias: &Tensor, activation: Activation) -> Result<Tensor> {
    let (_, channels, height, width) = features.dims4()?;
    check_width(bias, channels)?;
    if works_in_place(&features) {
        features.inplace_op2(bias, &BiasActivation { activation, run_len: height * width })?;
        return Ok(features);
    }
    activation.apply(&features.broadcast_add(&bias.reshape((1, channels, 1, 1))?)?)
}

/// The same for rows: `bias` (width) is added along the last dimension of `features` (..., width).
///
/// # Errors
/// When the shapes do not fit.
pub fn add_row_bias_and_activate(features: Tensor, bias: &Tensor, activation: Activation) -> Result<Tensor> {
    check_width(bias, features.dims().last().copied().unwrap_or(0))?;
    if works_in_place(&features) {
        features.inplace_op2(bias, &BiasActivation { activation, run_len: 1 })?;
        return Ok(features);
    }
    activation.apply(&features.broadcast_add(bias)?)
}

fn check_width(bias: &Tensor, width: usize) -> Result<()> {
    if bias.dims1()? != width {
        bail!("bias-activation: {} biases for {width} features", bias.elem_count());
    }
    Ok(())
}

fn works_in_place(features: &Tensor) -> bool {
    features.device().is_cpu() && features.is_contiguous() && features.dtype() == DType::F32
}

/// Each bias in turn is added to `run_len` numbers, over and over.
struct BiasActivation {
    activation: Activation,
    run_len: usize,
}

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
        let bias = floats(bias, bias_layout)?;
        let (CpuStorage::F32(features), Some((start, end))) = (features, layout.contiguous_offsets()) else {
            bail!("bias-activation works on contiguous f32");
        };
        if start == end {
            return Ok(());
        }
        let activation = self.activation;
        let features = &mut features[start..end];
        if self.run_len == 1 {
            let task_len = bias.len() * MIN_TASK_LEN.div_ceil(bias.len());
            features.par_chunks_mut(task_len).for_each(|rows| {
                for row in rows.chunks_mut(bias.len()) {
                    row.iter_mut().zip(bias).for_each(|(value, bias)| *value += bias);
                }
                activate_slice(activation, rows);
            });
        } else {
            features
                .par_chunks_mut(self.run_len)
                .with_min_len(MIN_TASK_LEN.div_ceil(self.run_len))
                .enumerate()
                .for_each(|(plane, values)| {
                    let bias = bias[plane % bias.len()];
                    values.iter_mut().for_each(|value| *value += bias);
                    activate_slice(activation, values);
                });
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use candle_core::Device;

    fn numbers(tensor: &Tensor) -> Vec<f32> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    fn check(activation: Activation, expected: [f32; 4]) {
        let features = || Tensor::new(&[-3_f32, 1.0, 0.0, 9.0], &Device::Cpu).unwrap();
        let bias = Tensor::new(&[2_f32, -1.0], &Device::Cpu).unwrap();
        let planes = features().reshape((1, 2, 1, 2)).unwrap();
        assert_eq!(numbers(&add_bias_and_activate(planes, &bias, activation).unwrap()), expected);
        // The same numbers as rows: (2, 2) transposed.
        let rows = Tensor::new(&[[-3_f32, 0.0], [1.0, 9.0]], &Device::Cpu).unwrap();
        let rows = add_row_bias_and_activate(rows, &bias, activation).unwrap();
        assert_eq!(numbers(&rows.t().unwrap().contiguous().unwrap()), expected);
        // A view that is not contiguous goes by candle's operations.
        let view = Tensor::new(&[[-3_f32, 1.0], [0.0, 9.0]], &Device::Cpu).unwrap().t().unwrap();
        let rows = add_row_bias_and_activate(view, &bias, activation).unwrap();
        assert_eq!(numbers(&rows.t().unwrap().contiguous().unwrap()), expected);
        let pixels = features().reshape((2, 2, 1, 1)).unwrap();
        let pixels = numbers(&add_bias_and_activate(pixels, &bias, Activation::Identity).unwrap());
        assert_eq!(pixels, [-1.0, 0.0, 2.0, 8.0]);
    }

    #[test]
    fn adds_then_activates() {
        check(Activation::Identity, [-1.0, 3.0, -1.0, 8.0]);
        check(Activation::Relu, [0.0, 3.0, 0.0, 8.0]);
        check(Activation::Relu6, [0.0, 3.0, 0.0, 6.0]);
        check(Activation::HardSwish, [-1.0 / 3.0, 3.0, -1.0 / 3.0, 8.0]);
    }

    #[test]
    fn a_bias_of_another_width_is_refused() {
        let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap();
        assert!(add_bias_and_activate(zeros(&[1, 2, 1, 1]), &zeros(&[3]), Activation::Relu).is_err());
        assert!(add_row_bias_and_activate(zeros(&[1, 2]), &zeros(&[3]), Activation::Relu).is_err());
    }
}
