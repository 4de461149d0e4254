//! `autoencoder`: a small convolutional network that learns to write each picture of the catalogue down in 96 numbers and to
//! draw it again from them (Hinton and Salakhutdinov, "Reducing the dimensionality of data with neural networks", Science
//! 2006; convolutional: Masci et al., "Stacked convolutional auto-encoders for hierarchical feature extraction", ICANN 2011).
//! Those numbers, whitened, are the embedding. It needs no labels and no download, sees 64 x 64 pixels, and knows nothing
//! that is not in this catalogue.
//!
//! Here are the network and the encoder; `learn` draws again and learns, `whiten` evens the numbers out. None decides when to
//! learn.

mod learn;
mod whiten;

use std::path::Path;

use candle_core::Tensor;
use image::RgbImage;

pub use learn::{AutoencoderLearning, EncoderWeights, SmallPicture};
use whiten::Whitening;

use crate::encode::encoder::l2_normalise;
use crate::encode::preprocess::Preprocess;
use crate::encode::{
    DenseMatrix, EmbeddingRows, EncodeError, Encoder, Fit, ImageEncoder, Interpolation, Prepared, Processor,
};
use crate::nn::{
    Activation, Convolution, DeviceChoice, Graph, GraphBuilder, Linear, NetworkInput, Plan, Precision,
    Weights, open_device,
};

/// Its id, and the name of its folder in a project's `trained`.
pub const ID: &str = "autoencoder";
/// Its weights in that folder.
pub const WEIGHTS: &str = "model.safetensors";

pub(in crate::encode) const LABEL: &str = "Autoencoder";
pub(in crate::encode) const SUMMARY: &str = "Learns this catalogue's own pictures first, without labels or download; compares shape, colour and layout";

/// Side of the pictures it sees.
const SIDE: usize = 64;
/// Numbers an embedding.
const WIDTH: usize = 96;
/// Channels after each halving of the picture; the first is what a picture has.
const CHANNELS: [usize; 5] = [3, 16, 32, 64, 64];
/// Side of the last, smallest picture.
const SMALLEST: usize = SIDE >> (CHANNELS.len() - 1);
/// Numbers in it.
const N_SMALLEST: usize = CHANNELS[CHANNELS.len() - 1] * SMALLEST * SMALLEST;
/// The tensor that is subtracted from every code: the mean of the codes of what was learnt from.
const CENTRE: &str = "centre";
/// The matrix (96, 96) the rest is multiplied with.
const WHITENING: &str = "whitening";
/// Raised when the same weights and pictures give other numbers.
const CODE_VERSION: u32 = 2;

/// The network from pictures (n, 3, 64, 64) to codes (n, 96).
pub fn autoencoder_graph() -> Graph {
    let mut builder = GraphBuilder::of_images();
    let mut features = builder.input();
    for (layer, channels) in CHANNELS.windows(2).enumerate() {
        let convolution = Convolution {
            stride: 2,
            has_bias: true,
            activation: Activation::Relu,
            ..Convolution::square(format!("encoder.{layer}"), [channels[0], channels[1]], 3)
        };
        features = builder.convolution(features, convolution);
    }
    let flat = builder.flatten(features);
    builder.linear(
        flat,
        Linear {
            name: "encoder.code".to_owned(),
            in_features: N_SMALLEST,
            out_features: WIDTH,
            has_bias: true,
            activation: Activation::Identity,
        },
    );
    builder.build()
}

/// How a picture becomes 64 x 64 numbers from -1 to 1.
fn preprocess() -> Preprocess {
    Preprocess {
        size: SIDE as u32,
        fit: Fit::Squash,
        interpolation: Interpolation::Bilinear,
        mean: [0.5; 3],
        std: [0.5; 3],
    }
}

struct Autoencoder {
    network: Plan,
    whitening: Whitening,
    preprocess: Preprocess,
    fingerprint: String,
}

/// Opens what was learnt into `folder`.
///
/// # Errors
/// [`EncodeError::NotTrained`] when nothing was, else when the weights are not usable.
pub(in crate::encode) fn open(folder: &Path, device: DeviceChoice) -> Result<Encoder, EncodeError> {
    let path = folder.join(WEIGHTS);
    if !path.is_file() {
        return Err(EncodeError::NotTrained { encoder: ID.to_owned() });
    }
    from_weights(&Weights::open(&path)?, device)
}

/// The encoder with these weights.
fn from_weights(weights: &Weights, device: DeviceChoice) -> Result<Encoder, EncodeError> {
    let network = Plan::compile(&autoencoder_graph(), weights, &open_device(device)?, Precision::F32)?;
    let whitening = Whitening {
        centre: weights.values(CENTRE, &[WIDTH])?,
        matrix: weights.values(WHITENING, &[WIDTH, WIDTH])?,
    };
    let preprocess = preprocess();
    let fingerprint =
        format!("{ID} v{CODE_VERSION}; {}; weights {}", preprocess.fingerprint(), weights.digest());
    Ok(Encoder::Image(Box::new(Autoencoder { network, whitening, preprocess, fingerprint })))
}

impl ImageEncoder for Autoencoder {
    fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }

    fn batch_size(&self) -> usize {
        if self.network.device().is_cpu() { 16 } else { 256 }
    }

    fn processor(&self) -> Processor {
        Processor::of(self.network.device())
    }

    fn least_size(&self, full_size: (u32, u32)) -> (u32, u32) {
        self.preprocess.least_size(full_size)
    }

    fn prepare(&self, picture: &RgbImage) -> Prepared {
        Prepared(self.preprocess.apply(picture))
    }

    fn embed(&self, batch: &[Prepared]) -> Result<EmbeddingRows, EncodeError> {
        let mut rows = DenseMatrix { width: WIDTH, values: Vec::new() };
        if batch.is_empty() {
            return Ok(EmbeddingRows::Dense(rows));
        }
        let values: Vec<f32> = batch.iter().flat_map(|Prepared(picture)| picture.iter().copied()).collect();
        let pictures = Tensor::from_vec(values, (batch.len(), 3, SIDE, SIDE), self.network.device())?;
        rows.values = self.network.run(NetworkInput::Images(&pictures))?.flatten_all()?.to_vec1()?;
        for row in rows.values.chunks_exact_mut(WIDTH) {
            self.whitening.apply(row);
            l2_normalise(row);
        }
        Ok(EmbeddingRows::Dense(rows))
    }
}

#[cfg(test)]
mod tests;
