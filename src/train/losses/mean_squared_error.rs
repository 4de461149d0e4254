//! The squared difference of a score and its target; on pairs, of the cosine and 1 or 0.

use candle_core::{Result, Tensor};

use super::spec::wrong_batch;
use super::{LossBatch, LossNeeds, LossParams, LossSpec};
use crate::train::math::row_cosines;

/// The line in the table.
pub const SPEC: LossSpec = LossSpec {
    id: "mean-squared-error",
    label: "Mean squared error",
    summary: "The cosine of a pair is a regression to 1 (same) or 0 (different).",
    formula: "(cos(a, b) - same)^2",
    reference: "Reimers and Gurevych, Sentence-BERT, EMNLP 2019, regression objective; torch.nn.MSELoss",
    needs: LossNeeds::Pairs,
    uses: &[],
    defaults: LossParams::default,
    compute: |batch, _| match batch {
        LossBatch::Pairs { a, b, same } => mean_squared_error(&row_cosines(a, b)?, same),
        _ => wrong_batch(SPEC.id),
    },
};

/// The mean over all numbers of two tensors of one shape.
///
/// # Errors
/// When shapes do not fit.
pub fn mean_squared_error(predicted: &Tensor, target: &Tensor) -> Result<Tensor> {
    (predicted - target)?.sqr()?.mean_all()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use candle_core::{Device, Tensor, Var};

    use super::mean_squared_error;

    #[test]
    fn agrees_with_pytorch() {
        // x = torch.tensor([0.5, -1., 2.], requires_grad=True)
        // l = torch.nn.functional.mse_loss(x, torch.tensor([1., 0., 0.])); l.backward(); l, x.grad
        // (tensor(1.7500), tensor([-0.3333, -0.6667,  1.3333]))
        let x = Var::new(&[0.5_f32, -1.0, 2.0], &Device::Cpu).unwrap();
        let target = Tensor::new(&[1.0_f32, 0.0, 0.0], &Device::Cpu).unwrap();
        let loss = mean_squared_error(&x, &target).unwrap();
        assert!((loss.to_scalar::<f32>().unwrap() - 1.75).abs() < 1e-6);
        let gradient: Vec<f32> = loss.backward().unwrap().get(&x).unwrap().to_vec1().unwrap();
        for (found, expected) in gradient.iter().zip([-1.0 / 3.0, -2.0 / 3.0, 4.0 / 3.0]) {
            assert!((found - expected).abs() < 1e-6, "{gradient:?}");
        }
    }
}
