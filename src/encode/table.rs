//! The table of encoders, made when the models folder is known: those that need no files (a constant list, one file and
//! one line each), one for every model of the manifest, and the composites described by data. Opens nothing until asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::composite::{self, Composite};
use super::image::autoencoder;
use super::image::grid::{self, GridRecipe};
use super::{
    Backbone, EncodeError, Encoder, EncoderOptions, Modality, ModelEntry, ModelStore, OutputKind, Purpose,
    image, text,
};
use crate::nn::{DeviceChoice, Precision};

/// An encoder that needs no files: a line of the constant part of the table.
pub(in crate::encode) struct BuiltIn {
    /// As [`EncoderSpec::id`].
    pub(in crate::encode) id: &'static str,
    /// As [`EncoderSpec::label`].
    pub(in crate::encode) label: &'static str,
    /// As [`EncoderSpec::summary`].
    pub(in crate::encode) summary: &'static str,
    /// As [`EncoderSpec::modality`].
    pub(in crate::encode) modality: Modality,
    /// As [`EncoderSpec::output`].
    pub(in crate::encode) output: OutputKind,
    /// Makes it.
    pub(in crate::encode) open: fn(&EncoderOptions) -> Encoder,
}

/// The encoders that need no files, in the order pickers show them.
#[rustfmt::skip]
const BUILT_IN: &[BuiltIn] = &[
    image::PERCEPTUAL,
    image::PHASH,
    text::idf_word::SPEC,
    text::tfidf_word::SPEC,
    text::tfidf_char::SPEC,
];

/// One line of the table.
pub struct EncoderSpec {
    /// Stable id; goes into files and cache keys.
    pub id: String,
    /// Name shown to people.
    pub label: String,
    /// One sentence: what it is good for.
    pub summary: String,
    /// What it reads.
    pub modality: Modality,
    /// Storage of its rows.
    pub output: OutputKind,
    /// Models whose files it needs, each once; empty when it needs none.
    pub needs: Vec<String>,
    /// Whether it learns from the catalogue before it can embed.
    pub training: Training,
    opening: Opening,
}

/// Whether an encoder has to learn from the catalogue first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Training {
    /// It embeds as it is.
    NotNeeded,
    /// It learns; its weights lie in this folder of the project once it has.
    InProject {
        /// `trained/ID`; `None` where the table was made without a project.
        folder: Option<PathBuf>,
    },
}

/// How a line opens.
enum Opening {
    BuiltIn(fn(&EncoderOptions) -> Encoder),
    Model(Box<ModelEntry>),
    /// Features from inside a model.
    Grid(Box<(GridRecipe, ModelEntry)>),
    /// Word vectors weighed by their words' rarity in the catalogue.
    WeighedWords(Box<ModelEntry>),
    Composite(Composite),
    Autoencoder,
}

/// Something that could not become a line, told where encoders are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableProblem {
    /// The id it would have had, where that could be read.
    pub id: Option<String>,
    /// What is wrong, with the file and what to do.
    pub message: String,
}

/// Every encoder there is for one models folder, and one project where there is one.
#[derive(Debug, Default)]
pub struct EncoderTable {
    specs: Vec<Arc<EncoderSpec>>,
    problems: Vec<TableProblem>,
}

impl EncoderTable {
    /// The table for a models folder: built-in encoders, the manifest's models, composites.
    pub fn of(store: &ModelStore) -> Arc<Self> {
        Self::build(store, None)
    }

    /// The same for a project whose trained weights lie in the sub-folders of `trained`.
    pub fn of_project(store: &ModelStore, trained: &Path) -> Arc<Self> {
        Self::build(store, Some(trained))
    }

