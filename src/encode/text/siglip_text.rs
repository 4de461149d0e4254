//! The text tower of SigLIP: every title is filled up to one length, all tokens see all, padding too, and the last row
//! goes through a linear head. Zhai et al., "Sigmoid Loss for Language Image Pre-Training", ICCV 2023.

use serde::Deserialize;

use super::architecture::{TextArchitecture, TextConfig, TitleLength, activation, text_part};
use super::blocks::{linear, pool};
use super::clip_text::tower;
use crate::encode::Pooling;
use crate::nn::{Activation, AttentionMask, Graph, GraphBuilder, TokenPool};

/// Its line in the table.
pub(super) const ARCHITECTURE: TextArchitecture = TextArchitecture {
    id: "siglip_text_model",
    configure,
    other_names: &[|name| name.strip_prefix("text_model.").map(str::to_owned)],
};

/// Fields that are absent have the values of the published base model.
#[derive(Deserialize)]
#[serde(default)]
struct SiglipFile {
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    max_position_embeddings: usize,
    hidden_act: String,
    layer_norm_eps: f64,
    pad_token_id: Option<u32>,
    projection_size: Option<usize>,
}

impl Default for SiglipFile {
    fn default() -> Self {
        Self {
            vocab_size: 32_000,
            hidden_size: 768,
            intermediate_size: 3072,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            max_position_embeddings: 64,
            hidden_act: "gelu_pytorch_tanh".to_owned(),
            layer_norm_eps: 1e-6,
            pad_token_id: Some(1),
            projection_size: None,
        }
    }
}

fn configure(json: &str) -> Result<TextConfig, String> {
    let (_, part) = text_part(json)?;
    let file: SiglipFile = serde_json::from_value(part).map_err(|error| error.to_string())?;
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
        length: TitleLength::Always(file.max_position_embeddings),
        end_of_text: None,
        output_width: file.projection_size.unwrap_or(file.hidden_size),
    }
    .checked()
}

fn graph(config: &TextConfig, pooling: Pooling) -> Graph {
    let mut builder = GraphBuilder::of_tokens();
    let normed = tower(&mut builder, config, AttentionMask::None);
    let pooled = pool(&mut builder, normed, pooling, TokenPool::Last);
    linear(
        &mut builder,
        pooled,
        "text_model.head",
        [config.width, config.output_width],
        Activation::Identity,
    );
    builder.build()
}
