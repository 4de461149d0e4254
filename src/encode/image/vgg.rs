//! VGG: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015,
//! table 1 (D and E), up to the second of its three dense layers. As in timm the dense layers are convolutions, so that
//! pictures larger than 224 give several positions, which are averaged.

use super::layers::{convolution_and_bias, max_pool};
use crate::nn::{Activation, Convolution, Graph, GraphBuilder, Padding};

/// Channels of the five stages.
const CHANNELS: [usize; 5] = [64, 128, 256, 512, 512];
/// Numbers an embedding.
pub(super) const WIDTH: usize = 4096;
/// Smallest side: the first dense layer wants seven rows.
pub(super) const SMALLEST_SIDE: u32 = 224;

/// (n, 3, side, side) to (n, 4096); `depths` counts the convolutions of each stage.
pub(super) fn graph(depths: [usize; 5]) -> Graph {
    let mut builder = GraphBuilder::of_images();
    let mut features = builder.input();
    let mut in_channels = 3;
    // Convolutions, activations and poolings are numbered together.
    let mut number = 0;
    for (depth, channels) in depths.into_iter().zip(CHANNELS) {
        for _ in 0..depth {
            let layer = convolution_and_bias(
                format!("features.{number}"),
                [in_channels, channels],
                3,
                Activation::Relu,
            );
            features = builder.convolution(features, layer);
            in_channels = channels;
            number += 2;
        }
        features = max_pool(&mut builder, features, [2, 2, 0]);
        number += 1;
    }
    let first = Convolution {
        padding: Padding::Symmetric([0, 0]),
        ..convolution_and_bias("pre_logits.fc1", [in_channels, WIDTH], 7, Activation::Relu)
    };
    let second = convolution_and_bias("pre_logits.fc2", [WIDTH, WIDTH], 1, Activation::Relu);
    features = builder.convolution(features, first);
    features = builder.convolution(features, second);
    builder.global_average(features);
    builder.build()
}

/// torchvision keeps the dense layers as matrices, whose columns lie in the order of the convolution's numbers.
pub(super) fn torchvision_name(name: &str) -> Option<String> {
    let (layer, kind) = name.strip_prefix("pre_logits.")?.split_once('.')?;
    let number = match layer {
        "fc1" => 0,
        "fc2" => 3,
        _ => return None,
    };
    Some(format!("classifier.{number}.{kind}"))
}
