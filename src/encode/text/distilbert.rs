//! DistilBERT: BERT's layers without token types and without a pooling layer of its own. Sanh et al., "DistilBERT, a
//! distilled version of BERT", 2019.

use serde::Deserialize;

use super::architecture::{TextArchitecture, TextConfig, TitleLength, activation, gamma_beta};
use super::blocks::{LayerNames, layer_norm, layer_norm_after, pool};
use crate::encode::Pooling;
use crate::nn::{Graph, GraphBuilder, Operation, Positions, Table, TokenPool};

/// Its line in the table.
pub(super) const ARCHITECTURE: TextArchitecture = TextArchitecture {
    id: "distilbert",
    configure,
    other_names: &[|name| Some(format!("distilbert.{name}")), gamma_beta],
};

/// Added to the variance of every layer norm; the published code has it as a constant.
const EPSILON: f64 = 1e-12;

#[derive(Deserialize)]
struct DistilBertFile {
    vocab_size: usize,
    dim: usize,
    n_layers: usize,
    n_heads: usize,
    hidden_dim: usize,
    max_position_embeddings: usize,
    activation: Option<String>,
    pad_token_id: Option<u32>,
}

fn configure(json: &str) -> Result<TextConfig, String> {
    let file: DistilBertFile = serde_json::from_str(json).map_err(|error| error.to_string())?;
    TextConfig {
        graph,
        vocabulary: file.vocab_size,
        width: file.dim,
        n_layers: file.n_layers,
        n_heads: file.n_heads,
        inner: file.hidden_dim,
        activation: activation(file.activation.as_deref().unwrap_or("gelu"))?,
        n_positions: file.max_position_embeddings,
        n_types: 0,
        epsilon: EPSILON,
        padding_id: file.pad_token_id.unwrap_or(0),
        length: TitleLength::AtMost(file.max_position_embeddings),
        end_of_text: None,
        output_width: file.dim,
    }
    .checked()
}

fn graph(config: &TextConfig, pooling: Pooling) -> Graph {
    let table = |part: &str, n_rows| {
        let name = format!("embeddings.{part}_embeddings.weight");
        Table { name, n_rows, width: config.width }
    };
    let mut builder = GraphBuilder::of_tokens();
    let ids = builder.input();
    let words = builder.then(ids, Operation::Embedding(table("word", config.vocabulary)));
    let positions = Operation::AddPositions(table("position", config.n_positions), Positions::FromZero);
    let placed = builder.join(&[words, ids], positions);
    let mut tokens = layer_norm(&mut builder, placed, config, "embeddings.LayerNorm");
    for layer in 0..config.n_layers {
        let name = |part: &str| format!("transformer.layer.{layer}.{part}");
        let names = LayerNames {
            attention: ["q_lin", "k_lin", "v_lin"].map(|part| name(&format!("attention.{part}"))),
            attention_output: name("attention.out_lin"),
            attention_norm: name("sa_layer_norm"),
            feed_forward: [name("ffn.lin1"), name("ffn.lin2")],
            feed_forward_norm: name("output_layer_norm"),
        };
        tokens = layer_norm_after(&mut builder, tokens, config, names);
    }
    pool(&mut builder, tokens, pooling, TokenPool::First);
    builder.build()
}
