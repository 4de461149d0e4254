//! Layers that several architectures share, named as timm names them. Knows no architecture.

use crate::nn::{
    Activation, BatchNorm, Convolution, GraphBuilder, Linear, NodeId, Operation, Padding, Pool, PoolEdge,
};

/// PyTorch's default epsilon of a batch norm.
pub(super) const NORM_EPSILON: f64 = 1e-5;
/// TensorFlow's.
pub(super) const TENSORFLOW_NORM_EPSILON: f64 = 1e-3;

/// A convolution without bias, its batch norm `norm` and an activation.
pub(super) fn convolution_and_norm(
    name: impl Into<String>,
    norm: impl Into<String>,
    channels: [usize; 2],
    kernel: usize,
    activation: Activation,
) -> Convolution {
    Convolution {
        norm: Some(BatchNorm { name: norm.into(), epsilon: NORM_EPSILON }),
        activation,
        ..Convolution::square(name, channels, kernel)
    }
}

/// A convolution with bias and without norm.
pub(super) fn convolution_and_bias(
    name: impl Into<String>,
    channels: [usize; 2],
    kernel: usize,
    activation: Activation,
) -> Convolution {
    Convolution { has_bias: true, activation, ..Convolution::square(name, channels, kernel) }
}

/// Squares of this side without overlap, one output each (the first layer of ConvNeXt and vision transformers).
pub(super) fn patches(name: impl Into<String>, channels: [usize; 2], side: usize) -> Convolution {
    Convolution {
        stride: side,
        padding: Padding::Symmetric([0, 0]),
        ..convolution_and_bias(name, channels, side, Activation::Identity)
    }
}

/// A linear layer with bias.
pub(super) fn linear(
    name: impl Into<String>,
    [in_features, out_features]: [usize; 2],
    activation: Activation,
) -> Linear {
    Linear { name: name.into(), in_features, out_features, has_bias: true, activation }
}

/// The largest of each window, windows that do not fit left out.
pub(super) fn max_pool(
    builder: &mut GraphBuilder,
    from: NodeId,
    [kernel, stride, padding]: [usize; 3],
) -> NodeId {
    builder.then(from, Operation::MaxPool(window([kernel, stride, padding])))
}

/// A square window with the same padding on every side.
pub(super) fn window([kernel, stride, padding]: [usize; 3]) -> Pool {
    Pool { kernel, stride, padding: Padding::Symmetric([padding; 2]), edge: PoolEdge::Floor }
}

/// The multiple of eight nearest to a channel count, at least eight and never more than a tenth below it (MobileNetV2,
/// EfficientNet).
pub(super) fn rounded_channels(wanted: f64) -> usize {
    let nearest = (((wanted + 4.0) / 8.0).floor() * 8.0).max(8.0);
    let rounded = if nearest < 0.9 * wanted { nearest + 8.0 } else { nearest };
    rounded as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_rounded_as_the_papers_do() {
        for (wanted, expected) in
            [(1.0, 8), (4.0, 8), (8.8, 8), (9.0, 16), (18.0, 24), (88.08, 88), (44.8, 48), (1536.0, 1536)]
        {
            assert_eq!(rounded_channels(wanted), expected, "{wanted}");
        }
    }
}
