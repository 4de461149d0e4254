//! ResNet: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, table 1, with the stride on the 3x3
//! convolution as torchvision and timm have it. torchvision's parameter names are the same.

use super::layers::{convolution_and_norm, max_pool};
use crate::nn::{Activation, Convolution, Graph, GraphBuilder, NodeId};

/// What a stage repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// Two 3x3 convolutions (figure 5, left).
    Basic,
    /// 1x1, 3x3, 1x1 to four times the channels (figure 5, right).
    Bottleneck,
}

/// (n, 3, side, side) to (n, 512) for basic blocks, (n, 2048) for bottlenecks.
pub(super) fn graph(block: Block, depths: [usize; 4]) -> Graph {
    let mut builder = GraphBuilder::of_images();
    let stem =
        Convolution { stride: 2, ..convolution_and_norm("conv1", "bn1", [3, 64], 7, Activation::Relu) };
    let stem = builder.convolution(builder.input(), stem);
    let mut features = max_pool(&mut builder, stem, [3, 2, 1]);
    let mut in_channels = 64;
    for (stage, depth) in depths.into_iter().enumerate() {
        let inner = 64 << stage;
        let out_channels = if block == Block::Basic { inner } else { 4 * inner };
        for index in 0..depth {
            let prefix = format!("layer{}.{index}", stage + 1);
            let stride = if index == 0 && stage > 0 { 2 } else { 1 };
            let channels = [in_channels, inner, out_channels];
            features = residual(&mut builder, features, &prefix, block, channels, stride);
            in_channels = out_channels;
        }
    }
    builder.global_average(features);
    builder.build()
}

fn residual(
    builder: &mut GraphBuilder,
    from: NodeId,
    prefix: &str,
    block: Block,
    [in_channels, inner, out_channels]: [usize; 3],
    stride: usize,
) -> NodeId {
    let layer = |number: usize, channels: [usize; 2], kernel: usize, activation: Activation| {
        let (name, norm) = (format!("{prefix}.conv{number}"), format!("{prefix}.bn{number}"));
        convolution_and_norm(name, norm, channels, kernel, activation)
    };
    let (relu, identity) = (Activation::Relu, Activation::Identity);
    let layers = match block {
        Block::Basic => vec![
            Convolution { stride, ..layer(1, [in_channels, inner], 3, relu) },
            layer(2, [inner, out_channels], 3, identity),
        ],
        Block::Bottleneck => vec![
            layer(1, [in_channels, inner], 1, relu),
            Convolution { stride, ..layer(2, [inner, inner], 3, relu) },
            layer(3, [inner, out_channels], 1, identity),
        ],
    };
    let branch = layers.into_iter().fold(from, |features, layer| builder.convolution(features, layer));
    let shortcut = if stride == 1 && in_channels == out_channels {
        from
    } else {
        let (name, norm) = (format!("{prefix}.downsample.0"), format!("{prefix}.downsample.1"));
        let projection = convolution_and_norm(name, norm, [in_channels, out_channels], 1, identity);
        builder.convolution(from, Convolution { stride, ..projection })
    };
    let sum = builder.add(branch, shortcut);
    builder.activation(sum, relu)
}
