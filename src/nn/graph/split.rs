//! Cuts a network in two between blocks: what stands before is computed once, what stands after is trained. Only where one
//! node alone leads across, so that the second part reads nothing but the first one's output.

use super::{Graph, Node, NodeId, Operation};

/// A network in two parts; the second reads what the first gives.
#[derive(Clone, Debug, PartialEq)]
pub struct SplitGraph {
    /// Up to the cut. Reads the network's input.
    pub trunk: Graph,
    /// From the cut on. Reads [`crate::nn::NetworkInput::Features`].
    pub tail: Graph,
}

impl Graph {
    /// Position in [`Graph::nodes`] of the first node of a block: the first that reads a parameter called `block` or
    /// `block.SOMETHING`.
    pub fn first_node_of(&self, block: &str) -> Option<usize> {
        let is_of_block = |name: &str| {
            name.strip_prefix(block).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let is_first =
            |node: &Node| node.operation.parameters().iter().any(|parameter| is_of_block(&parameter.name));
        if block.is_empty() { None } else { self.nodes.iter().position(is_first) }
    }

    /// The network before the node at position `first` and from it on; `None` where more than one result leads across, or
    /// one of the parts would be empty. At position 1 the trunk is the input itself.
    pub fn split_at(&self, first: usize) -> Option<SplitGraph> {
        let last_of_trunk = first.checked_sub(1)?;
        let (before, after) = self.nodes.split_at_checked(first)?;
        if before.is_empty() || after.is_empty() {
            return None;
        }
        let mut tail = vec![Node { operation: Operation::Features, inputs: Vec::new() }];
        for node in after {
            let inputs: Option<Vec<NodeId>> =
                node.inputs.iter().map(|input| input.0.checked_sub(last_of_trunk).map(NodeId)).collect();
            tail.push(Node { operation: node.operation.clone(), inputs: inputs? });
        }
        // A parameter that both parts read would be trained in one of them only.
        let trunk = Graph { nodes: before.to_vec() };
        let tail = Graph { nodes: tail };
        let of_trunk: std::collections::HashSet<String> =
            trunk.parameters().into_iter().map(|parameter| parameter.name).collect();
        let is_shared = tail.parameters().iter().any(|parameter| of_trunk.contains(&parameter.name));
        (!is_shared).then_some(SplitGraph { trunk, tail })
    }

    /// Names of the blocks before which the network can be cut, in graph order: the first parts of parameter names up to
    /// the first number, such as `blocks.6` or `layer4`.
    pub fn blocks(&self) -> Vec<String> {
        let mut blocks: Vec<(usize, String)> = Vec::new();
        for parameter in self.parameters() {
            let block = block_of(&parameter.name);
            let Some(first) = self.first_node_of(&block) else { continue };
            // A norm in the node of its convolution is no block of its own.
            if blocks.iter().all(|(known, _)| *known != first) && self.split_at(first).is_some() {
                blocks.push((first, block));
            }
        }
        blocks.into_iter().map(|(_, block)| block).collect()
    }
}

/// Name of the block a parameter is of: up to its first part that ends with a number, or the first part where none does. The kind
/// of the parameter is never part of it.
fn block_of(name: &str) -> String {
    let layer = name.rsplit_once('.').map_or(name, |(layer, _)| layer);
    let parts: Vec<&str> = layer.split('.').collect();
    let numbered =
        parts.iter().position(|part| part.bytes().last().is_some_and(|last| last.is_ascii_digit()));
    parts.get(..=numbered.unwrap_or(0)).unwrap_or_default().join(".")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use candle_core::{Device, Tensor};

    use super::super::{Activation, Convolution, GraphBuilder};
    use super::*;
    use crate::nn::{Mode, NetworkInput, TrainableNetwork};

    /// A stem, a residual block and a last layer.
    fn residual() -> Graph {
        let mut builder = GraphBuilder::of_images();
        let layer = |name: &str, channels| Convolution {
            activation: Activation::Relu,
            ..Convolution::square(name, channels, 3)
        };
        let stem = builder.convolution(builder.input(), layer("stem", [3, 4]));
        let first = builder.convolution(stem, layer("blocks.0.0", [4, 4]));
        let second = builder.convolution(first, layer("blocks.0.1", [4, 4]));
        let sum = builder.add(stem, second);
        let last = builder.convolution(sum, layer("blocks.1.0", [4, 5]));
        builder.global_average(last);
        builder.build()
    }

    #[test]
    fn cuts_are_between_blocks() {
        let graph = residual();
        assert_eq!(graph.blocks(), ["stem", "blocks.0", "blocks.1"]);
        assert_eq!(graph.first_node_of("blocks.1"), Some(5));
        assert_eq!(graph.first_node_of("blocks"), Some(2));
        for absent in ["", "block", "blocks.2", "blocks.1.0.w"] {
            assert_eq!(graph.first_node_of(absent), None, "{absent}");
        }
        let possible: Vec<usize> = (0..8).filter(|&first| graph.split_at(first).is_some()).collect();
        // Not within the residual block, whose sum reads the stem again; not before the first nor after the last.
        assert_eq!(possible, [1, 2, 5, 6]);
    }

    #[test]
    fn blocks_are_named_as_the_families_name_them() {
        for (parameter, block) in [
            ("blocks.6.0.conv_pw.weight", "blocks.6"),
            ("layer4.1.conv1.weight", "layer4"),
            ("features.denseblock3.denselayer12.norm1.bias", "features.denseblock3"),
            ("Mixed_7b.branch0.conv.weight", "Mixed_7b.branch0"),
            ("stages.2.blocks.1.gamma", "stages.2"),
            ("conv_head.weight", "conv_head"),
            ("cls_token", "cls_token"),
        ] {
            assert_eq!(block_of(parameter), block, "{parameter}");
        }
    }

    #[test]
    fn trunk_and_tail_compute_what_the_whole_does() {
        let graph = residual();
        let device = Device::Cpu;
        let whole = TrainableNetwork::initialise(&graph, 7, &device).unwrap();
        let pictures: Vec<f32> = (0..2 * 3 * 6 * 6).map(|place| (place as f32 * 0.37).sin()).collect();
        let pictures = Tensor::from_vec(pictures, (2, 3, 6, 6), &device).unwrap();
        fn run(network: &TrainableNetwork, input: NetworkInput<'_>) -> Tensor {
            network.forward(input, &mut Mode::Evaluation).unwrap()
        }
        let expected: Vec<Vec<f32>> = run(&whole, NetworkInput::Images(&pictures)).to_vec2().unwrap();
        for first in [1, 2, 5, 6] {
            let SplitGraph { trunk, tail } = graph.split_at(first).unwrap();
            // Parameters are drawn by their names, so that both halves have those of the whole.
            let [trunk, tail] =
                [trunk, tail].map(|part| TrainableNetwork::initialise(&part, 7, &device).unwrap());
            let features = run(&trunk, NetworkInput::Images(&pictures));
            let found: Vec<Vec<f32>> = run(&tail, NetworkInput::Features(&features)).to_vec2().unwrap();
            assert_eq!(found, expected, "cut at {first}");
        }
    }

    #[test]
    fn gradients_stay_in_the_tail() {
        let SplitGraph { trunk, tail } = residual().split_at(5).unwrap();
        let device = Device::Cpu;
        let [trunk, tail] =
            [trunk, tail].map(|part| TrainableNetwork::initialise(&part, 7, &device).unwrap());
        let pictures = Tensor::ones((1, 3, 6, 6), candle_core::DType::F32, &device).unwrap();
        let mut mode = Mode::Evaluation;
        let features = trunk.forward(NetworkInput::Images(&pictures), &mut mode).unwrap().detach();
        let output = tail.forward(NetworkInput::Features(&features), &mut mode).unwrap();
        let gradients = output.sum_all().unwrap().backward().unwrap();
        let names: Vec<&str> = tail.parameters().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["blocks.1.0.weight"]);
        assert!(tail.parameters().iter().all(|(_, variable)| gradients.get(variable).is_some()));
        assert!(trunk.parameters().iter().all(|(_, variable)| gradients.get(variable).is_none()));
    }
}
