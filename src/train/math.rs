//! Small differentiable pieces that losses and heads share. candle's own relu and maximum pass a gradient at the kink,
//! unlike PyTorch's; where that matters, the pieces here do as PyTorch does.

use candle_core::{D, Result, Tensor};

use crate::nn::ops::{log_sum_exp_rows, normalise_rows, product_with_transposed_rows};

/// Stands for minus infinity where one would give NaN (inf - inf, 0 * inf).
const VERY_LOW: f64 = -1e30;

/// Cosine of rows of `a` with rows of `b`, (n, d) and (n, d) to (n).
pub(super) fn row_cosines(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    (normalise_rows(a)? * normalise_rows(b)?)?.sum(D::Minus1)
}

/// Cosine of every row of `a` with every row of `b`, (n, d) and (m, d) to (n, m).
pub(super) fn cosine_matrix(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    product_with_transposed_rows(&normalise_rows(a)?, &normalise_rows(b)?)
}

/// Euclidean distance of rows, (n, d) and (n, d) to (n). 1e-6 is added to every difference, as in PyTorch's
/// `pairwise_distance`, so that equal rows have a gradient that is a number.
pub(super) fn row_distances(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    ((a - b)? + 1e-6)?.sqr()?.sum(D::Minus1)?.maximum(1e-30)?.sqrt()
}

/// max(0, x), with gradient 0 at 0.
pub(super) fn hinge(x: &Tensor) -> Result<Tensor> {
    x * x.detach().gt(0.0)?.to_dtype(x.dtype())?
}

/// log(1 + exp(x)) without overflow. At 0 the two pieces' gradients in candle are 1 and -1/2, whose sum is right.
pub(super) fn softplus(x: &Tensor) -> Result<Tensor> {
    x.relu()? + (x.abs()?.neg()?.exp()? + 1.0)?.log()?
}

/// `x` where `mask` (1 or 0, same shape) is 1, else so low that its exp is 0.
pub(super) fn masked(x: &Tensor, mask: &Tensor) -> Result<Tensor> {
    let low = Tensor::full(VERY_LOW as f32, x.shape(), x.device())?.to_dtype(x.dtype())?;
    mask.gt(0.5)?.where_cond(x, &low)
}

/// log(1 + Σ exp(x)) over the entries of the last dimension whose mask is 1, (n, m) to (n).
pub(super) fn log_one_plus_masked_sum_exp(x: &Tensor, mask: &Tensor) -> Result<Tensor> {
    let zero = x.narrow(1, 0, 1)?.zeros_like()?;
    log_sum_exp_rows(&Tensor::cat(&[&masked(x, mask)?, &zero], 1)?)
}

/// Mean of -log softmax at each row's class; logits (n, c), classes (n) of u32 below c.
pub(super) fn cross_entropy(logits: &Tensor, classes: &Tensor) -> Result<Tensor> {
    let chosen = logits.gather(&classes.unsqueeze(1)?, 1)?.squeeze(1)?;
    (log_sum_exp_rows(logits)? - chosen)?.mean_all()
}

/// 1 at each row's class, else 0: classes (n) of u32 to (n, c), u8.
pub(super) fn one_hot(classes: &Tensor, n_classes: usize) -> Result<Tensor> {
    let every = Tensor::arange(0_u32, n_classes as u32, classes.device())?.unsqueeze(0)?;
    classes.unsqueeze(1)?.broadcast_eq(&every)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use candle_core::{Device, Tensor, Var};

    use super::{
        hinge, log_one_plus_masked_sum_exp, log_sum_exp_rows, normalise_rows, row_distances, softplus,
    };

    fn gradient_at(values: &[f32], function: impl Fn(&Tensor) -> Tensor) -> Vec<f32> {
        let input = Var::from_slice(values, (1, values.len()), &Device::Cpu).unwrap();
        let output = function(&input).sum_all().unwrap();
        let gradients = output.backward().unwrap();
        gradients.get(&input).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn kinks_have_the_gradients_of_pytorch() {
        assert_eq!(gradient_at(&[-1.0, 0.0, 2.0], |x| hinge(x).unwrap()), [0.0, 0.0, 1.0]);
        let slopes = gradient_at(&[-200.0, 0.0, 200.0], |x| softplus(x).unwrap());
        assert!(slopes[0].abs() < 1e-6 && (slopes[1] - 0.5).abs() < 1e-6 && (slopes[2] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn large_numbers_do_not_overflow() {
        let x = Tensor::new(&[[1e4_f32, 1e4 - 1.0], [-1e4, -1e4]], &Device::Cpu).unwrap();
        let found: Vec<f32> = log_sum_exp_rows(&x).unwrap().to_vec1().unwrap();
        assert!((found[0] - 10_000.313).abs() < 2e-3 && (found[1] + 9_999.307).abs() < 2e-3, "{found:?}");
        let nobody = x.zeros_like().unwrap();
        let found: Vec<f32> = log_one_plus_masked_sum_exp(&x, &nobody).unwrap().to_vec1().unwrap();
        assert_eq!(found, [0.0, 0.0]);
    }

    #[test]
    fn zeros_and_equal_rows_have_finite_gradients() {
        assert!(gradient_at(&[0.0, 0.0], |x| normalise_rows(x).unwrap()).iter().all(|g| g.is_finite()));
        let slopes = gradient_at(&[0.3, 0.4], |x| row_distances(x, &x.detach()).unwrap());
        assert!(slopes.iter().all(|slope| slope.is_finite()), "{slopes:?}");
    }
}
