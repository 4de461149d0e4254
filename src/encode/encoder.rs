//! What an encoder is: a line in the table that opens something which turns pictures or titles into rows.

use image::RgbImage;

use super::{DenseMatrix, ENCODERS, EmbeddingRows, EncodeError, ModelStore};
use crate::nn::DeviceChoice;

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
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct EncoderOptions {
    /// Leave out scikit-learn's English stop words (word TF-IDF and IDF only).
    pub english_stop_words: bool,
}

/// One line of the table.
pub struct EncoderSpec {
    /// Stable id; goes into files and cache keys.
    pub id: &'static str,
    /// Name shown to people.
    pub label: &'static str,
    /// One sentence: what it is good for.
    pub summary: &'static str,
    /// What it reads.
    pub modality: Modality,
    /// Storage of its rows.
    pub output: OutputKind,
    /// Name of the model folder it needs; `None` when it needs no files.
    pub model: Option<&'static str>,
    /// Opens it.
    pub open: fn(&ModelStore, DeviceChoice, &EncoderOptions) -> Result<Encoder, EncodeError>,
}

impl std::fmt::Debug for EncoderSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EncoderSpec").field("id", &self.id).finish_non_exhaustive()
    }
}

/// An opened encoder.
pub enum Encoder {
    /// Reads pictures.
    Image(Box<dyn ImageEncoder>),
    /// Reads titles one by one.
    Text(Box<dyn TextEncoder>),
    /// Must see the whole corpus of titles first.
    Fits(Box<dyn FitsText>),
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
    /// Resizes and normalises one picture. Thread-safe.
    fn prepare(&self, picture: &RgbImage) -> Prepared;
    /// Embeds a batch: one row each, dense rows L2-normalised.
    ///
    /// # Errors
    /// When the device fails.
    fn embed(&self, batch: &[Prepared]) -> Result<EmbeddingRows, EncodeError>;
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

/// The encoder with this id.
///
/// # Errors
/// [`EncodeError::UnknownEncoder`].
pub fn encoder_spec(id: &str) -> Result<&'static EncoderSpec, EncodeError> {
    ENCODERS.iter().find(|spec| spec.id == id).ok_or_else(|| EncodeError::UnknownEncoder(id.to_owned()))
}

/// Divides a row by its length; a row of zeros stays.
pub(super) fn l2_normalise(row: &mut [f32]) {
    let length = row.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
    if length > 0.0 {
        row.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
    }
}
