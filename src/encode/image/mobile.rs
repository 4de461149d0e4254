//! The blocks of MobileNets and EfficientNets, with timm's parameter names: depthwise separable, inverted residual and
//! fused. Knows no network.

use super::layers::convolution_and_norm;
use crate::nn::{
    Activation, BatchNorm, Convolution, GraphBuilder, NodeId, Operation, Padding, SqueezeExcite,
};

/// What all layers of a network have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// Where the zeros go.
    pub(super) padding: PaddingStyle,
    /// Epsilon of the batch norms.
    pub(super) epsilon: f64,
}

/// Where the zeros go at stride 2; at stride 1 there is no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PaddingStyle {
    /// Half the kernel on every side (PyTorch).
    Symmetric,
    /// The odd one below and right (TensorFlow).
    Same,
}

/// A channel gate inside a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gate {
    /// Channels in between.
    pub(super) n_reduced: usize,
    /// Between its two layers.
    pub(super) activation: Activation,
    /// After them.
    pub(super) gate: Activation,
}

/// One block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    /// Channels in, in the middle and out.
    pub(super) channels: [usize; 3],
    /// Side of the kernel.
    pub(super) kernel: usize,
    /// Its stride.
    pub(super) stride: usize,
    /// After each layer but the last.
    pub(super) activation: Activation,
    /// Before the last layer.
    pub(super) gate: Option<Gate>,
}

impl Style {
    /// A layer without bias with norm and activation.
    pub(super) fn layer(
        self,
        names: [&str; 2],
        channels: [usize; 2],
        [kernel, stride]: [usize; 2],
        activation: Activation,
    ) -> Convolution {
        let layer = convolution_and_norm(names[0], names[1], channels, kernel, activation);
        let padding = match self.padding {
            PaddingStyle::Symmetric => layer.padding,
            PaddingStyle::Same => Padding::Same,
        };
        let norm = Some(BatchNorm { name: names[1].to_owned(), epsilon: self.epsilon });
        Convolution { stride, padding, norm, ..layer }
    }

    /// Depthwise, gate, narrow without activation; the sum with the input where the shapes allow.
    pub(super) fn separable(
        self,
        builder: &mut GraphBuilder,
        from: NodeId,
        prefix: &str,
        block: Block,
    ) -> NodeId {
        let [in_channels, _, out_channels] = block.channels;
        let name = |part: &str| format!("{prefix}.{part}");
        let features = self.depthwise(builder, from, [&name("conv_dw"), &name("bn1")], in_channels, block);
        let features = gated(builder, features, prefix, in_channels, block.gate);
        let names = [&*name("conv_pw"), &*name("bn2")];
        let narrow = self.layer(names, [in_channels, out_channels], [1, 1], Activation::Identity);
        let features = builder.convolution(features, narrow);
        with_shortcut(builder, from, features, block)
    }

    /// Widen, depthwise, gate, narrow without activation; the sum with the input where the shapes allow. Sandler et al.,
    /// "MobileNetV2", CVPR 2018, figure 4d.
    pub(super) fn inverted(
        self,
        builder: &mut GraphBuilder,
        from: NodeId,
        prefix: &str,
        block: Block,
    ) -> NodeId {
        let [in_channels, middle, out_channels] = block.channels;
        let name = |part: &str| format!("{prefix}.{part}");
        let names = [&*name("conv_pw"), &*name("bn1")];
        let wide = self.layer(names, [in_channels, middle], [1, 1], block.activation);
        let features = builder.convolution(from, wide);
        let features = self.depthwise(builder, features, [&name("conv_dw"), &name("bn2")], middle, block);
        let features = gated(builder, features, prefix, middle, block.gate);
        let names = [&*name("conv_pwl"), &*name("bn3")];
        let narrow = self.layer(names, [middle, out_channels], [1, 1], Activation::Identity);
        let features = builder.convolution(features, narrow);
        with_shortcut(builder, from, features, block)
    }

    /// Widen by the whole kernel, narrow without activation; the sum with the input where the shapes allow. Tan and Le,
    /// "EfficientNetV2", ICML 2021, figure 2, right.
    pub(super) fn fused(
        self,
        builder: &mut GraphBuilder,
        from: NodeId,
        prefix: &str,
        block: Block,
    ) -> NodeId {
        let [in_channels, middle, out_channels] = block.channels;
        let name = |part: &str| format!("{prefix}.{part}");
        let names = [&*name("conv_exp"), &*name("bn1")];
        let size = [block.kernel, block.stride];
        let wide = self.layer(names, [in_channels, middle], size, block.activation);
        let features = builder.convolution(from, wide);
        let names = [&*name("conv_pwl"), &*name("bn2")];
        let narrow = self.layer(names, [middle, out_channels], [1, 1], Activation::Identity);
        let features = builder.convolution(features, narrow);
        with_shortcut(builder, from, features, block)
    }

    /// One layer; the sum with the input where the shapes allow.
    pub(super) fn plain(
        self,
        builder: &mut GraphBuilder,
        from: NodeId,
        prefix: &str,
        block: Block,
    ) -> NodeId {
        let [in_channels, _, out_channels] = block.channels;
        let names = [&*format!("{prefix}.conv"), &*format!("{prefix}.bn1")];
        let size = [block.kernel, block.stride];
        let layer = self.layer(names, [in_channels, out_channels], size, block.activation);
        let features = builder.convolution(from, layer);
        with_shortcut(builder, from, features, block)
    }

    fn depthwise(
        self,
        builder: &mut GraphBuilder,
        from: NodeId,
        names: [&str; 2],
        n_channels: usize,
        block: Block,
    ) -> NodeId {
        let size = [block.kernel, block.stride];
        let layer = self.layer(names, [n_channels, n_channels], size, block.activation);
        builder.convolution(from, Convolution { groups: n_channels, ..layer })
    }
}

fn gated(
    builder: &mut GraphBuilder,
    from: NodeId,
    prefix: &str,
    n_channels: usize,
    gate: Option<Gate>,
) -> NodeId {
    let Some(gate) = gate else { return from };
    let gate = SqueezeExcite {
        reduce: format!("{prefix}.se.conv_reduce"),
        expand: format!("{prefix}.se.conv_expand"),
        n_channels,
        n_reduced: gate.n_reduced,
        activation: gate.activation,
        gate: gate.gate,
    };
    builder.then(from, Operation::SqueezeExcite(gate))
}

fn with_shortcut(builder: &mut GraphBuilder, from: NodeId, features: NodeId, block: Block) -> NodeId {
    let [in_channels, _, out_channels] = block.channels;
    if block.stride == 1 && in_channels == out_channels { builder.add(features, from) } else { features }
}
