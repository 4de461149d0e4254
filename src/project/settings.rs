//! project.ron: versioned, editable by hand.

use std::path::{Path, PathBuf};

use ron::extensions::Extensions;
use serde::{Deserialize, Serialize};

use super::{LookAlikesSettings, ProjectError, write_atomic};
use crate::catalog::{CatalogSource, ColumnMap, OpenOptions, TitleMode};
use crate::encode::EncoderOptions;
use crate::fuse::FusionParams;
use crate::index::{Metric, Search};
use crate::matching::MatcherRecipe;
use crate::nn::Precision;

/// Everything that defines how a project matches. Unknown fields are refused with their name; missing ones take defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectSettings {
    /// File format version.
    #[serde(default = "current_version")]
    pub version: u32,
    /// The catalogue.
    pub source: CatalogSource,
    /// How it is read.
    #[serde(default, with = "OpenOptionsFields")]
    pub open: OpenOptions,
    /// Image encoders computed by `index`, in order; the first is the default for matching.
    #[serde(default = "default_image_encoders")]
    pub image_encoders: Vec<String>,
    /// Text encoders computed by `index`.
    #[serde(default = "default_text_encoders")]
    pub text_encoders: Vec<String>,
    /// Choices that change encoders' numbers.
    #[serde(default, with = "EncoderOptionsFields")]
    pub encoder_options: EncoderOptions,
    /// How embeddings become matches.
    #[serde(default)]
    pub matching: MatchSettings,
    /// How the look-alikes station asks.
    #[serde(default)]
    pub look_alikes: LookAlikesSettings,
}

/// From embeddings to matches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MatchSettings {
    /// Image encoder; `None` matches by title alone.
    pub image_encoder: Option<String>,
    /// Text encoder; `None` matches by picture alone.
    pub text_encoder: Option<String>,
    /// Translation model that titles pass before the text encoders read them; `None` leaves them as they are.
    pub translate: Option<String>,
    /// Fusion id (see [`crate::fuse::FUSIONS`]), or [`TRAINED_FUSION`].
    pub fusion: String,
    /// Its parameters.
    #[serde(with = "FusionParamsFields")]
    pub params: FusionParams,
    /// Similarity.
    pub metric: Metric,
    /// Neighbours a posting.
    pub k: usize,
    /// How they are looked for.
    #[serde(skip_serializing_if = "is_usual")]
    pub search: Search,
    /// Threshold of the fused score.
    pub threshold: f32,
    /// What makes matches of the fused scores.
    pub matcher: MatcherRecipe,
    /// Largest cluster before the guard cuts.
    pub max_cluster: usize,
    /// While the promoted model matches: which, and what it took the place of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trained: Option<Box<TrainedMatch>>,
}

/// Fusion id of matching by the promoted model, whose own measure takes the place of any fusion.
pub const TRAINED_FUSION: &str = "trained";

/// The model that matches, and the settings that come back without it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainedMatch {
    /// The recipe's id.
    pub id: String,
    /// As in [`MatchSettings`].
    pub image_encoder: Option<String>,
    /// As in [`MatchSettings`].
    pub text_encoder: Option<String>,
    /// As in [`MatchSettings`].
    pub translate: Option<String>,
    /// As in [`MatchSettings`].
    pub fusion: String,
    /// As in [`MatchSettings`].
    pub metric: Metric,
    /// As in [`MatchSettings`].
    pub threshold: f32,
}

impl MatchSettings {
    /// Whether the promoted model matches.
    pub fn is_trained(&self) -> bool {
        self.fusion == TRAINED_FUSION
    }

    /// The same settings with a trained model in the place of encoders, fusion and threshold; `encoders` are what it reads,
    /// pictures first.
    #[must_use]
    pub fn by_trained(&self, id: &str, encoders: [Option<String>; 2], threshold: f32) -> Self {
        let Self { image_encoder, text_encoder, translate, fusion, metric, threshold: frozen, .. } =
            self.frozen();
        let [image, text] = encoders;
        let id = id.to_owned();
        let trained =
            TrainedMatch { id, image_encoder, text_encoder, translate, fusion, metric, threshold: frozen };
        Self {
            image_encoder: image,
            text_encoder: text,
            translate: None,
            fusion: TRAINED_FUSION.to_owned(),
            metric: Metric::Cosine,
            threshold,
            trained: Some(Box::new(trained)),
            ..self.clone()
        }
    }

