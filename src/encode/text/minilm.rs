//! all-MiniLM-L6-v2: a small sentence encoder. BERT's last layer, averaged over the real tokens, at most 256 of them.
//! Wang et al., "MiniLM", NeurIPS 2020; Reimers and Gurevych, "Sentence-BERT", EMNLP 2019. The layers are
//! candle-transformers'; tokens come from the model's own tokenizer.json.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use rayon::prelude::*;
use tokenizers::{Tokenizer, TruncationParams};

use crate::encode::encoder::l2_normalise;
use crate::encode::{DenseMatrix, EncodeError, ModelStore, TextEncoder};
use crate::nn::{DeviceChoice, NnError, Weights, open_device};

/// Name of the model folder.
pub(crate) const MODEL: &str = "all-MiniLM-L6-v2";

const WEIGHTS: &str = "model.safetensors";
const TOKENIZER: &str = "tokenizer.json";
/// Raised when the same weights and titles give other numbers.
const CODE_VERSION: u32 = 1;
/// Tokens a title, the two special ones counted; what lies beyond is cut off.
const MAX_TOKENS: usize = 256;
/// Padded tokens a forward pass, so that one long title does not stretch many short ones.
const TOKENS_PER_PASS: usize = 256;
const TOKENS_PER_PASS_GPU: usize = 1 << 15;

/// The encoder; the table of encoders opens it too, this type also shows its tokens.
pub struct MiniLm {
    model: BertModel,
    tokenizer: Tokenizer,
    device: Device,
    width: usize,
    fingerprint: String,
}

impl std::fmt::Debug for MiniLm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MiniLm").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

impl MiniLm {
    /// Opens the model in the store's folder `all-MiniLM-L6-v2`.
    ///
    /// # Errors
    /// When a file is absent or unusable, or the device is not there.
    pub fn open(store: &ModelStore, device: DeviceChoice) -> Result<Self, EncodeError> {
        let bad = |name: &str, reason: String| EncodeError::BadModelFile {
            path: store.folder().join(MODEL).join(name),
            reason,
        };
        let config: Config = serde_json::from_str(&store.text(MODEL, "config.json")?)
            .map_err(|error| bad("config.json", error.to_string()))?;
        check_config(&config).map_err(|reason| bad("config.json", reason))?;

        let tokenizer_json = store.text(MODEL, TOKENIZER)?;
        let tokenizer = read_tokenizer(&tokenizer_json, MAX_TOKENS.min(config.max_position_embeddings))
            .map_err(|reason| bad(TOKENIZER, reason))?;
        if tokenizer.get_vocab_size(true) > config.vocab_size {
            let reason = format!("it has more tokens than the model's {}", config.vocab_size);
            return Err(bad(TOKENIZER, reason));
        }

        let weights = Weights::open(&store.file(MODEL, WEIGHTS)?)?;
        let device = open_device(device)?;
        let tensors = load_tensors(&config, &weights, &device)?;
        let model = BertModel::load(VarBuilder::from_tensors(tensors, DType::F32, &device), &config)?;
        let fingerprint = format!(
            "{MODEL} v{CODE_VERSION}; mean of {MAX_TOKENS} tokens; {config:?}; tokenizer {}; weights {}",
            blake3::hash(tokenizer_json.as_bytes()).to_hex(),
            weights.digest()
        );
        Ok(Self { model, tokenizer, device, width: config.hidden_size, fingerprint })
    }

    /// The token ids of a title, the special ones included, cut to the model's length.
    ///
    /// # Errors
    /// [`EncodeError::BadModelFile`] when the tokenizer has no token for what it met and none for the unknown.
    pub fn token_ids(&self, title: &str) -> Result<Vec<u32>, EncodeError> {
        match self.tokenizer.encode_fast(title, true) {
            Ok(encoding) => Ok(encoding.get_ids().to_vec()),
            Err(error) => Err(EncodeError::BadModelFile {
                path: Path::new(MODEL).join(TOKENIZER),
                reason: error.to_string(),
            }),
        }
    }

    /// Mean-pooled, L2-normalised rows of titles that are padded to the longest of them.
    fn embed_pass(&self, titles: &[&[u32]]) -> Result<Vec<f32>, NnError> {
        let length = titles.iter().map(|ids| ids.len()).max().unwrap_or(0);
        let shape = (titles.len(), length);
        let (mut ids, mut mask) = (Vec::new(), Vec::new());
        for title in titles {
            let n_padding = length - title.len();
            ids.extend(title.iter().copied().chain(std::iter::repeat_n(0, n_padding)));
            mask.extend(std::iter::repeat_n(1_f32, title.len()).chain(std::iter::repeat_n(0.0, n_padding)));
        }
        let ids = Tensor::from_vec(ids, shape, &self.device)?;
        let mask = Tensor::from_vec(mask, shape, &self.device)?;
        let hidden = self.model.forward(&ids, &ids.zeros_like()?, Some(&mask))?;
        // The sum over real tokens; its length does not matter, since rows are normalised.
        let pooled = mask.unsqueeze(1)?.matmul(&hidden)?.squeeze(1)?;
        let mut rows = pooled.flatten_all()?.to_vec1::<f32>()?;
        rows.chunks_exact_mut(self.width).for_each(l2_normalise);
        Ok(rows)
    }
}

