//! 1x1 convolution as a plain matrix product: no patches are copied. Differentiable, on any device.

use candle_core::{Result, Tensor};

/// Convolves `input` (n, c, h, w), contiguous, with `weight` (o, c) at stride 1: (n, o, h, w).
///
/// # Errors
/// When the shapes do not fit.
pub fn pointwise_conv2d(input: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let (n_images, channels, height, width) = input.dims4()?;
    let (out_channels, in_channels) = weight.dims2()?;
    // A broadcast weight has stride 0 over the batch; `broadcast_matmul` would copy it for every image.
    let weight = weight.broadcast_as((n_images, out_channels, in_channels))?;
    weight.matmul(&input.reshape((n_images, channels, height * width))?)?.reshape((
        n_images,
        out_channels,
        height,
        width,
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use candle_core::{Device, Var};

    #[test]
    fn agrees_with_candle_s_convolution_and_its_gradient() {
        let device = Device::Cpu;
        for (n_images, channels, out_channels, side) in [(1, 1, 1, 1), (3, 5, 7, 4), (2, 16, 8, 9)] {
            let input = Var::randn(0_f32, 1.0, (n_images, channels, side, side), &device).unwrap();
            let weight = Var::randn(0_f32, 1.0, (out_channels, channels), &device).unwrap();
            let ours = pointwise_conv2d(&input, &weight).unwrap();
            let plain =
                input.conv2d(&weight.reshape((out_channels, channels, 1, 1)).unwrap(), 0, 1, 1, 1).unwrap();
            let gradients = ours.sqr().unwrap().sum_all().unwrap().backward().unwrap();
            let plain_gradients = plain.sqr().unwrap().sum_all().unwrap().backward().unwrap();
            let worst = |a: &Tensor, b: &Tensor| {
                (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap()
            };
            assert!(worst(&ours, &plain) < 1e-4);
            for var in [&input, &weight] {
                assert!(worst(gradients.get(var).unwrap(), plain_gradients.get(var).unwrap()) < 1e-2);
            }
        }
    }
}
