//! The few layers heads are made of, over [`Parameters`] by name: linear, and batch norm with running statistics.

use candle_core::Tensor;

use super::super::TrainError;
use super::Parameters;
use crate::nn::ops::linear_rows;

/// Whether a pass learns from its batch or answers about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Batch norm uses the batch's own statistics and updates the running ones.
    Train,
    /// Batch norm uses the running statistics; a row's result depends on no other row.
    Evaluate,
}

/// Added to the variance, as in PyTorch.
const EPSILON: f64 = 1e-5;
/// Share of the batch in the running statistics, as in PyTorch.
const MOMENTUM: f64 = 0.1;

/// Adds "NAME.weight" (out, in) and "NAME.bias" (out), uniform within 1 / sqrt(in), as PyTorch starts a linear layer.
pub(super) fn add_linear(
    parameters: &mut Parameters,
    name: &str,
    from: usize,
    to: usize,
    seed: u64,
) -> Result<(), TrainError> {
    let bound = 1.0 / (from.max(1) as f64).sqrt();
    parameters.add_uniform(&format!("{name}.weight"), &[to, from], bound, seed)?;
    parameters.add_uniform(&format!("{name}.bias"), &[to], bound, seed)
}

/// (n, in) to (n, out).
pub(super) fn linear(parameters: &Parameters, name: &str, rows: &Tensor) -> Result<Tensor, TrainError> {
    let weight = parameters.get(&format!("{name}.weight"))?;
    let bias = parameters.get(&format!("{name}.bias"))?;
    Ok(linear_rows(rows, weight, bias)?)
}

/// Adds weight, bias and running statistics of a batch norm over `width` numbers.
pub(super) fn add_batch_norm(
    parameters: &mut Parameters,
    name: &str,
    width: usize,
) -> Result<(), TrainError> {
    let (zeros, ones) = (vec![0.0; width], vec![1.0; width]);
    parameters.add_values(&format!("{name}.weight"), &ones, &[width])?;
    parameters.add_values(&format!("{name}.bias"), &zeros, &[width])?;
    parameters.add_statistic(&format!("{name}.running_mean"), &zeros, &[width])?;
    parameters.add_statistic(&format!("{name}.running_var"), &ones, &[width])
}

/// (n, width) to the same (Ioffe and Szegedy, ICML 2015). A batch of one row has no variance and uses the running one.
pub(super) fn batch_norm(
    parameters: &Parameters,
    name: &str,
    rows: &Tensor,
    mode: Mode,
) -> Result<Tensor, TrainError> {
    let named = |part: &str| format!("{name}.{part}");
    let (running_mean, running_var) =
        (parameters.get(&named("running_mean"))?, parameters.get(&named("running_var"))?);
    let n_rows = rows.dim(0)?;
    let (mean, variance) = if mode == Mode::Train && n_rows > 1 {
        let mean = rows.mean_keepdim(0)?;
        let variance = rows.broadcast_sub(&mean)?.sqr()?.mean_keepdim(0)?;
        let mixed = |running: &Tensor, batch: &Tensor, factor: f64| -> candle_core::Result<Tensor> {
            (running.detach() * (1.0 - MOMENTUM))? + (batch.detach().squeeze(0)? * (MOMENTUM * factor))?
        };
        let unbiased = n_rows as f64 / (n_rows - 1) as f64;
        parameters.set(&named("running_mean"), &mixed(running_mean, &mean, 1.0)?)?;
        parameters.set(&named("running_var"), &mixed(running_var, &variance, unbiased)?)?;
        (mean, variance)
    } else {
        (running_mean.detach().unsqueeze(0)?, running_var.detach().unsqueeze(0)?)
    };
    let normal = rows.broadcast_sub(&mean)?.broadcast_div(&(variance + EPSILON)?.sqrt()?)?;
    let weight = parameters.get(&named("weight"))?;
    Ok(normal.broadcast_mul(weight)?.broadcast_add(parameters.get(&named("bias"))?)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use candle_core::{Device, Tensor};

    use super::{Mode, add_batch_norm, batch_norm};
    use crate::train::heads::Parameters;

    #[test]
    fn batch_norm_has_parity_with_pytorch() {
        // n = torch.nn.BatchNorm1d(2); x = torch.tensor([[1., 2.], [3., 6.], [5., 1.]])
        // n(x); n.running_mean, n.running_var; n.eval()(x)[0]
        let mut parameters = Parameters::new(&Device::Cpu);
        add_batch_norm(&mut parameters, "n", 2).unwrap();
        let rows = Tensor::new(&[[1.0_f32, 2.0], [3.0, 6.0], [5.0, 1.0]], &Device::Cpu).unwrap();
        let check = |found: &Tensor, expected: &[f32]| {
            let found: Vec<f32> = found.flatten_all().unwrap().to_vec1().unwrap();
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-5, "{found} {expected}");
            }
        };
        let trained = batch_norm(&parameters, "n", &rows, Mode::Train).unwrap();
        check(&trained, &[-1.224743, -0.4629096, 0.0, 1.3887287, 1.224743, -0.925_819_1]);
        check(parameters.get("n.running_mean").unwrap(), &[0.3, 0.3]);
        check(parameters.get("n.running_var").unwrap(), &[1.3, 1.6]);
        let evaluated = batch_norm(&parameters, "n", &rows, Mode::Evaluate).unwrap();
        check(&evaluated.narrow(0, 0, 1).unwrap(), &[0.6139383, 1.3439607]);
        check(parameters.get("n.running_mean").unwrap(), &[0.3, 0.3]);
    }
}
