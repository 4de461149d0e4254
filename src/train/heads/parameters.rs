//! The numbers a head learns, by name, in order of name; initialised from a seed alone.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor, Var};

use super::super::{NamedTensors, Random, TrainError};

/// Learned parameters and running statistics.
#[derive(Debug)]
pub struct Parameters {
    device: Device,
    entries: BTreeMap<String, (Var, Kind)>,
}

/// How a variable that is shared comes to its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learned {
    /// An optimiser moves it.
    ByGradients,
    /// Its own layer gathers it: running statistics.
    ByCounting,
}

/// Whether an optimiser may move it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Learned,
    Statistic,
}

impl Parameters {
    /// None yet.
    pub fn new(device: &Device) -> Self {
        Self { device: device.clone(), entries: BTreeMap::new() }
    }

    /// Where they live.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Adds a learned parameter, uniform in [-bound, bound). The draw depends on seed and name alone.
    ///
    /// # Errors
    /// When the device fails.
    pub fn add_uniform(
        &mut self,
        name: &str,
        shape: &[usize],
        bound: f64,
        seed: u64,
    ) -> Result<(), TrainError> {
        let mut random = Random::new(seed, &format!("parameter/{name}"));
        let n_values: usize = shape.iter().product();
        let values: Vec<f32> = (0..n_values).map(|_| ((random.unit() * 2.0 - 1.0) * bound) as f32).collect();
        self.add_values(name, &values, shape)
    }

    /// Adds a learned parameter with these values.
    ///
    /// # Errors
    /// When there are not as many as the shape says.
    pub fn add_values(&mut self, name: &str, values: &[f32], shape: &[usize]) -> Result<(), TrainError> {
        self.add(name, values, shape, Kind::Learned)
    }

    /// Adds running statistics, which no optimiser moves.
    ///
    /// # Errors
    /// When there are not as many as the shape says.
    pub fn add_statistic(&mut self, name: &str, values: &[f32], shape: &[usize]) -> Result<(), TrainError> {
        self.add(name, values, shape, Kind::Statistic)
    }

    /// Adds a variable that somebody else uses too: a layer of a network, say. Learned ones are moved by optimisers, others are
    /// only kept and restored.
    pub fn add_shared(&mut self, name: &str, variable: &Var, is_learned: Learned) {
        let kind = match is_learned {
            Learned::ByGradients => Kind::Learned,
            Learned::ByCounting => Kind::Statistic,
        };
        self.entries.insert(name.to_owned(), (variable.clone(), kind));
    }

    fn add(&mut self, name: &str, values: &[f32], shape: &[usize], kind: Kind) -> Result<(), TrainError> {
        let variable = Var::from_slice(values, shape, &self.device)?;
        self.entries.insert(name.to_owned(), (variable, kind));
        Ok(())
    }

    /// The parameter called `name`, for the forward pass.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] when there is none.
    pub fn get(&self, name: &str) -> Result<&Tensor, TrainError> {
        self.variable(name).map(Var::as_tensor)
    }

    /// Overwrites a parameter.
    ///
    /// # Errors
    /// When there is none of this name, or the shape differs.
    pub fn set(&self, name: &str, value: &Tensor) -> Result<(), TrainError> {
        Ok(self.variable(name)?.set(&value.detach())?)
    }

    /// The learned ones, in order of name.
    pub fn learned(&self) -> impl Iterator<Item = (&str, &Var)> {
        let learned = self.entries.iter().filter(|(_, (_, kind))| *kind == Kind::Learned);
        learned.map(|(name, (variable, _))| (name.as_str(), variable))
    }

    /// Numbers learned.
    pub fn n_values(&self) -> usize {
        self.learned().map(|(_, variable)| variable.elem_count()).sum()
    }

    /// A copy of everything, statistics included.
    ///
    /// # Errors
    /// When the device fails.
    pub fn to_tensors(&self) -> Result<NamedTensors, TrainError> {
        let mut tensors = NamedTensors::default();
        for (name, (variable, _)) in &self.entries {
            tensors.insert(name, variable.as_tensor())?;
        }
        Ok(tensors)
    }

    /// Overwrites everything with a copy made earlier. Nothing is overwritten when something does not fit.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] when a tensor is absent or of another shape.
    pub fn restore(&self, tensors: &NamedTensors) -> Result<(), TrainError> {
        let fitting: Result<Vec<(&Var, Tensor)>, TrainError> = self
            .entries
            .iter()
            .map(|(name, (variable, _))| Ok((variable, tensors.tensor(name, variable.dims(), &self.device)?)))
            .collect();
        for (variable, value) in fitting? {
            variable.set(&value)?;
        }
        Ok(())
    }

    fn variable(&self, name: &str) -> Result<&Var, TrainError> {
        let entry = self.entries.get(name).map(|(variable, _)| variable);
        entry.ok_or_else(|| TrainError::Recipe(format!("the head has no parameter `{name}`")))
    }
}
