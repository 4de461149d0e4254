//! MobileNetV2: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018, table 2, with
//! PyTorch's padding or TensorFlow's.

use super::layers::NORM_EPSILON;
use super::mobile::{Block, PaddingStyle, Style};
use crate::nn::{Activation, Graph, GraphBuilder};

/// Numbers an embedding.
pub(super) const WIDTH: usize = 1280;

/// Expansion, output channels, repetitions and first stride of each stage.
const STAGES: [(usize, usize, usize, usize); 7] = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
];

/// (n, 3, side, side) to (n, 1280).
pub(super) fn graph(padding: PaddingStyle) -> Graph {
    let style = Style { padding, epsilon: NORM_EPSILON };
    let activation = Activation::Relu6;
    let mut builder = GraphBuilder::of_images();
    let stem = style.layer(["conv_stem", "bn1"], [3, 32], [3, 2], activation);
    let mut features = builder.convolution(builder.input(), stem);
    let mut in_channels = 32;
    for (stage, (expansion, out_channels, depth, first_stride)) in STAGES.into_iter().enumerate() {
        for index in 0..depth {
            let prefix = format!("blocks.{stage}.{index}");
            let block = Block {
                channels: [in_channels, in_channels * expansion, out_channels],
                kernel: 3,
                stride: if index == 0 { first_stride } else { 1 },
                activation,
                gate: None,
            };
            features = if expansion == 1 {
                style.separable(&mut builder, features, &prefix, block)
            } else {
                style.inverted(&mut builder, features, &prefix, block)
            };
            in_channels = out_channels;
        }
    }
    let head = style.layer(["conv_head", "bn2"], [in_channels, WIDTH], [1, 1], activation);
    features = builder.convolution(features, head);
    builder.global_average(features);
    builder.build()
}

/// torchvision numbers all blocks through, from 1, and the layers within each.
pub(super) fn torchvision_name(name: &str) -> Option<String> {
    let (layer, kind) = name.rsplit_once('.')?;
    let place = match layer {
        "conv_stem" => "features.0.0".to_owned(),
        "bn1" => "features.0.1".to_owned(),
        "conv_head" => "features.18.0".to_owned(),
        "bn2" => "features.18.1".to_owned(),
        _ => {
            let mut parts = layer.strip_prefix("blocks.")?.split('.');
            let stage: usize = parts.next()?.parse().ok()?;
            let index: usize = parts.next()?.parse().ok()?;
            let before: usize = STAGES.get(..stage)?.iter().map(|stage| stage.2).sum();
            let place = match (STAGES.get(stage)?.0 == 1, parts.next()?) {
                (true, "conv_dw") | (false, "conv_pw") => "0.0",
                (true | false, "bn1") => "0.1",
                (true, "conv_pw") => "1",
                (true, "bn2") => "2",
                (false, "conv_dw") => "1.0",
                (false, "bn2") => "1.1",
                (false, "conv_pwl") => "2",
                (false, "bn3") => "3",
                _ => return None,
            };
            format!("features.{}.conv.{place}", before + index + 1)
        }
    };
    Some(format!("{place}.{kind}"))
}
