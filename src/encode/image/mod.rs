//! Image encoders: one file an architecture, one line a size in [`architecture::IMAGE_ARCHITECTURES`].

pub mod adapt;
pub mod architecture;
mod batches;
mod convnext;
mod cost;
mod densenet;
mod efficientnet;
mod efficientnetv2;
mod inception_v3;
mod layers;
mod mobile;
mod mobilenetv2;
pub(super) mod mobilenetv2_tf;
mod mobilenetv3;
pub(crate) mod network;
mod nfnet;
mod perceptual;
mod phash;
mod resnet;
mod scaling;
mod vgg;
mod vit;

pub use perceptual::SPEC as PERCEPTUAL;
pub use phash::SPEC as PHASH;
