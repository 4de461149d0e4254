//! An image model taken apart to be trained further: the part that stays, compiled to run fast; the part that is trained, with
//! gradients; and put together again, as weights and as an encoder. Trains nothing itself and opens no picture.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use candle_core::{Device, Tensor};

use super::adapt::adapt_weights;
use super::architecture::ImageArchitecture;
use super::batches::BatchLimit;
use super::cost::Cost;
use super::network::{ModelParts, NetworkEncoder, Readout, name_of_whole};
use crate::encode::preprocess::Preprocess;
use crate::encode::{EncodeError, ImageEncoder, ModelEntry, ModelStore};
use crate::nn::{
    DeviceChoice, Graph, NetworkInput, Plan, Precision, SplitGraph, TrainableNetwork, Weights,
    write_safetensors,
};

/// A model's network and weights, in memory.
pub struct Backbone {
    id: String,
    architecture: &'static ImageArchitecture,
    graph: Graph,
    weights: Weights,
    preprocess: Preprocess,
}

impl Backbone {
    /// Reads a model's files.
    ///
    /// # Errors
    /// When a file is missing or unusable, or the weights are of another architecture.
    pub(in crate::encode) fn open(entry: &ModelEntry, store: &ModelStore) -> Result<Self, EncodeError> {
        let ModelParts { architecture, weights, preprocess } = ModelParts::read(entry, store)?;
        let graph = (architecture.graph)(preprocess.size);
        let weights = adapt_weights(weights, architecture, &graph)?;
        Ok(Self { id: entry.id.clone(), architecture, graph, weights, preprocess })
    }

    /// How pictures are prepared for it.
    pub fn preprocess(&self) -> &Preprocess {
        &self.preprocess
    }

    /// Numbers an embedding.
    pub fn width(&self) -> usize {
        self.architecture.width
    }

    /// BLAKE3 of the weights it starts from.
    pub fn digest(&self) -> String {
        self.weights.digest()
    }

    /// Takes the network apart before `block`, or before its first layer where that is `None`: what stays as it is, and what
    /// is trained.
    ///
    /// # Errors
    /// [`EncodeError::NoSuchBlock`] when the network cannot be cut there; when the weights do not fit or the device fails.
    pub fn split(
        &self,
        block: Option<&str>,
        device: &Device,
        precision: Precision,
    ) -> Result<(Stem, TrainableNetwork), EncodeError> {
        let first = block.map_or(Some(1), |block| self.graph.first_node_of(block));
        let Some(SplitGraph { trunk, tail }) = first.and_then(|first| self.graph.split_at(first)) else {
            return Err(EncodeError::NoSuchBlock {
                encoder: self.id.clone(),
                block: block.unwrap_or("its first layer").to_owned(),
                blocks: self.graph.blocks(),
            });
        };
        let limit = BatchLimit::on(device, Cost::of(&trunk, self.preprocess.size)).get();
        let plan = Plan::compile(&trunk, &self.weights, device, precision)?;
        let tail = TrainableNetwork::load(&tail, &self.weights, device)?;
        Ok((Stem { plan, side: self.preprocess.size as usize, batch_size: limit }, tail))
    }

    /// The bytes of a safetensors file with every parameter of the network: those of `tail` as they have become, the others
    /// as they were.
    ///
    /// # Errors
    /// When the weights cannot be read or the device fails.
    pub fn to_safetensors(&self, tail: &BTreeMap<String, Tensor>) -> Result<Vec<u8>, EncodeError> {
        let mut tensors = tail.clone();
        for parameter in self.graph.parameters() {
            if let Entry::Vacant(place) = tensors.entry(parameter.name) {
                let tensor = self.weights.tensor(place.key(), &parameter.shape, &Device::Cpu)?;
                place.insert(tensor);
            }
        }
        let mut bytes = Vec::new();
        write_safetensors(&mut bytes, &tensors)?;
        Ok(bytes)
    }

    /// The encoder with weights that [`Backbone::to_safetensors`] has written; its fingerprint carries their digest. `path` is
    /// only named in errors.
    ///
    /// # Errors
    /// When the bytes are damaged or of another network, or the device is not there.
    pub fn encoder(
        self,
        path: &Path,
        bytes: Vec<u8>,
        device: DeviceChoice,
        precision: Precision,
    ) -> Result<Box<dyn ImageEncoder>, EncodeError> {
        let weights = Weights::from_bytes(path, bytes)?;
        let Self { id, architecture, preprocess, .. } = self;
        let name = name_of_whole(&id, architecture);
        let parts = ModelParts { architecture, weights, preprocess };
        Ok(Box::new(NetworkEncoder::compile(&name, parts, Readout::Whole, device, precision)?))
    }
}

impl std::fmt::Debug for Backbone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backbone").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The part of a network that stays as it is: prepared pictures to the features the trained part reads.
#[derive(Debug)]
pub struct Stem {
    plan: Plan,
    side: usize,
    batch_size: usize,
}

