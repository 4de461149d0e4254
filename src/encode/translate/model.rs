//! Marian's network: an encoder that reads a title and a decoder that writes its translation, both with norms after
//! their parts and sine positions. Parameters have transformers' names (MarianMTModel). Batches are masked, and what a
//! decoder remembers of its own tokens belongs to one batch only. Inference only.
//! Junczys-Dowmunt et al., "Marian: Fast Neural Machine Translation in C++", ACL 2018; Vaswani et al., "Attention Is
//! All You Need", NIPS 2017, for the layers and the positions (section 3.5).

use candle_core::{D, Device, Result, Tensor};
use candle_nn::ops::{layer_norm, softmax_last_dim};

use super::config::{MarianConfig, StackConfig};
use crate::nn::{Activation, NnError, Weights};

/// Added to the variance of every layer norm; the published code has it as PyTorch's default.
const EPSILON: f32 = 1e-5;
/// Added to the score of what must not be seen; its exponential is zero.
const HIDDEN: f32 = -1e9;

/// The network with its weights.
#[derive(Debug)]
pub(super) struct Marian {
    /// (vocabulary, width): token rows of both halves, and the last layer.
    tokens: Tensor,
    /// (1, vocabulary).
    output_bias: Tensor,
    /// (positions, width).
    positions: Tensor,
    token_scale: f64,
    encoder: Vec<EncoderLayer>,
    decoder: Vec<DecoderLayer>,
    device: Device,
}

#[derive(Debug)]
struct Linear {
    weight_transposed: Tensor,
    bias: Tensor,
}

#[derive(Debug)]
struct Norm {
    weight: Tensor,
    bias: Tensor,
}

#[derive(Debug)]
struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    n_heads: usize,
}

#[derive(Debug)]
struct FeedForward {
    first: Linear,
    second: Linear,
    norm: Norm,
    activation: Activation,
}

#[derive(Debug)]
struct EncoderLayer {
    attention: Attention,
    norm: Norm,
    feed_forward: FeedForward,
}

#[derive(Debug)]
struct DecoderLayer {
    attention: Attention,
    norm: Norm,
    source_attention: Attention,
    source_norm: Norm,
    feed_forward: FeedForward,
}

/// Keys and values, each (n, heads, tokens, width / heads).
#[derive(Clone, Debug)]
struct Memory {
    keys: Tensor,
    values: Tensor,
}

/// A batch on its way: what was read, and what has been written so far.
#[derive(Debug)]
pub(super) struct Writing<'a> {
    model: &'a Marian,
    /// Of each layer, over the source.
    source: Vec<Memory>,
    /// (n, 1, 1, source tokens): zero, or [`HIDDEN`] at padding.
    source_mask: Tensor,
    /// Of each layer, over the tokens written.
    written: Vec<Option<Memory>>,
    n_written: usize,
}

impl Marian {
    /// Loads every parameter.
    ///
    /// # Errors
    /// [`NnError::Tensor`] naming the first that is absent or of another shape.
    pub(super) fn load(
        config: &MarianConfig,
        weights: Weights,
        device: &Device,
    ) -> std::result::Result<Self, NnError> {
        const TOKENS: &str = "model.shared.weight";
        // The table of tokens is shared, and files keep it under one of its four names.
        let others: [fn(&str) -> Option<String>; 3] = [
            |name| (name == TOKENS).then(|| "model.encoder.embed_tokens.weight".to_owned()),
            |name| (name == TOKENS).then(|| "model.decoder.embed_tokens.weight".to_owned()),
            |name| (name == TOKENS).then(|| "lm_head.weight".to_owned()),
        ];
        let there =
            others.into_iter().find(|other| other(TOKENS).is_some_and(|name| weights.shape(&name).is_some()));
        let weights = match there {
            Some(other) if weights.shape(TOKENS).is_none() => weights.with_names(other),
            _ => weights,
        };
        let loader = Loader { weights: &weights, device, config };
        let (vocabulary, width) = (config.vocabulary, config.width);
        Ok(Self {
            tokens: loader.tensor(TOKENS, &[vocabulary, width])?,
            output_bias: loader.tensor("final_logits_bias", &[1, vocabulary])?,
            positions: sine_positions(config.n_positions, width, device)?,
            token_scale: config.token_scale,
            encoder: (0..config.encoder.n_layers)
                .map(|layer| loader.encoder_layer(layer))
                .collect::<std::result::Result<_, _>>()?,
            decoder: (0..config.decoder.n_layers)
                .map(|layer| loader.decoder_layer(layer))
                .collect::<std::result::Result<_, _>>()?,
            device: device.clone(),
        })
    }

    /// Where it computes.
    pub(super) fn device(&self) -> &Device {
        &self.device
    }