impl TextEncoder for MiniLm {
    fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }

    fn batch_size(&self) -> usize {
        if self.device.is_cpu() { 16 } else { 512 }
    }

    fn embed(&self, titles: &[&str]) -> Result<DenseMatrix, EncodeError> {
        let ids = titles.par_iter().map(|title| self.token_ids(title)).collect::<Result<Vec<_>, _>>()?;
        let tokens_per_pass = if self.device.is_cpu() { TOKENS_PER_PASS } else { TOKENS_PER_PASS_GPU };
        let passes = passes(&ids, tokens_per_pass);
        let run = |pass: &Vec<usize>| {
            let titles: Vec<&[u32]> = pass.iter().map(|&title| ids[title].as_slice()).collect();
            self.embed_pass(&titles)
        };
        // On the CPU passes run side by side: candle computes everything but matrix products on one thread.
        let rows: Vec<Vec<f32>> = if self.device.is_cpu() {
            passes.par_iter().map(run).collect::<Result<_, _>>()?
        } else {
            passes.iter().map(run).collect::<Result<_, _>>()?
        };
        let mut matrix = DenseMatrix { width: self.width, values: vec![0.0; titles.len() * self.width] };
        for (pass, rows) in passes.iter().zip(&rows) {
            for (&title, row) in pass.iter().zip(rows.chunks_exact(self.width)) {
                matrix.values[title * self.width..(title + 1) * self.width].copy_from_slice(row);
            }
        }
        Ok(matrix)
    }
}

/// Splits titles into passes of neighbours in length, each at most `max_tokens` with padding (or one title).
fn passes(ids: &[Vec<u32>], max_tokens: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..ids.len()).collect();
    order.sort_by_key(|&title| std::cmp::Reverse(ids[title].len()));
    let mut passes: Vec<Vec<usize>> = Vec::new();
    for title in order {
        match passes.last_mut() {
            // Sorted from the longest, so a pass is padded to its first title.
            Some(pass)
                if pass.first().is_some_and(|&first| ids[first].len() * (pass.len() + 1) <= max_tokens) =>
            {
                pass.push(title);
            }
            _ => passes.push(vec![title]),
        }
    }
    passes
}

fn read_tokenizer(json: &str, max_length: usize) -> Result<Tokenizer, String> {
    let mut tokenizer: Tokenizer = json.parse().map_err(|error: tokenizers::Error| error.to_string())?;
    let truncation = TruncationParams { max_length, ..TruncationParams::default() };
    tokenizer.with_padding(None).with_truncation(Some(truncation)).map_err(|error| error.to_string())?;
    Ok(tokenizer)
}

fn check_config(config: &Config) -> Result<(), String> {
    if config.hidden_size == 0 || config.num_attention_heads == 0 {
        return Err("`hidden_size` and `num_attention_heads` must be above zero".to_owned());
    }
    if !config.hidden_size.is_multiple_of(config.num_attention_heads) {
        return Err("`hidden_size` is no multiple of `num_attention_heads`".to_owned());
    }
    if config.max_position_embeddings < 8 {
        return Err(format!("`max_position_embeddings` is only {}", config.max_position_embeddings));
    }
    Ok(())
}

/// Every tensor BERT needs, by its name in the file, shapes checked.
fn load_tensors(
    config: &Config,
    weights: &Weights,
    device: &Device,
) -> Result<HashMap<String, Tensor>, NnError> {
    let Config { hidden_size: width, intermediate_size: inner, .. } = *config;
    let mut wanted: Vec<(String, Vec<usize>)> = Vec::new();
    let norm =
        |prefix: String| [(format!("{prefix}.weight"), vec![width]), (format!("{prefix}.bias"), vec![width])];
    let linear = |prefix: String, [from, to]: [usize; 2]| {
        [(format!("{prefix}.weight"), vec![to, from]), (format!("{prefix}.bias"), vec![to])]
    };
    for (table, n_rows) in [
        ("word", config.vocab_size),
        ("position", config.max_position_embeddings),
        ("token_type", config.type_vocab_size),
    ] {
        wanted.push((format!("embeddings.{table}_embeddings.weight"), vec![n_rows, width]));
    }
    wanted.extend(norm("embeddings.LayerNorm".to_owned()));
    for layer in 0..config.num_hidden_layers {
        let prefix = format!("encoder.layer.{layer}");
        for part in ["query", "key", "value"] {
            wanted.extend(linear(format!("{prefix}.attention.self.{part}"), [width, width]));
        }
        wanted.extend(linear(format!("{prefix}.attention.output.dense"), [width, width]));
        wanted.extend(norm(format!("{prefix}.attention.output.LayerNorm")));
        wanted.extend(linear(format!("{prefix}.intermediate.dense"), [width, inner]));
        wanted.extend(linear(format!("{prefix}.output.dense"), [inner, width]));
        wanted.extend(norm(format!("{prefix}.output.LayerNorm")));
        // Stops at the first layer the file lacks, so that an absurd count in the config costs nothing.
        if weights.shape(&format!("{prefix}.output.LayerNorm.bias")).is_none() {
            break;
        }
    }
    wanted
        .into_iter()
        .map(|(name, shape)| weights.tensor(&name, &shape, device).map(|tensor| (name, tensor)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_hold_every_title_once_with_little_padding() {
        let ids: Vec<Vec<u32>> = [3, 200, 5, 4, 90, 100, 300, 1].map(|length| vec![7; length]).into();
        assert_eq!(passes(&ids, 256), [vec![6], vec![1], vec![5, 4], vec![2, 3, 0, 7]]);
        assert!(passes(&[], 256).is_empty());
    }

    #[test]
    fn a_broken_tokenizer_is_refused() {
        for json in ["", "{}", "[1]", "{\"model\": 3}"] {
            assert!(read_tokenizer(json, 256).is_err(), "{json}");
        }
    }
}
