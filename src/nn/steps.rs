//! A graph as layers in the order they run; both executors are made of it. Results are let go as soon as their last
//! reader is done.

use candle_core::{Result, Tensor, bail};

use super::layers::{Layer, Parameters, Pass, layer};
use super::{Graph, NnError, Operation};

/// The layers of a graph.
#[derive(Debug)]
pub(super) struct Steps(Vec<Step>);

#[derive(Debug)]
struct Step {
    layer: Box<dyn Layer>,
    /// Positions of the steps it reads.
    inputs: Vec<usize>,
    /// Results nobody reads after this step.
    finished: Vec<usize>,
}

impl Steps {
    /// Loads the layer of every node.
    ///
    /// # Errors
    /// [`NnError::Tensor`] naming the first parameter that is absent or of another shape.
    pub(super) fn load(graph: &Graph, parameters: Parameters<'_>) -> std::result::Result<Self, NnError> {
        let last_readers = graph.last_readers();
        let mut steps = Vec::with_capacity(graph.nodes().len());
        for (position, node) in graph.nodes().iter().enumerate() {
            let inputs: Vec<usize> = node.inputs.iter().map(|input| input.index()).collect();
            let mut finished = inputs.clone();
            finished.retain(|&input| last_readers[input] == position);
            steps.push(Step { layer: layer(&node.operation, parameters)?, inputs, finished });
        }
        Ok(Self(steps))
    }

    /// The result of the last step.
    ///
    /// # Errors
    /// When the input does not fit the network or the device fails.
    pub(super) fn run(&self, pass: &mut Pass<'_>) -> Result<Tensor> {
        let mut results: Vec<Option<Tensor>> = vec![None; self.0.len()];
        for (position, step) in self.0.iter().enumerate() {
            let read = |&from: &usize| match results.get(from) {
                Some(Some(result)) => Ok(result.clone()),
                _ => bail!("a node's input was not computed"),
            };
            let inputs = step.inputs.iter().map(read).collect::<Result<Vec<_>>>()?;
            let result = step.layer.forward(&inputs, pass)?;
            results[position] = Some(result);
            for &finished in &step.finished {
                results[finished] = None;
            }
        }
        match results.pop() {
            Some(Some(result)) => Ok(result),
            _ => bail!("the network is empty"),
        }
    }
}

/// Features (channels, numbers a token or row) of the graph's output, where its operations tell.
pub(super) fn output_width(graph: &Graph) -> Option<usize> {
    let mut widths: Vec<Option<usize>> = Vec::with_capacity(graph.nodes().len());
    for node in graph.nodes() {
        let inputs = || node.inputs.iter().map(|input| widths.get(input.index()).copied().flatten());
        let width = match &node.operation {
            Operation::Images | Operation::Features | Operation::TokenIds => None,
            // Numbers of all rows and columns together; as many as the channels only for single pixels.
            Operation::Flatten => None,
            Operation::Convolution(convolution) => Some(convolution.out_channels),
            Operation::Linear(linear) => Some(linear.out_features),
            Operation::Embedding(table) => Some(table.width),
            Operation::Concatenate => inputs().sum(),
            _ => inputs().next().flatten(),
        };
        widths.push(width);
    }
    widths.pop().flatten()
}
