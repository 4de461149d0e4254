//! How the autoencoder learns: the encoder of [`super::autoencoder_graph`], a mirror image of it that draws the picture again,
//! the mean squared error between the two pictures, Adam. Seeded; the same pictures in the same order give the same weights.
//!
//! The decoder enlarges by sub-pixel convolution (Shi et al., "Real-time single image and video super-resolution", CVPR 2016):
//! four times the channels are computed at the small size and laid out as two by two pixels. It is thrown away afterwards.
//! It opens no picture file and writes none.

use std::collections::BTreeMap;

use candle_core::Tensor;
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use image::RgbImage;

use super::whiten::Whitening;
use super::{CENTRE, CHANNELS, N_SMALLEST, SIDE, SMALLEST, WHITENING, WIDTH, autoencoder_graph, preprocess};
use crate::encode::EncodeError;
use crate::nn::{
    Activation, Convolution, DeviceChoice, Graph, GraphBuilder, Linear, Mode, NetworkInput, NnError, Random,
    TrainableNetwork, open_device, write_safetensors,
};

/// Step size of Adam.
const LEARNING_RATE: f64 = 1e-3;

/// An autoencoder that learns.
pub struct AutoencoderLearning {
    encoder: TrainableNetwork,
    /// From codes to the smallest features, then one network an enlargement.
    decoder: Vec<TrainableNetwork>,
    optimiser: AdamW,
}

/// A picture as it is learnt from: (3, 64, 64) bytes, row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmallPicture(Vec<u8>);

impl SmallPicture {
    /// The least a picture of `full_size` must be decoded at, in pixels.
    pub fn least_size(full_size: (u32, u32)) -> (u32, u32) {
        preprocess().least_size(full_size)
    }

    /// Scales a picture.
    pub fn new(picture: &RgbImage) -> Self {
        // The preprocessing maps byte / 255 to -1..1; this is its inverse.
        let byte = |value: f32| ((value * 0.5 + 0.5) * 255.0).round() as u8;
        Self(preprocess().apply(picture).into_iter().map(byte).collect())
    }
}

impl AutoencoderLearning {
    /// Weights as this seed draws them, nothing learnt.
    ///
    /// # Errors
    /// When the device is not there.
    pub fn new(device: DeviceChoice, seed: u64) -> Result<Self, EncodeError> {
        let device = open_device(device)?;
        let encoder = TrainableNetwork::initialise(&autoencoder_graph(), seed, &device)?;
        let decoder = decoder_graphs();
        let decoder = decoder.iter().map(|graph| TrainableNetwork::initialise(graph, seed, &device));
        let decoder = decoder.collect::<Result<Vec<_>, _>>()?;
        let networks = std::iter::once(&encoder).chain(&decoder);
        let variables = networks.flat_map(TrainableNetwork::parameters).map(|(_, variable)| variable.clone());
        let parameters = ParamsAdamW { lr: LEARNING_RATE, weight_decay: 0.0, ..ParamsAdamW::default() };
        let optimiser = AdamW::new(variables.collect(), parameters)?;
        Ok(Self { encoder, decoder, optimiser })
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

    /// The codes (n, 96) of a batch, neither whitened nor normalised.
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
        Ok(EncoderWeights { tensors: self.encoder.export()? })
    }

    /// (n, 3, 64, 64) from -1 to 1.
    fn pictures(&self, batch: &[&SmallPicture]) -> Result<Tensor, NnError> {
        let bytes = batch.iter().flat_map(|SmallPicture(bytes)| bytes);
        let values: Vec<f32> = bytes.map(|&byte| f32::from(byte) / 127.5 - 1.0).collect();
        Ok(Tensor::from_vec(values, (batch.len(), CHANNELS[0], SIDE, SIDE), self.encoder.device())?)
    }

    fn error(&self, pictures: &Tensor) -> Result<Tensor, NnError> {
        let drawn = self.decode(&self.encode(pictures)?)?;
        Ok((drawn - pictures)?.sqr()?.mean_all()?)
    }

    fn encode(&self, pictures: &Tensor) -> Result<Tensor, NnError> {
        run(&self.encoder, pictures)
    }

    fn decode(&self, codes: &Tensor) -> Result<Tensor, NnError> {
        let n = codes.dim(0)?;
        let mut features = codes.reshape((n, WIDTH, 1, 1))?;
        for (place, network) in self.decoder.iter().enumerate() {
            let computed = run(network, &features)?;
            features = match place {
                0 => computed.reshape((n, CHANNELS[CHANNELS.len() - 1], SMALLEST, SMALLEST))?,
                _ => enlarge(&computed)?,
            };
        }
        Ok(features)
    }
}

/// Neither has dropout or batch norms, so that both modes compute the same.
fn run(network: &TrainableNetwork, input: &Tensor) -> Result<Tensor, NnError> {
    network.forward(NetworkInput::Images(input), &mut Mode::Training(Random::new(0)))
}

/// From codes (n, 96, 1, 1) to the numbers of the smallest features, then from features to four times the channels of the
/// next larger ones.
fn decoder_graphs() -> Vec<Graph> {
    let mut builder = GraphBuilder::of_images();
    let input = builder.input();
    let flat = builder.flatten(input);
    let start = Linear {
        name: "decoder.start".to_owned(),
        in_features: WIDTH,
        out_features: N_SMALLEST,
        has_bias: true,
        activation: Activation::Relu,
    };
    builder.linear(flat, start);
    let mut graphs = vec![builder.build()];
    for (layer, channels) in CHANNELS.windows(2).enumerate().rev() {
        let convolution = Convolution {
            has_bias: true,
            activation: if layer == 0 { Activation::Identity } else { Activation::Relu },
            ..Convolution::square(format!("decoder.{layer}"), [channels[1], 4 * channels[0]], 3)
        };
        let mut builder = GraphBuilder::of_images();
        let input = builder.input();
        builder.convolution(input, convolution);
        graphs.push(builder.build());
    }
    graphs
}

impl std::fmt::Debug for AutoencoderLearning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AutoencoderLearning").field("device", self.encoder.device()).finish_non_exhaustive()
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
    tensors: BTreeMap<String, Tensor>,
}

impl EncoderWeights {
    /// The bytes of a safetensors file, with the mean of `codes` (n, 96) and what whitens them.
    ///
    /// # Errors
    /// When the device fails.
    pub fn to_safetensors(mut self, codes: &[f32]) -> Result<Vec<u8>, EncodeError> {
        let Whitening { centre, matrix } = Whitening::of(codes, WIDTH);
        let device = candle_core::Device::Cpu;
        self.tensors.insert(CENTRE.to_owned(), Tensor::from_vec(centre, WIDTH, &device)?);
        self.tensors.insert(WHITENING.to_owned(), Tensor::from_vec(matrix, (WIDTH, WIDTH), &device)?);
        let mut bytes = Vec::new();
        write_safetensors(&mut bytes, &self.tensors)?;
        Ok(bytes)
    }
}
