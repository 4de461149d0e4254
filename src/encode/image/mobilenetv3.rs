//! MobileNetV3: Howard et al., "Searching for MobileNetV3", ICCV 2019, tables 1 and 2, with the published gates (a
//! quarter of the middle channels, rounded to eights). torchvision's weights have another norm epsilon and do not fit.

use super::layers::{NORM_EPSILON, convolution_and_bias, rounded_channels, window};
use super::mobile::{Block, Gate, PaddingStyle, Style};
use crate::nn::{Activation, Graph, GraphBuilder, Operation, PaddingCounts};

/// A row of the paper's table: timm's stage, kernel, middle and output channels, whether there is a gate, which
/// activation, stride.
type Row = (usize, usize, usize, usize, GateUse, Activation, usize);

/// Whether a block has a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GateUse {
    /// It has.
    Gated,
    /// It has not.
    Open,
}

use Activation::{HardSwish, Relu};
use GateUse::{Gated, Open};

/// Table 1.
#[rustfmt::skip]
const LARGE: [Row; 15] = [
    (0, 3, 16, 16, Open, Relu, 1),
    (1, 3, 64, 24, Open, Relu, 2), (1, 3, 72, 24, Open, Relu, 1),
    (2, 5, 72, 40, Gated, Relu, 2), (2, 5, 120, 40, Gated, Relu, 1), (2, 5, 120, 40, Gated, Relu, 1),
    (3, 3, 240, 80, Open, HardSwish, 2), (3, 3, 200, 80, Open, HardSwish, 1),
    (3, 3, 184, 80, Open, HardSwish, 1), (3, 3, 184, 80, Open, HardSwish, 1),
    (4, 3, 480, 112, Gated, HardSwish, 1), (4, 3, 672, 112, Gated, HardSwish, 1),
    (5, 5, 672, 160, Gated, HardSwish, 2), (5, 5, 960, 160, Gated, HardSwish, 1), (5, 5, 960, 160, Gated, HardSwish, 1),
];

/// Table 2.
#[rustfmt::skip]
const SMALL: [Row; 11] = [
    (0, 3, 16, 16, Gated, Relu, 2),
    (1, 3, 72, 24, Open, Relu, 2), (1, 3, 88, 24, Open, Relu, 1),
    (2, 5, 96, 40, Gated, HardSwish, 2), (2, 5, 240, 40, Gated, HardSwish, 1), (2, 5, 240, 40, Gated, HardSwish, 1),
    (3, 5, 120, 48, Gated, HardSwish, 1), (3, 5, 144, 48, Gated, HardSwish, 1),
    (4, 5, 288, 96, Gated, HardSwish, 2), (4, 5, 576, 96, Gated, HardSwish, 1), (4, 5, 576, 96, Gated, HardSwish, 1),
];

/// (n, 3, side, side) to (n, 1280).
pub(super) fn large(side: u32) -> Graph {
    graph(&LARGE, [960, 1280], side)
}

/// (n, 3, side, side) to (n, 1024).
pub(super) fn small(side: u32) -> Graph {
    graph(&SMALL, [576, 1024], side)
}

fn graph(rows: &[Row], [last, width]: [usize; 2], side: u32) -> Graph {
    let style = Style { padding: PaddingStyle::Symmetric, epsilon: NORM_EPSILON };
    let mut builder = GraphBuilder::of_images();
    let stem = style.layer(["conv_stem", "bn1"], [3, 16], [3, 2], HardSwish);
    let mut features = builder.convolution(builder.input(), stem);
    let mut in_channels = 16;
    let (mut current, mut index) = (0, 0);
    for &(stage, kernel, middle, out_channels, gate, activation, stride) in rows {
        index = if stage == current { index } else { 0 };
        current = stage;
        let gate = (gate == Gated).then(|| Gate {
            n_reduced: rounded_channels(middle as f64 / 4.0),
            activation: Relu,
            gate: Activation::HardSigmoid,
        });
        let block = Block { channels: [in_channels, middle, out_channels], kernel, stride, activation, gate };
        let prefix = format!("blocks.{stage}.{index}");
        features = if stage == 0 {
            style.separable(&mut builder, features, &prefix, block)
        } else {
            style.inverted(&mut builder, features, &prefix, block)
        };
        in_channels = out_channels;
        index += 1;
    }
    let names = [&*format!("blocks.{}.0.conv", current + 1), &*format!("blocks.{}.0.bn1", current + 1)];
    let layer = style.layer(names, [in_channels, last], [1, 1], HardSwish);
    features = builder.convolution(features, layer);
    // One window over all that is left after five halvings, because the last layer wants a picture of one pixel.
    let rows_left = side.div_ceil(32) as usize;
    let pool = Operation::AveragePool(window([rows_left, rows_left, 0]), PaddingCounts::Yes);
    features = builder.then(features, pool);
    let head = convolution_and_bias("conv_head", [last, width], 1, HardSwish);
    features = builder.convolution(features, head);
    builder.flatten(features);
    builder.build()
}
