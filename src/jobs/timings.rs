//! Where the time of embedding goes. Several threads work at once, so seconds may add up to more than the whole took.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Seconds spent, added up over threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct TimeSpent {
    /// Reading and decoding (or drawing) pictures.
    #[serde(rename = "decode")]
    pub decoding_secs: f64,
    /// Resizing and normalising them, or whatever the encoder does before inference.
    #[serde(rename = "resize")]
    pub preparing_secs: f64,
    /// Running networks.
    #[serde(rename = "inference")]
    pub inference_secs: f64,
    /// Writing shards.
    #[serde(rename = "write")]
    pub writing_secs: f64,
}

/// Clocks that may run on any thread.
#[derive(Debug, Default)]
pub(super) struct Timings {
    pub(super) decoding: Clock,
    pub(super) preparing: Clock,
    pub(super) inference: Clock,
    pub(super) writing: Clock,
}

/// Adds up nanoseconds.
#[derive(Debug, Default)]
pub(super) struct Clock(AtomicU64);

impl Clock {
    /// Runs `work` and adds the time it took.
    pub(super) fn time<T>(&self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        let n_nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.0.fetch_add(n_nanos, Ordering::Relaxed);
        result
    }

    fn secs(&self) -> f64 {
        self.0.load(Ordering::Relaxed) as f64 / 1e9
    }
}

impl Timings {
    /// What the clocks say now.
    pub(super) fn spent(&self) -> TimeSpent {
        TimeSpent {
            decoding_secs: self.decoding.secs(),
            preparing_secs: self.preparing.secs(),
            inference_secs: self.inference.secs(),
            writing_secs: self.writing.secs(),
        }
    }
}
