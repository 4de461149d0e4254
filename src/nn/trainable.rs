//! The executor that trains: a graph whose every parameter is a variable, on any device, every step differentiable.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor, Var};

use super::initialise::initial_values;
use super::layers::{Parameters, Pass, VariableSource};
use super::steps::{Steps, output_width};
use super::{Graph, NetworkInput, NnError, Parameter, Random, Weights};

/// How a pass computes.
#[derive(Debug)]
pub enum Mode {
    /// Batch norms use and gather statistics of the batch; dropout takes from this seeded source.
    Training(Random),
    /// As [`super::Plan`] does: running statistics, no dropout.
    Evaluation,
}

/// Which parameters are trained; the others are frozen, and batch norms among them keep their running statistics.
#[derive(Clone, Copy, Debug)]
pub enum Trained<'a> {
    /// All.
    All,
    /// Those of the nodes from this position in [`Graph::nodes`] on: the last blocks.
    FromNode(usize),
    /// Those whose names start so.
    Prefixes(&'a [&'a str]),
}

/// A graph with its parameters as variables on a device.
#[derive(Debug)]
pub struct TrainableNetwork {
    graph: Graph,
    variables: Variables,
    steps: Steps,
    device: Device,
}

#[derive(Debug)]
struct Variables {
    by_name: BTreeMap<String, Variable>,
    dtype: DType,
}

#[derive(Debug)]
struct Variable {
    var: Var,
    is_learned: bool,
    is_trained: bool,
}

impl Variables {
    fn get(&self, name: &str, shape: &[usize]) -> Result<&Variable, NnError> {
        let found = self.by_name.get(name);
        found
            .filter(|found| found.var.dims() == shape)
            .ok_or_else(|| misfit(name, shape, found.map(|found| found.var.dims())))
    }
}

impl VariableSource for Variables {
    fn variable(&self, name: &str, shape: &[usize]) -> Result<Tensor, NnError> {
        let Variable { var, is_trained, .. } = self.get(name, shape)?;
        Ok(if *is_trained { var.as_tensor().clone() } else { var.as_detached_tensor() })
    }

    fn buffer(&self, name: &str, shape: &[usize]) -> Result<Var, NnError> {
        Ok(self.get(name, shape)?.var.clone())
    }

    fn dtype(&self) -> DType {
        self.dtype
    }

    fn is_trained(&self, name: &str) -> bool {
        self.by_name.get(name).is_some_and(|variable| variable.is_trained)
    }
}

fn misfit(name: &str, expected: &[usize], found: Option<&[usize]>) -> NnError {
    NnError::Tensor {
        name: name.to_owned(),
        expected: format!("{expected:?}"),
        found: found.map_or_else(|| "nothing".to_owned(), |found| format!("{found:?}")),
        path: "the network in memory".into(),
    }
}

impl TrainableNetwork {
    /// Loads every parameter the graph names; all are trained.
    ///
    /// # Errors
    /// [`NnError::Tensor`] naming the first that is absent or of another shape.
    pub fn load(graph: &Graph, weights: &Weights, device: &Device) -> Result<Self, NnError> {
        Self::new(graph, device, DType::F32, |parameter| weights.values(&parameter.name, &parameter.shape))
    }

    /// [`TrainableNetwork::load`] in 64-bit numbers: several times slower, to check others against. Inputs must be of 64
    /// bits too.
    ///
    /// # Errors
    /// As [`TrainableNetwork::load`].
    pub fn load_in_f64(graph: &Graph, weights: &Weights, device: &Device) -> Result<Self, NnError> {
        Self::new(graph, device, DType::F64, |parameter| weights.values(&parameter.name, &parameter.shape))
    }

    /// Starts every parameter anew: the same seed gives the same numbers on every machine and device.
    ///
    /// # Errors
    /// When the device is out of memory.
    pub fn initialise(graph: &Graph, seed: u64, device: &Device) -> Result<Self, NnError> {
        Self::new(graph, device, DType::F32, |parameter| Ok(initial_values(parameter, seed)))
    }

