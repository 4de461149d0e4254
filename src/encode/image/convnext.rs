//! ConvNeXt: Liu et al., "A ConvNet for the 2020s", CVPR 2022, figure 4 and table 9.

use super::layers::{convolution_and_bias, linear, patches};
use crate::nn::{Activation, Convolution, FeatureAxis, Graph, GraphBuilder, LayerNorm, NodeId, Operation};

const NORM_EPSILON: f64 = 1e-6;

/// (n, 3, side, side) to (n, last of `widths`).
pub(super) fn graph(depths: [usize; 4], widths: [usize; 4]) -> Graph {
    let mut builder = GraphBuilder::of_images();
    let mut features = builder.convolution(builder.input(), patches("stem.0", [3, widths[0]], 4));
    features = norm(&mut builder, features, "stem.1", widths[0], FeatureAxis::Channels);
    let mut in_channels = widths[0];
    for (stage, (depth, width)) in depths.into_iter().zip(widths).enumerate() {
        if stage > 0 {
            let prefix = format!("stages.{stage}.downsample");
            let name = format!("{prefix}.0");
            features = norm(&mut builder, features, &name, in_channels, FeatureAxis::Channels);
            let halve = patches(format!("{prefix}.1"), [in_channels, width], 2);
            features = builder.convolution(features, halve);
        }
        for index in 0..depth {
            features = block(&mut builder, features, &format!("stages.{stage}.blocks.{index}"), width);
        }
        in_channels = width;
    }
    features = builder.global_average(features);
    norm(&mut builder, features, "head.norm", in_channels, FeatureAxis::Last);
    builder.build()
}

fn block(builder: &mut GraphBuilder, from: NodeId, prefix: &str, width: usize) -> NodeId {
    let name = |part: &str| format!("{prefix}.{part}");
    let depthwise = convolution_and_bias(name("conv_dw"), [width, width], 7, Activation::Identity);
    let picture = builder.convolution(from, Convolution { groups: width, ..depthwise });
    let mut rows = builder.then(picture, Operation::ToTokens);
    rows = norm(builder, rows, &name("norm"), width, FeatureAxis::Last);
    rows = builder.linear(rows, linear(name("mlp.fc1"), [width, 4 * width], Activation::Gelu));
    rows = builder.linear(rows, linear(name("mlp.fc2"), [4 * width, width], Activation::Identity));
    rows = builder.then(rows, Operation::LayerScale(name("gamma"), width, FeatureAxis::Last));
    let branch = builder.join(&[rows, from], Operation::ToImage);
    builder.add(branch, from)
}

fn norm(builder: &mut GraphBuilder, from: NodeId, name: &str, width: usize, axis: FeatureAxis) -> NodeId {
    let norm = LayerNorm { name: name.to_owned(), width, epsilon: NORM_EPSILON, axis };
    builder.then(from, Operation::LayerNorm(norm))
}

/// torchvision alternates stages and what lies before them: 0 stem, 1 first stage, 2 halving, 3 second stage...
pub(super) fn torchvision_name(name: &str) -> Option<String> {
    if let Some(rest) = name.strip_prefix("stem.") {
        return Some(format!("features.0.{rest}"));
    }
    if let Some(kind) = name.strip_prefix("head.norm.") {
        return Some(format!("classifier.0.{kind}"));
    }
    let (stage, rest) = name.strip_prefix("stages.")?.split_once('.')?;
    let stage: usize = stage.parse().ok()?;
    if let Some(rest) = rest.strip_prefix("downsample.") {
        return Some(format!("features.{}.{rest}", 2 * stage));
    }
    let (index, part) = rest.strip_prefix("blocks.")?.split_once('.')?;
    let place = match part.rsplit_once('.') {
        None if part == "gamma" => "layer_scale".to_owned(),
        Some(("conv_dw", kind)) => format!("block.0.{kind}"),
        Some(("norm", kind)) => format!("block.2.{kind}"),
        Some(("mlp.fc1", kind)) => format!("block.3.{kind}"),
        Some(("mlp.fc2", kind)) => format!("block.5.{kind}"),
        _ => return None,
    };
    Some(format!("features.{}.{index}.{place}", 2 * stage + 1))
}
