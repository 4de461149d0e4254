//! What a composite is made of, as it stands in a file. Reads RON; knows nothing of the table.

use std::path::{Path, PathBuf};

use ron::extensions::Extensions;
use serde::Deserialize;

/// The sub-folder of the models folder in which the user's own composites lie.
pub(in crate::encode) const FOLDER: &str = "composites";

/// Name of the built-in file in messages.
const BUILT_IN: &str = "assets/composites.ron";

/// One composite.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recipe {
    /// Stable id; goes into files and cache keys.
    pub(super) id: String,
    /// Name shown to people.
    pub(super) label: String,
    /// One sentence: what it is good for.
    pub(super) summary: String,
    /// How the parts' rows become one.
    pub(super) combine: Combine,
    /// The parts, in the order in which their numbers stand.
    pub(super) parts: Vec<PartRecipe>,
    /// Whether each picture is also seen mirrored.
    #[serde(default)]
    pub(super) flip: Flip,
}

/// One part.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartRecipe {
    /// Id of an encoder, which may be a composite itself.
    pub(super) encoder: String,
    /// Its share.
    #[serde(default = "one")]
    pub(super) weight: f32,
}

/// How the parts' rows become one. With parts a, b... of length one and weights v, w... the similarity is:
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Combine {
    /// One row behind the other, each times its weight: (v² cos a + w² cos b + ...) / (v² + w² + ...).
    Concatenate,
    /// The weighted mean of the rows in one space: equal widths as they are; where widths differ, wider rows are first
    /// projected to the narrowest by a fixed orthogonal matrix.
    Average,
    /// The weighted mean of the parts' similarities: (v cos a + w cos b + ...) / (v + w + ...), kept as rows one behind
    /// the other, each times the square root of its weight.
    Ensemble,
}

/// Test-time flip averaging: the mean of a picture's row and its mirror image's, per part, brought to length one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "bool")]
pub(super) enum Flip {
    /// The picture as it is.
    #[default]
    Off,
    /// And mirrored.
    Averaged,
}

impl From<bool> for Flip {
    fn from(flip: bool) -> Self {
        if flip { Self::Averaged } else { Self::Off }
    }
}

/// A recipe, or why there is none, with the place it was read from.
#[derive(Debug)]
pub(in crate::encode) struct Read {
    pub(super) place: PathBuf,
    pub(super) recipes: Result<Vec<Recipe>, String>,
}

/// The composites Lookalike comes with.
pub(in crate::encode) fn built_in() -> Vec<Read> {
    vec![parse(Path::new(BUILT_IN), include_str!("../../../assets/composites.ron"))]
}

/// Every `*.ron` of a folder, in order of name; none where the folder is not there.
pub(in crate::encode) fn read_folder(folder: &Path) -> Vec<Read> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = files.map(|file| file.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "ron"));
    paths.sort();
    let read = |path: PathBuf| match std::fs::read_to_string(&path) {
        Ok(text) => parse(&path, &text),
        Err(error) => Read { place: path, recipes: Err(error.to_string()) },
    };
    paths.into_iter().map(read).collect()
}

/// A list of composites, `[( ... ), ( ... )]`; the reason of a refusal begins with line and column.
pub(super) fn parse(place: &Path, text: &str) -> Read {
    let options = ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
    let recipes = options.from_str(text).map_err(|error: ron::error::SpannedError| {
        let start = error.span.start;
        format!("line {}, column {}: {}", start.line, start.col, error.code)
    });
    Read { place: place.to_owned(), recipes }
}

impl Recipe {
    /// What is wrong with it by itself, in words.
    pub(super) fn fault(&self) -> Option<String> {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        if self.id.is_empty() || !self.id.chars().all(is_plain) || self.id == "none" {
            return Some("its id must be of letters, digits and -_. and not `none`".to_owned());
        }
        if self.parts.is_empty() || (self.parts.len() < 2 && self.flip == Flip::Off) {
            return Some("it needs at least two parts (or one with flip: true)".to_owned());
        }
        // A weight that is no number fails this too.
        let part = self.parts.iter().find(|part| !(part.weight > 0.0 && part.weight.is_finite()))?;
        Some(format!(
            "the weight of `{}` is {}, where a number above zero is needed",
            part.encoder, part.weight
        ))
    }
}

fn one() -> f32 {
    1.0
}
