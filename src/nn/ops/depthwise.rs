//! Depthwise convolution with its gradient. candle runs a grouped convolution as one convolution a channel, which is
//! tens of times slower on a CPU; here each plane is one task of `nn::kernels`. Other devices, and other number types,
//! use candle's operation.

use candle_core::{CpuStorage, CustomOp2, DType, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::storage::{chunk, floats};
use crate::nn::kernels::depthwise::{Geometry, Scratch};
use crate::nn::layers::PadAmounts;

/// Floats a task is worth.
const MIN_TASK_LEN: usize = 1 << 13;

/// Convolves each channel of `input` (n, c, h, w) with its own kernel, `weight` (c, 1, kh, kw): (n, c, oh, ow) with
/// oh = (h + zeros above and below - kh) / stride + 1. Differentiable in both.
///
/// # Errors
/// When the shapes do not fit, the stride is zero or the kernel is larger than the padded input.
pub fn depthwise_conv2d(input: &Tensor, weight: &Tensor, stride: usize, pad: PadAmounts) -> Result<Tensor> {
    if !input.device().is_cpu() || input.dtype() != DType::F32 {
        return by_candle(input, weight, stride, pad);
    }
    input.contiguous()?.apply_op2(&weight.contiguous()?, Depthwise { stride, pad })
}

/// The same by candle's grouped convolution, one a channel.
fn by_candle(input: &Tensor, weight: &Tensor, stride: usize, pad: PadAmounts) -> Result<Tensor> {
    let (_, channels, height, width) = input.dims4()?;
    let (_, _, kernel_height, kernel_width) = weight.dims4()?;
    let geometry = Depthwise { stride, pad }.geometry([height, width], [kernel_height, kernel_width])?;
    let reached = |side: usize| (geometry.output[side] - 1) * stride + geometry.kernel[side];
    // candle 0.11's gradient fails where a stride leaves over unequal numbers of rows and columns, so nothing is left.
    let padded = pad.apply(input)?.narrow(2, 0, reached(0))?.narrow(3, 0, reached(1))?.contiguous()?;
    padded.conv2d(weight, 0, stride, 1, channels)
}

/// The convolution itself.
#[derive(Clone, Copy)]
struct Depthwise {
    stride: usize,
    pad: PadAmounts,
}

/// Gradient of the input, from the gradient of the output and the weight.
struct InputGradient {
    op: Depthwise,
    input: [usize; 2],
}

/// Gradient of the weight, from the input and the gradient of the output.
struct WeightGradient {
    op: Depthwise,
    kernel: [usize; 2],
}

impl Depthwise {
    fn geometry(&self, input: [usize; 2], kernel: [usize; 2]) -> Result<Geometry> {
        let Self { stride, pad } = *self;
        let padded = [input[0] + pad.top + pad.bottom, input[1] + pad.left + pad.right];
        if stride == 0 || kernel[0] == 0 || kernel[1] == 0 || kernel[0] > padded[0] || kernel[1] > padded[1] {
            bail!("depthwise convolution: a {kernel:?} kernel with stride {stride} does not fit {padded:?}");
        }
        let output = [(padded[0] - kernel[0]) / stride + 1, (padded[1] - kernel[1]) / stride + 1];
        Ok(Geometry { input, kernel, stride, pad_before: [pad.top, pad.left], output })
    }
}

impl CustomOp2 for Depthwise {
    fn name(&self) -> &'static str {
        "depthwise-conv2d"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (input, weight) = (floats(s1, l1)?, floats(s2, l2)?);
        let (n_images, channels, height, width) = l1.shape().dims4()?;
        let (n_kernels, one, kernel_height, kernel_width) = l2.shape().dims4()?;
        if n_kernels != channels || one != 1 {
            bail!("depthwise convolution: {channels} channels, kernels {:?}", l2.dims());
        }
        let geometry = self.geometry([height, width], [kernel_height, kernel_width])?;
        let (plane_len, out_len) = (height * width, geometry.output[0] * geometry.output[1]);
        let mut output = vec![0.0_f32; n_images * channels * out_len];
        output
            .par_chunks_mut(out_len)
            .with_min_len(MIN_TASK_LEN.div_ceil(out_len))
            .enumerate()
            .for_each_init(
                || Scratch::new(geometry),
                |scratch, (plane, output)| {
                    let channel = plane % channels;
                    scratch.forward(
                        chunk(input, plane, plane_len),
                        kernel_of(weight, channel, &geometry),
                        output,
                    );
                },
            );
        Ok((
            CpuStorage::F32(output),
            Shape::from((n_images, channels, geometry.output[0], geometry.output[1])),
        ))
    }

    fn bwd(
        &self,
        input: &Tensor,
        weight: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (_, _, height, width) = input.dims4()?;
        let (_, _, kernel_height, kernel_width) = weight.dims4()?;
        let gradient = gradient.contiguous()?;
        let of_input = InputGradient { op: *self, input: [height, width] };
        let of_weight = WeightGradient { op: *self, kernel: [kernel_height, kernel_width] };
        Ok((
            Some(gradient.apply_op2_no_bwd(&weight.contiguous()?, &of_input)?),
            Some(input.contiguous()?.apply_op2_no_bwd(&gradient, &of_weight)?),
        ))
    }
}

