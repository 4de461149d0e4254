//! What embedding, joining and searching share: the catalogue, the cache, opened encoders, content hashes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::{Context, JobError, Meter};
use crate::catalog::{Catalog, DecodeLimits, ImageSource, PostingIdx};
use crate::encode::{
    EncodeError, Encoder, EncoderOptions, EncoderSpec, EncoderTable, FittedText, Modality, ModelStore,
    TextEncoder, Training, Translator,
};
use crate::nn::DeviceChoice;
use crate::project::{EmbeddingCache, Project, TrainedModels, TranslationCache, Translations};

/// Hash of a picture's bytes or a title's text; `None` where the posting lacks it or the file cannot be read.
pub(super) type Contents = Vec<Option<[u8; 32]>>;

/// Encoders opened so far (weights stay loaded), on one device.
pub struct OpenEncoders {
    pub(super) models: ModelStore,
    device: DeviceChoice,
    opened: Mutex<HashMap<OpenKey, Arc<Encoder>>>,
    pub(super) translators: Mutex<HashMap<String, Arc<Translator>>>,
}

/// What distinguishes opened encoders.
#[derive(PartialEq, Eq, Hash)]
struct OpenKey {
    encoder: String,
    options: EncoderOptions,
    /// Weights of the project, where it has learnt.
    training: Training,
}

/// A catalogue with everything needed to embed it. One per open project.
pub struct Workbench {
    /// The catalogue.
    pub catalog: Arc<Catalog>,
    /// The project's embeddings.
    pub cache: EmbeddingCache,
    /// The project's translations of titles.
    pub translations: TranslationCache,
    /// Opened encoders.
    pub encoders: Arc<OpenEncoders>,
    /// Choices that change encoders' numbers.
    pub options: EncoderOptions,
    trained: PathBuf,
    table: Arc<EncoderTable>,
    image_contents: OnceLock<Arc<Contents>>,
    text_contents: OnceLock<Arc<Contents>>,
    pub(super) fitted: Mutex<HashMap<String, Arc<dyn FittedText>>>,
    pub(super) fitted_dense: Mutex<HashMap<String, Arc<dyn TextEncoder>>>,
    /// All titles' translations, by the translator's fingerprint.
    pub(super) translated: Mutex<HashMap<String, Arc<Translations>>>,
}

impl OpenEncoders {
    /// No encoder opened yet.
    pub fn new(models: ModelStore, device: DeviceChoice) -> Self {
        Self { models, device, opened: Mutex::default(), translators: Mutex::default() }
    }

    /// The device asked for.
    pub fn device(&self) -> DeviceChoice {
        self.device
    }

    /// The encoder of this line, opened the first time.
    ///
    /// # Errors
    /// When its files are missing or wrong, or it has not learnt yet.
    pub fn open(&self, spec: &EncoderSpec, options: &EncoderOptions) -> Result<Arc<Encoder>, EncodeError> {
        let key =
            OpenKey { encoder: spec.id.clone(), options: options.clone(), training: spec.training.clone() };
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(encoder) = opened.get(&key) {
            return Ok(encoder.clone());
        }
        let encoder = Arc::new(spec.open(&self.models, self.device, options)?);
        opened.insert(key, encoder.clone());
        Ok(encoder)
    }

    /// Closes the encoders whose weights lie in `folder`, because it has learnt anew.
    pub(super) fn forget(&self, folder: &Path) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.retain(
            |key, _| !matches!(&key.training, Training::InProject { folder: Some(own) } if own == folder),
        );
    }
}

impl Default for OpenEncoders {
    fn default() -> Self {
        Self::new(ModelStore::resolve(None), DeviceChoice::default())
    }
}

impl std::fmt::Debug for OpenEncoders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenEncoders").field("device", &self.device).finish_non_exhaustive()
    }
}

impl Workbench {
    /// A bench for one catalogue; what encoders learn from it lies in `trained`.
    pub fn new(
        catalog: Arc<Catalog>,
        cache: EmbeddingCache,
        translations: TranslationCache,
        trained: &Path,
        encoders: Arc<OpenEncoders>,
        options: EncoderOptions,
    ) -> Self {
        let table = EncoderTable::of_project(&encoders.models, trained);
        Self {
            catalog,
            cache,
            translations,
            encoders,
            options,
            trained: trained.to_owned(),
            table,
            image_contents: OnceLock::new(),
            text_contents: OnceLock::new(),
            fitted: Mutex::default(),
            fitted_dense: Mutex::default(),
            translated: Mutex::default(),
        }
    }

