//! Layers with their parameters loaded, on candle tensors; `layer` is the one place where operations become layers.

mod attention;
mod batch_norm;
pub(in crate::nn) mod convolution;
mod dropout;
mod gates;
mod layer;
mod layer_norm;
mod learned_convolution;
mod learned_norm;
mod linear;
mod padding;
mod pooling;
mod scale;
mod shape;
mod tokens;

pub(crate) use layer::{Layer, Parameters, Pass, VariableSource};
pub use padding::PadAmounts;

use super::{NnError, Operation};
use dropout::{DropoutLayer, Dropped};
use shape::PlainLayer;
use tokens::{TableLayer, TableUse};

/// The layer that computes `operation`.
///
/// # Errors
/// [`NnError::Tensor`] naming the first parameter that is absent or of another shape.
pub(crate) fn layer(operation: &Operation, parameters: Parameters<'_>) -> Result<Box<dyn Layer>, NnError> {
    Ok(match operation {
        Operation::Images => plain(PlainLayer::Images(parameters.dtype())),
        Operation::Features => plain(PlainLayer::Features(parameters.dtype())),
        Operation::TokenIds => plain(PlainLayer::TokenIds),
        Operation::Convolution(convolution) => match parameters {
            Parameters::Fixed { weights, device, dtype } => {
                Box::new(convolution::FoldedConvolution::load(convolution, weights, device, dtype)?)
            }
            Parameters::Learned(variables) => {
                Box::new(learned_convolution::LearnedConvolution::load(convolution, variables)?)
            }
        },
        Operation::BatchNorm(norm, n_channels, activation) => match parameters {
            Parameters::Fixed { weights, device, dtype } => Box::new(batch_norm::FoldedBatchNorm::load(
                norm,
                *n_channels,
                *activation,
                weights,
                device,
                dtype,
            )?),
            Parameters::Learned(variables) => Box::new(learned_norm::LearnedNormLayer {
                norm: learned_norm::LearnedBatchNorm::load(norm, *n_channels, variables)?,
                activation: *activation,
            }),
        },
        Operation::Activation(activation) => plain(PlainLayer::Activation(*activation)),
        Operation::Scale(factor) => Box::new(scale::ScaleLayer(*factor)),
        Operation::LearnedScale(name) => Box::new(scale::LearnedScaleLayer::scalar(name, parameters)?),
        Operation::Add => plain(PlainLayer::Add),
        Operation::Concatenate => plain(PlainLayer::Concatenate),
        Operation::MaxPool(pool) => Box::new(pooling::MaxPoolLayer(*pool)),
        Operation::AveragePool(pool, counts) => Box::new(pooling::AveragePoolLayer(*pool, *counts)),
        Operation::GlobalAverage => Box::new(pooling::GlobalAverageLayer),
        Operation::GeneralisedMean { power, epsilon } => {
            Box::new(pooling::GeneralisedMeanLayer::load(power, *epsilon, parameters)?)
        }
        Operation::SqueezeExcite(gate) => Box::new(gates::SqueezeExciteLayer::load(gate, parameters)?),
        Operation::ChannelAttention(gate) => Box::new(gates::ChannelAttentionLayer::load(gate, parameters)?),
        Operation::UpsampleNearest(factor) => plain(PlainLayer::Upsample(*factor)),
        Operation::Flatten => plain(PlainLayer::Flatten),
        Operation::Linear(linear) => Box::new(linear::LinearLayer::load(linear, parameters)?),
        Operation::Dropout(probability) => {
            Box::new(DropoutLayer { probability: *probability, dropped: Dropped::Numbers })
        }
        Operation::DropPath(probability) => {
            Box::new(DropoutLayer { probability: *probability, dropped: Dropped::Samples })
        }
        Operation::LayerNorm(norm) => Box::new(layer_norm::LayerNormLayer::load(norm, parameters)?),
        Operation::LayerScale(name, width, axis) => {
            Box::new(scale::LearnedScaleLayer::of_features(name, *width, *axis, parameters)?)
        }
        Operation::ToTokens => plain(PlainLayer::ToTokens),
        Operation::ToImage => plain(PlainLayer::ToImage),
        Operation::Embedding(table) => Box::new(TableLayer::load(table, TableUse::Embedding, parameters)?),
        Operation::AddPositions(table, positions) => {
            Box::new(TableLayer::load(table, TableUse::Positions(*positions), parameters)?)
        }
        Operation::AddFirstRow(table) => Box::new(TableLayer::load(table, TableUse::FirstRow, parameters)?),
        Operation::AddTable(table) => Box::new(TableLayer::load(table, TableUse::Whole, parameters)?),
        Operation::PrependToken(name, width) => {
            Box::new(tokens::PrependTokenLayer::load(name, *width, parameters)?)
        }
        Operation::SelfAttention(attention) => {
            Box::new(attention::SelfAttentionLayer::load(attention, parameters)?)
        }
        Operation::ProbeAttention(attention) => {
            Box::new(attention::ProbeAttentionLayer::load(attention, parameters)?)
        }
        Operation::PoolTokens(pool) => Box::new(tokens::TokenPoolLayer(*pool)),
        Operation::Normalise => plain(PlainLayer::Normalise),
    })
}

fn plain(layer: PlainLayer) -> Box<dyn Layer> {
    Box::new(layer)
}
