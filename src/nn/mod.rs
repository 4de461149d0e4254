//! Station 1: networks. Devices, weight files, layers and kernels; knows nothing of postings.

mod device;
mod error;
pub mod kernels;
pub mod layers;
pub mod ops;
mod weights;

pub use device::{DeviceChoice, describe_device, open_device};
pub use error::NnError;
pub use weights::Weights;
