//! Image encoders: one file an architecture, one line a size in [`architecture::IMAGE_ARCHITECTURES`].

pub mod architecture;
mod convnext;
mod densenet;
mod efficientnet;
mod efficientnetv2;
mod inception_v3;
mod layers;
mod mobile;
mod mobilenetv2;
pub(super) mod mobilenetv2_tf;
mod mobilenetv3;
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
use crate::nn::DeviceChoice;

/// Opens a model of the manifest.
///
/// # Errors
/// When its files are absent or unusable, or the device is not there.
pub(super) fn open_model(
    entry: &ModelEntry,
    store: &ModelStore,
    device: DeviceChoice,
) -> Result<Encoder, EncodeError> {
    if entry.id == mobilenetv2_tf::MODEL {
        return mobilenetv2_tf::open(store, device);
    }
    Err(EncodeError::BrokenEncoder(format!(
        "the model `{}` is a network of the kind `{}`, which this program cannot open",
        entry.id, entry.architecture
    )))
}
