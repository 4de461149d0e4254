//! Station 2: pictures and titles become embeddings. One file an encoder, one line in [`ENCODERS`].

mod embeddings;
mod encoder;
mod error;
mod image;
mod store;
mod text;

pub use embeddings::{BitMatrix, CsrMatrix, DenseMatrix, EmbeddingRows, Embeddings};
pub use encoder::{
    Encoder, EncoderOptions, EncoderSpec, FitsText, FittedText, ImageEncoder, Modality, OutputKind, Prepared,
    TextEncoder, encoder_spec,
};
pub use error::EncodeError;
pub use store::ModelStore;

/// Every encoder, pictures first, in the order pickers show them.
pub const ENCODERS: &[EncoderSpec] = &[image::PERCEPTUAL, image::PHASH];
