//! config.json of a Marian translator: sizes, special ids and how it searches.

use serde::Deserialize;

use crate::encode::text::architecture::activation;
use crate::nn::Activation;

/// What is read of config.json.
#[derive(Clone, Debug)]
pub(super) struct MarianConfig {
    pub(super) vocabulary: usize,
    pub(super) width: usize,
    pub(super) encoder: StackConfig,
    pub(super) decoder: StackConfig,
    pub(super) n_positions: usize,
    pub(super) activation: Activation,
    /// What token rows are multiplied with.
    pub(super) token_scale: f64,
    pub(super) padding_id: u32,
    pub(super) start_id: u32,
    pub(super) end_id: u32,
    /// Ids that are never written.
    pub(super) forbidden: Vec<u32>,
    /// Tokens a translation may have, start and end counted.
    pub(super) max_tokens: usize,
}

/// One of the two halves.
#[derive(Clone, Copy, Debug)]
pub(super) struct StackConfig {
    pub(super) n_layers: usize,
    pub(super) n_heads: usize,
    pub(super) inner: usize,
}

#[derive(Deserialize)]
struct MarianFile {
    model_type: Option<String>,
    vocab_size: usize,
    decoder_vocab_size: Option<usize>,
    d_model: usize,
    encoder_layers: usize,
    encoder_attention_heads: usize,
    encoder_ffn_dim: usize,
    decoder_layers: usize,
    decoder_attention_heads: usize,
    decoder_ffn_dim: usize,
    max_position_embeddings: usize,
    activation_function: String,
    #[serde(default)]
    scale_embedding: bool,
    #[serde(default)]
    normalize_before: bool,
    #[serde(default)]
    normalize_embedding: bool,
    share_encoder_decoder_embeddings: Option<bool>,
    pad_token_id: u32,
    eos_token_id: u32,
    decoder_start_token_id: Option<u32>,
    bad_words_ids: Option<Vec<Vec<u32>>>,
    max_length: Option<usize>,
}

impl MarianConfig {
    /// Reads it.
    ///
    /// # Errors
    /// What is missing, out of range or of another architecture.
    pub(super) fn read(json: &str) -> Result<Self, String> {
        let file: MarianFile = serde_json::from_str(json).map_err(|error| error.to_string())?;
        if let Some(other) = file.model_type.as_deref().filter(|kind| *kind != "marian") {
            return Err(format!("its kind is `{other}`, expected `marian`"));
        }
        let tables_differ = file.decoder_vocab_size.is_some_and(|size| size != file.vocab_size);
        if tables_differ || file.share_encoder_decoder_embeddings == Some(false) {
            return Err(
                "it has separate vocabularies for the two languages, which are not supported".to_owned()
            );
        }
        if file.normalize_before || file.normalize_embedding {
            return Err("`normalize_before` and `normalize_embedding` are not supported".to_owned());
        }
        let sizes = [
            ("vocab_size", file.vocab_size, 1 << 24),
            ("d_model", file.d_model, 1 << 14),
            ("encoder_layers", file.encoder_layers, 1 << 8),
            ("encoder_attention_heads", file.encoder_attention_heads, 1 << 10),
            ("encoder_ffn_dim", file.encoder_ffn_dim, 1 << 16),
            ("decoder_layers", file.decoder_layers, 1 << 8),
            ("decoder_attention_heads", file.decoder_attention_heads, 1 << 10),
            ("decoder_ffn_dim", file.decoder_ffn_dim, 1 << 16),
            ("max_position_embeddings", file.max_position_embeddings, 1 << 16),
        ];
        for (name, size, largest) in sizes {
            if size == 0 || size > largest {
                return Err(format!("`{name}` is {size}, expected 1 to {largest}"));
            }
        }
        for n_heads in [file.encoder_attention_heads, file.decoder_attention_heads] {
            if !file.d_model.is_multiple_of(n_heads) {
                return Err(format!(
                    "`d_model` {} is no multiple of its {n_heads} attention heads",
                    file.d_model
                ));
            }
        }
        let start_id = file.decoder_start_token_id.unwrap_or(file.pad_token_id);
        for (name, id) in [
            ("pad_token_id", file.pad_token_id),
            ("eos_token_id", file.eos_token_id),
            ("decoder_start_token_id", start_id),
        ] {
            if id as usize >= file.vocab_size {
                return Err(format!("`{name}` {id} is not in the vocabulary of {}", file.vocab_size));
            }
        }
        // Phrases of several tokens are not forbidden by any published translator.
        let forbidden = file.bad_words_ids.unwrap_or_else(|| vec![vec![file.pad_token_id]]);
        let forbidden =
            forbidden.into_iter().filter_map(|phrase| <[u32; 1]>::try_from(phrase).ok()).flatten().collect();
        Ok(Self {
            vocabulary: file.vocab_size,
            width: file.d_model,
            encoder: StackConfig {
                n_layers: file.encoder_layers,
                n_heads: file.encoder_attention_heads,
                inner: file.encoder_ffn_dim,
            },
            decoder: StackConfig {
                n_layers: file.decoder_layers,
                n_heads: file.decoder_attention_heads,
                inner: file.decoder_ffn_dim,
            },
            n_positions: file.max_position_embeddings,
            activation: activation(&file.activation_function)?,
            token_scale: if file.scale_embedding { (file.d_model as f64).sqrt() } else { 1.0 },
            padding_id: file.pad_token_id,
            start_id,
            end_id: file.eos_token_id,
            forbidden,
            max_tokens: file.max_length.unwrap_or(512).clamp(2, file.max_position_embeddings),
        })
    }
}
