//! How the autoencoder learns: the encoder of [`super::autoencoder_graph`], a mirror image of it that draws the picture again,
//! the mean squared error between the two pictures, Adam. Seeded; the same pictures in the same order give the same weights.
//!
//! The decoder enlarges by sub-pixel convolution (Shi et al., "Real-time single image and video super-resolution", CVPR 2016):
//! four times the channels are computed at the small size and laid out as two by two pixels. It is thrown away afterwards.
//! It opens no picture file and writes none.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use image::RgbImage;

use super::{CENTRE, CHANNELS, N_SMALLEST, SIDE, SMALLEST, WIDTH, autoencoder_graph, preprocess};
use crate::encode::EncodeError;
use crate::nn::{DeviceChoice, NnError, Operation, Random, open_device};

/// Step size of Adam.
const LEARNING_RATE: f64 = 1e-3;

/// An autoencoder that learns.
pub struct AutoencoderLearning {
    variables: BTreeMap<String, Var>,
    optimiser: AdamW,
    device: Device,
}

/// A picture as it is learnt from: (3, 64, 64) bytes, row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmallPicture(Vec<u8>);

impl SmallPicture {
    /// Scales a picture.
    pub fn new(picture: &RgbImage) -> Self {
        // The preprocessing maps byte / 255 to -1..1; this is its inverse.
        let byte = |value: f32| ((value * 0.5 + 0.5) * 255.0).round() as u8;
        Self(preprocess().apply(picture).into_iter().map(byte).collect())
    }
}

impl AutoencoderLearning {
    /// Weights as this seed draws them (He et al., "Delving deep into rectifiers", ICCV 2015), nothing learnt.
    ///
    /// # Errors
    /// When the device is not there.
    pub fn new(device: DeviceChoice, seed: u64) -> Result<Self, EncodeError> {
        let device = open_device(device)?;
        let mut shapes: Vec<(String, Vec<usize>)> =
            autoencoder_graph().parameters().into_iter().map(|it| (it.name, it.shape)).collect();
        shapes.push(("decoder.start.weight".to_owned(), vec![N_SMALLEST, WIDTH]));
        shapes.push(("decoder.start.bias".to_owned(), vec![N_SMALLEST]));
        for (layer, channels) in CHANNELS.windows(2).enumerate() {
            shapes.push((format!("decoder.{layer}.weight"), vec![4 * channels[0], channels[1], 3, 3]));
            shapes.push((format!("decoder.{layer}.bias"), vec![4 * channels[0]]));
        }
        let mut variables = BTreeMap::new();
        for (name, shape) in shapes {
            let n_values = shape.iter().product();
            let fan_in: usize = shape.iter().skip(1).product();
            let mut random = Random::named(seed, &name);
            let deviation = if name.ends_with(".bias") { 0.0 } else { (2.0 / fan_in as f64).sqrt() };
            let values: Vec<f32> = (0..n_values).map(|_| (random.normal() * deviation) as f32).collect();
            let variable = Var::from_tensor(&Tensor::from_vec(values, shape, &device)?)?;
            variables.insert(name, variable);
        }
        let parameters = ParamsAdamW { lr: LEARNING_RATE, weight_decay: 0.0, ..ParamsAdamW::default() };
        let optimiser = AdamW::new(variables.values().cloned().collect(), parameters)?;
        Ok(Self { variables, optimiser, device })
    }

    /// One step on a batch of at least one picture; the mean squared error before it (pixels from -1 to 1).
    ///
    /// # Errors
    /// When the device fails.
    pub fn step(&mut self, batch: &[&SmallPicture]) -> Result<f32, EncodeError> {
        let pictures = self.pictures(batch)?;
        let loss = self.error(&pictures)?;
        self.optimiser.backward_step(&loss)?;
        Ok(loss.to_scalar::<f32>()?)
    }

    /// The mean squared error on a batch of at least one picture; nothing is learnt from it.
    ///
    /// # Errors
    /// When the device fails.
    pub fn loss(&self, batch: &[&SmallPicture]) -> Result<f32, EncodeError> {
        Ok(self.error(&self.pictures(batch)?)?.detach().to_scalar::<f32>()?)
    }

    /// The codes (n, 96) of a batch, neither centred nor normalised.
    ///
    /// # Errors
    /// When the device fails.
    pub fn codes(&self, batch: &[&SmallPicture]) -> Result<Vec<f32>, EncodeError> {
        Ok(self.encode(&self.pictures(batch)?)?.detach().flatten_all()?.to_vec1()?)
    }

    /// The encoder's weights as they are now; keep them to come back to.
    ///
    /// # Errors
    /// When the device fails.
    pub fn encoder_weights(&self) -> Result<EncoderWeights, EncodeError> {
        let mut tensors = BTreeMap::new();
        for parameter in autoencoder_graph().parameters() {
            let variable = self.variable(&parameter.name)?;
            tensors.insert(parameter.name, (parameter.shape, variable.flatten_all()?.to_vec1()?));
        }
        Ok(EncoderWeights { tensors })
    }

