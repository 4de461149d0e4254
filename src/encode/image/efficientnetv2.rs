//! EfficientNetV2-S: Tan and Le, "EfficientNetV2: Smaller Models and Faster Training", ICML 2021, table 4, with
//! TensorFlow's padding and norm epsilon, as its published weights were trained.

use super::layers::TENSORFLOW_NORM_EPSILON;
use super::mobile::{Block, Gate, PaddingStyle, Style};
use crate::nn::{Activation, Graph, GraphBuilder};

/// Numbers an embedding.
pub(super) const WIDTH: usize = 1280;

/// What a stage repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Fused,
    Inverted,
}

/// Kind, stride, expansion, channels and depth of each stage; all kernels are 3x3.
const STAGES: [(Kind, usize, usize, usize, usize); 6] = [
    (Kind::Plain, 1, 1, 24, 2),
    (Kind::Fused, 2, 4, 48, 4),
    (Kind::Fused, 2, 4, 64, 4),
    (Kind::Inverted, 2, 4, 128, 6),
    (Kind::Inverted, 1, 6, 160, 9),
    (Kind::Inverted, 2, 6, 256, 15),
];

/// (n, 3, side, side) to (n, 1280).
pub(super) fn graph() -> Graph {
    let style = Style { padding: PaddingStyle::Same, epsilon: TENSORFLOW_NORM_EPSILON };
    let activation = Activation::Silu;
    let mut builder = GraphBuilder::of_images();
    let stem = style.layer(["conv_stem", "bn1"], [3, 24], [3, 2], activation);
    let mut features = builder.convolution(builder.input(), stem);
    let mut in_channels = 24;
    for (stage, (kind, first_stride, expansion, out_channels, depth)) in STAGES.into_iter().enumerate() {
        for index in 0..depth {
            let prefix = format!("blocks.{stage}.{index}");
            let gate = Gate { n_reduced: in_channels / 4, activation, gate: Activation::Sigmoid };
            let block = Block {
                channels: [in_channels, in_channels * expansion, out_channels],
                kernel: 3,
                stride: if index == 0 { first_stride } else { 1 },
                activation,
                gate: (kind == Kind::Inverted).then_some(gate),
            };
            features = match kind {
                Kind::Plain => style.plain(&mut builder, features, &prefix, block),
                Kind::Fused => style.fused(&mut builder, features, &prefix, block),
                Kind::Inverted => style.inverted(&mut builder, features, &prefix, block),
            };
            in_channels = out_channels;
        }
    }
    let head = style.layer(["conv_head", "bn2"], [in_channels, WIDTH], [1, 1], activation);
    features = builder.convolution(features, head);
    builder.global_average(features);
    builder.build()
}
