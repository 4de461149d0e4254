//! Layers without parameters that pass on, join or rearrange numbers.

use candle_core::{D, DType, Result, Tensor};

use super::layer::{Layer, Pass, one, two};
use super::linear::widened;
use crate::nn::{Activation, ops};

/// A layer that needs nothing but its inputs.
#[derive(Clone, Copy, Debug)]
pub(super) enum PlainLayer {
    /// The pictures given, in this precision.
    Images(DType),
    /// The features given, in this precision.
    Features(DType),
    /// The token ids given.
    TokenIds,
    /// Each number by itself.
    Activation(Activation),
    /// Sum of two.
    Add,
    /// Channels one after the other.
    Concatenate,
    /// Nearest, by this factor.
    Upsample(usize),
    /// Rows.
    Flatten,
    /// (n, c, h, w) to (n, h w, c).
    ToTokens,
    /// (n, h w, c) to (n, c, h, w) of the second input.
    ToImage,
    /// Rows of length 1.
    Normalise,
}

impl Layer for PlainLayer {
    fn forward(&self, inputs: &[Tensor], pass: &mut Pass<'_>) -> Result<Tensor> {
        match self {
            Self::Images(dtype) => pass.input.images()?.to_dtype(*dtype)?.contiguous(),
            Self::Features(dtype) => pass.input.features()?.to_dtype(*dtype)?.contiguous(),
            Self::TokenIds => pass.input.tokens()?.0.contiguous(),
            Self::Activation(activation) => ops::activate(one(inputs)?, *activation),
            Self::Add => {
                let [a, b] = two(inputs)?;
                a + b
            }
            Self::Concatenate => Tensor::cat(inputs, 1),
            Self::Upsample(factor) => ops::upsample_nearest(one(inputs)?, *factor),
            Self::Flatten => one(inputs)?.flatten_from(1),
            Self::ToTokens => one(inputs)?.flatten_from(2)?.transpose(1, 2)?.contiguous(),
            Self::ToImage => {
                let [tokens, like] = two(inputs)?;
                let (n_images, _, width) = tokens.dims3()?;
                let (_, _, rows, columns) = like.dims4()?;
                tokens.transpose(1, 2)?.contiguous()?.reshape((n_images, width, rows, columns))
            }
            Self::Normalise => widened(one(inputs)?, |rows| {
                // The smallest normal number keeps a row of zeros from becoming NaN.
                let squares = (rows.sqr()?.sum_keepdim(D::Minus1)? + f64::from(f32::MIN_POSITIVE))?;
                rows.broadcast_div(&squares.sqrt()?)
            }),
        }
    }
}
