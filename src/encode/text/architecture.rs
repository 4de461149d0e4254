//! The table of text architectures: each reads the model's own config and builds its graph up to the embedding, with
//! transformers' parameter names.

use super::{bert, clip_text, distilbert, siglip_text, xlm_roberta};
use crate::encode::Pooling;
use crate::nn::{Activation, Graph};

/// Another name a parameter may have in a file.
pub type OtherName = fn(&str) -> Option<String>;

/// One line of the table.
#[derive(Clone, Copy)]
pub struct TextArchitecture {
    /// Stable id, transformers' `model_type` ("bert", "distilbert", "xlm-roberta", "clip_text_model"...).
    pub id: &'static str,
    /// Reads config.json; the error says what is missing or out of range.
    pub configure: fn(json: &str) -> Result<TextConfig, String>,
    /// Ways of naming parameters in published files besides transformers' own; a file keeps to one of them.
    pub other_names: &'static [OtherName],
}

/// A configured text network.
#[derive(Clone, Debug)]
pub struct TextConfig {
    /// (n, t) ids to (n, output width), by pooling.
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
    /// Inside the feed-forward part.
    pub activation: Activation,
    /// Rows of the position table.
    pub n_positions: usize,
    /// Rows of the token-type table, 0 where there is none.
    pub n_types: usize,
    /// Added to variances.
    pub epsilon: f64,
    /// Id that fills short titles.
    pub padding_id: u32,
    /// How long a title is for the network.
    pub length: TitleLength,
    /// Id of the token whose row stands for the title; `None` where it is the largest id (CLIP as first published) or
    /// where no such token is used.
    pub end_of_text: Option<u32>,
    /// Numbers an embedding (after a projection, where there is one).
    pub output_width: usize,
}

/// How many tokens a network sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TitleLength {
    /// As many as the title has, at most so many, special ones counted.
    AtMost(usize),
    /// Always so many: short titles are filled with padding that the network sees (SigLIP was trained so).
    Always(usize),
}

impl TitleLength {
    /// The most tokens a title may have.
    pub fn longest(self) -> usize {
        match self {
            Self::AtMost(n_tokens) | Self::Always(n_tokens) => n_tokens,
        }
    }
}

impl TextConfig {
    /// The same if its sizes can be those of a network.
    ///
    /// # Errors
    /// Which size cannot be.
    pub(super) fn checked(self) -> Result<Self, String> {
        let sizes = [
            ("vocabulary", self.vocabulary, 1 << 24),
            ("width", self.width, 1 << 16),
            ("number of layers", self.n_layers, 1 << 10),
            ("number of attention heads", self.n_heads, 1 << 10),
            ("inner width", self.inner, 1 << 18),
            ("number of positions", self.n_positions, 1 << 20),
            ("output width", self.output_width, 1 << 16),
        ];
        for (name, size, largest) in sizes {
            if size == 0 || size > largest {
                return Err(format!("the {name} is {size}, expected 1 to {largest}"));
            }
        }
        if !self.width.is_multiple_of(self.n_heads) {
            return Err(format!(
                "the width {} is no multiple of the {} attention heads",
                self.width, self.n_heads
            ));
        }
        if self.length.longest() < 3 {
            return Err(format!("{} positions leave no room for a title", self.n_positions));
        }
        if self.padding_id as usize >= self.vocabulary {
            return Err(format!(
                "the padding id {} is not in the vocabulary of {}",
                self.padding_id, self.vocabulary
            ));
        }
        if !(self.epsilon > 0.0 && self.epsilon < 1.0) {
            return Err(format!(
                "the layer norms' epsilon is {}, expected a small positive number",
                self.epsilon
            ));
        }
        Ok(self)
    }
}

impl std::fmt::Debug for TextArchitecture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextArchitecture").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Every text architecture.
pub const TEXT_ARCHITECTURES: &[TextArchitecture] = &[
    bert::ARCHITECTURE,
    distilbert::ARCHITECTURE,
    xlm_roberta::ARCHITECTURE,
    clip_text::ARCHITECTURE,
    siglip_text::ARCHITECTURE,
];

/// The architecture with this id.
pub fn text_architecture(id: &str) -> Option<&'static TextArchitecture> {
    TEXT_ARCHITECTURES.iter().find(|architecture| architecture.id == id)
}

/// The activation of this name in transformers' configs.
pub(in crate::encode) fn activation(name: &str) -> Result<Activation, String> {
    match name {
        "gelu" => Ok(Activation::Gelu),
        "gelu_new" | "gelu_pytorch_tanh" => Ok(Activation::GeluTanh),
        "quick_gelu" => Ok(Activation::QuickGelu),
        "relu" => Ok(Activation::Relu),
        "silu" | "swish" => Ok(Activation::Silu),
        other => Err(format!("the activation `{other}` is not known")),
    }
}

/// TensorFlow's names of a layer norm's parameters, which the oldest files keep.
pub(super) fn gamma_beta(name: &str) -> Option<String> {
    let (norm, part) = name.rsplit_once('.')?;
    let part = match part {
        "weight" if norm.ends_with("LayerNorm") => "gamma",
        "bias" if norm.ends_with("LayerNorm") => "beta",
        _ => return None,
    };
    Some(format!("{norm}.{part}"))
}

/// A part of a multimodal config: `text_config` where there is one, else the whole.
pub(super) fn text_part(json: &str) -> Result<(serde_json::Value, serde_json::Value), String> {
    let whole: serde_json::Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let part = whole.get("text_config").unwrap_or(&whole).clone();
    if !part.is_object() {
        return Err("it is no table of settings".to_owned());
    }
    Ok((whole, part))
}

#[cfg(test)]
#[path = "architecture_tests.rs"]
mod tests;
