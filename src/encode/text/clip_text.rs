//! The text tower of CLIP: tokens see only those before them, the row at the end of the text is projected into the
//! space that pictures share. Radford et al., "Learning Transferable Visual Models From Natural Language Supervision",
//! ICML 2021. The picture tower's parameters in the same file are not read.

use serde::Deserialize;

use super::architecture::{TextArchitecture, TextConfig, TitleLength, activation, text_part};
use super::blocks::{LayerNames, layer_norm, layer_norm_before, pool};
use crate::encode::Pooling;
use crate::nn::{
    Activation, AttentionMask, Graph, GraphBuilder, Linear, NodeId, Operation, Positions, Table, TokenPool,
};

/// Its line in the table.
pub(super) const ARCHITECTURE: TextArchitecture = TextArchitecture {
    id: "clip_text_model",
    configure,
    other_names: &[|name| name.strip_prefix("text_model.").map(str::to_owned)],
};

/// What the first published configs hold as end of text; the true end is the largest id there.
const MISTAKEN_END_OF_TEXT: u32 = 2;

/// Fields that are absent have the values of the published ViT-B/32 model.
#[derive(Deserialize)]
#[serde(default)]
struct ClipFile {
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    projection_dim: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    max_position_embeddings: usize,
    hidden_act: String,
    layer_norm_eps: f64,
    pad_token_id: Option<u32>,
    eos_token_id: Option<u32>,
}

impl Default for ClipFile {
    fn default() -> Self {
        Self {
            vocab_size: 49_408,
            hidden_size: 512,
            intermediate_size: 2048,
            projection_dim: 512,
            num_hidden_layers: 12,
            num_attention_heads: 8,
            max_position_embeddings: 77,
            hidden_act: "quick_gelu".to_owned(),
            layer_norm_eps: 1e-5,
            pad_token_id: Some(1),
            eos_token_id: Some(49_407),
        }
    }
}

fn configure(json: &str) -> Result<TextConfig, String> {
    let (whole, part) = text_part(json)?;
    let file: ClipFile = serde_json::from_value(part).map_err(|error| error.to_string())?;
    // The whole model's projection is the one that was trained.
    let output_width = match whole.get("projection_dim").and_then(serde_json::Value::as_u64) {
        Some(width) => usize::try_from(width).map_err(|error| error.to_string())?,
        None => file.projection_dim,
    };
    TextConfig {
        graph,
        vocabulary: file.vocab_size,
        width: file.hidden_size,
        n_layers: file.num_hidden_layers,
        n_heads: file.num_attention_heads,
        inner: file.intermediate_size,
        activation: activation(&file.hidden_act)?,
        n_positions: file.max_position_embeddings,
        n_types: 0,
        epsilon: file.layer_norm_eps,
        padding_id: file.pad_token_id.unwrap_or(1),
        length: TitleLength::AtMost(file.max_position_embeddings),
        end_of_text: file.eos_token_id.filter(|&id| id != MISTAKEN_END_OF_TEXT),
        output_width,
    }
    .checked()
}

fn graph(config: &TextConfig, pooling: Pooling) -> Graph {
    let mut builder = GraphBuilder::of_tokens();
    let normed = tower(&mut builder, config, AttentionMask::Causal);
    let pooled = pool(&mut builder, normed, pooling, TokenPool::EndOfText(config.end_of_text));
    let projection = Linear {
        name: "text_projection".to_owned(),
        in_features: config.width,
        out_features: config.output_width,
        has_bias: false,
        activation: Activation::Identity,
    };
    builder.linear(pooled, projection);
    builder.build()
}

/// Tokens, layers and last norm, under the names that CLIP and SigLIP share.
pub(super) fn tower(builder: &mut GraphBuilder, config: &TextConfig, mask: AttentionMask) -> NodeId {
    let table = |part: &str, n_rows| {
        let name = format!("text_model.embeddings.{part}_embedding.weight");
        Table { name, n_rows, width: config.width }
    };
    let ids = builder.input();
    let words = builder.then(ids, Operation::Embedding(table("token", config.vocabulary)));
    let positions = Operation::AddPositions(table("position", config.n_positions), Positions::FromZero);
    let mut tokens = builder.join(&[words, ids], positions);
    for layer in 0..config.n_layers {
        let name = |part: &str| format!("text_model.encoder.layers.{layer}.{part}");
        let names = LayerNames {
            attention: ["q_proj", "k_proj", "v_proj"].map(|part| name(&format!("self_attn.{part}"))),
            attention_output: name("self_attn.out_proj"),
            attention_norm: name("layer_norm1"),
            feed_forward: [name("mlp.fc1"), name("mlp.fc2")],
            feed_forward_norm: name("layer_norm2"),
        };
        tokens = layer_norm_before(builder, tokens, config, mask, names);
    }
    layer_norm(builder, tokens, config, "text_model.final_layer_norm")
}
