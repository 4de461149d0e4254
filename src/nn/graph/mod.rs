//! A network described once, as a graph of nodes: what is computed and which parameters it needs, never how or where.
//! An architecture builds one; two executors read it: [`super::Plan`] to infer fast, [`super::TrainableNetwork`] to train.

mod activation;
mod operation;
mod parameters;
mod split;

pub use activation::Activation;
pub use operation::{
    AttentionMask, AttentionWeights, BatchNorm, ChannelAttention, Convolution, FeatureAxis, LayerNorm,
    Linear, Operation, Padding, PaddingCounts, Pool, PoolEdge, Positions, ProbeAttention, SelfAttention,
    SqueezeExcite, Table, TokenPool, WeightStandardisation,
};
pub use parameters::{Parameter, ParameterRole};
pub use split::SplitGraph;

/// A node's place in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NodeId(usize);

impl NodeId {
    /// Position in [`Graph::nodes`].
    pub fn index(self) -> usize {
        self.0
    }
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

    /// Every parameter of every node, in graph order, each name once (a shared one where it is first read).
    pub fn parameters(&self) -> Vec<Parameter> {
        let mut seen = std::collections::HashSet::new();
        let all = self.nodes.iter().flat_map(|node| node.operation.parameters());
        all.filter(|parameter| seen.insert(parameter.name.clone())).collect()
    }

    /// Numbers learned in training, as papers count them (running statistics left out).
    pub fn n_parameters(&self) -> usize {
        self.parameters().iter().filter(|parameter| parameter.is_learned()).map(Parameter::n_values).sum()
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

impl GraphBuilder {
    /// A network that reads pictures (n, c, h, w).
    pub fn of_images() -> Self {
        Self::starting_with(Operation::Images)
    }

    /// A network that reads token ids (n, t).
    pub fn of_tokens() -> Self {
        Self::starting_with(Operation::TokenIds)
    }

    /// The network's input.
    pub fn input(&self) -> NodeId {
        NodeId(0)
    }

    /// Adds an operation that reads one node.
    pub fn then(&mut self, from: NodeId, operation: Operation) -> NodeId {
        self.join(&[from], operation)
    }

    /// Adds an operation that reads several nodes.
    pub fn join(&mut self, from: &[NodeId], operation: Operation) -> NodeId {
        self.nodes.push(Node { operation, inputs: from.to_vec() });
        NodeId(self.nodes.len() - 1)
    }

    /// Convolution with its norm and activation.
    pub fn convolution(&mut self, from: NodeId, convolution: Convolution) -> NodeId {
        self.then(from, Operation::Convolution(convolution))
    }

    /// Linear layer with its activation.
    pub fn linear(&mut self, from: NodeId, linear: Linear) -> NodeId {
        self.then(from, Operation::Linear(linear))
    }

    /// An activation by itself.
    pub fn activation(&mut self, from: NodeId, activation: Activation) -> NodeId {
        self.then(from, Operation::Activation(activation))
    }

    /// Sum of two nodes of one shape.
    pub fn add(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.join(&[a, b], Operation::Add)
    }

    /// Mean over rows and columns.
    pub fn global_average(&mut self, from: NodeId) -> NodeId {
        self.then(from, Operation::GlobalAverage)
    }

    /// All but the first dimension in one.
    pub fn flatten(&mut self, from: NodeId) -> NodeId {
        self.then(from, Operation::Flatten)
    }

    /// The network; its output is the node added last.
    pub fn build(self) -> Graph {
        Graph { nodes: self.nodes }
    }

    fn starting_with(input: Operation) -> Self {
        Self { nodes: vec![Node { operation: input, inputs: Vec::new() }] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_again_is_kept_until_then() {
        let mut builder = GraphBuilder::of_images();
        let input = builder.input();
        let flat = builder.flatten(input);
        let again = builder.flatten(flat);
        builder.add(flat, again);
        assert_eq!(builder.build().last_readers(), [1, 3, 3, 3]);
    }
}
