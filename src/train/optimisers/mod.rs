//! How gradients move parameters: SGD with momentum, Adam and AdamW, each step as PyTorch takes it. The state is named
//! tensors in order of name, so that a saved run goes on exactly as it would have.

mod adam;
mod clip;
mod in_place;
mod schedule;
mod sgd;

use std::collections::BTreeMap;

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use super::heads::Parameters;
use super::{NamedTensors, TrainError};

pub use clip::clip_by_global_norm;
pub use schedule::Schedule;

/// Gradient of each learned parameter by name.
pub type Gradients = BTreeMap<String, Tensor>;

/// An optimiser with its numbers, as recipes hold it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum OptimiserRecipe {
    /// Stochastic gradient descent (torch.optim.SGD).
    Sgd {
        /// Share of the former step that is kept; 0 is plain descent.
        momentum: f64,
        /// Pull towards 0, added to the gradient.
        weight_decay: f64,
    },
    /// Kingma and Ba, ICLR 2015 (torch.optim.Adam).
    Adam {
        /// Memory of the mean gradient.
        beta1: f64,
        /// Memory of the mean square.
        beta2: f64,
        /// Added to the root of the mean square.
        epsilon: f64,
        /// Pull towards 0, added to the gradient.
        weight_decay: f64,
    },
    /// Loshchilov and Hutter, ICLR 2019 (torch.optim.AdamW): weight decay beside the gradient, not in it.
    AdamW {
        /// Memory of the mean gradient.
        beta1: f64,
        /// Memory of the mean square.
        beta2: f64,
        /// Added to the root of the mean square.
        epsilon: f64,
        /// Pull towards 0, times the learning rate.
        weight_decay: f64,
    },
}

impl Default for OptimiserRecipe {
    /// AdamW with PyTorch's numbers.
    fn default() -> Self {
        Self::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 }
    }
}

/// A running optimiser.
#[derive(Debug)]
pub struct Optimiser {
    recipe: OptimiserRecipe,
    n_steps: usize,
    /// Running means by parameter name: momentum, or first and second moment.
    moments: BTreeMap<String, Vec<Tensor>>,
}

impl Optimiser {
    /// One that has taken no step.
    pub fn new(recipe: OptimiserRecipe) -> Self {
        Self { recipe, n_steps: 0, moments: BTreeMap::new() }
    }

    /// Moves every parameter that has a gradient, by one step of `learning_rate`.
    ///
    /// # Errors
    /// When the device fails.
    pub fn step(
        &mut self,
        parameters: &Parameters,
        gradients: &Gradients,
        learning_rate: f64,
    ) -> Result<(), TrainError> {
        self.n_steps += 1;
        for (name, variable) in parameters.learned() {
            let Some(gradient) = gradients.get(name) else { continue };
            let value = variable.as_tensor().detach();
            let moments = match self.moments.remove(name) {
                Some(moments) => moments,
                // One by one: they are changed in place, so none may be another's copy.
                None => (0..self.recipe.n_moments()).map(|_| value.zeros_like()).collect::<Result<_, _>>()?,
            };
            let moments = if in_place::serves(&value) {
                in_place::step(&self.recipe, &value, gradient, &moments, learning_rate, self.n_steps)?;
                moments
            } else {
                let (value, moments) =
                    by_tensors(&self.recipe, &value, gradient, &moments, learning_rate, self.n_steps)?;
                variable.set(&value)?;
                moments
            };
            self.moments.insert(name.to_owned(), moments);
        }
        Ok(())
    }

    /// Steps taken.
    pub fn n_steps(&self) -> usize {
        self.n_steps
    }

    /// The running means, named "PARAMETER/0" and "PARAMETER/1".
    ///
    /// # Errors
    /// When the device fails.
    pub fn state(&self) -> Result<NamedTensors, TrainError> {
        let mut state = NamedTensors::default();
        for (name, moments) in &self.moments {
            for (place, moment) in moments.iter().enumerate() {
                state.insert(&format!("{name}/{place}"), moment)?;
            }
        }
        Ok(state)
    }

    /// The optimiser that had this state after `n_steps`.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] when the state belongs to other parameters.
    pub fn restore(
        recipe: OptimiserRecipe,
        n_steps: usize,
        state: &NamedTensors,
        parameters: &Parameters,
    ) -> Result<Self, TrainError> {
        let mut moments = BTreeMap::new();
        for (name, variable) in parameters.learned() {
            // A parameter that never had a gradient has no state.
            if state.values(&format!("{name}/0")).is_none() {
                continue;
            }
            let of_parameter: Result<Vec<Tensor>, TrainError> = (0..recipe.n_moments())
                .map(|place| state.tensor(&format!("{name}/{place}"), variable.dims(), variable.device()))
                .collect();
            moments.insert(name.to_owned(), of_parameter?);
        }
        Ok(Self { recipe, n_steps, moments })
    }
}

