//! Rows of length 1 and sums in the logarithm, one pass over memory each, rows in parallel on the CPU, with their gradients.
//! On other devices, and for other number types than f32, candle's own operations compute them.

use candle_core::{CpuStorage, CustomOp1, CustomOp3, D, DType, Layout, Result, Shape, Storage, Tensor};
use rayon::prelude::*;

use super::storage::{chunk, floats, min_rows, row_len};
use crate::nn::kernels::exponential::exp;

/// Rows shorter than this are divided by it, as in PyTorch's `normalize`.
const SHORTEST: f32 = 1e-12;

/// Rows of (..., d) divided by their length; rows shorter than 1e-12 are divided by 1e-12. Differentiable, on any device.
///
/// # Errors
/// When the device fails.
pub fn normalise_rows(rows: &Tensor) -> Result<Tensor> {
    if rows.device().is_cpu() && rows.dtype() == DType::F32 {
        return rows.contiguous()?.apply_op1(Normalise);
    }
    let length = rows.sqr()?.sum_keepdim(D::Minus1)?.maximum(f64::from(SHORTEST * SHORTEST))?.sqrt()?;
    rows.broadcast_div(&length)
}

/// Logarithm of the sum of exp over the last dimension, (n, m) to (n). Differentiable, on any device.
///
/// # Errors
/// When the device fails.
pub fn log_sum_exp_rows(scores: &Tensor) -> Result<Tensor> {
    if scores.device().is_cpu() && scores.dtype() == DType::F32 && scores.rank() == 2 {
        return scores.contiguous()?.apply_op1(LogSumExp);
    }
    let highest = scores.detach().max_keepdim(D::Minus1)?;
    let sum = scores.broadcast_sub(&highest)?.exp()?.sum(D::Minus1)?;
    sum.log()? + highest.squeeze(D::Minus1)?
}

/// Sum of the squares of all numbers, in f64; nothing is copied on the CPU. Not differentiable.
///
/// # Errors
/// When the device fails.
pub fn sum_of_squares(tensor: &Tensor) -> Result<f64> {
    const TASK: usize = 1 << 14;
    if tensor.device().is_cpu() && tensor.dtype() == DType::F32 && tensor.is_contiguous() {
        let (storage, layout) = tensor.storage_and_layout();
        if let Storage::Cpu(storage) = &*storage {
            let numbers = floats(storage, layout)?;
            // Gathered first, so that the sum does not hang on who was done when.
            let sums: Vec<f32> = numbers.par_chunks(TASK).map(|part| dot(part, part)).collect();
            return Ok(sums.into_iter().map(f64::from).sum());
        }
    }
    Ok(f64::from(tensor.sqr()?.sum_all()?.to_dtype(DType::F32)?.to_scalar::<f32>()?))
}

/// Sum of the products of two rows, in partial sums that the compiler keeps in registers.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut sums = [0.0_f32; LANES];
    let (a_runs, b_runs) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a_runs.remainder().iter().zip(b_runs.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_runs.zip(b_runs) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + rest
}

struct Normalise;

impl CustomOp1 for Normalise {
    fn name(&self) -> &'static str {
        "normalise-rows"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let mut values = floats(storage, layout)?.to_vec();
        let width = row_len(layout);
        values.par_chunks_mut(width).with_min_len(min_rows(width)).for_each(|row| {
            let scale = 1.0 / dot(row, row).sqrt().max(SHORTEST);
            row.iter_mut().for_each(|value| *value *= scale);
        });
        Ok((CpuStorage::F32(values), layout.shape().clone()))
    }

    fn bwd(&self, rows: &Tensor, result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let (rows, result) = (rows.detach().contiguous()?, result.detach());
        Ok(Some(rows.apply_op3_no_bwd(&result, &gradient.contiguous()?, &NormaliseGradient)?))
    }
}

/// (gradient - result (result . gradient)) / length: what lies along a row does not change its direction.
struct NormaliseGradient;

impl CustomOp3 for NormaliseGradient {
    fn name(&self) -> &'static str {
        "normalise-rows-gradient"
    }

    fn cpu_fwd(
        &self,
        rows: &CpuStorage,
        rows_layout: &Layout,
        results: &CpuStorage,
        results_layout: &Layout,
        gradients: &CpuStorage,
        gradients_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (rows, results) = (floats(rows, rows_layout)?, floats(results, results_layout)?);
        let mut values = floats(gradients, gradients_layout)?.to_vec();
        let width = row_len(rows_layout);
        let of_row = |(index, slopes): (usize, &mut [f32])| {
            let (row, result) = (chunk(rows, index, width), chunk(results, index, width));
            let length = dot(row, row).sqrt();
            let along = if length > SHORTEST { dot(result, slopes) } else { 0.0 };
            let scale = 1.0 / length.max(SHORTEST);
            for (slope, result) in slopes.iter_mut().zip(result) {
                *slope = (*slope - result * along) * scale;
            }
        };
        values.par_chunks_mut(width).enumerate().with_min_len(min_rows(width)).for_each(of_row);
        Ok((CpuStorage::F32(values), rows_layout.shape().clone()))
    }
}