    /// The same settings without a trained model: as they were before it.
    #[must_use]
    pub fn frozen(&self) -> Self {
        match self.trained.as_deref().cloned().filter(|_| self.is_trained()) {
            Some(TrainedMatch {
                image_encoder, text_encoder, translate, fusion, metric, threshold, ..
            }) => {
                let trained = None;
                Self {
                    image_encoder,
                    text_encoder,
                    translate,
                    fusion,
                    metric,
                    threshold,
                    trained,
                    ..self.clone()
                }
            }
            // A file edited by hand may name the model without what it took the place of.
            None if self.is_trained() => {
                Self { fusion: Self::default().fusion, trained: None, ..self.clone() }
            }
            None => Self { trained: None, ..self.clone() },
        }
    }
}

/// Whether nothing was chosen, so that nothing need be written.
fn is_usual(search: &Search) -> bool {
    *search == Search::BySize
}

impl Default for MatchSettings {
    fn default() -> Self {
        Self {
            image_encoder: Some("perceptual".to_owned()),
            text_encoder: Some("idf-word".to_owned()),
            translate: None,
            fusion: "mean".to_owned(),
            params: FusionParams::default(),
            metric: Metric::Cosine,
            k: 50,
            search: Search::BySize,
            threshold: 0.55,
            matcher: MatcherRecipe::default(),
            max_cluster: 50,
            trained: None,
        }
    }
}

impl ProjectSettings {
    /// The version this program writes.
    pub const VERSION: u32 = 1;

    /// Defaults for a catalogue.
    pub fn new(source: CatalogSource, open: OpenOptions) -> Self {
        let mut matching = MatchSettings::default();
        if let CatalogSource::Demo { .. } = source {
            // Best agreement of clusters with the demo's own groups (B-cubed F1 0.87), in steps of 0.01.
            matching.threshold = 0.63;
        }
        Self {
            version: Self::VERSION,
            source,
            open,
            image_encoders: default_image_encoders(),
            text_encoders: default_text_encoders(),
            encoder_options: EncoderOptions::default(),
            matching,
            look_alikes: LookAlikesSettings::default(),
        }
    }
    /// Reads a settings file.
    ///
    /// # Errors
    /// When it cannot be read, or a field or the version is not known; the message names it and the line.
    pub(super) fn read(path: &Path) -> Result<Self, ProjectError> {
        let error = |reason: String, remedy: &'static str| ProjectError::Read {
            what: "the project's settings",
            reason,
            remedy,
            path: PathBuf::from(path),
        };
        let text = std::fs::read_to_string(path)
            .map_err(|reason| error(reason.to_string(), "Check that the file may be read"))?;
        Self::parse(&text).map_err(|(reason, remedy)| error(reason, remedy))
    }

    /// Writes a settings file atomically.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn write(&self, path: &Path) -> Result<(), ProjectError> {
        let error = |reason: String| ProjectError::Write { path: PathBuf::from(path), reason };
        let pretty = ron::ser::PrettyConfig::new();
        let text = format().to_string_pretty(self, pretty).map_err(|reason| error(reason.to_string()))?;
        let text =
            format!("// A Lookalike project. May be edited by hand while no window has it open.\n{text}\n");
        write_atomic(path, text.as_bytes()).map_err(|reason| error(reason.to_string()))
    }

    fn parse(text: &str) -> Result<Self, (String, &'static str)> {
        // A newer file may hold fields this program does not know: the version is the better reason to give.
        let version = format().from_str::<VersionOnly>(text).map_or(Self::VERSION, |file| file.version);
        if version > Self::VERSION || version == 0 {
            let known = Self::VERSION;
            let reason = format!("version {version} is not known, this program knows version {known}");
            return Err((reason, "Open the project with a newer Lookalike"));
        }
        let remedy = "Correct the file, or restore a copy";
        format().from_str(text).map_err(|error: ron::error::SpannedError| (error.to_string(), remedy))
    }
}

/// [`OpenOptions`] as it stands in the file.
#[derive(Default, Serialize, Deserialize)]
#[serde(remote = "OpenOptions", deny_unknown_fields, default)]
struct OpenOptionsFields {
    column_map: Option<ColumnMap>,
    images_dir: Option<PathBuf>,
    titles: TitleMode,
}

/// [`EncoderOptions`] as it stands in the file.
#[derive(Default, Serialize, Deserialize)]
#[serde(remote = "EncoderOptions", deny_unknown_fields, default)]
struct EncoderOptionsFields {
    english_stop_words: bool,
    precision: Precision,
}

