//! Attention by batched matrix products (Vaswani et al., "Attention Is All You Need", NIPS 2017, section 3.2).

use candle_core::{DType, Result, Tensor, bail};

use super::layer::{Layer, Parameters, Pass, one};
use super::linear::LinearLayer;
use crate::nn::ops::softmax;
use crate::nn::{Activation, AttentionMask, AttentionWeights, NnError, ProbeAttention, SelfAttention};

/// Attention among tokens.
#[derive(Debug)]
pub(super) struct SelfAttentionLayer {
    projections: Projections,
    n_heads: usize,
    mask: AttentionMask,
}

/// Where queries, keys and values come from.
#[derive(Debug)]
enum Projections {
    /// One product for all three.
    Packed(LinearLayer),
    /// One each.
    Separate([LinearLayer; 3]),
}

impl SelfAttentionLayer {
    /// Loads the projections; to infer, three of them are joined into one.
    ///
    /// # Errors
    /// [`NnError::Tensor`] when a parameter is absent or of another shape.
    pub(super) fn load(
        attention: &SelfAttention,
        parameters: Parameters<'_>,
    ) -> std::result::Result<Self, NnError> {
        let width = attention.width;
        let packed = |weight: Tensor, bias: Tensor| {
            Projections::Packed(LinearLayer::from_tensors(weight, Some(bias), Activation::Identity))
        };
        let projections = match &attention.weights {
            AttentionWeights::Packed(name) => {
                Projections::Packed(LinearLayer::plain(name, [width, 3 * width], parameters)?)
            }
            AttentionWeights::InProjection(name) => packed(
                parameters.tensor(&format!("{name}.in_proj_weight"), &[3 * width, width])?,
                parameters.tensor(&format!("{name}.in_proj_bias"), &[3 * width])?,
            ),
            AttentionWeights::Separate([query, key, value]) => match parameters {
                Parameters::Learned(_) => {
                    let load = |name: &str| LinearLayer::plain(name, [width, width], parameters);
                    Projections::Separate([load(query)?, load(key)?, load(value)?])
                }
                Parameters::Fixed { .. } => {
                    let (mut matrices, mut biases) = (Vec::new(), Vec::new());
                    for name in [query, key, value] {
                        matrices.push(parameters.tensor(&format!("{name}.weight"), &[width, width])?);
                        biases.push(parameters.tensor(&format!("{name}.bias"), &[width])?);
                    }
                    packed(Tensor::cat(&matrices, 0)?, Tensor::cat(&biases, 0)?)
                }
            },
        };
        Ok(Self { projections, n_heads: attention.n_heads, mask: attention.mask })
    }

    fn queries_keys_values(&self, tokens: &Tensor) -> Result<[Tensor; 3]> {
        match &self.projections {
            Projections::Separate([query, key, value]) => {
                Ok([query.apply(tokens)?, key.apply(tokens)?, value.apply(tokens)?])
            }
            Projections::Packed(linear) => {
                let all = linear.apply(tokens)?;
                let width = all.dim(2)? / 3;
                Ok([all.narrow(2, 0, width)?, all.narrow(2, width, width)?, all.narrow(2, 2 * width, width)?])
            }
        }
    }
}

impl Layer for SelfAttentionLayer {
    fn forward(&self, inputs: &[Tensor], pass: &mut Pass<'_>) -> Result<Tensor> {
        let tokens = one(inputs)?;
        let (_, n_tokens, _) = tokens.dims3()?;
        let [queries, keys, values] = self.queries_keys_values(tokens)?;
        let hidden = match self.mask {
            AttentionMask::None => None,
            AttentionMask::Padding => {
                pass.input.mask().map(|mask| hidden_padding(mask, tokens.dtype())).transpose()?
            }
            AttentionMask::Causal => Some(hidden_future(n_tokens, tokens)?),
        };
        attend([&queries, &keys, &values], self.n_heads, hidden.as_ref())
    }
}

/// Attention of a learned query.
#[derive(Debug)]
pub(super) struct ProbeAttentionLayer {
    probe: Tensor,
    query: LinearLayer,
    key_value: LinearLayer,
    n_heads: usize,
}

impl ProbeAttentionLayer {
    /// Loads the query and the projections.
    ///
    /// # Errors
    /// [`NnError::Tensor`] when a parameter is absent or of another shape.
    pub(super) fn load(
        attention: &ProbeAttention,
        parameters: Parameters<'_>,
    ) -> std::result::Result<Self, NnError> {
        let width = attention.width;
        Ok(Self {
            probe: parameters.tensor(&attention.probe, &[1, 1, width])?,
            query: LinearLayer::plain(&attention.query, [width, width], parameters)?,
            key_value: LinearLayer::plain(&attention.key_value, [width, 2 * width], parameters)?,
            n_heads: attention.n_heads,
        })
    }
}

impl Layer for ProbeAttentionLayer {
    fn forward(&self, inputs: &[Tensor], _: &mut Pass<'_>) -> Result<Tensor> {
        let tokens = one(inputs)?;
        let (n, _, width) = tokens.dims3()?;
        let query = self.query.apply(&self.probe)?.broadcast_as((n, 1, width))?;
        let both = self.key_value.apply(tokens)?;
        attend([&query, &both.narrow(2, 0, width)?, &both.narrow(2, width, width)?], self.n_heads, None)
    }
}

/// softmax(Q K^T / sqrt(width / heads) + hidden) V: queries (n, t, width), keys and values (n, s, width), `hidden`
/// broadcast to (n, heads, t, s), to (n, t, width).
fn attend([queries, keys, values]: [&Tensor; 3], n_heads: usize, hidden: Option<&Tensor>) -> Result<Tensor> {
    let (n, n_queries, width) = queries.dims3()?;
    if n_heads == 0 || !width.is_multiple_of(n_heads) {
        bail!("attention: {n_heads} heads do not divide a width of {width}");
    }
    let head_width = width / n_heads;
    let heads = |tensor: &Tensor| {
        let (_, n_tokens, _) = tensor.dims3()?;
        tensor.reshape((n, n_tokens, n_heads, head_width))?.transpose(1, 2)?.contiguous()
    };
    let queries = (heads(queries)? * (1.0 / (head_width as f64).sqrt()))?;
    let mut scores = queries.matmul(&heads(keys)?.t()?)?;
    if let Some(hidden) = hidden {
        scores = scores.broadcast_add(hidden)?;
    }
    softmax(&scores)?.matmul(&heads(values)?)?.transpose(1, 2)?.reshape((n, n_queries, width))
}

/// (n, 1, 1, t): 0 for real tokens, far below any score for padding.
fn hidden_padding(mask: &Tensor, dtype: DType) -> Result<Tensor> {
    (((mask - 1.0)? * far_below(dtype))?).to_dtype(dtype)?.unsqueeze(1)?.unsqueeze(1)
}

/// (t, t): 0 on and below the diagonal, far below any score above it.
fn hidden_future(n_tokens: usize, like: &Tensor) -> Result<Tensor> {
    let below = -far_below(like.dtype()) as f32;
    let values: Vec<f32> = (0..n_tokens)
        .flat_map(|query| (0..n_tokens).map(move |key| if key > query { below } else { 0.0 }))
        .collect();
    Tensor::from_vec(values, (n_tokens, n_tokens), like.device())?.to_dtype(like.dtype())
}

/// Finite, so that a row without a real token gives numbers.
fn far_below(dtype: DType) -> f64 {
    if dtype == DType::F32 { 1e9 } else { 3e4 }
}