impl CustomOp2 for InputGradient {
    fn name(&self) -> &'static str {
        "depthwise-conv2d-input-gradient"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (gradient, weight) = (floats(s1, l1)?, floats(s2, l2)?);
        let (n_images, channels, _, _) = l1.shape().dims4()?;
        let (_, _, kernel_height, kernel_width) = l2.shape().dims4()?;
        let geometry = self.op.geometry(self.input, [kernel_height, kernel_width])?;
        let (plane_len, out_len) = (self.input[0] * self.input[1], geometry.output[0] * geometry.output[1]);
        let mut result = vec![0.0_f32; n_images * channels * plane_len];
        if plane_len > 0 {
            result
                .par_chunks_mut(plane_len)
                .with_min_len(MIN_TASK_LEN.div_ceil(plane_len))
                .enumerate()
                .for_each_init(
                    || Scratch::new(geometry),
                    |scratch, (plane, result)| {
                        let weight = kernel_of(weight, plane % channels, &geometry);
                        scratch.input_gradient(chunk(gradient, plane, out_len), weight, result);
                    },
                );
        }
        Ok((CpuStorage::F32(result), Shape::from((n_images, channels, self.input[0], self.input[1]))))
    }
}

impl CustomOp2 for WeightGradient {
    fn name(&self) -> &'static str {
        "depthwise-conv2d-weight-gradient"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (input, gradient) = (floats(s1, l1)?, floats(s2, l2)?);
        let (n_images, channels, height, width) = l1.shape().dims4()?;
        let geometry = self.op.geometry([height, width], self.kernel)?;
        let (plane_len, out_len) = (height * width, geometry.output[0] * geometry.output[1]);
        let kernel_len = self.kernel[0] * self.kernel[1];
        let mut result = vec![0.0_f32; channels * kernel_len];
        // Over channels only, pictures in order: the sum is the same whatever the number of threads.
        result.par_chunks_mut(kernel_len).enumerate().for_each_init(
            || Scratch::new(geometry),
            |scratch, (channel, result)| {
                for image in 0..n_images {
                    let plane = image * channels + channel;
                    let (input, gradient) = (chunk(input, plane, plane_len), chunk(gradient, plane, out_len));
                    scratch.add_weight_gradient(input, gradient, result);
                }
            },
        );
        Ok((CpuStorage::F32(result), Shape::from((channels, 1, self.kernel[0], self.kernel[1]))))
    }
}

