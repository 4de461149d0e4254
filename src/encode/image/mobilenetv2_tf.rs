//! The encoder `mobilenetv2_tf`: MobileNetV2 1.0 as TensorFlow trained it on ImageNet, 1280 pooled features.

use super::network::open_model;
use crate::encode::{
    EncodeError, Encoder, EncoderOptions, EncoderSpec, Modality, ModelEntry, ModelFile, ModelStore,
    OutputKind,
};
use crate::nn::DeviceChoice;

/// Name of the model folder, and of the architecture.
pub(crate) const MODEL: &str = "mobilenetv2_tf";
/// The files in it.
pub(crate) const FILES: &[&str] = &["config.json", WEIGHTS];

const WEIGHTS: &str = "model.safetensors";

/// The line of the table.
pub(crate) const SPEC: EncoderSpec = EncoderSpec {
    id: "mobilenetv2_tf",
    label: "MobileNetV2",
    summary: "A small network trained on ImageNet; sees the kind of product, fast on any machine",
    modality: Modality::Image,
    output: OutputKind::Dense,
    model: Some(MODEL),
    open,
};

fn open(store: &ModelStore, device: DeviceChoice, _: &EncoderOptions) -> Result<Encoder, EncodeError> {
    let file = |name: &str| ModelFile { name: name.to_owned(), n_bytes: None, sha256: None };
    let entry = ModelEntry {
        id: MODEL.to_owned(),
        label: SPEC.label.to_owned(),
        summary: SPEC.summary.to_owned(),
        modality: Modality::Image,
        architecture: MODEL.to_owned(),
        source: None,
        files: vec![file(WEIGHTS), file("config.json")],
        licence: "Apache-2.0".to_owned(),
        width: super::mobilenetv2::WIDTH,
        preprocess: None,
        text: None,
    };
    Ok(Encoder::Image(open_model(&entry, store, device)?))
}