    fn new(
        graph: &Graph,
        device: &Device,
        dtype: DType,
        mut values: impl FnMut(&Parameter) -> Result<Vec<f32>, NnError>,
    ) -> Result<Self, NnError> {
        let mut variables = BTreeMap::new();
        for parameter in graph.parameters() {
            let tensor = Tensor::from_vec(values(&parameter)?, parameter.shape.as_slice(), device)?;
            let var = Var::from_tensor(&tensor.to_dtype(dtype)?)?;
            let is_learned = parameter.is_learned();
            variables.insert(parameter.name, Variable { var, is_learned, is_trained: is_learned });
        }
        let variables = Variables { by_name: variables, dtype };
        let steps = Steps::load(graph, Parameters::Learned(&variables))?;
        Ok(Self { graph: graph.clone(), variables, steps, device: device.clone() })
    }

    /// Where the parameters are; inputs must be there too.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// What the network computes.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Numbers a row of the output, where the graph alone tells.
    pub fn output_width(&self) -> Option<usize> {
        output_width(&self.graph)
    }

    /// Chooses which parameters are trained from now on; gives their number of values.
    ///
    /// # Errors
    /// When the device fails.
    pub fn train_only(&mut self, trained: Trained<'_>) -> Result<usize, NnError> {
        let from_node = match trained {
            Trained::FromNode(first) => first,
            Trained::All | Trained::Prefixes(_) => 0,
        };
        let late_nodes = self.graph.nodes().iter().skip(from_node);
        let late: std::collections::BTreeSet<String> =
            late_nodes.flat_map(|node| node.operation.parameters()).map(|parameter| parameter.name).collect();
        let mut n_values = 0;
        for (name, variable) in &mut self.variables.by_name {
            let is_chosen = match trained {
                Trained::All | Trained::FromNode(_) => late.contains(name),
                Trained::Prefixes(prefixes) => prefixes.iter().any(|prefix| name.starts_with(prefix)),
            };
            variable.is_trained = is_chosen && variable.is_learned;
            if variable.is_trained {
                n_values += variable.var.elem_count();
            }
        }
        self.steps = Steps::load(&self.graph, Parameters::Learned(&self.variables))?;
        Ok(n_values)
    }

    /// The trained parameters in order of their names.
    pub fn parameters(&self) -> Vec<(&str, &Var)> {
        self.select(|variable| variable.is_trained)
    }

    /// The running statistics of batch norms in order of their names.
    pub fn buffers(&self) -> Vec<(&str, &Var)> {
        self.select(|variable| !variable.is_learned)
    }

    fn select(&self, is_chosen: impl Fn(&Variable) -> bool) -> Vec<(&str, &Var)> {
        let chosen = self.variables.by_name.iter().filter(|(_, variable)| is_chosen(variable));
        chosen.map(|(name, variable)| (name.as_str(), &variable.var)).collect()
    }

    /// The network's output for a batch; differentiable in [`TrainableNetwork::parameters`].
    ///
    /// # Errors
    /// When the input does not fit the network, a batch norm is given a single number a channel to train on, or the
    /// device fails.
    pub fn forward(&self, input: NetworkInput<'_>, mode: &mut Mode) -> Result<Tensor, NnError> {
        let random = match mode {
            Mode::Training(random) => Some(random),
            Mode::Evaluation => None,
        };
        Ok(self.steps.run(&mut Pass { input, random })?)
    }

    /// Copies of all parameters and running statistics, as [`super::write_safetensors`] writes them and [`Weights`]
    /// reads them.
    ///
    /// # Errors
    /// When the device is out of memory.
    pub fn export(&self) -> Result<BTreeMap<String, Tensor>, NnError> {
        let copy = |(name, variable): (&String, &Variable)| {
            Ok((name.clone(), variable.var.as_detached_tensor().copy()?))
        };
        self.variables.by_name.iter().map(copy).collect()
    }

    /// Sets every parameter and running statistic back to what was exported.
    ///
    /// # Errors
    /// [`NnError::Tensor`] when one is absent or of another shape; nothing is changed then.
    pub fn restore(&self, exported: &BTreeMap<String, Tensor>) -> Result<(), NnError> {
        for (name, variable) in &self.variables.by_name {
            let found = exported.get(name).map(Tensor::dims);
            if found != Some(variable.var.dims()) {
                return Err(misfit(name, variable.var.dims(), found));
            }
        }
        for (name, variable) in &self.variables.by_name {
            if let Some(tensor) = exported.get(name) {
                variable.var.set(tensor)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "trainable_tests.rs"]
mod tests;
