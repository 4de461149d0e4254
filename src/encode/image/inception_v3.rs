//! Inception-v3: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016, table 1, in
//! the form of its published weights. torchvision's parameter names are the same; the auxiliary classifier is left out.

use super::layers::{TENSORFLOW_NORM_EPSILON, max_pool, window};
use crate::nn::{
    Activation, BatchNorm, Convolution, Graph, GraphBuilder, NodeId, Operation, Padding, PaddingCounts,
};

/// Smallest side that leaves a row for every layer.
pub(super) const SMALLEST_SIDE: u32 = 75;

/// One layer of a branch: name within the block, output channels, kernel, stride, padding.
type Layer = (&'static str, usize, [usize; 2], usize, [usize; 2]);

/// A layer of stride 1 that keeps the size.
const fn keep(name: &'static str, n_channels: usize, [rows, columns]: [usize; 2]) -> Layer {
    (name, n_channels, [rows, columns], 1, [rows / 2, columns / 2])
}

/// A layer of stride 2 without padding.
const fn halve(name: &'static str, n_channels: usize) -> Layer {
    (name, n_channels, [3, 3], 2, [0, 0])
}

/// (n, 3, side, side) to (n, 2048).
pub(super) fn graph() -> Graph {
    let mut builder = GraphBuilder::of_images();
    let from = builder.input();
    let stem: [Layer; 3] = [
        halve("Conv2d_1a_3x3", 32),
        ("Conv2d_2a_3x3", 32, [3, 3], 1, [0, 0]),
        keep("Conv2d_2b_3x3", 64, [3, 3]),
    ];
    let mut net = Inception { builder: &mut builder, in_channels: 3 };
    let features = net.branch("", from, &stem).node;
    let features = max_pool(net.builder, features, [3, 2, 0]);
    net.in_channels = 64;
    let stem: [Layer; 2] = [keep("Conv2d_3b_1x1", 80, [1, 1]), ("Conv2d_4a_3x3", 192, [3, 3], 1, [0, 0])];
    let features = net.branch("", features, &stem).node;
    let mut features = max_pool(net.builder, features, [3, 2, 0]);
    net.in_channels = 192;
    for (name, pooled) in [("Mixed_5b.", 32), ("Mixed_5c.", 64), ("Mixed_5d.", 64)] {
        features = net.squares(name, features, pooled);
    }
    features = net.first_reduction("Mixed_6a.", features);
    for (name, inner) in [("Mixed_6b.", 128), ("Mixed_6c.", 160), ("Mixed_6d.", 160), ("Mixed_6e.", 192)] {
        features = net.long_kernels(name, features, inner);
    }
    features = net.second_reduction("Mixed_7a.", features);
    for name in ["Mixed_7b.", "Mixed_7c."] {
        features = net.forks(name, features);
    }
    builder.global_average(features);
    builder.build()
}

/// The end of a branch.
#[derive(Clone, Copy)]
struct End {
    node: NodeId,
    n_channels: usize,
}

struct Inception<'a> {
    builder: &'a mut GraphBuilder,
    /// Of the block's input.
    in_channels: usize,
}

