//! The same steps on the CPU, in place: one pass over each running mean and one over the value, no memory asked for. Tensor
//! operations would take a dozen passes and as many new tensors for a step of Adam.

use candle_core::{CpuStorage, InplaceOp3, Layout, Result, Tensor, bail};
use rayon::iter::{IndexedParallelIterator as _, ParallelIterator as _};
use rayon::slice::{ParallelSlice as _, ParallelSliceMut as _};

use super::OptimiserRecipe;

/// Numbers a task.
const CHUNK: usize = 16_384;

/// Whether [`step`] works on such a tensor; its gradient is made to fit.
pub(super) fn serves(value: &Tensor) -> bool {
    value.device().is_cpu() && value.is_contiguous() && value.dtype() == candle_core::DType::F32
}

/// Moves `value` and its `moments`; `n_steps` counts this step. All of one shape.
pub(super) fn step(
    recipe: &OptimiserRecipe,
    value: &Tensor,
    gradient: &Tensor,
    moments: &[Tensor],
    learning_rate: f64,
    n_steps: usize,
) -> Result<()> {
    let gradient = &gradient.contiguous()?;
    match (*recipe, moments) {
        (OptimiserRecipe::Sgd { momentum, weight_decay }, [velocity]) => {
            let (momentum, decay, rate) = (momentum as f32, weight_decay as f32, learning_rate as f32);
            update(velocity, gradient, value, move |velocity, gradient, value| {
                velocity * momentum + (gradient + value * decay)
            })?;
            update(value, velocity, velocity, move |value, velocity, _| value - velocity * rate)
        }
        (OptimiserRecipe::Adam { beta1, beta2, epsilon, weight_decay }, [mean, square]) => {
            let numbers = Adam { beta1, beta2, epsilon, in_gradient: weight_decay, beside: 0.0 };
            numbers.step(value, gradient, [mean, square], learning_rate, n_steps)
        }
        (OptimiserRecipe::AdamW { beta1, beta2, epsilon, weight_decay }, [mean, square]) => {
            let numbers = Adam { beta1, beta2, epsilon, in_gradient: 0.0, beside: weight_decay };
            numbers.step(value, gradient, [mean, square], learning_rate, n_steps)
        }
        (_, moments) => bail!("an optimiser was given {} running means", moments.len()),
    }
}

struct Adam {
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    /// Pull towards 0 as a part of the gradient...
    in_gradient: f64,
    /// ...or beside it.
    beside: f64,
}

impl Adam {
    fn step(
        &self,
        value: &Tensor,
        gradient: &Tensor,
        [mean, square]: [&Tensor; 2],
        learning_rate: f64,
        n_steps: usize,
    ) -> Result<()> {
        let n_steps = n_steps.min(i32::MAX as usize) as i32;
        let (mean_bias, square_bias) = (1.0 - self.beta1.powi(n_steps), 1.0 - self.beta2.powi(n_steps));
        let pull = self.in_gradient as f32;
        let (keep, take) = (self.beta1 as f32, (1.0 - self.beta1) as f32);
        update(mean, gradient, value, move |mean, gradient, value| {
            mean * keep + (gradient + value * pull) * take
        })?;
        let (keep, take) = (self.beta2 as f32, (1.0 - self.beta2) as f32);
        update(square, gradient, value, move |square, gradient, value| {
            let gradient = gradient + value * pull;
            square * keep + gradient * gradient * take
        })?;
        let kept = (1.0 - learning_rate * self.beside) as f32;
        let rate = (learning_rate / mean_bias) as f32;
        let (root, epsilon) = ((1.0 / square_bias.sqrt()) as f32, self.epsilon as f32);
        update(value, mean, square, move |value, mean, square| {
            value * kept - mean / (square.sqrt() * root + epsilon) * rate
        })
    }
}

/// `to[i] = rule(to[i], a[i], b[i])`. `to` must be neither `a` nor `b`.
fn update(to: &Tensor, a: &Tensor, b: &Tensor, rule: impl Fn(f32, f32, f32) -> f32 + Sync) -> Result<()> {
    to.inplace_op3(a, b, &Update(rule))
}

struct Update<F>(F);

impl<F: Fn(f32, f32, f32) -> f32 + Sync> InplaceOp3 for Update<F> {
    fn name(&self) -> &'static str {
        "optimiser-step"
    }

    fn cpu_fwd(
        &self,
        to: &mut CpuStorage,
        to_layout: &Layout,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> Result<()> {
        let (a, b) = (numbers(a, a_layout)?, numbers(b, b_layout)?);
        let (CpuStorage::F32(to), Some((start, end))) = (to, to_layout.contiguous_offsets()) else {
            bail!("an optimiser moves contiguous f32 only");
        };
        let Some(to) = to.get_mut(start..end) else { bail!("a parameter is smaller than its shape") };
        if to.len() != a.len() || to.len() != b.len() {
            bail!("a gradient of {} numbers for {}", a.len(), to.len());
        }
        let chunks = to.par_chunks_mut(CHUNK).zip(a.par_chunks(CHUNK)).zip(b.par_chunks(CHUNK));
        chunks.for_each(|((to, a), b)| {
            for ((to, a), b) in to.iter_mut().zip(a).zip(b) {
                *to = self.0(*to, *a, *b);
            }
        });
        Ok(())
    }
}

fn numbers<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => {
            values.get(start..end).ok_or_else(|| candle_core::Error::Msg("a tensor is too small".to_owned()))
        }
        _ => bail!("an optimiser reads contiguous f32 only"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use candle_core::{Device, Tensor};

    use super::super::{OptimiserRecipe, by_tensors};
    use super::step;
    use crate::nn::Random;

    fn random(name: &str, shape: (usize, usize)) -> Tensor {
        let mut random = Random::named(7, name);
        let values: Vec<f32> = (0..shape.0 * shape.1).map(|_| random.uniform() as f32 - 0.3).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    fn check(recipe: OptimiserRecipe, n_moments: usize) {
        // More than one task's worth, and a gradient that lies the other way round in memory.
        let shape = (130, 257);
        let mut value = random("value", shape);
        let mut moments = vec![value.zeros_like().unwrap(); n_moments];
        let own_value = value.copy().unwrap();
        let own_moments: Vec<Tensor> = (0..n_moments).map(|_| value.zeros_like().unwrap()).collect();
        for n_steps in 1..=4 {
            let gradient = random(&format!("gradient {n_steps}"), (shape.1, shape.0)).t().unwrap();
            (value, moments) = by_tensors(&recipe, &value, &gradient, &moments, 0.01, n_steps).unwrap();
            step(&recipe, &own_value, &gradient, &own_moments, 0.01, n_steps).unwrap();
        }
        let numbers = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let pairs = std::iter::once((&value, &own_value)).chain(moments.iter().zip(&own_moments));
        for (expected, found) in pairs {
            for (expected, found) in numbers(expected).iter().zip(numbers(found)) {
                assert!((expected - found).abs() <= 1e-6 * expected.abs().max(1e-2), "{expected} {found}");
            }
        }
    }

    #[test]
    fn a_step_in_place_is_the_step_by_tensors() {
        check(OptimiserRecipe::Sgd { momentum: 0.9, weight_decay: 0.1 }, 1);
        check(OptimiserRecipe::Adam { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weight_decay: 0.1 }, 2);
        check(OptimiserRecipe::AdamW { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weight_decay: 0.1 }, 2);
    }
}
