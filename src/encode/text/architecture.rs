//! The table of text architectures: each reads the model's own config and builds its graph up to the last hidden layer,
//! with transformers' parameter names.

use crate::encode::Pooling;
use crate::nn::Graph;

/// One line of the table.
#[derive(Clone, Copy)]
pub struct TextArchitecture {
    /// Stable id, transformers' `model_type` ("bert", "distilbert", "xlm-roberta", "clip_text_model"...).
    pub id: &'static str,
    /// Reads config.json; the error says what is missing or out of range.
    pub configure: fn(json: &str) -> Result<TextConfig, String>,
}

/// A configured text network.
#[derive(Clone, Debug)]
pub struct TextConfig {
    /// (n, t) ids to (n, width), by pooling.
    pub graph: fn(&TextConfig, Pooling) -> Graph,
    /// Ids the token table has.
    pub vocabulary: usize,
    /// Numbers a token.
    pub width: usize,
    /// Layers.
    pub n_layers: usize,
    /// Attention heads, a divisor of the width.
    pub n_heads: usize,
    /// Width inside the feed-forward part.
    pub inner: usize,
    /// Rows of the position table.
    pub n_positions: usize,
    /// Rows of the token-type table, 0 where there is none.
    pub n_types: usize,
    /// Added to variances.
    pub epsilon: f64,
    /// Id that fills short titles.
    pub padding_id: u32,
    /// Numbers an embedding (after a projection, where there is one).
    pub output_width: usize,
}

impl std::fmt::Debug for TextArchitecture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextArchitecture").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Every text architecture.
pub const TEXT_ARCHITECTURES: &[TextArchitecture] = &[];

/// The architecture with this id.
pub fn text_architecture(id: &str) -> Option<&'static TextArchitecture> {
    TEXT_ARCHITECTURES.iter().find(|architecture| architecture.id == id)
}