    /// (n, 3, 64, 64) from -1 to 1.
    fn pictures(&self, batch: &[&SmallPicture]) -> Result<Tensor, NnError> {
        let bytes = batch.iter().flat_map(|SmallPicture(bytes)| bytes);
        let values: Vec<f32> = bytes.map(|&byte| f32::from(byte) / 127.5 - 1.0).collect();
        Ok(Tensor::from_vec(values, (batch.len(), CHANNELS[0], SIDE, SIDE), &self.device)?)
    }

    fn error(&self, pictures: &Tensor) -> Result<Tensor, NnError> {
        let drawn = self.decode(&self.encode(pictures)?)?;
        Ok((drawn - pictures)?.sqr()?.mean_all()?)
    }

    /// The graph's operations, with gradients.
    fn encode(&self, pictures: &Tensor) -> Result<Tensor, NnError> {
        let mut features = pictures.clone();
        for node in autoencoder_graph().nodes() {
            features = match &node.operation {
                Operation::Convolution(convolution) => {
                    self.convolve(&features, &convolution.name, convolution.stride)?.relu()?
                }
                Operation::Flatten => features.flatten_from(1)?,
                Operation::Linear(linear) => self.linear(&features, &linear.name)?,
                _ => features,
            };
        }
        Ok(features)
    }

    fn decode(&self, codes: &Tensor) -> Result<Tensor, NnError> {
        let n = codes.dim(0)?;
        let start = self.linear(codes, "decoder.start")?.relu()?;
        let mut features = start.reshape((n, CHANNELS[CHANNELS.len() - 1], SMALLEST, SMALLEST))?;
        for layer in (0..CHANNELS.len() - 1).rev() {
            features = enlarge(&self.convolve(&features, &format!("decoder.{layer}"), 1)?)?;
            if layer > 0 {
                features = features.relu()?;
            }
        }
        Ok(features)
    }

    fn convolve(&self, features: &Tensor, name: &str, stride: usize) -> Result<Tensor, NnError> {
        let weight = self.variable(&format!("{name}.weight"))?;
        let bias = self.variable(&format!("{name}.bias"))?;
        let convolved = features.conv2d(weight, 1, stride, 1, 1)?;
        Ok(convolved.broadcast_add(&bias.reshape((1, (), 1, 1))?)?)
    }

    fn linear(&self, features: &Tensor, name: &str) -> Result<Tensor, NnError> {
        let weight = self.variable(&format!("{name}.weight"))?;
        Ok(features.matmul(&weight.t()?)?.broadcast_add(self.variable(&format!("{name}.bias"))?)?)
    }

    fn variable(&self, name: &str) -> Result<&Var, NnError> {
        let variable = self.variables.get(name);
        variable.ok_or_else(|| candle_core::Error::msg(format!("there is no parameter `{name}`")).into())
    }
}

impl std::fmt::Debug for AutoencoderLearning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AutoencoderLearning").field("device", &self.device).finish_non_exhaustive()
    }
}

/// (n, 4 c, h, w) to (n, c, 2 h, 2 w): every four channels become two by two pixels.
fn enlarge(features: &Tensor) -> Result<Tensor, NnError> {
    let (n, channels, height, width) = features.dims4()?;
    let quarters = features.reshape(&[n, channels / 4, 2, 2, height, width][..])?;
    let laid_out = quarters.permute([0, 1, 4, 2, 5, 3])?.contiguous()?;
    Ok(laid_out.reshape((n, channels / 4, 2 * height, 2 * width))?)
}

/// The encoder's weights at one moment.
#[derive(Clone, Debug)]
pub struct EncoderWeights {
    tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

impl EncoderWeights {
    /// The bytes of a safetensors file, with the mean of `codes` (n, 96) as the centre.
    ///
    /// # Errors
    /// When the format refuses, which a change of it would have to cause.
    pub fn to_safetensors(mut self, codes: &[f32]) -> Result<Vec<u8>, EncodeError> {
        let mut centre = vec![0.0_f64; WIDTH];
        for code in codes.chunks_exact(WIDTH) {
            centre.iter_mut().zip(code).for_each(|(sum, &value)| *sum += f64::from(value));
        }
        let n_codes = (codes.len() / WIDTH).max(1) as f64;
        let centre = centre.into_iter().map(|sum| (sum / n_codes) as f32).collect();
        self.tensors.insert(CENTRE.to_owned(), (vec![WIDTH], centre));
        let bytes: BTreeMap<&str, (&[usize], Vec<u8>)> = self
            .tensors
            .iter()
            .map(|(name, (shape, values))| {
                let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                (name.as_str(), (shape.as_slice(), bytes))
            })
            .collect();
        let views = bytes.iter().map(|(name, (shape, bytes))| {
            let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.to_vec(), bytes);
            view.map(|view| (*name, view))
        });
        let written =
            views.collect::<Result<Vec<_>, _>>().and_then(|views| safetensors::serialize(views, None));
        written.map_err(|error| EncodeError::BrokenEncoder(format!("the weights cannot be written: {error}")))
    }
}
