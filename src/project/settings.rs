//! project.ron: versioned, editable by hand.

use serde::{Deserialize, Serialize};

use crate::catalog::{CatalogSource, OpenOptions};
use crate::encode::EncoderOptions;
use crate::fuse::FusionParams;
use crate::index::Metric;

/// Everything that defines how a project matches. Unknown fields are refused with their name; missing ones take defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProjectSettings {
    /// File format version.
    pub version: u32,
    /// The catalogue.
    pub source: CatalogSource,
    /// How it is read.
    pub open: OpenOptions,
    /// Image encoders computed by `index`, in order; the first is the default for matching.
    pub image_encoders: Vec<String>,
    /// Text encoders computed by `index`.
    pub text_encoders: Vec<String>,
    /// Choices that change encoders' numbers.
    pub encoder_options: EncoderOptions,
    /// How embeddings become matches.
    pub matching: MatchSettings,
}

/// From embeddings to matches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MatchSettings {
    /// Image encoder; `None` matches by title alone.
    pub image_encoder: Option<String>,
    /// Text encoder; `None` matches by picture alone.
    pub text_encoder: Option<String>,
    /// Fusion id (see [`crate::fuse::FUSIONS`]).
    pub fusion: String,
    /// Its parameters.
    pub params: FusionParams,
    /// Similarity.
    pub metric: Metric,
    /// Neighbours a posting.
    pub k: usize,
    /// Threshold of the fused score.
    pub threshold: f32,
    /// Largest cluster before the guard cuts.
    pub max_cluster: usize,
}

impl Default for MatchSettings {
    fn default() -> Self {
        Self {
            image_encoder: Some("perceptual".to_owned()),
            text_encoder: Some("idf-word".to_owned()),
            fusion: "mean".to_owned(),
            params: FusionParams::default(),
            metric: Metric::Cosine,
            k: 50,
            threshold: 0.5,
            max_cluster: 50,
        }
    }
}

impl ProjectSettings {
    /// The version this program writes.
    pub const VERSION: u32 = 1;

    /// Defaults for a catalogue.
    pub fn new(source: CatalogSource, open: OpenOptions) -> Self {
        Self {
            version: Self::VERSION,
            source,
            open,
            image_encoders: vec!["perceptual".to_owned()],
            text_encoders: vec!["idf-word".to_owned()],
            encoder_options: EncoderOptions::default(),
            matching: MatchSettings::default(),
        }
    }
}
