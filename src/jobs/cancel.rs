//! Each job has its own cancel token.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Asked by the job between units of work; set by whoever no longer wants the result.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Asks the job to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the job should stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
