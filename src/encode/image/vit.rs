//! Vision transformers: Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021, as DINOv2 (Oquab et al., 2023),
//! CLIP (Radford et al., 2021) and SigLIP (Zhai et al., 2023) shaped them. Parameter names are timm's.

use super::layers::{linear, patches};
use crate::nn::{
    Activation, AttentionMask, AttentionWeights, Convolution, FeatureAxis, Graph, GraphBuilder, LayerNorm,
    NodeId, Operation, ProbeAttention, SelfAttention, Table, TokenPool,
};

/// Name of the table of positions, which is resampled for other sides.
pub(super) const POSITIONS: &str = "pos_embed";

/// What makes one transformer differ from another.
#[derive(Clone, Copy, Debug)]
struct Shape {
    /// Side of a patch in pixels.
    patch: usize,
    /// Numbers a token.
    width: usize,
    n_layers: usize,
    n_heads: usize,
    epsilon: f64,
    activation: Activation,
    kind: Kind,
}

/// Whose transformer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Class token, each branch scaled by learned numbers.
    Dino,
    /// Class token, a norm before the first layer, no bias on the patches.
    Clip,
    /// No class token; a learned query attends to the patches at the end.
    SigLip,
}

const BASE: Shape = Shape {
    patch: 16,
    width: 768,
    n_layers: 12,
    n_heads: 12,
    epsilon: 1e-6,
    activation: Activation::Gelu,
    kind: Kind::SigLip,
};

/// DINOv2's ViT-S/14: (n, 3, side, side), the side divisible by 14, to (n, 384).
pub(super) fn dinov2_small(side: u32) -> Graph {
    let shape = Shape { patch: 14, width: 384, n_heads: 6, kind: Kind::Dino, ..BASE };
    pooled(shape, side).build()
}

/// CLIP's ViT-B/32 before its projection: (n, 3, side, side), the side divisible by 32, to (n, 768). OpenAI's weights
/// were trained with [`Activation::QuickGelu`], most later ones with [`Activation::Gelu`].
pub(super) fn clip_base_32(side: u32, activation: Activation) -> Graph {
    pooled(clip_shape(activation), side).build()
}

/// The same with its projection into the space shared with titles: to (n, 512).
pub(super) fn clip_base_32_projected(side: u32, activation: Activation) -> Graph {
    let shape = clip_shape(activation);
    let mut transformer = pooled(shape, side);
    let head = linear("head", [shape.width, 512], Activation::Identity);
    transformer.builder.linear(transformer.output, head);
    transformer.build()
}

/// SigLIP's ViT-B/16: (n, 3, side, side), the side divisible by 16, to (n, 768), shared with titles.
pub(super) fn siglip_base_16(side: u32) -> Graph {
    pooled(BASE, side).build()
}

fn clip_shape(activation: Activation) -> Shape {
    Shape { patch: 32, epsilon: 1e-5, activation, kind: Kind::Clip, ..BASE }
}

/// A transformer up to its pooled row.
struct Transformer {
    builder: GraphBuilder,
    output: NodeId,
}

impl Transformer {
    fn build(self) -> Graph {
        self.builder.build()
    }
}

fn pooled(shape: Shape, side: u32) -> Transformer {
    let mut builder = GraphBuilder::of_images();
    let width = shape.width;
    let cut = patches("patch_embed.proj", [3, width], shape.patch);
    let cut = Convolution { has_bias: shape.kind != Kind::Clip, ..cut };
    let mut tokens = builder.convolution(builder.input(), cut);
    tokens = builder.then(tokens, Operation::ToTokens);
    let mut n_rows = (side as usize / shape.patch).pow(2);
    if shape.kind != Kind::SigLip {
        tokens = builder.then(tokens, Operation::PrependToken("cls_token".to_owned(), width));
        n_rows += 1;
    }
    tokens = builder.then(tokens, Operation::AddTable(Table { name: POSITIONS.to_owned(), n_rows, width }));
    if shape.kind == Kind::Clip {
        tokens = norm(&mut builder, tokens, shape, "norm_pre");
    }
    for index in 0..shape.n_layers {
        tokens = layer(&mut builder, tokens, shape, &format!("blocks.{index}"));
    }
    tokens = norm(&mut builder, tokens, shape, "norm");
    if shape.kind == Kind::SigLip {
        tokens = probe(&mut builder, tokens, shape);
    }
    let output = builder.then(tokens, Operation::PoolTokens(TokenPool::First));
    Transformer { builder, output }
}

