//! The inference executor: runs a graph on candle tensors, on any device, with batch norms folded. Has no gradient.

use candle_core::{Device, Tensor};

use super::layers::{FoldedConvolution, LinearLayer};
use super::{Graph, NnError, Operation, Weights};

/// A graph with its weights on a device.
#[derive(Debug)]
pub struct InferenceNetwork {
    steps: Vec<Step>,
    device: Device,
}

#[derive(Debug)]
struct Step {
    layer: Layer,
    /// Positions of the steps it reads.
    inputs: Vec<usize>,
    /// Results nobody reads after this step.
    finished: Vec<usize>,
}

#[derive(Debug)]
enum Layer {
    Input,
    Convolution(FoldedConvolution),
    Add,
    GlobalAverage,
    Flatten,
    Linear(LinearLayer),
}

impl InferenceNetwork {
    /// Loads every parameter the graph names.
    ///
    /// # Errors
    /// [`NnError::Tensor`] naming the first that is absent or of another shape.
    pub fn load(graph: &Graph, weights: &Weights, device: &Device) -> Result<Self, NnError> {
        let last_readers = graph.last_readers();
        let mut steps = Vec::with_capacity(graph.nodes().len());
        for (position, node) in graph.nodes().iter().enumerate() {
            let layer = match &node.operation {
                Operation::Images => Layer::Input,
                Operation::Convolution(convolution) => {
                    Layer::Convolution(FoldedConvolution::load(convolution, weights, device)?)
                }
                Operation::Add => Layer::Add,
                Operation::GlobalAverage => Layer::GlobalAverage,
                Operation::Flatten => Layer::Flatten,
                Operation::Linear(linear) => Layer::Linear(LinearLayer::load(linear, weights, device)?),
                other => return Err(candle_core::Error::msg(format!("not yet: {other:?}")).into()),
            };
            let inputs: Vec<usize> = node.inputs.iter().map(|input| input.index()).collect();
            let mut finished = inputs.clone();
            finished.retain(|&input| last_readers[input] == position);
            steps.push(Step { layer, inputs, finished });
        }
        Ok(Self { steps, device: device.clone() })
    }

    /// Where the weights are.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The output for a batch (n, c, h, w).
    ///
    /// # Errors
    /// When the input does not fit the network or the device fails.
    pub fn run(&self, batch: &Tensor) -> Result<Tensor, NnError> {
        let mut results: Vec<Option<Tensor>> = vec![None; self.steps.len()];
        for (position, step) in self.steps.iter().enumerate() {
            let input = |which: usize| {
                let from = step.inputs.get(which).and_then(|&from| results.get(from)?.as_ref());
                from.ok_or_else(|| candle_core::Error::msg("a node's input was not computed"))
            };
            let result = match &step.layer {
                Layer::Input => batch.contiguous()?,
                Layer::Convolution(convolution) => convolution.forward(input(0)?)?,
                Layer::Add => (input(0)? + input(1)?)?,
                Layer::GlobalAverage => input(0)?.flatten_from(2)?.mean(2)?,
                Layer::Flatten => input(0)?.flatten_from(1)?,
                Layer::Linear(linear) => linear.forward(input(0)?)?,
            };
            results[position] = Some(result);
            for &finished in &step.finished {
                results[finished] = None;
            }
        }
        Ok(results.pop().flatten().ok_or_else(|| candle_core::Error::msg("the network is empty"))?)
    }
}

#[cfg(test)]
#[path = "inference_tests.rs"]
mod tests;
