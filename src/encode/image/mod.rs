//! Image encoders, one file an architecture.

mod perceptual;
mod phash;
mod scaling;

pub use perceptual::SPEC as PERCEPTUAL;
pub use phash::SPEC as PHASH;