impl Stem {
    /// Pictures that [`Stem::run`] likes at once; a call takes well under 100 ms.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// Features of pictures as [`Preprocess::apply`] gives them, each (3, side, side): row-major with their shape without
    /// the batch.
    ///
    /// # Errors
    /// When a picture has another size, or the device fails.
    pub fn run(&self, pictures: &[&[f32]]) -> Result<(Vec<f32>, Vec<usize>), EncodeError> {
        let shape = (pictures.len(), 3, self.side, self.side);
        let batch = Tensor::from_vec(pictures.concat(), shape, self.plan.device())?;
        let features = self.plan.run(NetworkInput::Images(&batch))?;
        let shape = features.dims().get(1..).unwrap_or_default().to_vec();
        Ok((features.flatten_all()?.to_vec1()?, shape))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::encode::{
        EmbeddingRows, Fit, IMAGE_ARCHITECTURES, Interpolation, Prepared, image_architecture,
    };
    use crate::nn::Mode;

    /// Weights drawn by a seed, at a size that computes fast.
    fn drawn(id: &str) -> Backbone {
        let architecture = image_architecture(id).unwrap();
        let preprocess = Preprocess {
            size: 64,
            fit: Fit::Squash,
            interpolation: Interpolation::Bilinear,
            mean: [0.5; 3],
            std: [0.5; 3],
        };
        let graph = (architecture.graph)(preprocess.size);
        let network = TrainableNetwork::initialise(&graph, 5, &Device::Cpu).unwrap();
        let mut bytes = Vec::new();
        write_safetensors(&mut bytes, &network.export().unwrap()).unwrap();
        let weights = Weights::from_bytes(Path::new("drawn"), bytes).unwrap();
        Backbone { id: id.to_owned(), architecture, graph, weights, preprocess }
    }

    #[test]
    fn every_architecture_can_be_cut_between_blocks() {
        for architecture in IMAGE_ARCHITECTURES {
            let graph = (architecture.graph)(architecture.size);
            assert!(graph.blocks().len() >= 3, "{}: {:?}", architecture.id, graph.blocks());
        }
        let blocks = (image_architecture("mobilenetv2_tf").unwrap().graph)(224).blocks();
        let expected = [
            "conv_stem",
            "blocks.0",
            "blocks.1",
            "blocks.2",
            "blocks.3",
            "blocks.4",
            "blocks.5",
            "blocks.6",
            "conv_head",
        ];
        assert_eq!(blocks, expected);
    }

    #[test]
    fn stem_and_tail_are_the_encoder() {
        let picture: Vec<f32> = (0..3 * 64 * 64).map(|place| (place as f32 * 0.013).sin()).collect();
        let rows = |encoder: &dyn ImageEncoder| match encoder.embed(&[Prepared(picture.clone())]).unwrap() {
            EmbeddingRows::Dense(matrix) => matrix.values,
            _ => Vec::new(),
        };
        for block in [None, Some("blocks.3"), Some("blocks.6")] {
            let backbone = drawn("mobilenetv2_tf");
            let (stem, tail) = backbone.split(block, &Device::Cpu, Precision::F32).unwrap();
            let (features, shape) = stem.run(&[&picture]).unwrap();
            let shape: Vec<usize> = [1].into_iter().chain(shape).collect();
            let features = Tensor::from_vec(features, shape, &Device::Cpu).unwrap();
            let found = tail.forward(NetworkInput::Features(&features), &mut Mode::Evaluation).unwrap();
            let mut found: Vec<f32> = found.flatten_all().unwrap().to_vec1().unwrap();
            crate::encode::encoder::l2_normalise(&mut found);
            // Put together again it is the encoder, and another once a weight is another.
            let bytes = backbone.to_safetensors(&tail.export().unwrap()).unwrap();
            let encoder =
                backbone.encoder(Path::new("again"), bytes, DeviceChoice::Cpu, Precision::F32).unwrap();
            let expected = rows(&*encoder);
            assert!(expected.iter().any(|value| value.abs() > 0.01));
            for (found, expected) in found.iter().zip(&expected) {
                assert!((found - expected).abs() < 1e-4, "{block:?}: {found} {expected}");
            }
            let mut changed = tail.export().unwrap();
            let weight = changed.get_mut("conv_head.weight").unwrap();
            *weight = (&*weight * -1.0).unwrap();
            let bytes = drawn("mobilenetv2_tf").to_safetensors(&changed).unwrap();
            let other = drawn("mobilenetv2_tf");
            let other = other.encoder(Path::new("other"), bytes, DeviceChoice::Cpu, Precision::F32).unwrap();
            assert!(rows(&*other) != expected && other.fingerprint() != encoder.fingerprint());
        }
    }

    #[test]
    fn a_cut_within_a_block_names_the_blocks() {
        for wrong in ["blocks.9", "blocks.5.1.conv_dw", ""] {
            let result = drawn("mobilenetv2_tf").split(Some(wrong), &Device::Cpu, Precision::F32);
            let message = result.unwrap_err().to_string();
            assert!(message.contains("blocks.5, blocks.6"), "{message}");
        }
    }
}