    fn build(store: &ModelStore, trained: Option<&Path>) -> Arc<Self> {
        let mut table = Self::default();
        for built_in in BUILT_IN {
            table.add(EncoderSpec::built_in(built_in));
        }
        table.add(EncoderSpec::autoencoder(trained));
        for entry in store.entries().into_iter().filter(|entry| entry.purpose == Purpose::Encode) {
            let weighed = (entry.architecture == text::glove::ARCHITECTURE).then(|| entry.clone());
            table.add(EncoderSpec::model(entry));
            if let Some(entry) = weighed {
                table.add(EncoderSpec::weighed_words(entry));
            }
        }
        for message in store.problems() {
            table.problem(None, message);
        }
        for recipe in grid::built_in() {
            if let Some(entry) = store.entry(&recipe.network) {
                table.add(EncoderSpec::grid(recipe, entry));
            }
        }
        // Pictures first; within a modality in the order above.
        table.specs.sort_by_key(|spec| spec.modality == Modality::Text);
        let mut recipes = composite::built_in();
        recipes.extend(composite::read_folder(&store.folder().join(composite::FOLDER)));
        composite::resolve(recipes, &mut table);
        table.specs.sort_by_key(|spec| spec.modality == Modality::Text);
        Arc::new(table)
    }

    /// Every line, pictures first, in the order pickers show them.
    pub fn specs(&self) -> &[Arc<EncoderSpec>] {
        &self.specs
    }

    /// The lines that read this.
    pub fn of_modality(&self, modality: Modality) -> impl Iterator<Item = &Arc<EncoderSpec>> {
        self.specs.iter().filter(move |spec| spec.modality == modality)
    }

    /// What could not become a line, such as a broken composite.
    pub fn problems(&self) -> &[TableProblem] {
        &self.problems
    }

    /// The line with this id.
    ///
    /// # Errors
    /// [`EncodeError::UnknownEncoder`], or [`EncodeError::BrokenEncoder`] when there is a description with this id that
    /// cannot be used.
    pub fn spec(&self, id: &str) -> Result<&Arc<EncoderSpec>, EncodeError> {
        if let Some(spec) = self.specs.iter().find(|spec| spec.id == id) {
            return Ok(spec);
        }
        let broken = self.problems.iter().find(|problem| problem.id.as_deref() == Some(id));
        Err(broken.map_or_else(
            || EncodeError::UnknownEncoder(id.to_owned()),
            |problem| EncodeError::BrokenEncoder(problem.message.clone()),
        ))
    }

    /// Adds a line; a second one of the same id becomes a problem instead.
    pub(in crate::encode) fn add(&mut self, spec: EncoderSpec) {
        if self.specs.iter().any(|known| known.id == spec.id) {
            let message = format!("there are two encoders `{}`. Give one of them another id", spec.id);
            // The first stays usable, so the problem carries no id.
            self.problem(None, message);
        } else {
            self.specs.push(Arc::new(spec));
        }
    }

    pub(in crate::encode) fn problem(&mut self, id: Option<String>, message: String) {
        self.problems.push(TableProblem { id, message });
    }
}

impl EncoderSpec {
    fn built_in(line: &BuiltIn) -> Self {
        Self {
            id: line.id.to_owned(),
            label: line.label.to_owned(),
            summary: line.summary.to_owned(),
            modality: line.modality,
            output: line.output,
            needs: Vec::new(),
            training: Training::NotNeeded,
            opening: Opening::BuiltIn(line.open),
        }
    }

    fn model(entry: ModelEntry) -> Self {
        Self {
            id: entry.id.clone(),
            label: entry.label.clone(),
            summary: entry.summary.clone(),
            modality: entry.modality,
            output: OutputKind::Dense,
            needs: vec![entry.id.clone()],
            training: Training::NotNeeded,
            opening: Opening::Model(Box::new(entry)),
        }
    }

    /// A line for features from inside a model.
    fn grid(recipe: GridRecipe, entry: ModelEntry) -> Self {
        Self {
            id: recipe.id.clone(),
            label: recipe.label.clone(),
            summary: recipe.summary.clone(),
            modality: Modality::Image,
            output: OutputKind::Dense,
            needs: vec![entry.id.clone()],
            training: Training::NotNeeded,
            opening: Opening::Grid(Box::new((recipe, entry))),
        }
    }

    /// A second line for word vectors: the mean weighed by rarity.
    fn weighed_words(entry: ModelEntry) -> Self {
        Self {
            id: format!("{}-idf", entry.id),
            label: format!("{}, rare words first", entry.label),
            summary: "Mean of word vectors, each word weighed by its rarity in the catalogue".to_owned(),
            modality: Modality::Text,
            output: OutputKind::Dense,
            needs: vec![entry.id.clone()],
            training: Training::NotNeeded,
            opening: Opening::WeighedWords(Box::new(entry)),
        }
    }

