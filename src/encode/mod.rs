//! Station 2: pictures and titles become embeddings. One file an encoder, one line in the
//! [`EncoderTable`].

mod composite;
mod embeddings;
mod encoder;
mod error;
mod image;
mod models;
mod preprocess;
mod table;
mod text;
pub(crate) mod translate;

pub use composite::{DensePart, FittedPart, MixedText};
pub use embeddings::{BitMatrix, CsrMatrix, DenseMatrix, EmbeddingRows, Embeddings};
pub use encoder::{
    Encoder, EncoderOptions, FitsDenseText, FitsText, FittedText, ImageEncoder, Modality, OutputKind,
    Prepared, Processor, TextEncoder,
};
pub use error::EncodeError;
pub use image::adapt::adapt_weights;
pub use image::architecture::{IMAGE_ARCHITECTURES, ImageArchitecture, Sides, image_architecture};
pub use image::autoencoder::{self, AutoencoderLearning, EncoderWeights, SmallPicture};
pub use image::backbone::{Backbone, Stem};
pub use models::{
    AddFiles, DigestSource, DownloadWatch, Hub, HubCache, Keep, Manifest, ModelEntry, ModelError, ModelFile,
    ModelSize, ModelSource, ModelStatus, ModelStore, Place, Pooling, Presence, Purpose, TextInput,
    TextInputChoice, Verification, VerifiedFile, add_model, bytes_in_words, check_tensors, download_model,
    verify_model,
};
pub use preprocess::{Fit, Interpolation, Preprocess};
pub use table::{EncoderSpec, EncoderTable, TableProblem, Training};
pub use text::architecture::{
    TEXT_ARCHITECTURES, TextArchitecture, TextConfig, TitleLength, text_architecture,
};
pub use text::glove::{Glove, GloveIdf};
pub use text::transformer::TransformerEncoder;
pub use text::word_vectors::WordVectors;
pub use translate::{Search, TRANSLATOR_FILES, TranslateOptions, Translator};
