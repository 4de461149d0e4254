//! What an encoder is: something opened that turns pictures or titles into rows.

use candle_core::Device;
use image::RgbImage;

use super::{DenseMatrix, EmbeddingRows, EncodeError};

/// What an encoder reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Modality {
    /// Pictures.
    Image,
    /// Titles.
    Text,
}

/// Storage of an encoder's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputKind {
    /// Dense vectors.
    Dense,
    /// Sparse vectors over a fitted vocabulary.
    Sparse,
    /// Bit strings.
    Bits,
}

/// Choices that change an encoder's numbers; part of the cache key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct EncoderOptions {
    /// Leave out scikit-learn's English stop words (word TF-IDF and IDF only).
    pub english_stop_words: bool,
    /// The numbers networks compute in on a GPU; the CPU always takes f32.
    #[serde(default)]
    pub precision: crate::nn::Precision,
}

/// An opened encoder.
pub enum Encoder {
    /// Reads pictures.
    Image(Box<dyn ImageEncoder>),
    /// Reads titles one by one.
    Text(Box<dyn TextEncoder>),
    /// Must see the whole corpus of titles first.
    Fits(Box<dyn FitsText>),
    /// The same with dense rows.
    FitsDense(Box<dyn FitsDenseText>),
    /// Some parts must see the corpus first, some may not.
    Mixed(super::MixedText),
}

/// A picture after preprocessing: small, flat, ready for the device.
#[derive(Clone, Debug)]
pub struct Prepared(pub Vec<f32>);

/// Pictures to rows, in two steps so that preprocessing runs on the pool and inference on the compute thread.
pub trait ImageEncoder: Send + Sync {
    /// Identifies weights and preprocessing for cache keys (digest of files, sizes, constants, version of the code).
    fn fingerprint(&self) -> String;
    /// How many pictures `embed` likes at once (one call should take well under 100 ms).
    fn batch_size(&self) -> usize;
    /// What computes `embed`.
    fn processor(&self) -> Processor {
        Processor::Cpu
    }
    /// The least width and height, in pixels, that a picture of `full_size` must be decoded at to give the same row to the
    /// eye and the metric: three times what it is scaled to. By default all of it.
    fn least_size(&self, full_size: (u32, u32)) -> (u32, u32) {
        full_size
    }
    /// Resizes and normalises one picture. Thread-safe.
    fn prepare(&self, picture: &RgbImage) -> Prepared;
    /// Embeds a batch: one row each, dense rows L2-normalised.
    ///
    /// # Errors
    /// When the device fails.
    fn embed(&self, batch: &[Prepared]) -> Result<EmbeddingRows, EncodeError>;
}

/// What computes rows, and so who should ask for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processor {
    /// The CPU: threads that each take their own pictures from file to row wait for nobody.
    Cpu,
    /// A device that wants large batches one after the other.
    Accelerator,
}

impl Processor {
    /// That of a device.
    pub(in crate::encode) fn of(device: &Device) -> Self {
        if device.is_cpu() { Self::Cpu } else { Self::Accelerator }
    }
}

/// The least size a picture is decoded at that will be scaled to `size`: three times as large each way. The filter that
/// scales it down then hides how the decoder reduced it.
pub(in crate::encode) fn detailed((width, height): (u32, u32)) -> (u32, u32) {
    (width.saturating_mul(3), height.saturating_mul(3))
}

/// Titles to dense rows.
pub trait TextEncoder: Send + Sync {
    /// As [`ImageEncoder::fingerprint`].
    fn fingerprint(&self) -> String;
    /// As [`ImageEncoder::batch_size`].
    fn batch_size(&self) -> usize;
    /// Embeds titles: (n, width), rows L2-normalised.
    ///
    /// # Errors
    /// When tokenising or the device fails.
    fn embed(&self, titles: &[&str]) -> Result<DenseMatrix, EncodeError>;
}

/// An encoder whose rows depend on the whole corpus.
pub trait FitsText: Send + Sync {
    /// As [`ImageEncoder::fingerprint`]; the corpus is added by the cache.
    fn fingerprint(&self) -> String;
    /// Learns the vocabulary and weights of `titles` and returns the model with the rows of the corpus (Sparse, one row a title).
    fn fit(&self, titles: &[&str]) -> (Box<dyn FittedText>, super::CsrMatrix);
}

/// A fitted text encoder; embeds new titles in the corpus's space.
pub trait FittedText: Send + Sync {
    /// Embeds titles, unknown terms ignored.
    fn embed(&self, titles: &[&str]) -> super::CsrMatrix;
}

/// The dense sibling of [`FitsText`]: what it learns of the corpus are weights, its rows stay dense.
pub trait FitsDenseText: Send + Sync {
    /// As [`ImageEncoder::fingerprint`]; the corpus is added by the cache.
    fn fingerprint(&self) -> String;
    /// Learns from `titles` and returns an encoder of new titles in the corpus's space, with the rows of the corpus
    /// (n, width), L2-normalised.
    fn fit(&self, titles: &[&str]) -> (Box<dyn TextEncoder>, DenseMatrix);
}

/// Divides a row by its length; a row of zeros stays.
pub(super) fn l2_normalise(row: &mut [f32]) {
    let length = row.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
    if length > 0.0 {
        row.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
    }
}
