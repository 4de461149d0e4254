//! ECA-NFNet-L: networks without normalisation, after Brock et al., "High-Performance Large-Scale Image Recognition
//! Without Normalization", ICML 2021, with SiLU, groups of 64 and channel attention (Wang et al., "ECA-Net", CVPR 2020),
//! as timm defines and publishes them.

use super::layers::convolution_and_bias;
use crate::nn::{
    Activation, ChannelAttention, Convolution, Graph, GraphBuilder, NodeId, Operation, Padding,
    PaddingCounts, Pool, PoolEdge, WeightStandardisation,
};

/// Channels of the stages.
const CHANNELS: [usize; 4] = [256, 512, 1536, 1536];
/// Width of a group of the 3x3 convolutions.
const GROUP: usize = 64;
/// Keeps the variance of SiLU of normal numbers at one.
const SILU_GAIN: f64 = 1.788_129_329_681_396_5;
/// How much a block adds to the variance (alpha).
const RESIDUAL: f64 = 0.2;
/// Makes up for the attention, which halves on average.
const ATTENTION_GAIN: f64 = 2.0;

/// (n, 3, side, side) to (n, width).
pub(super) fn graph(depths: [usize; 4], width: usize) -> Graph {
    let mut builder = GraphBuilder::of_images();
    let silu = Activation::Silu;
    let mut features = builder.input();
    let mut in_channels = 3;
    let stem = [(16, 2, silu), (32, 1, silu), (64, 1, silu), (128, 2, Activation::Identity)];
    for (index, (channels, stride, activation)) in stem.into_iter().enumerate() {
        let name = format!("stem.conv{}", index + 1);
        let layer = Convolution { stride, ..standardised(name, [in_channels, channels], 3, 1, activation) };
        features = builder.convolution(features, layer);
        in_channels = channels;
    }
    let mut variance: f64 = 1.0;
    for (stage, (depth, channels)) in depths.into_iter().zip(CHANNELS).enumerate() {
        for index in 0..depth {
            let stride = if index == 0 && stage > 0 { 2 } else { 1 };
            let shape = Block { channels: [in_channels, channels], stride, scale: 1.0 / variance.sqrt() };
            features = block(&mut builder, features, &format!("stages.{stage}.{index}"), shape);
            // The first block's shortcut starts from the normalised input, so the count starts again there.
            variance = if index == 0 { 1.0 } else { variance } + RESIDUAL * RESIDUAL;
            in_channels = channels;
        }
    }
    let last = standardised("final_conv".to_owned(), [in_channels, width], 1, 1, silu);
    features = builder.convolution(features, last);
    builder.global_average(features);
    builder.build()
}

struct Block {
    channels: [usize; 2],
    stride: usize,
    /// Brings the input back to variance one (1 / beta).
    scale: f64,
}

fn block(builder: &mut GraphBuilder, from: NodeId, prefix: &str, block: Block) -> NodeId {
    let Block { channels: [in_channels, out_channels], stride, scale } = block;
    let name = |part: &str| format!("{prefix}.{part}");
    let silu = Activation::Silu;
    let mut input = builder.activation(from, silu);
    if scale != 1.0 {
        input = builder.then(input, Operation::Scale(scale));
    }
    let shortcut = if stride == 1 && in_channels == out_channels {
        from
    } else {
        let pooled = if stride == 1 { input } else { halved(builder, input) };
        let (name, channels) = (name("downsample.conv"), [in_channels, out_channels]);
        builder.convolution(pooled, standardised(name, channels, 1, 1, Activation::Identity))
    };
    let middle = out_channels / 4;
    let groups = middle / GROUP;
    let layers = [
        standardised(name("conv1"), [in_channels, middle], 1, 1, silu),
        Convolution { stride, ..standardised(name("conv2"), [middle, middle], 3, groups, silu) },
        standardised(name("conv2b"), [middle, middle], 3, groups, silu),
        standardised(name("conv3"), [middle, out_channels], 1, 1, Activation::Identity),
    ];
    let branch = layers.into_iter().fold(input, |features, layer| builder.convolution(features, layer));
    let attention = ChannelAttention {
        name: name("attn_last.conv"),
        n_channels: out_channels,
        kernel: attention_kernel(out_channels),
    };
    let branch = builder.then(branch, Operation::ChannelAttention(attention));
    let branch = builder.then(branch, Operation::Scale(ATTENTION_GAIN * RESIDUAL));
    builder.add(branch, shortcut)
}

/// Means of two by two, of what is there at the edge.
fn halved(builder: &mut GraphBuilder, from: NodeId) -> NodeId {
    let pool = Pool { kernel: 2, stride: 2, padding: Padding::Symmetric([0, 0]), edge: PoolEdge::Ceil };
    builder.then(from, Operation::AveragePool(pool, PaddingCounts::No))
}

/// ECA-Net, equation 12: the odd number next above half of log2(channels) + 1/2.
fn attention_kernel(n_channels: usize) -> usize {
    let half = (((n_channels as f64).log2() + 1.0) / 2.0) as usize;
    (half | 1).max(3)
}

fn standardised(
    name: String,
    channels: [usize; 2],
    kernel: usize,
    groups: usize,
    activation: Activation,
) -> Convolution {
    let standardisation =
        WeightStandardisation { gain: format!("{name}.gain"), gamma: SILU_GAIN, epsilon: 1e-5 };
    Convolution {
        groups,
        standardisation: Some(standardisation),
        ..convolution_and_bias(name, channels, kernel, activation)
    }
}
