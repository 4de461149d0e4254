//! A network described once, as a graph of nodes: what is computed and which parameters it needs, never how or where.
//! An architecture builds one; executors read it.

use candle_core::{Result, Tensor};

/// A node's place in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NodeId(usize);

impl NodeId {
    /// Position in [`Graph::nodes`].
    pub fn index(self) -> usize {
        self.0
    }
}

/// What follows a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    Identity,
    /// max(x, 0).
    Relu,
    /// x held within 0 and 6.
    Relu6,
}

impl Activation {
    /// The activation by candle's own operations: differentiable, on any device.
    ///
    /// # Errors
    /// When the device fails.
    pub fn apply(self, features: &Tensor) -> Result<Tensor> {
        match self {
            Self::Identity => Ok(features.clone()),
            Self::Relu => features.relu(),
            Self::Relu6 => features.clamp(0_f32, 6_f32),
        }
    }
}

/// How zeros are laid around a picture before a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// As many on each side.
    Symmetric(usize),
    /// TensorFlow's SAME: the output has ceil(input / stride) rows; an odd zero goes below and right.
    Same,
}

/// Batch normalisation over channels; its parameters are NAME.weight, .bias, .running_mean and .running_var.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchNorm {
    /// Prefix of its parameters.
    pub name: String,
    /// Added to the variance.
    pub epsilon: f64,
}

/// Convolution, then batch norm, then activation. Its parameters are NAME.weight (out, in / groups, kernel, kernel)
/// and, without a norm, optionally NAME.bias (out).
#[derive(Clone, Debug, PartialEq)]
pub struct Convolution {
    /// Prefix of its parameters.
    pub name: String,
    /// Channels it reads.
    pub in_channels: usize,
    /// Channels it writes.
    pub out_channels: usize,
    /// Side of the square kernel.
    pub kernel: usize,
    /// Step between outputs.
    pub stride: usize,
    /// Groups of channels that do not see each other; `in_channels` when depthwise.
    pub groups: usize,
    /// Zeros around the input.
    pub padding: Padding,
    /// Whether NAME.bias is there.
    pub has_bias: bool,
    /// The norm that follows.
    pub norm: Option<BatchNorm>,
    /// The activation that follows.
    pub activation: Activation,
}

/// x W^T + b; its parameters are NAME.weight (out, in) and NAME.bias (out).
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// Prefix of its parameters.
    pub name: String,
    /// Numbers it reads.
    pub in_features: usize,
    /// Numbers it writes.
    pub out_features: usize,
}

/// What a node computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// What the network is given, (n, c, h, w).
    Input,
    /// (n, c, h, w) to (n, out, oh, ow).
    Convolution(Convolution),
    /// The sum of two nodes of one shape.
    Add,
    /// The mean over rows and columns: (n, c, h, w) to (n, c).
    GlobalAverage,
    /// (n, ...) to (n, product of the rest).
    Flatten,
    /// (n, in) to (n, out).
    Linear(Linear),
}

/// An operation and the nodes it reads, which stand before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What is computed.
    pub operation: Operation,
    /// From what.
    pub inputs: Vec<NodeId>,
}

/// A network: nodes in an order in which they can be computed; the first is the input, the last the output.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    nodes: Vec<Node>,
}

impl Graph {
    /// The nodes, inputs before their readers.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// For each node the position of the last one that reads it (its own when none does), so that an executor can let
    /// go of what is no longer needed.
    pub fn last_readers(&self) -> Vec<usize> {
        let mut last: Vec<usize> = (0..self.nodes.len()).collect();
        for (position, node) in self.nodes.iter().enumerate() {
            for input in &node.inputs {
                last[input.index()] = position;
            }
        }
        last
    }
}

/// Builds a [`Graph`] node by node. Ids come only from the builder itself, so a node can only read earlier ones.
#[derive(Debug)]
pub struct GraphBuilder {
    nodes: Vec<Node>,
}

impl Default for GraphBuilder {
    fn default() -> Self {
        Self { nodes: vec![Node { operation: Operation::Input, inputs: Vec::new() }] }
    }
}

impl GraphBuilder {
    /// The network's input.
    pub fn input(&self) -> NodeId {
        NodeId(0)
    }

    /// Convolution with its norm and activation.
    pub fn convolution(&mut self, from: NodeId, convolution: Convolution) -> NodeId {
        self.push(Operation::Convolution(convolution), vec![from])
    }

    /// Sum of two nodes.
    pub fn add(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.push(Operation::Add, vec![a, b])
    }

    /// Mean over rows and columns.
    pub fn global_average(&mut self, from: NodeId) -> NodeId {
        self.push(Operation::GlobalAverage, vec![from])
    }

    /// All but the first dimension in one.
    pub fn flatten(&mut self, from: NodeId) -> NodeId {
        self.push(Operation::Flatten, vec![from])
    }

    /// Linear layer.
    pub fn linear(&mut self, from: NodeId, linear: Linear) -> NodeId {
        self.push(Operation::Linear(linear), vec![from])
    }

    /// The network; its output is the node added last.
    pub fn build(self) -> Graph {
        Graph { nodes: self.nodes }
    }

    fn push(&mut self, operation: Operation, inputs: Vec<NodeId>) -> NodeId {
        self.nodes.push(Node { operation, inputs });
        NodeId(self.nodes.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_again_is_kept_until_then() {
        let mut builder = GraphBuilder::default();
        let input = builder.input();
        let flat = builder.flatten(input);
        let again = builder.flatten(flat);
        builder.add(flat, again);
        assert_eq!(builder.build().last_readers(), [1, 3, 3, 3]);
    }
}