struct LogSumExp;

impl CustomOp1 for LogSumExp {
    fn name(&self) -> &'static str {
        "log-sum-exp"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let values = floats(storage, layout)?;
        let (n_rows, width) = layout.shape().dims2()?;
        let of_row = |row: usize| {
            let row = chunk(values, row, width);
            let highest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f32 = row.iter().map(|value| exp(value - highest)).sum();
            sum.ln() + highest
        };
        let sums: Vec<f32> = (0..n_rows).into_par_iter().with_min_len(min_rows(width)).map(of_row).collect();
        Ok((CpuStorage::F32(sums), Shape::from(n_rows)))
    }

    fn bwd(&self, scores: &Tensor, result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let (scores, result) = (scores.detach().contiguous()?, result.detach());
        Ok(Some(scores.apply_op3_no_bwd(&result, &gradient.contiguous()?, &LogSumExpGradient)?))
    }
}

/// gradient exp(score - result).
struct LogSumExpGradient;

impl CustomOp3 for LogSumExpGradient {
    fn name(&self) -> &'static str {
        "log-sum-exp-gradient"
    }

    fn cpu_fwd(
        &self,
        scores: &CpuStorage,
        scores_layout: &Layout,
        results: &CpuStorage,
        results_layout: &Layout,
        gradients: &CpuStorage,
        gradients_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let mut values = floats(scores, scores_layout)?.to_vec();
        let (results, gradients) = (floats(results, results_layout)?, floats(gradients, gradients_layout)?);
        let width = row_len(scores_layout);
        let rows = values.par_chunks_mut(width).with_min_len(min_rows(width));
        rows.zip(results).zip(gradients).for_each(|((row, result), gradient)| {
            row.iter_mut().for_each(|value| *value = gradient * exp(*value - result));
        });
        Ok((CpuStorage::F32(values), scores_layout.shape().clone()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use candle_core::{DType, Device, Tensor, Var};

    use super::{log_sum_exp_rows, normalise_rows, sum_of_squares};
    use crate::nn::testing::gradient_check;

    fn random(shape: &[usize]) -> Tensor {
        Tensor::randn(0_f32, 1.0, shape, &Device::Cpu).unwrap()
    }

    #[test]
    fn gradients_agree_with_differences() {
        let (wide, narrow) = (random(&[4, 37]), random(&[4]));
        let mixed = |result: Tensor, mix: &Tensor| (result * mix).unwrap().sum_all().unwrap();
        gradient_check(&[random(&[4, 37])], 3e-3, |inputs| mixed(normalise_rows(&inputs[0]).unwrap(), &wide));
        gradient_check(&[random(&[4, 37])], 3e-3, |inputs| {
            mixed(log_sum_exp_rows(&inputs[0]).unwrap(), &narrow)
        });
    }

    #[test]
    fn values_are_those_of_the_plain_operations() {
        let rows = random(&[5, 100]);
        let plain = rows.to_dtype(DType::F64).unwrap();
        let off = |found: Tensor, expected: Tensor| {
            let off = (found.to_dtype(DType::F64).unwrap() - expected).unwrap().abs().unwrap();
            off.flatten_all().unwrap().max(0).unwrap().to_scalar::<f64>().unwrap()
        };
        assert!(off(normalise_rows(&rows).unwrap(), normalise_rows(&plain).unwrap()) < 1e-6);
        assert!(off(log_sum_exp_rows(&rows).unwrap(), log_sum_exp_rows(&plain).unwrap()) < 1e-5);
    }

    #[test]
    fn squares_are_summed_however_the_numbers_lie() {
        let numbers = random(&[300, 200]);
        let plain = numbers.to_dtype(DType::F64).unwrap().sqr().unwrap().sum_all().unwrap();
        let plain = plain.to_scalar::<f64>().unwrap();
        for tensor in [numbers.clone(), numbers.t().unwrap()] {
            let found = sum_of_squares(&tensor).unwrap();
            assert!((found / plain - 1.0).abs() < 1e-5, "{found} {plain}");
        }
    }

    #[test]
    fn nothing_overflows_and_a_row_of_zeros_stays() {
        let scores = Tensor::new(&[[1e4_f32, -1e4], [-1e30, -1e30]], &Device::Cpu).unwrap();
        let sums = log_sum_exp_rows(&scores).unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(sums, [1e4, -1e30]);
        let zeros = Var::zeros((1, 3), DType::F32, &Device::Cpu).unwrap();
        let found = normalise_rows(&zeros).unwrap();
        assert_eq!(found.to_vec2::<f32>().unwrap(), [[0.0; 3]]);
        // torch.nn.functional.normalize(torch.zeros(1, 3, requires_grad=True)).sum().backward() gives 1e12 each.
        let slopes = found.sum_all().unwrap().backward().unwrap();
        let slopes = slopes.get(&zeros).unwrap().to_vec2::<f32>().unwrap();
        assert!(slopes[0].iter().all(|slope| (slope / 1e12 - 1.0).abs() < 1e-5), "{slopes:?}");
    }
}
