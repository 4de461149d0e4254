//! EfficientNet: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019,
//! table 1, scaled in width and depth; timm's own weights, with PyTorch's padding.

use super::layers::{NORM_EPSILON, rounded_channels};
use super::mobile::{Block, Gate, PaddingStyle, Style};
use crate::nn::{Activation, Graph, GraphBuilder};

/// Kernel, stride, expansion, channels and depth of each stage of B0.
const STAGES: [(usize, usize, usize, usize, usize); 7] = [
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
];

/// (n, 3, side, side) to (n, 1280 times the width factor, rounded to eights).
pub(super) fn graph(width_factor: f64, depth_factor: f64) -> Graph {
    let style = Style { padding: PaddingStyle::Symmetric, epsilon: NORM_EPSILON };
    let activation = Activation::Silu;
    let scaled = |n_channels: usize| rounded_channels(n_channels as f64 * width_factor);
    let mut builder = GraphBuilder::of_images();
    let mut in_channels = scaled(32);
    let stem = style.layer(["conv_stem", "bn1"], [3, in_channels], [3, 2], activation);
    let mut features = builder.convolution(builder.input(), stem);
    for (stage, (kernel, first_stride, expansion, channels, depth)) in STAGES.into_iter().enumerate() {
        let out_channels = scaled(channels);
        for index in 0..(depth as f64 * depth_factor).ceil() as usize {
            let prefix = format!("blocks.{stage}.{index}");
            let block = Block {
                channels: [in_channels, in_channels * expansion, out_channels],
                kernel,
                stride: if index == 0 { first_stride } else { 1 },
                activation,
                gate: Some(Gate { n_reduced: in_channels / 4, activation, gate: Activation::Sigmoid }),
            };
            features = if expansion == 1 {
                style.separable(&mut builder, features, &prefix, block)
            } else {
                style.inverted(&mut builder, features, &prefix, block)
            };
            in_channels = out_channels;
        }
    }
    let head = style.layer(["conv_head", "bn2"], [in_channels, scaled(1280)], [1, 1], activation);
    features = builder.convolution(features, head);
    builder.global_average(features);
    builder.build()
}

/// torchvision counts the stages from 1 and numbers the layers of a block.
pub(super) fn torchvision_name(name: &str) -> Option<String> {
    let (layer, kind) = name.rsplit_once('.')?;
    let place = match layer {
        "conv_stem" => "features.0.0".to_owned(),
        "bn1" => "features.0.1".to_owned(),
        "conv_head" => "features.8.0".to_owned(),
        "bn2" => "features.8.1".to_owned(),
        _ => {
            let mut parts = layer.strip_prefix("blocks.")?.splitn(3, '.');
            let stage: usize = parts.next()?.parse().ok()?;
            let index: usize = parts.next()?.parse().ok()?;
            let place = match (STAGES.get(stage)?.2 == 1, parts.next()?) {
                (true, "conv_dw") | (false, "conv_pw") => "0.0",
                (true | false, "bn1") => "0.1",
                (true, "se.conv_reduce") => "1.fc1",
                (true, "se.conv_expand") => "1.fc2",
                (true, "conv_pw") => "2.0",
                (true, "bn2") => "2.1",
                (false, "conv_dw") => "1.0",
                (false, "bn2") => "1.1",
                (false, "se.conv_reduce") => "2.fc1",
                (false, "se.conv_expand") => "2.fc2",
                (false, "conv_pwl") => "3.0",
                (false, "bn3") => "3.1",
                _ => return None,
            };
            format!("features.{}.{index}.block.{place}", stage + 1)
        }
    };
    Some(format!("{place}.{kind}"))
}
