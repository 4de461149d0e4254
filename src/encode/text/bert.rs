//! BERT, and the sentence encoders that have its architecture (MiniLM). Tokens, positions and token types are added and
//! normed; each layer norms after its parts. Devlin et al., "BERT", NAACL 2019. It never sees two titles at once.

use serde::Deserialize;

use super::architecture::{TextArchitecture, TextConfig, TitleLength, activation, gamma_beta};
use super::blocks::{LayerNames, layer_norm, layer_norm_after, linear, pool};
use crate::encode::Pooling;
use crate::nn::{Activation, Graph, GraphBuilder, Operation, Positions, Table, TokenPool};

/// Its line in the table.
pub(super) const ARCHITECTURE: TextArchitecture = TextArchitecture {
    id: "bert",
    configure: |json| {
        let file = BertFile::read(json)?;
        file.config(file.pad_token_id.unwrap_or(0), TitleLength::AtMost(file.max_position_embeddings), graph)
    },
    other_names: &[
        |name| Some(format!("bert.{name}")),
        |name| Some(format!("bert.{}", gamma_beta(name).unwrap_or_else(|| name.to_owned()))),
        gamma_beta,
    ],
};

/// What is read of config.json; RoBERTa's has the same fields.
#[derive(Deserialize)]
pub(super) struct BertFile {
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    pub(super) max_position_embeddings: usize,
    #[serde(default = "default_types")]
    type_vocab_size: usize,
    #[serde(default = "default_activation")]
    hidden_act: String,
    #[serde(default = "default_epsilon")]
    layer_norm_eps: f64,
    pub(super) pad_token_id: Option<u32>,
    position_embedding_type: Option<String>,
}

fn default_types() -> usize {
    2
}

fn default_activation() -> String {
    "gelu".to_owned()
}

fn default_epsilon() -> f64 {
    1e-12
}

impl BertFile {
    pub(super) fn read(json: &str) -> Result<Self, String> {
        let file: Self = serde_json::from_str(json).map_err(|error| error.to_string())?;
        match file.position_embedding_type.as_deref() {
            None | Some("absolute") => Ok(file),
            Some(other) => Err(format!("positions of the kind `{other}` are not known, only `absolute`")),
        }
    }

    pub(super) fn config(
        &self,
        padding_id: u32,
        length: TitleLength,
        graph: fn(&TextConfig, Pooling) -> Graph,
    ) -> Result<TextConfig, String> {
        TextConfig {
            graph,
            vocabulary: self.vocab_size,
            width: self.hidden_size,
            n_layers: self.num_hidden_layers,
            n_heads: self.num_attention_heads,
            inner: self.intermediate_size,
            activation: activation(&self.hidden_act)?,
            n_positions: self.max_position_embeddings,
            n_types: self.type_vocab_size,
            epsilon: self.layer_norm_eps,
            padding_id,
            length,
            end_of_text: None,
            output_width: self.hidden_size,
        }
        .checked()
    }
}

fn graph(config: &TextConfig, pooling: Pooling) -> Graph {
    graph_with(config, pooling, Positions::FromZero)
}

/// The graph, positions numbered in this way; `Pooling::Own` ends in BERT's own dense layer over the first token.
pub(super) fn graph_with(config: &TextConfig, pooling: Pooling, positions: Positions) -> Graph {
    let width = config.width;
    let table =
        |part: &str, n_rows| Table { name: format!("embeddings.{part}_embeddings.weight"), n_rows, width };
    let mut builder = GraphBuilder::of_tokens();
    let ids = builder.input();
    let mut tokens = builder.then(ids, Operation::Embedding(table("word", config.vocabulary)));
    if config.n_types > 0 {
        tokens = builder.then(tokens, Operation::AddFirstRow(table("token_type", config.n_types)));
    }
    tokens = builder
        .join(&[tokens, ids], Operation::AddPositions(table("position", config.n_positions), positions));
    tokens = layer_norm(&mut builder, tokens, config, "embeddings.LayerNorm");
    for layer in 0..config.n_layers {
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        let names = LayerNames {
            attention: ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}"))),
            attention_output: name("attention.output.dense"),
            attention_norm: name("attention.output.LayerNorm"),
            feed_forward: [name("intermediate.dense"), name("output.dense")],
            feed_forward_norm: name("output.LayerNorm"),
        };
        tokens = layer_norm_after(&mut builder, tokens, config, names);
    }
    let pooled = pool(&mut builder, tokens, pooling, TokenPool::First);
    if pooling == Pooling::Own {
        linear(&mut builder, pooled, "pooler.dense", [width, width], Activation::Tanh);
    }
    builder.build()
}
