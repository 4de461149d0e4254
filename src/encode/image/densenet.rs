//! DenseNet: Huang et al., "Densely Connected Convolutional Networks", CVPR 2017, table 1 (growth 32, bottlenecks of
//! 128). torchvision's parameter names are the same, but for a dot in its oldest files.

use super::layers::{NORM_EPSILON, convolution_and_norm, max_pool, window};
use crate::nn::{Activation, BatchNorm, Convolution, Graph, GraphBuilder, NodeId, Operation, PaddingCounts};

/// Channels a layer adds.
const GROWTH: usize = 32;
/// Channels of its bottleneck.
const BOTTLENECK: usize = 4 * GROWTH;

/// (n, 3, side, side) to (n, channels of the last block).
pub(super) fn graph(depths: [usize; 4]) -> Graph {
    let mut builder = GraphBuilder::of_images();
    let stem = convolution_and_norm("features.conv0", "features.norm0", [3, 64], 7, Activation::Relu);
    let stem = builder.convolution(builder.input(), Convolution { stride: 2, ..stem });
    let mut features = max_pool(&mut builder, stem, [3, 2, 1]);
    let mut n_channels = 64;
    for (block, depth) in depths.into_iter().enumerate() {
        for layer in 1..=depth {
            let prefix = format!("features.denseblock{}.denselayer{layer}", block + 1);
            let added = dense_layer(&mut builder, features, &prefix, n_channels);
            features = builder.join(&[features, added], Operation::Concatenate);
            n_channels += GROWTH;
        }
        if block + 1 < depths.len() {
            let prefix = format!("features.transition{}", block + 1);
            features = norm_and_relu(&mut builder, features, format!("{prefix}.norm"), n_channels);
            let narrow = Convolution::square(format!("{prefix}.conv"), [n_channels, n_channels / 2], 1);
            features = builder.convolution(features, narrow);
            let pool = Operation::AveragePool(window([2, 2, 0]), PaddingCounts::Yes);
            features = builder.then(features, pool);
            n_channels /= 2;
        }
    }
    features = norm_and_relu(&mut builder, features, "features.norm5".to_owned(), n_channels);
    builder.global_average(features);
    builder.build()
}

fn dense_layer(builder: &mut GraphBuilder, from: NodeId, prefix: &str, n_channels: usize) -> NodeId {
    let features = norm_and_relu(builder, from, format!("{prefix}.norm1"), n_channels);
    let (name, norm) = (format!("{prefix}.conv1"), format!("{prefix}.norm2"));
    let narrow = convolution_and_norm(name, norm, [n_channels, BOTTLENECK], 1, Activation::Relu);
    let features = builder.convolution(features, narrow);
    builder.convolution(features, Convolution::square(format!("{prefix}.conv2"), [BOTTLENECK, GROWTH], 3))
}

fn norm_and_relu(builder: &mut GraphBuilder, from: NodeId, name: String, n_channels: usize) -> NodeId {
    let norm = BatchNorm { name, epsilon: NORM_EPSILON };
    builder.then(from, Operation::BatchNorm(norm, n_channels, Activation::Relu))
}

/// torchvision's downloads still say `norm.1` where the network says `norm1`.
pub(super) fn torchvision_name(name: &str) -> Option<String> {
    let (before, after) = name.split_once(".denselayer")?;
    let (number, layer) = after.split_once('.')?;
    let split = layer.find(|c: char| c.is_ascii_digit())?;
    let (kind, rest) = layer.split_at(split);
    Some(format!("{before}.denselayer{number}.{kind}.{rest}"))
}