    /// Reads titles padded to one length, ids and mask (n, t) with 1 for real tokens: (n, t, width).
    pub(super) fn read(&self, ids: &Tensor, mask: &Tensor) -> Result<Tensor> {
        let mask = hiding(mask)?;
        let mut features = self.embed(ids, 0)?;
        for layer in &self.encoder {
            let memory = layer.attention.memory(&features)?;
            let attended = layer.attention.over(&features, &memory, Some(&mask))?;
            features = layer.norm.of(&(attended + features)?)?;
            features = layer.feed_forward.of(&features)?;
        }
        Ok(features)
    }

    /// Begins to write translations of titles read.
    pub(super) fn writing(&self, read: &Tensor, mask: &Tensor) -> Result<Writing<'_>> {
        let source = self.decoder.iter().map(|layer| layer.source_attention.memory(read));
        Ok(Writing {
            model: self,
            source: source.collect::<Result<_>>()?,
            source_mask: hiding(mask)?,
            written: self.decoder.iter().map(|_| None).collect(),
            n_written: 0,
        })
    }

    fn embed(&self, ids: &Tensor, first_position: usize) -> Result<Tensor> {
        let (n, n_tokens) = ids.dims2()?;
        let width = self.tokens.dim(1)?;
        let rows = self.tokens.index_select(&ids.flatten_all()?, 0)?.reshape((n, n_tokens, width))?;
        let positions = self.positions.narrow(0, first_position, n_tokens)?;
        (rows * self.token_scale)?.broadcast_add(&positions)
    }
}

impl Writing<'_> {
    /// Writes one token more of each title, `ids` (n), and gives what may follow: scores (n, vocabulary).
    pub(super) fn step(&mut self, ids: &[u32]) -> Result<Tensor> {
        let ids = Tensor::new(ids, &self.model.device)?.unsqueeze(1)?;
        let mut features = self.model.embed(&ids, self.n_written)?;
        self.n_written += 1;
        let layers = self.model.decoder.iter().zip(&self.source).zip(&mut self.written);
        for ((layer, source), written) in layers {
            let new = layer.attention.memory(&features)?;
            let all = match written.take() {
                Some(before) => Memory {
                    keys: Tensor::cat(&[&before.keys, &new.keys], 2)?,
                    values: Tensor::cat(&[&before.values, &new.values], 2)?,
                },
                None => new,
            };
            let attended = layer.attention.over(&features, &all, None)?;
            *written = Some(all);
            features = layer.norm.of(&(attended + features)?)?;
            let attended = layer.source_attention.over(&features, source, Some(&self.source_mask))?;
            features = layer.source_norm.of(&(attended + features)?)?;
            features = layer.feed_forward.of(&features)?;
        }
        features.squeeze(1)?.matmul(&self.model.tokens.t()?)?.broadcast_add(&self.model.output_bias)
    }

    /// Goes on with these rows only, in this order, repeats allowed.
    pub(super) fn keep(&mut self, rows: &[u32]) -> Result<()> {
        let is_same =
            rows.len() == self.source_mask.dim(0)? && rows.iter().zip(0..).all(|(&row, at)| row == at);
        if is_same {
            return Ok(());
        }
        let rows = Tensor::new(rows, &self.model.device)?;
        self.source_mask = self.source_mask.index_select(&rows, 0)?;
        for memory in self.source.iter_mut().chain(self.written.iter_mut().flatten()) {
            memory.keys = memory.keys.index_select(&rows, 0)?;
            memory.values = memory.values.index_select(&rows, 0)?;
        }
        Ok(())
    }
}

impl Linear {
    /// (n, t, in) to (n, t, out).
    fn of(&self, features: &Tensor) -> Result<Tensor> {
        let (n, n_tokens, width) = features.dims3()?;
        let rows = features.reshape((n * n_tokens, width))?.matmul(&self.weight_transposed)?;
        rows.broadcast_add(&self.bias)?.reshape((n, n_tokens, ()))
    }
}

impl Norm {
    fn of(&self, features: &Tensor) -> Result<Tensor> {
        layer_norm(&features.contiguous()?, &self.weight, &self.bias, EPSILON)
    }
}

impl Attention {
    fn heads(&self, features: &Tensor) -> Result<Tensor> {
        let (n, n_tokens, width) = features.dims3()?;
        features.reshape((n, n_tokens, self.n_heads, width / self.n_heads))?.transpose(1, 2)?.contiguous()
    }

    fn memory(&self, features: &Tensor) -> Result<Memory> {
        Ok(Memory {
            keys: self.heads(&self.key.of(features)?)?,
            values: self.heads(&self.value.of(features)?)?,
        })
    }