impl Inception<'_> {
    /// Figure 5.
    fn squares(&mut self, name: &str, from: NodeId, pooled: usize) -> NodeId {
        let ends = [
            self.branch(name, from, &[keep("branch1x1", 64, [1, 1])]),
            self.branch(name, from, &[keep("branch5x5_1", 48, [1, 1]), keep("branch5x5_2", 64, [5, 5])]),
            self.branch(name, from, &double("branch3x3dbl_1", keep("branch3x3dbl_3", 96, [3, 3]))),
            self.pooled_branch(name, from, pooled),
        ];
        self.joined(&ends)
    }

    /// Figure 10, for 35x35.
    fn first_reduction(&mut self, name: &str, from: NodeId) -> NodeId {
        let ends = [
            self.branch(name, from, &[halve("branch3x3", 384)]),
            self.branch(name, from, &double("branch3x3dbl_1", halve("branch3x3dbl_3", 96))),
            self.halved(from),
        ];
        self.joined(&ends)
    }

    /// Figure 6.
    fn long_kernels(&mut self, name: &str, from: NodeId, inner: usize) -> NodeId {
        let ends = [
            self.branch(name, from, &[keep("branch1x1", 192, [1, 1])]),
            self.branch(
                name,
                from,
                &[
                    keep("branch7x7_1", inner, [1, 1]),
                    keep("branch7x7_2", inner, [1, 7]),
                    keep("branch7x7_3", 192, [7, 1]),
                ],
            ),
            self.branch(
                name,
                from,
                &[
                    keep("branch7x7dbl_1", inner, [1, 1]),
                    keep("branch7x7dbl_2", inner, [7, 1]),
                    keep("branch7x7dbl_3", inner, [1, 7]),
                    keep("branch7x7dbl_4", inner, [7, 1]),
                    keep("branch7x7dbl_5", 192, [1, 7]),
                ],
            ),
            self.pooled_branch(name, from, 192),
        ];
        self.joined(&ends)
    }

    /// Figure 10, for 17x17.
    fn second_reduction(&mut self, name: &str, from: NodeId) -> NodeId {
        let ends = [
            self.branch(name, from, &[keep("branch3x3_1", 192, [1, 1]), halve("branch3x3_2", 320)]),
            self.branch(
                name,
                from,
                &[
                    keep("branch7x7x3_1", 192, [1, 1]),
                    keep("branch7x7x3_2", 192, [1, 7]),
                    keep("branch7x7x3_3", 192, [7, 1]),
                    halve("branch7x7x3_4", 192),
                ],
            ),
            self.halved(from),
        ];
        self.joined(&ends)
    }

    /// Figure 7.
    fn forks(&mut self, name: &str, from: NodeId) -> NodeId {
        let plain = self.branch(name, from, &[keep("branch1x1", 320, [1, 1])]);
        let middle = self.branch(name, from, &[keep("branch3x3_1", 384, [1, 1])]);
        let [left, right] = self.fork(name, middle, ["branch3x3_2a", "branch3x3_2b"]);
        let layers = [keep("branch3x3dbl_1", 448, [1, 1]), keep("branch3x3dbl_2", 384, [3, 3])];
        let middle = self.branch(name, from, &layers);
        let [double_left, double_right] = self.fork(name, middle, ["branch3x3dbl_3a", "branch3x3dbl_3b"]);
        let pooled = self.pooled_branch(name, from, 192);
        self.joined(&[plain, left, right, double_left, double_right, pooled])
    }

    fn fork(&mut self, block: &str, from: End, names: [&'static str; 2]) -> [End; 2] {
        let layers = [keep(names[0], 384, [1, 3]), keep(names[1], 384, [3, 1])];
        layers.map(|layer| self.layer(block, from, layer))
    }

    fn pooled_branch(&mut self, block: &str, from: NodeId, n_channels: usize) -> End {
        let pool = Operation::AveragePool(window([3, 1, 1]), PaddingCounts::Yes);
        let pooled = self.builder.then(from, pool);
        self.branch(block, pooled, &[keep("branch_pool", n_channels, [1, 1])])
    }

    fn halved(&mut self, from: NodeId) -> End {
        End { node: max_pool(self.builder, from, [3, 2, 0]), n_channels: self.in_channels }
    }

    fn branch(&mut self, block: &str, from: NodeId, layers: &[Layer]) -> End {
        let start = End { node: from, n_channels: self.in_channels };
        layers.iter().fold(start, |end, &layer| self.layer(block, end, layer))
    }

    fn layer(&mut self, block: &str, from: End, (name, n_channels, kernel, stride, padding): Layer) -> End {
        let norm = BatchNorm { name: format!("{block}{name}.bn"), epsilon: TENSORFLOW_NORM_EPSILON };
        let convolution = Convolution {
            kernel,
            stride,
            padding: Padding::Symmetric(padding),
            norm: Some(norm),
            activation: Activation::Relu,
            ..Convolution::square(format!("{block}{name}.conv"), [from.n_channels, n_channels], 1)
        };
        End { node: self.builder.convolution(from.node, convolution), n_channels }
    }

    /// The branches one after the other; the next block reads them.
    fn joined(&mut self, ends: &[End]) -> NodeId {
        self.in_channels = ends.iter().map(|end| end.n_channels).sum();
        let nodes: Vec<NodeId> = ends.iter().map(|end| end.node).collect();
        self.builder.join(&nodes, Operation::Concatenate)
    }
}

/// 1x1, 3x3 and a last layer.
fn double(first: &'static str, last: Layer) -> [Layer; 3] {
    [keep(first, 64, [1, 1]), keep("branch3x3dbl_2", 96, [3, 3]), last]
}
