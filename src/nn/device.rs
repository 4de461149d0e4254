//! Which processor computes. A GPU is opened once a process, because tensors of two handles to one GPU do not mix.

use std::sync::OnceLock;

use candle_core::{Device, utils};
use serde::{Deserialize, Serialize};

use super::{NnError, kernels};

/// The user's choice; `Auto` takes CUDA or Metal where compiled in and present, else the CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

impl DeviceChoice {
    /// Every choice, in the order pickers show them.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Cpu, Self::Cuda, Self::Metal];

    /// Stable id, as typed after `--device`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Metal => "metal",
        }
    }
}

impl std::fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}

impl std::str::FromStr for DeviceChoice {
    type Err = NnError;

    fn from_str(id: &str) -> Result<Self, NnError> {
        Self::ALL.into_iter().find(|choice| choice.id() == id).ok_or_else(|| NnError::Device {
            device: id.to_owned(),
            reason: "there is no such choice; known are auto, cpu, cuda and metal".to_owned(),
        })
    }
}

/// Opens the device.
///
/// # Errors
/// [`NnError::Device`] when the device asked for is not there.
pub fn open_device(choice: DeviceChoice) -> Result<Device, NnError> {
    match choice {
        DeviceChoice::Cpu => Ok(Device::Cpu),
        DeviceChoice::Cuda | DeviceChoice::Metal => {
            open_gpu(choice).map_err(|reason| NnError::Device { device: choice.id().to_owned(), reason })
        }
        DeviceChoice::Auto => Ok([DeviceChoice::Cuda, DeviceChoice::Metal]
            .into_iter()
            .find_map(|gpu| open_gpu(gpu).ok())
            .unwrap_or(Device::Cpu)),
    }
}

/// One line for the top bar and `doctor`, such as "CPU, 2 threads, AVX2".
pub fn describe_device(choice: DeviceChoice) -> String {
    match open_device(choice) {
        Ok(Device::Cpu) => {
            let threads = match rayon::current_num_threads() {
                1 => "1 thread".to_owned(),
                n_threads => format!("{n_threads} threads"),
            };
            format!("CPU, {threads}, {}", kernels::instruction_set())
        }
        Ok(Device::Cuda(_)) => "CUDA, first NVIDIA GPU".to_owned(),
        Ok(Device::Metal(_)) => "Metal, first Apple GPU".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn open_gpu(choice: DeviceChoice) -> Result<Device, String> {
    static CUDA: OnceLock<Result<Device, String>> = OnceLock::new();
    static METAL: OnceLock<Result<Device, String>> = OnceLock::new();
    let (is_built_in, cell): (bool, _) = match choice {
        DeviceChoice::Metal => (utils::metal_is_available(), &METAL),
        _ => (utils::cuda_is_available(), &CUDA),
    };
    if !is_built_in {
        return Err(format!("this build knows no {choice}; build it with `--features {choice}`"));
    }
    cell.get_or_init(|| {
        // The CUDA bindings panic where the driver's library is missing; that is an ordinary machine, not a bug.
        std::panic::catch_unwind(|| match choice {
            DeviceChoice::Metal => Device::new_metal(0),
            _ => Device::new_cuda(0),
        })
        .map_err(|_| "its driver is not installed".to_owned())?
        .map_err(|error| error.to_string())
    })
    .clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_always_there() {
        assert!(matches!(open_device(DeviceChoice::Cpu), Ok(Device::Cpu)));
        assert!(open_device(DeviceChoice::Auto).is_ok());
        let line = describe_device(DeviceChoice::Cpu);
        assert!(line.starts_with("CPU, ") && line.contains("thread"), "{line}");
    }

    #[test]
    fn a_device_that_is_not_built_in_says_how_to_get_it() {
        for choice in [DeviceChoice::Cuda, DeviceChoice::Metal] {
            if let Err(error) = open_device(choice) {
                let message = error.to_string();
                assert!(message.contains(choice.id()) && message.contains("--device auto"), "{message}");
                assert_eq!(message, describe_device(choice));
            }
        }
    }

    #[test]
    fn ids_round_trip() {
        for choice in DeviceChoice::ALL {
            assert_eq!(choice.id().parse::<DeviceChoice>().ok(), Some(choice));
        }
        assert!("gpu".parse::<DeviceChoice>().is_err());
    }
}