    fn over(&self, features: &Tensor, memory: &Memory, mask: Option<&Tensor>) -> Result<Tensor> {
        let (n, n_tokens, width) = features.dims3()?;
        let scale = ((width / self.n_heads) as f64).powf(-0.5);
        let queries = self.heads(&self.query.of(features)?)?;
        let mut scores = (queries.matmul(&memory.keys.t()?)? * scale)?;
        if let Some(mask) = mask {
            scores = scores.broadcast_add(mask)?;
        }
        let seen = softmax_last_dim(&scores)?.matmul(&memory.values)?;
        self.output.of(&seen.transpose(1, 2)?.reshape((n, n_tokens, width))?)
    }
}

impl FeedForward {
    fn of(&self, features: &Tensor) -> Result<Tensor> {
        let inside = self.activation.apply(&self.first.of(features)?)?;
        self.norm.of(&(self.second.of(&inside)? + features)?)
    }
}

struct Loader<'a> {
    weights: &'a Weights,
    device: &'a Device,
    config: &'a MarianConfig,
}

type Loaded<T> = std::result::Result<T, NnError>;

impl Loader<'_> {
    fn tensor(&self, name: &str, shape: &[usize]) -> Loaded<Tensor> {
        self.weights.tensor(name, shape, self.device)
    }

    fn linear(&self, name: &str, [from, to]: [usize; 2]) -> Loaded<Linear> {
        let weight_transposed = self.tensor(&format!("{name}.weight"), &[to, from])?.t()?.contiguous()?;
        Ok(Linear { weight_transposed, bias: self.tensor(&format!("{name}.bias"), &[to])? })
    }

    fn norm(&self, name: &str) -> Loaded<Norm> {
        let tensor = |part: &str| self.tensor(&format!("{name}.{part}"), &[self.config.width]);
        Ok(Norm { weight: tensor("weight")?, bias: tensor("bias")? })
    }

    fn attention(&self, name: &str, stack: StackConfig) -> Loaded<Attention> {
        let width = self.config.width;
        let linear = |part: &str| self.linear(&format!("{name}.{part}_proj"), [width, width]);
        let (query, key, value, output) = (linear("q")?, linear("k")?, linear("v")?, linear("out")?);
        Ok(Attention { query, key, value, output, n_heads: stack.n_heads })
    }

    fn feed_forward(&self, name: &str, stack: StackConfig) -> Loaded<FeedForward> {
        let width = self.config.width;
        Ok(FeedForward {
            first: self.linear(&format!("{name}.fc1"), [width, stack.inner])?,
            second: self.linear(&format!("{name}.fc2"), [stack.inner, width])?,
            norm: self.norm(&format!("{name}.final_layer_norm"))?,
            activation: self.config.activation,
        })
    }

    fn encoder_layer(&self, layer: usize) -> Loaded<EncoderLayer> {
        let (name, stack) = (format!("model.encoder.layers.{layer}"), self.config.encoder);
        Ok(EncoderLayer {
            attention: self.attention(&format!("{name}.self_attn"), stack)?,
            norm: self.norm(&format!("{name}.self_attn_layer_norm"))?,
            feed_forward: self.feed_forward(&name, stack)?,
        })
    }

    fn decoder_layer(&self, layer: usize) -> Loaded<DecoderLayer> {
        let (name, stack) = (format!("model.decoder.layers.{layer}"), self.config.decoder);
        Ok(DecoderLayer {
            attention: self.attention(&format!("{name}.self_attn"), stack)?,
            norm: self.norm(&format!("{name}.self_attn_layer_norm"))?,
            source_attention: self.attention(&format!("{name}.encoder_attn"), stack)?,
            source_norm: self.norm(&format!("{name}.encoder_attn_layer_norm"))?,
            feed_forward: self.feed_forward(&name, stack)?,
        })
    }
}

/// (n, t) of ones and zeros to (n, 1, 1, t) of zeros and [`HIDDEN`].
fn hiding(mask: &Tensor) -> Result<Tensor> {
    mask.affine(-f64::from(HIDDEN), f64::from(HIDDEN))?.unsqueeze(1)?.unsqueeze(D::Minus2)
}

/// Sines in the first half of a row, cosines in the second, of position / 10000^(2 i / width).
fn sine_positions(n_positions: usize, width: usize, device: &Device) -> Result<Tensor> {
    let n_sines = width.div_ceil(2);
    let mut values = Vec::with_capacity(n_positions * width);
    for position in 0..n_positions {
        let angle = |pair: usize| position as f64 / 10_000_f64.powf(2.0 * pair as f64 / width as f64);
        values.extend((0..n_sines).map(|pair| angle(pair).sin() as f32));
        values.extend((0..width - n_sines).map(|pair| angle(pair).cos() as f32));
    }
    Tensor::from_vec(values, (n_positions, width), device)
}