    /// The bench of a project whose catalogue is loaded.
    pub fn of_project(project: &Project, catalog: Arc<Catalog>, encoders: Arc<OpenEncoders>) -> Self {
        let options = project.settings().encoder_options.clone();
        let (cache, translations) = (project.cache(), project.translations());
        Self::new(catalog, cache, translations, &project.trained(), encoders, options)
    }

    /// Every encoder there is for this project.
    pub fn table(&self) -> &Arc<EncoderTable> {
        &self.table
    }

    /// What was trained on this catalogue.
    pub fn trained_models(&self) -> TrainedModels {
        TrainedModels::new(self.trained.clone())
    }

    /// The same bench with other encoders.
    pub(super) fn with_encoders(&self, encoders: Arc<OpenEncoders>) -> Self {
        Self::new(
            self.catalog.clone(),
            self.cache.clone(),
            self.translations.clone(),
            &self.trained,
            encoders,
            self.options.clone(),
        )
    }

    /// The encoder with this id, opened the first time.
    ///
    /// # Errors
    /// When there is no such encoder, its files are missing or wrong, or it has not learnt yet.
    pub(super) fn open(&self, id: &str) -> Result<Arc<Encoder>, EncodeError> {
        self.encoders.open(self.table.spec(id)?, &self.options)
    }

    /// Whether the encoder with this id can be opened here: it exists, its files are there, and it needs no learning first.
    pub(super) fn is_ready(&self, id: &str) -> bool {
        self.table
            .spec(id)
            .is_ok_and(|spec| spec.is_ready(&self.encoders.models) && spec.must_learn().is_none())
    }

    /// Whether the encoder with this id can embed here: it exists, its files are there, and what it must learn it can.
    pub(super) fn has_files(&self, id: &str) -> bool {
        self.table.spec(id).is_ok_and(|spec| spec.is_ready(&self.encoders.models))
    }

    /// Whether any posting has something to embed: a picture that is there, or a title.
    pub fn has(&self, modality: Modality) -> bool {
        self.catalog.postings().any(|posting| match modality {
            Modality::Image => {
                matches!(self.catalog.image(posting), ImageSource::File(_) | ImageSource::Drawn(_))
            }
            Modality::Text => !self.catalog.title(posting).trim().is_empty(),
        })
    }

    /// The content of each posting in one modality, hashed once.
    pub(super) fn contents(
        &self,
        modality: Modality,
        context: &Context<'_>,
    ) -> Result<Arc<Contents>, JobError> {
        let (slot, stage) = match modality {
            Modality::Image => (&self.image_contents, "Reading pictures"),
            Modality::Text => (&self.text_contents, "Reading titles"),
        };
        if let Some(contents) = slot.get() {
            return Ok(contents.clone());
        }
        let mut contents = Vec::with_capacity(self.catalog.n_postings());
        let mut meter = Meter::new(context.reporter, stage, 0, self.catalog.n_postings() as u64);
        let limits = DecodeLimits::default();
        let hash = |posting: PostingIdx| match modality {
            Modality::Image => self
                .catalog
                .image(posting)
                .content_bytes(&limits)
                .ok()
                .map(|bytes| *blake3::hash(&bytes).as_bytes()),
            Modality::Text => {
                let title = self.catalog.title(posting);
                (!title.trim().is_empty()).then(|| *blake3::hash(title.as_bytes()).as_bytes())
            }
        };
        let postings: Vec<PostingIdx> = self.catalog.postings().collect();
        // Small pieces of pictures, so that cancelling and interactive requests wait for none of it.
        let n_piece = if modality == Modality::Image { 256 } else { 65_536 };
        for piece in postings.chunks(n_piece) {
            context.turn()?;
            contents.extend(context.aside(|| piece.to_vec().into_par_iter().map(hash).collect::<Vec<_>>()));
            meter.advance(piece.len() as u64);
        }
        meter.finish();
        Ok(slot.get_or_init(|| Arc::new(contents)).clone())
    }
}

impl std::fmt::Debug for Workbench {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workbench").field("cache", &self.cache).finish_non_exhaustive()
    }
}
