//! How many pictures go to the device at once: by the network's cost, the device's memory, and what it has refused before.

use std::sync::atomic::{AtomicUsize, Ordering};

use candle_core::Device;

use super::cost::Cost;
use crate::nn::NnError;

/// Multiply-adds a processor core's share of a call may take: some hundredths of a second.
const WORK_ON_CPU: u64 = 1_000_000_000;
/// The same for a graphics processor.
const WORK_ON_GPU: u64 = 300_000_000_000;
/// More pictures make no call faster.
const MOST: u64 = 256;
/// Memory believed free where the device does not say.
const UNKNOWN_MEMORY: u64 = 4 << 30;
/// What convolutions and matrix products need beside the numbers between two operations, as a factor.
const SCRATCH: u64 = 4;

/// Something that turns pictures into rows.
pub(super) trait Runner: Send + Sync {
    /// `n_pictures` prepared pictures one after the other to their rows.
    fn run(&self, pictures: Vec<f32>, n_pictures: usize) -> Result<Vec<f32>, NnError>;
}

/// The number of pictures a call, halved for good whenever the device is out of memory.
#[derive(Debug)]
pub(super) struct BatchLimit(AtomicUsize);

impl BatchLimit {
    /// At most `n_pictures` a call, and at least one.
    pub(super) fn new(n_pictures: usize) -> Self {
        Self(AtomicUsize::new(n_pictures.max(1)))
    }

    /// For a network of this cost on this device.
    pub(super) fn on(device: &Device, cost: Cost) -> Self {
        let n_pictures = match device {
            Device::Cpu => WORK_ON_CPU / cost.n_multiply_adds.max(1),
            _ => {
                let by_work = WORK_ON_GPU / cost.n_multiply_adds.max(1);
                let n_bytes = cost.n_values_held * size_of::<f32>() as u64 * SCRATCH;
                by_work.min(free_bytes(device).unwrap_or(UNKNOWN_MEMORY) / 2 / n_bytes.max(1))
            }
        };
        let most = if device.is_cpu() { 8 } else { MOST };
        Self::new(n_pictures.min(most) as usize)
    }

    /// Pictures a call.
    pub(super) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// The rows of all pictures, each picture `values_each` numbers, in calls within the limit. A call that the device
    /// has no memory for is tried again with half the pictures.
    ///
    /// # Errors
    /// When the device fails otherwise, or has no memory for a single picture.
    pub(super) fn run(&self, runner: &dyn Runner, pictures: &[&[f32]]) -> Result<Vec<f32>, NnError> {
        let mut rows = Vec::new();
        let mut rest = pictures;
        while !rest.is_empty() {
            let n_pictures = self.get().min(rest.len());
            let (now, later) = rest.split_at(n_pictures);
            match runner.run(now.concat(), n_pictures) {
                Ok(found) => {
                    rows.extend(found);
                    rest = later;
                }
                Err(error) if n_pictures > 1 && is_out_of_memory(&error) => {
                    self.0.fetch_min((n_pictures / 2).max(1), Ordering::Relaxed);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(rows)
    }
}

/// Whether the device's memory is full, by the words of CUDA's, cuBLAS's and Metal's errors.
fn is_out_of_memory(error: &NnError) -> bool {
    let words = error.to_string().to_lowercase();
    [
        "out of memory",
        "out_of_memory",
        "alloc_failed",
        "failedtocreateresource",
        "failed to create metal resource",
    ]
    .iter()
    .any(|sign| words.contains(sign))
}

/// Free memory of the device, where it says.
#[cfg(feature = "cuda")]
fn free_bytes(device: &Device) -> Option<u64> {
    let device = device.as_cuda_device().ok()?;
    let (free, _) = device.cuda_stream().context().mem_get_info().ok()?;
    Some(free as u64)
}

/// Free memory of the device, where it says.
#[cfg(not(feature = "cuda"))]
fn free_bytes(_: &Device) -> Option<u64> {
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A device with memory for so many pictures; one number a picture comes back.
    struct Small {
        room: usize,
        refusal: &'static str,
        calls: Mutex<Vec<usize>>,
    }

    impl Small {
        fn new(room: usize, refusal: &'static str) -> Self {
            Self { room, refusal, calls: Mutex::default() }
        }
    }

    impl Runner for Small {
        fn run(&self, pictures: Vec<f32>, n_pictures: usize) -> Result<Vec<f32>, NnError> {
            assert_eq!(pictures.len(), 2 * n_pictures);
            self.calls.lock().unwrap().push(n_pictures);
            if n_pictures > self.room {
                return Err(candle_core::Error::msg(self.refusal).into());
            }
            Ok(pictures.chunks(2).map(|picture| picture[0] + picture[1]).collect())
        }
    }

    fn check(room: usize, refusal: &'static str, expected_calls: &[usize]) -> Result<Vec<f32>, NnError> {
        let pictures: Vec<[f32; 2]> = (0..11).map(|i| [i as f32, 0.5]).collect();
        let pictures: Vec<&[f32]> = pictures.iter().map(<[f32; 2]>::as_slice).collect();
        let (limit, runner) = (BatchLimit::new(8), Small::new(room, refusal));
        let rows = limit.run(&runner, &pictures);
        assert_eq!(*runner.calls.lock().unwrap(), expected_calls);
        rows
    }

    const REFUSAL: &str = r#"DriverError(CUDA_ERROR_OUT_OF_MEMORY, "out of memory")"#;

    #[test]
    fn a_full_device_gets_half_as_many_pictures() {
        let expected: Vec<f32> = (0..11).map(|i| i as f32 + 0.5).collect();
        assert_eq!(check(8, REFUSAL, &[8, 3]).unwrap(), expected);
        assert_eq!(check(4, REFUSAL, &[8, 4, 4, 3]).unwrap(), expected);
        let calls = [8, 4, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
        assert_eq!(check(1, "CUBLAS_STATUS_ALLOC_FAILED", &calls).unwrap(), expected);
    }

    #[test]
    fn what_no_smaller_batch_helps_is_an_error() {
        assert!(check(0, REFUSAL, &[8, 4, 2, 1]).unwrap_err().to_string().contains("OUT_OF_MEMORY"));
        assert!(check(0, "the kernel is missing", &[8]).unwrap_err().to_string().contains("kernel"));
    }

    #[test]
    fn the_limit_stays_where_it_was_halved_to() {
        let (limit, runner) = (BatchLimit::new(8), Small::new(3, REFUSAL));
        let pictures = [[0.0_f32; 2]; 8];
        let pictures: Vec<&[f32]> = pictures.iter().map(<[f32; 2]>::as_slice).collect();
        limit.run(&runner, &pictures).unwrap();
        assert_eq!(limit.get(), 2);
        assert_eq!(limit.run(&runner, &[]).unwrap(), [0.0; 0]);
    }

    #[test]
    fn costly_networks_get_fewer_pictures() {
        let cost = |n_multiply_adds| Cost { n_multiply_adds, n_values_held: 1 };
        for (n_multiply_adds, expected) in [(300_000_000, 3), (4_000_000_000, 1), (1, 8), (0, 8)] {
            assert_eq!(BatchLimit::on(&Device::Cpu, cost(n_multiply_adds)).get(), expected);
        }
    }
}