    fn autoencoder(trained: Option<&Path>) -> Self {
        Self {
            id: autoencoder::ID.to_owned(),
            label: autoencoder::LABEL.to_owned(),
            summary: autoencoder::SUMMARY.to_owned(),
            modality: Modality::Image,
            output: OutputKind::Dense,
            needs: Vec::new(),
            training: Training::InProject { folder: trained.map(|folder| folder.join(autoencoder::ID)) },
            opening: Opening::Autoencoder,
        }
    }

    /// A line for a composite whose parts are lines themselves.
    pub(in crate::encode) fn composite(composite: Composite) -> Self {
        let mut needs: Vec<String> = Vec::new();
        for part in composite.parts() {
            needs.extend(
                part.spec.needs.iter().filter(|model| !needs.contains(model)).cloned().collect::<Vec<_>>(),
            );
        }
        let trained = composite.parts().find(|part| part.spec.training != Training::NotNeeded);
        Self {
            id: composite.id().to_owned(),
            label: composite.label().to_owned(),
            summary: composite.summary().to_owned(),
            modality: composite.modality(),
            output: composite.output(),
            needs,
            training: trained.map_or(Training::NotNeeded, |part| part.spec.training.clone()),
            opening: Opening::Composite(composite),
        }
    }

    /// Opens it.
    ///
    /// # Errors
    /// When its files are absent or unusable, it has not learnt yet, or the device is not there.
    pub fn open(
        &self,
        store: &ModelStore,
        device: DeviceChoice,
        options: &EncoderOptions,
    ) -> Result<Encoder, EncodeError> {
        match &self.opening {
            Opening::BuiltIn(open) => Ok(open(options)),
            Opening::Model(entry) => open_model(entry, store, device, options.precision),
            Opening::WeighedWords(entry) => {
                Ok(Encoder::FitsDense(Box::new(text::glove::Glove::open(entry, store)?.weighed())))
            }
            Opening::Grid(parts) => {
                let (recipe, entry) = parts.as_ref();
                grid::open(recipe, entry, store, device, options.precision)
            }
            Opening::Composite(composite) => composite.open(store, device, options),
            Opening::Autoencoder => match &self.training {
                Training::InProject { folder: Some(folder) } => autoencoder::open(folder, device),
                _ => Err(EncodeError::NotTrained { encoder: self.id.clone() }),
            },
        }
    }

    /// Its network, to be trained further.
    ///
    /// # Errors
    /// [`EncodeError::NotTrainable`] when it has none of its own; when its files are absent or unusable.
    pub fn backbone(&self, store: &ModelStore) -> Result<Backbone, EncodeError> {
        match &self.opening {
            Opening::Model(entry) if self.modality == Modality::Image => Backbone::open(entry, store),
            _ => Err(EncodeError::NotTrainable { encoder: self.id.clone() }),
        }
    }

    /// The folder it must learn into before it opens; `None` when it needs not, or has.
    pub fn must_learn(&self) -> Option<&Path> {
        let Training::InProject { folder: Some(folder) } = &self.training else { return None };
        (!folder.join(autoencoder::WEIGHTS).is_file()).then_some(folder)
    }

    /// The models whose files are not all there.
    pub fn absent<'a>(&'a self, store: &'a ModelStore) -> impl Iterator<Item = &'a str> {
        self.needs.iter().map(String::as_str).filter(|model| !store.has(model))
    }

    /// Whether every model file it needs is there.
    pub fn is_ready(&self, store: &ModelStore) -> bool {
        self.absent(store).next().is_none()
    }
}

impl std::fmt::Debug for EncoderSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EncoderSpec").field("id", &self.id).finish_non_exhaustive()
    }
}

fn open_model(
    entry: &ModelEntry,
    store: &ModelStore,
    device: DeviceChoice,
    precision: Precision,
) -> Result<Encoder, EncodeError> {
    match entry.modality {
        Modality::Image => image::open_model(entry, store, device, precision),
        Modality::Text => text::open_model(entry, store, device, precision),
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
