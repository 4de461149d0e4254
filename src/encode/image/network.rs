//! The image encoder of every architecture: a compiled network or its first part, its preprocessing and their fingerprint.
//! Decodes and downloads nothing.

use candle_core::Tensor;
use image::RgbImage;

use super::adapt::adapt_weights;
use super::architecture::{IMAGE_ARCHITECTURES, ImageArchitecture, image_architecture};
use super::batches::{BatchLimit, Runner};
use super::cost::Cost;
use super::grid::cell_means;
use crate::encode::encoder::l2_normalise;
use crate::encode::preprocess::Preprocess;
use crate::encode::{
    DenseMatrix, EmbeddingRows, EncodeError, ImageEncoder, ModelEntry, ModelStore, Prepared, Processor,
};
use crate::nn::{DeviceChoice, Graph, NetworkInput, NnError, Plan, Precision, Weights, open_device};

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
    let parts = ModelParts::read(entry, store)?;
    let name = name_of_whole(&entry.id, parts.architecture);
    Ok(Box::new(NetworkEncoder::compile(&name, parts, Readout::Whole, device, precision)?))
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

/// What of a network makes a row.
pub(super) enum Readout {
    /// Its output.
    Whole,
    /// The maps that its first part ends in, averaged over so many cells along each side.
    Cells { trunk: Graph, cells: usize },
}

/// A network on a device that embeds pictures.
pub(super) struct NetworkEncoder {
    network: Network,
    preprocess: Preprocess,
    fingerprint: String,
    limit: BatchLimit,
}

struct Network {
    plan: Plan,
    side: usize,
    /// Cells along each side that maps are averaged over; `None` where the output is a row.
    cells: Option<usize>,
}

impl NetworkEncoder {
    /// Compiles a network, or its first part. `name` is what the fingerprint calls it.
    ///
    /// # Errors
    /// When the weights are of another architecture, or the device is not there.
    pub(super) fn compile(
        name: &str,
        ModelParts { architecture, weights, preprocess }: ModelParts,
        readout: Readout,
        device: DeviceChoice,
        precision: Precision,
    ) -> Result<Self, EncodeError> {
        let graph = (architecture.graph)(preprocess.size);
        let digest = weights.digest();
        let weights = adapt_weights(weights, architecture, &graph)?;
        let (graph, cells) = match readout {
            Readout::Whole => (graph, None),
            Readout::Cells { trunk, cells } => (trunk, Some(cells)),
        };
        let device = open_device(device)?;
        let plan = Plan::compile(&graph, &weights, &device, precision)?;
        let precision = plan.precision(precision);
        let fingerprint = format!("{name} {precision:?}; {}; weights {digest}", preprocess.fingerprint());
        let limit = BatchLimit::on(&device, Cost::of(&graph, preprocess.size));
        let network = Network { plan, side: preprocess.size as usize, cells };
        Ok(Self { network, preprocess, fingerprint, limit })
    }
}

/// What the fingerprint calls a whole network.
pub(super) fn name_of_whole(id: &str, architecture: &ImageArchitecture) -> String {
    format!("{id} {} v{CODE_VERSION}", architecture.id)
}

impl Runner for Network {
    fn run(&self, pictures: Vec<f32>, n_pictures: usize) -> Result<Vec<f32>, NnError> {
        let shape = (n_pictures, 3, self.side, self.side);
        let batch = Tensor::from_vec(pictures, shape, self.plan.device())?;
        let output = self.plan.run(NetworkInput::Images(&batch))?;
        let values: Vec<f32> = output.flatten_all()?.to_vec1()?;
        let Some(cells) = self.cells else { return Ok(values) };
        let (_, _, height, width) = output.dims4()?;
        let maps = values.chunks_exact((height * width).max(1));
        Ok(maps.flat_map(|map| cell_means(map, height, width, cells)).collect())
    }
}

impl ImageEncoder for NetworkEncoder {
    fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }

    fn batch_size(&self) -> usize {
        self.limit.get()
    }

    fn processor(&self) -> Processor {
        Processor::of(self.network.plan.device())
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
        let width = values.len() / batch.len().max(1);
        values.chunks_exact_mut(width.max(1)).for_each(l2_normalise);
        Ok(EmbeddingRows::Dense(DenseMatrix { width, values }))
    }
}

#[cfg(test)]
#[path = "network_tests.rs"]
mod tests;
