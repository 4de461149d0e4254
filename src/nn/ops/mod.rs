//! Operations candle lacks, does slowly or whose gradient it gets wrong. All but the in-place ones are differentiable.

mod activation;
mod bias_activation;
mod channels;
mod convolution;
mod depthwise;
mod normalisation;
mod pointwise;
mod pool;
mod product;
mod rows;
mod storage;
mod unfold;
mod upsample;

pub use activation::activate;
pub use bias_activation::{add_bias_and_activate, add_row_bias_and_activate};
pub use channels::{channel_affine, channel_moments, scale_planes};
pub use convolution::conv2d;
pub use depthwise::depthwise_conv2d;
pub use normalisation::{layer_norm, softmax};
pub use pointwise::pointwise_conv2d;
pub use pool::{average_pool, max_pool};
pub use product::{linear_rows, product_with_transposed_rows};
pub use rows::{log_sum_exp_rows, normalise_rows, sum_of_squares};
pub use upsample::upsample_nearest;
