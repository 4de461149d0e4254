//! Which processor computes.

use serde::{Deserialize, Serialize};

use super::NnError;

/// The user's choice; `Auto` takes CUDA or Metal where compiled in and present, else the CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DeviceChoice {
    /// Best present.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// The first NVIDIA GPU.
    Cuda,
    /// The first Apple GPU.
    Metal,
}

/// Opens the device.
///
/// # Errors
/// [`NnError::Device`] when the device asked for is not there.
pub fn open_device(choice: DeviceChoice) -> Result<candle_core::Device, NnError> {
    unimplemented!("{choice:?}")
}

/// One line for the top bar and `doctor`, such as "CPU, 2 threads, AVX2".
pub fn describe_device(choice: DeviceChoice) -> String {
    unimplemented!("{choice:?}")
}
