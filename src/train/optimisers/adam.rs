//! Adam and AdamW, in the order of operations of PyTorch.

use candle_core::{Result, Tensor, bail};

use super::OptimiserRecipe;

/// The new value and both new moments; `n_steps` counts this step.
pub(super) fn step(
    recipe: &OptimiserRecipe,
    value: &Tensor,
    gradient: &Tensor,
    moments: &[Tensor],
    learning_rate: f64,
    n_steps: usize,
) -> Result<(Tensor, Vec<Tensor>)> {
    let (beta1, beta2, epsilon, in_gradient, beside) = match *recipe {
        OptimiserRecipe::Adam { beta1, beta2, epsilon, weight_decay } => {
            (beta1, beta2, epsilon, weight_decay, 0.0)
        }
        OptimiserRecipe::AdamW { beta1, beta2, epsilon, weight_decay } => {
            (beta1, beta2, epsilon, 0.0, weight_decay)
        }
        OptimiserRecipe::Sgd { .. } => bail!("adam was asked to take a step of sgd"),
    };
    let [mean, square] = moments else { bail!("adam keeps two moments, not {}", moments.len()) };
    let value = (value * (1.0 - learning_rate * beside))?;
    let gradient = (gradient + (&value * in_gradient)?)?;
    let mean = ((mean * beta1)? + (&gradient * (1.0 - beta1))?)?;
    let square = ((square * beta2)? + (gradient.sqr()? * (1.0 - beta2))?)?;
    let n_steps = n_steps.min(i32::MAX as usize) as i32;
    let (mean_bias, square_bias) = (1.0 - beta1.powi(n_steps), 1.0 - beta2.powi(n_steps));
    let divisor = ((square.sqrt()? / square_bias.sqrt())? + epsilon)?;
    let value = (value - ((&mean / divisor)? * (learning_rate / mean_bias))?)?;
    Ok((value, vec![mean, square]))
}