/// [`FusionParams`] as it stands in the file.
#[derive(Serialize, Deserialize)]
#[serde(remote = "FusionParams", deny_unknown_fields, default)]
struct FusionParamsFields {
    image_weight: f32,
    image_threshold: f32,
    text_threshold: f32,
}

impl Default for FusionParamsFields {
    fn default() -> Self {
        let FusionParams { image_weight, image_threshold, text_threshold } = FusionParams::default();
        Self { image_weight, image_threshold, text_threshold }
    }
}

#[derive(Deserialize)]
struct VersionOnly {
    #[serde(default = "current_version")]
    version: u32,
}

/// People may leave out `Some(...)`.
fn format() -> ron::Options {
    ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME)
}

fn current_version() -> u32 {
    ProjectSettings::VERSION
}

fn default_image_encoders() -> Vec<String> {
    vec!["perceptual".to_owned()]
}

fn default_text_encoders() -> Vec<String> {
    vec!["idf-word".to_owned()]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{FusionParams, MatchSettings, OpenOptions, ProjectSettings};
    use crate::catalog::CatalogSource;

    fn check_error(text: &str, expected: &[&str]) {
        let (reason, remedy) = ProjectSettings::parse(text).unwrap_err();
        for part in expected {
            assert!(format!("{reason} {remedy}").contains(part), "{part}: {reason}");
        }
    }

    #[test]
    fn settings_survive_a_round_trip() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("project.ron");
        let mut settings =
            ProjectSettings::new(CatalogSource::File("a \"quoted\"/é.csv".into()), OpenOptions::default());
        settings.open.images_dir = Some("pictures".into());
        settings.matching.image_encoder = None;
        settings.matching.translate = Some("opus-mt-id-en".to_owned());
        settings.matching.threshold = 0.123_456_79;
        settings.look_alikes.candidates = Some("candidates.csv".into());
        settings.look_alikes.goal = 7;
        settings.matching = settings.matching.by_trained("a", [None, Some("idf-word".to_owned())], 0.5);
        settings.write(&path).unwrap();
        assert_eq!(ProjectSettings::read(&path).unwrap(), settings);
    }

    #[test]
    fn a_trained_model_takes_a_place_and_gives_it_back() {
        let before = MatchSettings { translate: Some("t".to_owned()), ..MatchSettings::default() };
        let encoders = [None, Some("all-MiniLM-L6-v2".to_owned())];
        let trained = before.by_trained("a", encoders.clone(), 0.8);
        assert!(trained.is_trained() && trained.translate.is_none() && trained.threshold == 0.8);
        assert_eq!(trained.text_encoder, encoders[1]);
        // Another model after the first gives back what was before both.
        assert_eq!(trained.by_trained("b", [None, None], 0.1).frozen(), before);
        assert_eq!(before.frozen(), before);
        let text = "(source: Folder(\"p\"), matching: (fusion: \"trained\"))";
        assert_eq!(ProjectSettings::parse(text).unwrap().matching.frozen().fusion, "mean");
    }

    #[test]
    fn missing_fields_take_defaults() {
        let text = "(source: Folder(\"pictures\"), open: (images_dir: \"x\"), matching: (k: 20, params: (image_weight: 0.25)))";
        let settings = ProjectSettings::parse(text).unwrap();
        let mut expected =
            ProjectSettings::new(CatalogSource::Folder("pictures".into()), OpenOptions::default());
        expected.open.images_dir = Some("x".into());
        let params = FusionParams { image_weight: 0.25, ..FusionParams::default() };
        expected.matching = MatchSettings { k: 20, params, ..MatchSettings::default() };
        assert_eq!(settings, expected);
    }

    #[test]
    fn what_is_not_known_is_named() {
        check_error("(source: Folder(\"p\"), treshold: 1)", &["treshold", "1:"]);
        check_error("(source: Folder(\"p\"), matching: (treshold: 1))", &["treshold"]);
        check_error("(source: Folder(\"p\"), matching: (params: (wait: 1)))", &["wait"]);
        check_error("(source: Folder(\"p\"), open: (title: Raw))", &["title"]);
        check_error(
            "(source: Folder(\"p\"), version: 9, new_field: 3)",
            &["version 9", "version 1", "newer"],
        );
        check_error("(version: 1)", &["source"]);
        check_error("(source: Cloud(\"p\"))", &["Cloud"]);
        check_error("", &["Correct the file"]);
    }
}