/// Norm, attention, sum; norm, two linear layers, sum.
fn layer(builder: &mut GraphBuilder, from: NodeId, shape: Shape, prefix: &str) -> NodeId {
    let width = shape.width;
    let name = |part: &str| format!("{prefix}.{part}");
    let attention = SelfAttention {
        weights: AttentionWeights::Packed(name("attn.qkv")),
        width,
        n_heads: shape.n_heads,
        mask: AttentionMask::None,
    };
    let mut branch = norm(builder, from, shape, &name("norm1"));
    branch = builder.then(branch, Operation::SelfAttention(attention));
    branch = builder.linear(branch, linear(name("attn.proj"), [width, width], Activation::Identity));
    branch = scaled(builder, branch, shape, name("ls1.gamma"));
    let middle = builder.add(branch, from);
    branch = norm(builder, middle, shape, &name("norm2"));
    branch = feed_forward(builder, branch, shape, &name("mlp"));
    branch = scaled(builder, branch, shape, name("ls2.gamma"));
    builder.add(branch, middle)
}

/// SigLIP's head: one learned query attends to all tokens, then two linear layers beside a shortcut.
fn probe(builder: &mut GraphBuilder, from: NodeId, shape: Shape) -> NodeId {
    let width = shape.width;
    let attention = ProbeAttention {
        probe: "attn_pool.latent".to_owned(),
        query: "attn_pool.q".to_owned(),
        key_value: "attn_pool.kv".to_owned(),
        width,
        n_heads: shape.n_heads,
    };
    let seen = builder.then(from, Operation::ProbeAttention(attention));
    let seen = builder.linear(seen, linear("attn_pool.proj", [width, width], Activation::Identity));
    let branch = norm(builder, seen, shape, "attn_pool.norm");
    let branch = feed_forward(builder, branch, shape, "attn_pool.mlp");
    builder.add(branch, seen)
}

fn feed_forward(builder: &mut GraphBuilder, from: NodeId, shape: Shape, prefix: &str) -> NodeId {
    let (width, inner) = (shape.width, 4 * shape.width);
    let wide = builder.linear(from, linear(format!("{prefix}.fc1"), [width, inner], shape.activation));
    builder.linear(wide, linear(format!("{prefix}.fc2"), [inner, width], Activation::Identity))
}

fn norm(builder: &mut GraphBuilder, from: NodeId, shape: Shape, name: &str) -> NodeId {
    let Shape { width, epsilon, .. } = shape;
    let norm = LayerNorm { name: name.to_owned(), width, epsilon, axis: FeatureAxis::Last };
    builder.then(from, Operation::LayerNorm(norm))
}

fn scaled(builder: &mut GraphBuilder, from: NodeId, shape: Shape, name: String) -> NodeId {
    if shape.kind != Kind::Dino {
        return from;
    }
    builder.then(from, Operation::LayerScale(name, shape.width, FeatureAxis::Last))
}

/// CLIP's own names, as OpenAI and OpenCLIP write them; the projection lies transposed there and is not found by name.
pub(super) fn clip_name(name: &str) -> Option<String> {
    let place = match name {
        "cls_token" => "class_embedding".to_owned(),
        POSITIONS => "positional_embedding".to_owned(),
        "patch_embed.proj.weight" => "conv1.weight".to_owned(),
        _ => {
            let (layer, kind) = name.rsplit_once('.')?;
            match layer {
                "norm_pre" => format!("ln_pre.{kind}"),
                "norm" => format!("ln_post.{kind}"),
                _ => {
                    let (index, part) = layer.strip_prefix("blocks.")?.split_once('.')?;
                    let place = match part {
                        "norm1" => format!("ln_1.{kind}"),
                        "norm2" => format!("ln_2.{kind}"),
                        "attn.qkv" => format!("attn.in_proj_{kind}"),
                        "attn.proj" => format!("attn.out_proj.{kind}"),
                        "mlp.fc1" => format!("mlp.c_fc.{kind}"),
                        "mlp.fc2" => format!("mlp.c_proj.{kind}"),
                        _ => return None,
                    };
                    format!("transformer.resblocks.{index}.{place}")
                }
            }
        }
    };
    Some(format!("visual.{place}"))
}
