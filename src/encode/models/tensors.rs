//! Whether a weight file is what an architecture needs, told from its header alone; and which architecture a file is of.

use std::path::Path;

use super::header::WeightsHeader;
use super::{ModelEntry, ModelError, ModelStore, Pooling};
use crate::encode::text::word_vectors::WordVectors;
use crate::encode::{EncodeError, IMAGE_ARCHITECTURES, Modality, image_architecture, text_architecture};
use crate::nn::{NnError, Parameter};

/// A name's counterpart in another library's files.
type OtherName = fn(&str) -> Option<String>;

/// What an architecture needs.
pub(super) struct Blueprint {
    parameters: Vec<Parameter>,
    other_names: Vec<OtherName>,
}

impl Blueprint {
    /// An image architecture for pictures of this side.
    ///
    /// # Errors
    /// When there is no such architecture.
    pub(super) fn of_image(id: &str, side: Option<u32>) -> Result<Self, String> {
        let architecture = image_architecture(id).ok_or_else(|| unknown("image", id))?;
        let graph = (architecture.graph)(side.unwrap_or(architecture.size));
        Ok(Self { parameters: graph.parameters(), other_names: vec![architecture.other_name] })
    }

    /// A text architecture as its config.json says.
    ///
    /// # Errors
    /// When there is no such architecture, or the config is none of it.
    pub(super) fn of_text(id: &str, config: &str, pooling: Pooling) -> Result<Self, String> {
        let architecture = text_architecture(id).ok_or_else(|| unknown("text", id))?;
        let config = (architecture.configure)(config)?;
        let graph = (config.graph)(&config, pooling);
        Ok(Self { parameters: graph.parameters(), other_names: architecture.other_names.to_vec() })
    }

    /// Numbers in all parameters.
    pub(super) fn n_values(&self) -> u64 {
        self.parameters.iter().map(|parameter| parameter.n_values() as u64).sum()
    }

    /// Checks every tensor by name and shape; gives how many there are.
    ///
    /// # Errors
    /// [`NnError::Tensor`] for the first that is missing, misshaped or of other numbers.
    pub(super) fn check(&self, header: &WeightsHeader) -> Result<usize, NnError> {
        for parameter in &self.parameters {
            let others = self.other_names.iter().filter_map(|other| other(&parameter.name));
            let there = others.into_iter().find(|name| header.has(name));
            let name = there.filter(|_| !header.has(&parameter.name));
            header.check(name.as_deref().unwrap_or(&parameter.name), &parameter.shape)?;
        }
        Ok(self.parameters.len())
    }
}

fn unknown(kind: &str, id: &str) -> String {
    format!("there is no {kind} architecture `{id}`")
}

/// What the entry's weights must hold, with the config.json that is there.
pub(super) fn blueprint(store: &ModelStore, entry: &ModelEntry) -> Result<Blueprint, ModelError> {
    let bad = |name: &str, reason: String| ModelError::BadFile {
        reason,
        remedy: "Get or add the model again".to_owned(),
        path: store
            .locate(entry, name)
            .map_or_else(|| store.model_folder(&entry.id).join(name), |(path, _)| path),
    };
    match entry.modality {
        Modality::Image => {
            let side = entry.preprocess.as_ref().map(|preprocess| preprocess.size);
            let weights = entry.weights().map_or("", |file| file.name.as_str());
            Blueprint::of_image(&entry.architecture, side).map_err(|reason| bad(weights, reason))
        }
        Modality::Text => {
            let config = store.text(&entry.id, "config.json")?;
            let pooling = entry.text.as_ref().map_or(Pooling::Mean, |text| text.pooling);
            Blueprint::of_text(&entry.architecture, &config, pooling)
                .map_err(|reason| bad("config.json", reason))
        }
    }
}

/// Reads a file of word vectors; gives how many words it has.
pub(super) fn check_vectors(path: &Path, width: Option<usize>) -> Result<usize, EncodeError> {
    let vectors = WordVectors::open(path)?;
    match width.filter(|width| *width != vectors.width()) {
        Some(width) => Err(EncodeError::BadModelFile {
            path: path.to_owned(),
            reason: format!("a word has {} numbers, expected {width}", vectors.width()),
        }),
        None => Ok(vectors.len()),
    }
}

/// What a file of weights is, told by its tensors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recognised {
    /// What it reads.
    pub modality: Modality,
    /// Id of the architecture.
    pub architecture: String,
}

/// Recognises an image architecture by the names and shapes of all its tensors, a text architecture by its config.json.
///
/// # Errors
/// Why nothing fits, in words.
pub(super) fn recognise(path: &Path, config: Option<&str>) -> Result<Recognised, ModelError> {
    let header = WeightsHeader::read(path).map_err(EncodeError::from)?;
    let text = config.and_then(|config| {
        let kind = serde_json::from_str::<serde_json::Value>(config).ok()?;
        let id = kind.get("model_type")?.as_str()?.to_owned();
        let id = match id.as_str() {
            "clip" => "clip_text_model".to_owned(),
            "siglip" => "siglip_text_model".to_owned(),
            _ => id,
        };
        Blueprint::of_text(&id, config, Pooling::Mean).ok().map(|blueprint| (id, blueprint))
    });
    if let Some((architecture, blueprint)) = text {
        blueprint.check(&header).map_err(EncodeError::from)?;
        return Ok(Recognised { modality: Modality::Text, architecture });
    }
    // The largest that fits: a small network's names may all stand in a larger one's file, with equal shapes.
    let fits = IMAGE_ARCHITECTURES.iter().filter_map(|architecture| {
        let blueprint = Blueprint::of_image(architecture.id, None).ok()?;
        blueprint.check(&header).ok()?;
        Some((blueprint.n_values(), architecture.id))
    });
    // Of equals the first, so that the plain architecture goes before its variants.
    let best = fits.reduce(|best, next| if next.0 > best.0 { next } else { best });
    match best {
        Some((_, id)) => Ok(Recognised { modality: Modality::Image, architecture: id.to_owned() }),
        None => {
            let known: Vec<&str> = IMAGE_ARCHITECTURES.iter().map(|architecture| architecture.id).collect();
            Err(ModelError::BadFile {
                reason: "its tensors fit no architecture known here".to_owned(),
                remedy: format!(
                    "Name one (a text model also needs its config.json beside the weights): {}",
                    known.join(", ")
                ),
                path: path.to_owned(),
            })
        }
    }
}
