//! Image encoders: one file an architecture, one line a size in [`architecture::IMAGE_ARCHITECTURES`].

pub mod adapt;
pub mod architecture;
pub mod autoencoder;
pub mod backbone;
mod batches;
mod convnext;
mod cost;
mod densenet;
mod efficientnet;
mod efficientnetv2;
pub(super) mod grid;
mod inception_v3;
mod layers;
mod mobile;
mod mobilenetv2;
mod mobilenetv3;
mod network;
mod nfnet;
mod perceptual;
mod phash;
mod resnet;
mod scaling;
mod vgg;
mod vit;

pub(super) use perceptual::SPEC as PERCEPTUAL;
pub(super) use phash::SPEC as PHASH;

use super::{EncodeError, Encoder, ModelEntry, ModelStore};
use crate::nn::{DeviceChoice, Precision};

/// Opens a model of the manifest.
///
/// # Errors
/// When its files are absent or unusable, or the device is not there.
pub(super) fn open_model(
    entry: &ModelEntry,
    store: &ModelStore,
    device: DeviceChoice,
    precision: Precision,
) -> Result<Encoder, EncodeError> {
    Ok(Encoder::Image(network::open_model(entry, store, device, precision)?))
}
