//! Image encoders, one file an architecture.

pub mod architecture;
pub(super) mod mobilenetv2_tf;
mod perceptual;
mod phash;
mod scaling;

pub use perceptual::SPEC as PERCEPTUAL;
pub use phash::SPEC as PHASH;
