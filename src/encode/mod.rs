//! Station 2: pictures and titles become embeddings. One file an encoder, one line in [`ENCODERS`].

mod embeddings;
mod encoder;
mod error;
mod image;
mod models;
mod preprocess;
mod store;
mod text;
mod translate;

pub use embeddings::{BitMatrix, CsrMatrix, DenseMatrix, EmbeddingRows, Embeddings};
pub use encoder::{
    Encoder, EncoderOptions, EncoderSpec, FitsDenseText, FitsText, FittedText, ImageEncoder, Modality, OutputKind, Prepared,
    TextEncoder, encoder_spec,
};
pub use error::EncodeError;
pub use image::architecture::{IMAGE_ARCHITECTURES, ImageArchitecture, image_architecture};
pub use models::{ModelEntry, ModelFile, ModelSource, Pooling, TextInput};
pub use preprocess::{Fit, Interpolation, Preprocess};
pub use store::ModelStore;
pub use text::architecture::{TEXT_ARCHITECTURES, TextArchitecture, TextConfig, TitleLength, text_architecture};
pub use text::glove::{Glove, GloveIdf};
pub use text::minilm::entry as minilm_entry;
pub use text::transformer::TransformerEncoder;
pub use text::word_vectors::WordVectors;
pub use translate::{Search, TRANSLATOR_FILES, TranslateOptions, Translator};

/// Every encoder, pictures first, in the order pickers show them.
#[rustfmt::skip]
pub const ENCODERS: &[EncoderSpec] = &[
    image::mobilenetv2_tf::SPEC,
    image::PERCEPTUAL,
    image::PHASH,
    text::minilm::SPEC,
    text::idf_word::SPEC,
    text::tfidf_word::SPEC,
    text::tfidf_char::SPEC,
];