/// The new value and moments, on any device.
fn by_tensors(
    recipe: &OptimiserRecipe,
    value: &Tensor,
    gradient: &Tensor,
    moments: &[Tensor],
    learning_rate: f64,
    n_steps: usize,
) -> candle_core::Result<(Tensor, Vec<Tensor>)> {
    match *recipe {
        OptimiserRecipe::Sgd { momentum, weight_decay } => {
            sgd::step(value, gradient, moments, learning_rate, momentum, weight_decay)
        }
        OptimiserRecipe::Adam { .. } | OptimiserRecipe::AdamW { .. } => {
            adam::step(recipe, value, gradient, moments, learning_rate, n_steps)
        }
    }
}

impl OptimiserRecipe {
    /// Running means a parameter.
    fn n_moments(&self) -> usize {
        match self {
            Self::Sgd { .. } => 1,
            Self::Adam { .. } | Self::AdamW { .. } => 2,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use candle_core::{Device, Tensor};

    use super::{Gradients, Optimiser, OptimiserRecipe};
    use crate::train::heads::Parameters;

    fn start() -> Parameters {
        let mut parameters = Parameters::new(&Device::Cpu);
        parameters.add_values("p", &[1.0, -2.0, 0.5], &[3]).unwrap();
        parameters
    }

    fn gradient(step: usize) -> Gradients {
        let step = step as f32;
        let gradient = Tensor::new(&[0.1 * step, -0.2, 0.3 / step], &Device::Cpu).unwrap();
        Gradients::from([("p".to_owned(), gradient)])
    }

    fn values(parameters: &Parameters) -> Vec<f32> {
        parameters.get("p").unwrap().to_vec1().unwrap()
    }

    // p = torch.tensor([1.0, -2.0, 0.5], requires_grad=True); o = make([p])
    // for t in range(1, 4):
    //     p.grad = torch.tensor([0.1 * t, -0.2, 0.3 / t]); o.step()
    // print(p.tolist())
    fn check(recipe: OptimiserRecipe, expected: [f32; 3]) {
        let parameters = start();
        let mut optimiser = Optimiser::new(recipe);
        for step in 1..=3 {
            optimiser.step(&parameters, &gradient(step), 0.1).unwrap();
        }
        for (found, expected) in values(&parameters).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{recipe:?}: {found}, not {expected}");
        }

        // Saved after the first step and taken up again, the run ends at the same bits.
        let again = start();
        let mut first = Optimiser::new(recipe);
        first.step(&again, &gradient(1), 0.1).unwrap();
        let mut second =
            Optimiser::restore(recipe, first.n_steps(), &first.state().unwrap(), &again).unwrap();
        second.step(&again, &gradient(2), 0.1).unwrap();
        second.step(&again, &gradient(3), 0.1).unwrap();
        assert_eq!(values(&again), values(&parameters));
    }

    #[test]
    fn steps_have_parity_with_pytorch() {
        // make = lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01)
        check(
            OptimiserRecipe::Sgd { momentum: 0.9, weight_decay: 0.01 },
            [0.899_352_8, -1.876_685_6, 0.377_526_3],
        );
        // make = lambda p: torch.optim.Adam(p, lr=0.1, weight_decay=0.01)
        let (beta1, beta2, epsilon, weight_decay) = (0.9, 0.999, 1e-8, 0.01);
        let adam = OptimiserRecipe::Adam { beta1, beta2, epsilon, weight_decay };
        check(adam, [0.706_610_1, -1.700_044_5, 0.219_087_2]);
        // make = lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=0.01)
        check(OptimiserRecipe::default(), [0.704_981_1, -1.694_305_9, 0.218_260_8]);
    }

    #[test]
    fn a_foreign_state_is_refused() {
        let parameters = start();
        let mut optimiser = Optimiser::new(OptimiserRecipe::default());
        optimiser.step(&parameters, &gradient(1), 0.1).unwrap();
        let state = optimiser.state().unwrap();
        let mut other = Parameters::new(&Device::Cpu);
        other.add_values("p", &[1.0; 4], &[4]).unwrap();
        assert!(Optimiser::restore(OptimiserRecipe::default(), 1, &state, &other).is_err());
    }
}
