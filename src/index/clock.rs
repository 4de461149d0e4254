//! Asks now and then whether to go on, and says how much is done.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// Milliseconds between two questions whether to go on.
const ASK_EVERY_MS: u64 = 40;

/// The progress of one stage of a search, shared by its threads.
pub(super) struct Clock<'a> {
    keep_going: &'a (dyn Fn(f32) -> bool + Sync),
    /// What part of the whole search this stage is.
    share: Range<f32>,
    started: Instant,
    asked_ms: AtomicU64,
    n_done: AtomicU64,
    n_total: u64,
    stopped: AtomicBool,
}

impl<'a> Clock<'a> {
    /// A stage of `n_total` units, from one share of the whole search to another. Asks at once.
    pub fn new(n_total: u64, share: Range<f32>, keep_going: &'a (dyn Fn(f32) -> bool + Sync)) -> Self {
        let stopped = AtomicBool::new(!keep_going(share.start));
        Self {
            keep_going,
            share,
            started: Instant::now(),
            asked_ms: AtomicU64::new(0),
            n_done: AtomicU64::new(0),
            n_total: n_total.max(1),
            stopped,
        }
    }

    /// False once the answer was no.
    pub fn goes_on(&self) -> bool {
        !self.stopped.load(Ordering::Relaxed)
    }

    /// `n_units` more are done.
    pub fn add(&self, n_units: u64) {
        let n_done = self.n_done.fetch_add(n_units, Ordering::Relaxed) + n_units;
        let now = self.started.elapsed().as_millis() as u64;
        let asked = self.asked_ms.load(Ordering::Relaxed);
        let due = now >= asked + ASK_EVERY_MS
            && self.asked_ms.compare_exchange(asked, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        let done = (n_done as f64 / self.n_total as f64).min(1.0) as f32;
        if due && !(self.keep_going)(self.share.start + (self.share.end - self.share.start) * done) {
            self.stopped.store(true, Ordering::Relaxed);
        }
    }
}