fn kernel_of<'a>(weight: &'a [f32], channel: usize, geometry: &Geometry) -> &'a [f32] {
    chunk(weight, channel, geometry.kernel[0] * geometry.kernel[1])
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use candle_core::{Device, Var};
    use proptest::prelude::{Strategy, prop_assert, proptest};

    #[derive(Debug)]
    struct Case {
        n_images: usize,
        channels: usize,
        input: [usize; 2],
        kernel: [usize; 2],
        stride: usize,
        pad: PadAmounts,
    }

    fn cases() -> impl Strategy<Value = Case> {
        (
            1_usize..3,
            1_usize..5,
            [1_usize..14, 1..40],
            [1_usize..6, 1..6],
            1_usize..4,
            [0_usize..4, 0..4, 0..4, 0..4],
        )
            .prop_map(|(n_images, channels, input, kernel, stride, [top, bottom, left, right])| Case {
                n_images,
                channels,
                input,
                kernel,
                stride,
                pad: PadAmounts { top, bottom, left, right },
            })
            .prop_filter("the kernel must fit", |case| {
                case.kernel[0] <= case.input[0] + case.pad.top + case.pad.bottom
                    && case.kernel[1] <= case.input[1] + case.pad.left + case.pad.right
            })
    }

    fn variables(case: &Case) -> (Var, Var) {
        let input = (case.n_images, case.channels, case.input[0], case.input[1]);
        let weight = (case.channels, 1, case.kernel[0], case.kernel[1]);
        let device = Device::Cpu;
        (Var::randn(0_f32, 1.0, input, &device).unwrap(), Var::randn(0_f32, 1.0, weight, &device).unwrap())
    }

    fn worst(a: &Tensor, b: &Tensor) -> f32 {
        assert_eq!(a.dims(), b.dims());
        (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap()
    }

    proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(120))]

        #[test]
        fn agrees_with_candle_s_grouped_convolution(case in cases()) {
            let (input, weight) = variables(&case);
            let ours = depthwise_conv2d(&input, &weight, case.stride, case.pad).unwrap();
            let plain = by_candle(&input, &weight, case.stride, case.pad).unwrap();
            prop_assert!(worst(&ours, &plain) < 1e-4);
            // Random weights for the sum, so that a gradient in the wrong place shows.
            let mix = Tensor::randn(0_f32, 1.0, ours.dims(), &Device::Cpu).unwrap();
            let ours = (ours * &mix).unwrap().sum_all().unwrap().backward().unwrap();
            let plain = (plain * &mix).unwrap().sum_all().unwrap().backward().unwrap();
            for var in [&input, &weight] {
                prop_assert!(worst(ours.get(var).unwrap(), plain.get(var).unwrap()) < 1e-3);
            }
        }
    }

    /// The operation is linear in each argument, so a difference of any step is the exact slope but for rounding.
    #[test]
    fn gradients_agree_with_finite_differences() {
        let same = PadAmounts { top: 0, bottom: 1, left: 0, right: 1 };
        let cases = [
            Case {
                n_images: 2,
                channels: 2,
                input: [4, 5],
                kernel: [3, 3],
                stride: 1,
                pad: PadAmounts::symmetric(1),
            },
            Case { n_images: 1, channels: 3, input: [6, 4], kernel: [3, 3], stride: 2, pad: same },
            Case {
                n_images: 1,
                channels: 1,
                input: [5, 5],
                kernel: [5, 2],
                stride: 2,
                pad: PadAmounts::symmetric(2),
            },
        ];
        for case in cases {
            let (input, weight) = variables(&case);
            let forward = |input: &Tensor, weight: &Tensor| {
                depthwise_conv2d(input, weight, case.stride, case.pad).unwrap()
            };
            let mix = Tensor::randn(0_f32, 1.0, forward(&input, &weight).dims(), &Device::Cpu).unwrap();
            let objective =
                |input: &Tensor, weight: &Tensor| (forward(input, weight) * &mix).unwrap().sum_all().unwrap();
            let gradients = objective(&input, &weight).backward().unwrap();
            for (position, var) in [&input, &weight].into_iter().enumerate() {
                let gradient = gradients.get(var).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
                let values = var.flatten_all().unwrap().to_vec1::<f32>().unwrap();
                for (at, &slope) in gradient.iter().enumerate() {
                    let moved = |by: f32| {
                        let mut values = values.clone();
                        values[at] += by;
                        let moved = Tensor::from_vec(values, var.dims(), &Device::Cpu).unwrap();
                        let result = if position == 0 {
                            objective(&moved, &weight)
                        } else {
                            objective(&input, &moved)
                        };
                        result.to_scalar::<f32>().unwrap()
                    };
                    let difference = (moved(0.5) - moved(-0.5)) / 1.0;
                    assert!((difference - slope).abs() < 1e-3, "{case:?}: {difference} {slope}");
                }
            }
        }
    }

    #[test]
    fn misfits_are_errors() {
        let zeros =
            |shape: (usize, usize, usize, usize)| Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap();
        let none = PadAmounts::symmetric(0);
        assert!(depthwise_conv2d(&zeros((1, 2, 4, 4)), &zeros((3, 1, 3, 3)), 1, none).is_err());
        assert!(depthwise_conv2d(&zeros((1, 2, 4, 4)), &zeros((2, 1, 5, 5)), 1, none).is_err());
        assert!(depthwise_conv2d(&zeros((1, 2, 4, 4)), &zeros((2, 1, 3, 3)), 0, none).is_err());
        assert!(depthwise_conv2d(&zeros((1, 2, 4, 4)), &zeros((2, 2, 3, 3)), 1, none).is_err());
    }
}
