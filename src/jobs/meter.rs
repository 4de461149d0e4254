//! Counts items and tells a [`Reporter`] at most ten times a second, with a smoothed rate and the time left.

use std::time::{Duration, Instant};

use super::{Progress, Reporter, Unit};

/// Shortest time between two reports.
const REPORT_EVERY: Duration = Duration::from_millis(100);
/// Time over which the rate is smoothed (exponentially).
const SMOOTH_SECS: f64 = 5.0;

/// Progress of one stage of a job.
pub struct Meter<'a> {
    reporter: &'a dyn Reporter,
    progress: Progress,
    last_report: Option<Instant>,
    last_advance: Instant,
}

impl<'a> Meter<'a> {
    /// A stage of `n_total` items (0: unknown), of which `n_done` were done in an earlier run. Reports at once.
    pub fn new(reporter: &'a dyn Reporter, stage: impl Into<String>, n_done: u64, n_total: u64) -> Self {
        Self::counting(Unit::Items, reporter, stage, [n_done, n_total])
    }

    /// The same of bytes.
    pub fn of_bytes(reporter: &'a dyn Reporter, stage: impl Into<String>, n_done: u64, n_total: u64) -> Self {
        Self::counting(Unit::Bytes, reporter, stage, [n_done, n_total])
    }

    fn counting(
        unit: Unit,
        reporter: &'a dyn Reporter,
        stage: impl Into<String>,
        [n_done, n_total]: [u64; 2],
    ) -> Self {
        let progress = Progress { stage: stage.into(), n_done, n_total, rate: 0.0, secs_left: None, unit };
        let mut meter = Self { reporter, progress, last_report: None, last_advance: Instant::now() };
        meter.report_if_due(Instant::now());
        meter
    }

    /// `n` more items are done.
    pub fn advance(&mut self, n: u64) {
        self.advance_at(n, Instant::now());
    }

    /// `n` items have to be done again.
    pub fn retreat(&mut self, n: u64) {
        self.progress.n_done = self.progress.n_done.saturating_sub(n);
    }

    /// The fraction in [0, 1] of `n_total` that is done, for work that tells no items.
    pub fn fraction(&mut self, fraction: f32) {
        let done = (f64::from(fraction.clamp(0.0, 1.0)) * self.progress.n_total as f64) as u64;
        self.advance(done.saturating_sub(self.progress.n_done));
    }

    /// Tells the last state whatever the time.
    pub fn finish(mut self) {
        self.last_report = None;
        self.report_if_due(Instant::now());
    }

    fn advance_at(&mut self, n: u64, now: Instant) {
        self.progress.n_done += n;
        let secs = now.duration_since(self.last_advance).as_secs_f64();
        if n > 0 && secs > 0.0 {
            let current = n as f64 / secs;
            let keep = if self.progress.rate > 0.0 { (-secs / SMOOTH_SECS).exp() } else { 0.0 };
            self.progress.rate = keep * self.progress.rate + (1.0 - keep) * current;
            self.last_advance = now;
        }
        let n_left = self.progress.n_total.saturating_sub(self.progress.n_done) as f64;
        self.progress.secs_left =
            (self.progress.rate > 0.0 && self.progress.n_total > 0).then(|| n_left / self.progress.rate);
        self.report_if_due(now);
    }

    fn report_if_due(&mut self, now: Instant) {
        if self.last_report.is_none_or(|last| now.duration_since(last) >= REPORT_EVERY) {
            self.last_report = Some(now);
            self.reporter.progress(&self.progress);
        }
    }
}

impl std::fmt::Debug for Meter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meter").field("progress", &self.progress).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Heard(Mutex<Vec<Progress>>);

    impl Reporter for Heard {
        fn progress(&self, progress: &Progress) {
            self.0.lock().unwrap().push(progress.clone());
        }
        fn note(&self, _message: &str) {}
    }

    #[test]
    fn at_most_ten_reports_a_second() {
        let heard = Heard::default();
        let mut meter = Meter::new(&heard, "Embedding", 0, 1000);
        let start = meter.last_advance;
        for step in 1..=1000_u64 {
            meter.advance_at(1, start + Duration::from_millis(step));
        }
        let n_reports = heard.0.lock().unwrap().len();
        assert!((9..=12).contains(&n_reports), "{n_reports} reports in a second");
    }

    #[test]
    fn rate_and_time_left_of_steady_work() {
        let heard = Heard::default();
        let mut meter = Meter::new(&heard, "Embedding", 500, 1000);
        let start = meter.last_advance;
        for step in 1..=10_u64 {
            meter.advance_at(10, start + Duration::from_millis(step * 200));
        }
        let last = heard.0.lock().unwrap().last().cloned().unwrap();
        assert_eq!(last.n_done, 600);
        assert!((last.rate - 50.0).abs() < 0.5, "rate {}", last.rate);
        assert!((last.secs_left.unwrap() - 8.0).abs() < 0.1, "left {:?}", last.secs_left);
    }

    #[test]
    fn finishing_tells_the_last_state() {
        let heard = Heard::default();
        let mut meter = Meter::new(&heard, "Joining", 0, 10);
        meter.fraction(0.5);
        meter.fraction(0.4);
        meter.finish();
        assert_eq!(heard.0.lock().unwrap().last().map(|progress| progress.n_done), Some(5));
    }
}
