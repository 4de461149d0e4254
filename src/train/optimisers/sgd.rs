//! Gradient descent with momentum, as torch.optim.SGD: no dampening, no Nesterov.

use candle_core::{Result, Tensor};

/// The new value and the new momentum.
pub(super) fn step(
    value: &Tensor,
    gradient: &Tensor,
    moments: &[Tensor],
    learning_rate: f64,
    momentum: f64,
    weight_decay: f64,
) -> Result<(Tensor, Vec<Tensor>)> {
    let decayed = (gradient + (value * weight_decay)?)?;
    let velocity = match moments.first() {
        Some(velocity) => ((velocity * momentum)? + decayed)?,
        None => decayed,
    };
    Ok(((value - (&velocity * learning_rate)?)?, vec![velocity]))
}
