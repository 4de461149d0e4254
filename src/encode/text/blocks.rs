//! What the text architectures share: a transformer's layers, with the norms after each part or before it.

use super::architecture::TextConfig;
use crate::encode::Pooling;
use crate::nn::{
    Activation, AttentionMask, AttentionWeights, FeatureAxis, GraphBuilder, LayerNorm, Linear, NodeId,
    Operation, SelfAttention, TokenPool,
};

/// Names of a layer's parts.
pub(super) struct LayerNames {
    /// Query, key, value.
    pub(super) attention: [String; 3],
    /// The projection of the attended.
    pub(super) attention_output: String,
    /// The norm of the attention part.
    pub(super) attention_norm: String,
    /// The feed-forward part's two linear layers.
    pub(super) feed_forward: [String; 2],
    /// The norm of the feed-forward part.
    pub(super) feed_forward_norm: String,
}

/// x = norm(x + part(x)) for attention and feed-forward part (Vaswani et al. 2017, BERT).
pub(super) fn layer_norm_after(
    builder: &mut GraphBuilder,
    from: NodeId,
    config: &TextConfig,
    names: LayerNames,
) -> NodeId {
    let attended =
        attention(builder, from, config, AttentionMask::Padding, names.attention, names.attention_output);
    let sum = builder.add(attended, from);
    let middle = layer_norm(builder, sum, config, names.attention_norm);
    let fed = feed_forward(builder, middle, config, names.feed_forward);
    let sum = builder.add(fed, middle);
    layer_norm(builder, sum, config, names.feed_forward_norm)
}

/// x = x + part(norm(x)) for attention and feed-forward part (CLIP, SigLIP).
pub(super) fn layer_norm_before(
    builder: &mut GraphBuilder,
    from: NodeId,
    config: &TextConfig,
    mask: AttentionMask,
    names: LayerNames,
) -> NodeId {
    let normed = layer_norm(builder, from, config, names.attention_norm);
    let attended = attention(builder, normed, config, mask, names.attention, names.attention_output);
    let middle = builder.add(attended, from);
    let normed = layer_norm(builder, middle, config, names.feed_forward_norm);
    let fed = feed_forward(builder, normed, config, names.feed_forward);
    builder.add(fed, middle)
}

/// A layer norm over the features.
pub(super) fn layer_norm(
    builder: &mut GraphBuilder,
    from: NodeId,
    config: &TextConfig,
    name: impl Into<String>,
) -> NodeId {
    let norm = LayerNorm {
        name: name.into(),
        width: config.width,
        epsilon: config.epsilon,
        axis: FeatureAxis::Last,
    };
    builder.then(from, Operation::LayerNorm(norm))
}

/// A linear layer with bias.
pub(super) fn linear(
    builder: &mut GraphBuilder,
    from: NodeId,
    name: impl Into<String>,
    [in_features, out_features]: [usize; 2],
    activation: Activation,
) -> NodeId {
    builder.linear(from, Linear { name: name.into(), in_features, out_features, has_bias: true, activation })
}

/// The mean or first row; `own` where the architecture itself decides.
pub(super) fn pool(builder: &mut GraphBuilder, from: NodeId, pooling: Pooling, own: TokenPool) -> NodeId {
    let pool = match pooling {
        Pooling::Mean => TokenPool::Mean,
        Pooling::Cls => TokenPool::First,
        Pooling::Own => own,
    };
    builder.then(from, Operation::PoolTokens(pool))
}

fn attention(
    builder: &mut GraphBuilder,
    from: NodeId,
    config: &TextConfig,
    mask: AttentionMask,
    names: [String; 3],
    output: String,
) -> NodeId {
    let (width, n_heads) = (config.width, config.n_heads);
    let attention = SelfAttention { weights: AttentionWeights::Separate(names), width, n_heads, mask };
    let attended = builder.then(from, Operation::SelfAttention(attention));
    linear(builder, attended, output, [width, width], Activation::Identity)
}

fn feed_forward(
    builder: &mut GraphBuilder,
    from: NodeId,
    config: &TextConfig,
    [first, second]: [String; 2],
) -> NodeId {
    let TextConfig { width, inner, activation, .. } = *config;
    let inside = linear(builder, from, first, [width, inner], activation);
    linear(builder, inside, second, [inner, width], Activation::Identity)
}
