//! What a job tells while it runs.

/// A moment of a running job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// What is being done, such as "Embedding pictures (perceptual)".
    pub stage: String,
    /// Items finished.
    pub n_done: u64,
    /// Items in all; 0 when unknown.
    pub n_total: u64,
    /// Items a second, smoothed.
    pub rate: f64,
    /// Seconds left, once it can be told.
    pub secs_left: Option<f64>,
}

/// Receives what a job tells; the window, the progress bar and tests implement it.
pub trait Reporter: Send + Sync {
    /// At most ten times a second.
    fn progress(&self, progress: &Progress);
    /// A sentence worth keeping (a picture that failed, a damaged shard set aside).
    fn note(&self, message: &str);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct SilentReporter;

impl Reporter for SilentReporter {
    fn progress(&self, _progress: &Progress) {}
    fn note(&self, _message: &str) {}
}
