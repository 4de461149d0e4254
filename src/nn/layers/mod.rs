//! Layers with their parameters loaded, on candle tensors.

mod convolution;
mod linear;
mod padding;

pub use convolution::FoldedConvolution;
pub use linear::LinearLayer;
pub use padding::PadAmounts;
