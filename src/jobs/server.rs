//! The window's side of background work.

use super::{Event, JobId, Request};

/// Two threads and their queues; see the module's documentation. Dropping it cancels the running job, writes what was
/// appended and joins both threads.
pub struct JobServer {
    _private: (),
}

impl JobServer {
    /// Starts both threads. `wake` is called (from any thread) whenever an event waits.
    pub fn start(wake: Box<dyn Fn() + Send + Sync>) -> Self {
        let _ = wake;
        unimplemented!()
    }

    /// Hands a request over; never blocks.
    pub fn send(&self, request: Request) -> JobId {
        unimplemented!("{request:?}")
    }

    /// Asks a job to stop; unknown or finished jobs are ignored.
    pub fn cancel(&self, job: JobId) {
        unimplemented!("{job:?}")
    }

    /// The next event, if one waits.
    pub fn try_recv(&self) -> Option<Event> {
        unimplemented!()
    }

    /// The next event, waiting for it at most `timeout`; for tests and headless use.
    pub fn recv_timeout(&self, timeout: std::time::Duration) -> Option<Event> {
        unimplemented!("{timeout:?}")
    }
}
