//! Operations candle lacks or does slowly.

mod bias_activation;
mod depthwise;
mod pointwise;

pub use bias_activation::add_bias_and_activate;
pub use depthwise::depthwise_conv2d;
pub use pointwise::pointwise_conv2d;
