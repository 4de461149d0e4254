//! Placeholder until the jobs land.

use super::{Event, JobId, Request};

/// The jobs.
#[derive(Debug)]
pub struct JobServer {}

impl JobServer {
    /// Starts the threads; `wake` is called after each event.
    pub fn start(wake: Box<dyn Fn() + Send + Sync>) -> Self {
        drop(wake);
        Self {}
    }

    /// Sends a request.
    pub fn send(&self, request: Request) -> JobId {
        drop(request);
        JobId(0)
    }

    /// The next event, if any.
    pub fn try_recv(&self) -> Option<Event> {
        None
    }

    /// Cancels a job.
    pub fn cancel(&self, job: JobId) {
        let _ = job;
    }
}
