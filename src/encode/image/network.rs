//! The image encoder of every architecture: a compiled network, its preprocessing and their fingerprint. Decodes and
//! downloads nothing.

use candle_core::Tensor;
use image::RgbImage;

use super::adapt::adapt_weights;
use super::architecture::{IMAGE_ARCHITECTURES, ImageArchitecture, image_architecture};
use super::batches::{BatchLimit, Runner};
use super::cost::Cost;
use crate::encode::encoder::l2_normalise;
use crate::encode::preprocess::Preprocess;
use crate::encode::{
    DenseMatrix, EmbeddingRows, EncodeError, ImageEncoder, ModelEntry, ModelStore, Prepared,
};
use crate::nn::{DeviceChoice, NetworkInput, NnError, Plan, Precision, Weights, open_device};

/// Raised when the same weights and pictures give other numbers.
const CODE_VERSION: u32 = 2;
/// Where a model's folder may say how pictures are prepared, the first that does counts.
const CONFIGS: [&str; 2] = ["config.json", "preprocessor_config.json"];

/// Opens a model of any image architecture. Its folder's config says how pictures are prepared, else the entry does.
///
/// # Errors
/// [`EncodeError::ModelAbsent`] when a file is missing, [`EncodeError::BadModelFile`] when a config cannot be read or the
/// entry names no known architecture, [`EncodeError::Nn`] when the weights are of another architecture.
pub(crate) fn open_model(
    entry: &ModelEntry,
    store: &ModelStore,
    device: DeviceChoice,
    precision: Precision,
) -> Result<Box<dyn ImageEncoder>, EncodeError> {
    let ModelParts { architecture, weights, preprocess } = ModelParts::read(entry, store)?;
    let encoder = NetworkEncoder::compile(&entry.id, architecture, weights, preprocess, device, precision)?;
    Ok(Box::new(encoder))
}

/// What an image model's files say, nothing of it on a device yet.
pub(super) struct ModelParts {
    pub(super) architecture: &'static ImageArchitecture,
    pub(super) weights: Weights,
    pub(super) preprocess: Preprocess,
}

impl ModelParts {
    /// Reads a model's files.
    ///
    /// # Errors
    /// As [`open_model`].
    pub(super) fn read(entry: &ModelEntry, store: &ModelStore) -> Result<Self, EncodeError> {
        let weights_file = entry.files.first().map_or("model.safetensors", |file| file.name.as_str());
        let path = store.file(&entry.id, weights_file)?;
        let refuse = |reason: String| EncodeError::BadModelFile { path: path.clone(), reason };
        let architecture = image_architecture(&entry.architecture).ok_or_else(|| {
            let known: Vec<_> = IMAGE_ARCHITECTURES.iter().map(|architecture| architecture.id).collect();
            let name = &entry.architecture;
            refuse(format!("its architecture `{name}` is not known; known are {}", known.join(", ")))
        })?;
        let preprocess = match preprocess_of_folder(entry, store)? {
            Some(preprocess) => preprocess,
            None => entry.preprocess.clone().ok_or_else(|| {
                refuse(
                    "nothing says how pictures are prepared; put the model's config.json beside it"
                        .to_owned(),
                )
            })?,
        };
        if !architecture.sides.includes(preprocess.size) {
            let (size, sides) = (preprocess.size, architecture.sides);
            return Err(refuse(format!(
                "its config asks for pictures of {size} pixels, the network takes {sides}"
            )));
        }
        let weights = Weights::open(&path)?;
        Ok(Self { architecture, weights, preprocess })
    }
}

fn preprocess_of_folder(entry: &ModelEntry, store: &ModelStore) -> Result<Option<Preprocess>, EncodeError> {
    for name in CONFIGS {
        let Ok(path) = store.file(&entry.id, name) else { continue };
        let refuse = |reason| EncodeError::BadModelFile { path: path.clone(), reason };
        let text = store.text(&entry.id, name)?;
        if let Some(preprocess) = Preprocess::find_in_config(&text).map_err(refuse)? {
            return Ok(Some(preprocess));
        }
    }
    Ok(None)
}

/// A network on a device that embeds pictures.
pub(super) struct NetworkEncoder {
    network: Network,
    preprocess: Preprocess,
    fingerprint: String,
    width: usize,
    limit: BatchLimit,
}

struct Network {
    plan: Plan,
    side: usize,
}

impl NetworkEncoder {
    /// Compiles the network of the model `id`.
    ///
    /// # Errors
    /// When the weights are of another architecture, or the device is not there.
    pub(super) fn compile(
        id: &str,
        architecture: &ImageArchitecture,
        weights: Weights,
        preprocess: Preprocess,
        device: DeviceChoice,
        precision: Precision,
    ) -> Result<Self, EncodeError> {
        let graph = (architecture.graph)(preprocess.size);
        let digest = weights.digest();
        let weights = adapt_weights(weights, architecture, &graph)?;
        let device = open_device(device)?;
        let plan = Plan::compile(&graph, &weights, &device, precision)?;
        let precision = if device.is_cpu() { Precision::F32 } else { precision };
        let fingerprint = format!(
            "{id} {} v{CODE_VERSION} {precision:?}; {}; weights {digest}",
            architecture.id,
            preprocess.fingerprint()
        );
        let limit = BatchLimit::on(&device, Cost::of(&graph, preprocess.size));
        let network = Network { plan, side: preprocess.size as usize };
        Ok(Self { network, preprocess, fingerprint, width: architecture.width, limit })
    }
}

impl Runner for Network {
    fn run(&self, pictures: Vec<f32>, n_pictures: usize) -> Result<Vec<f32>, NnError> {
        let shape = (n_pictures, 3, self.side, self.side);
        let batch = Tensor::from_vec(pictures, shape, self.plan.device())?;
        let rows = self.plan.run(NetworkInput::Images(&batch))?;
        Ok(rows.flatten_all()?.to_vec1()?)
    }
}

impl ImageEncoder for NetworkEncoder {
    fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }

    fn batch_size(&self) -> usize {
        self.limit.get()
    }

    fn least_size(&self, full_size: (u32, u32)) -> (u32, u32) {
        self.preprocess.least_size(full_size)
    }

    fn prepare(&self, picture: &RgbImage) -> Prepared {
        Prepared(self.preprocess.apply(picture))
    }

    fn embed(&self, batch: &[Prepared]) -> Result<EmbeddingRows, EncodeError> {
        let pictures: Vec<&[f32]> = batch.iter().map(|Prepared(values)| values.as_slice()).collect();
        let mut values = self.limit.run(&self.network, &pictures)?;
        values.chunks_exact_mut(self.width).for_each(l2_normalise);
        Ok(EmbeddingRows::Dense(DenseMatrix { width: self.width, values }))
    }
}

#[cfg(test)]
#[path = "network_tests.rs"]
mod tests;
