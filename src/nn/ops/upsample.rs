//! Nearest upsampling by a whole factor. candle's own replaces gradients gathered so far instead of adding to them.

use candle_core::{Result, Tensor};

/// Every pixel of `features` (n, c, h, w) becomes a square: (n, c, h factor, w factor). Differentiable, on any device.
///
/// # Errors
/// When there are no rows and columns.
pub fn upsample_nearest(features: &Tensor, factor: usize) -> Result<Tensor> {
    let (n_images, channels, height, width) = features.dims4()?;
    let planes = n_images * channels;
    features
        .reshape((planes, height, 1, width, 1))?
        .broadcast_as((planes, height, factor, width, factor))?
        .reshape((n_images, channels, height * factor, width * factor))
}
