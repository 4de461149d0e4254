//! The window's side of background work: one thread that computes and owns the device, one that writes the decision log, two
//! that see to model files (downloads, and the rest). None waits for another, and the window waits for none. It knows no egui: whoever starts it injects how to wake
//! whoever reads the events.

mod answers;
mod compute;
mod first_results;
mod models;
mod opening;
mod training;
mod writer;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{CancelToken, Event, JobId, JobKind, ModelAction, Request};
use writer::LogOrder;

/// Cancel tokens of the compute jobs that are not finished yet.
type Tokens = Arc<Mutex<HashMap<JobId, CancelToken>>>;

/// Threads and their queues. Dropping it cancels the running jobs (finished shards and what was downloaded are kept), writes
/// what was appended and joins the threads; only a download that waits for a silent server is not waited for.
pub struct JobServer {
    orders: Option<Sender<Order>>,
    downloads: Option<Sender<Order>>,
    models: Option<Sender<Order>>,
    log: Option<Sender<LogOrder>>,
    events: Receiver<Event>,
    tokens: Tokens,
    next_id: AtomicU64,
    outbox: Outbox,
    threads: Vec<JoinHandle<()>>,
}

/// A compute request on its way.
#[derive(Debug)]
struct Order {
    job: JobId,
    kind: JobKind,
    request: Request,
    cancel: CancelToken,
}

/// Publishes events, then wakes the reader: the one place where both happen.
#[derive(Clone)]
struct Outbox {
    events: Sender<Event>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Outbox {
    fn post(&self, event: Event) {
        // Nobody listens any more when the server is being dropped.
        if self.events.send(event).is_ok() {
            (self.wake)();
        }
    }
}

impl JobServer {
    /// Starts the threads. `wake` is called, from any thread, whenever an event waits.
    pub fn start(wake: Box<dyn Fn() + Send + Sync>) -> Self {
        let (events_in, events) = channel();
        let (orders, inbox) = channel();
        let (log, log_inbox) = channel();
        let (downloads, downloads_inbox) = channel();
        let (models, models_inbox) = channel();
        let outbox = Outbox { events: events_in, wake: Arc::from(wake) };
        let tokens = Tokens::default();
        let mut threads = Vec::new();
        let compute = {
            let (outbox, log, tokens) = (outbox.clone(), log.clone(), tokens.clone());
            std::thread::Builder::new()
                .name("compute".to_owned())
                .spawn(move || compute::run(inbox, outbox, log, tokens))
        };
        let writer = {
            let outbox = outbox.clone();
            std::thread::Builder::new()
                .name("decision-log".to_owned())
                .spawn(move || writer::run(&log_inbox, &outbox))
        };
        let keep = |name: &str, inbox| {
            let (outbox, tokens) = (outbox.clone(), tokens.clone());
            std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || models::run(inbox, outbox, tokens))
        };
        // Not joined: a server that says nothing must not keep the window from closing, and a killed download loses nothing.
        if let Err(error) = keep("downloads", downloads_inbox) {
            outbox.post(Event::Warning {
                message: format!("models cannot be downloaded: {error}. Start again"),
            });
        }
        for thread in [compute, writer, keep("models", models_inbox)] {
            match thread {
                Ok(handle) => threads.push(handle),
                Err(error) => outbox.post(Event::Warning {
                    message: format!(
                        "background work cannot start: {error}. Close other programs and start again"
                    ),
                }),
            }
        }
        Self {
            orders: Some(orders),
            downloads: Some(downloads),
            models: Some(models),
            log: Some(log),
            events,
            tokens,
            next_id: AtomicU64::new(1),
            outbox,
            threads,
        }
    }

    /// Hands a request over; never blocks. Every event about it carries the returned name.
    pub fn send(&self, request: Request) -> JobId {
        let job = JobId(self.next_id.fetch_add(1, Ordering::Relaxed));
        let is_delivered = match request.kind() {
            Some(kind) => {
                let cancel = CancelToken::default();
                lock(&self.tokens).insert(job, cancel.clone());
                let queue = match kind {
                    JobKind::Model(ModelAction::Get, _) => &self.downloads,
                    JobKind::Model(..) | JobKind::ListModels => &self.models,
                    _ => &self.orders,
                };
                if matches!(kind, JobKind::Model(..) | JobKind::ListModels) {
                    // What waits its turn can be named and stopped, too.
                    self.outbox.post(Event::Started { job, kind });
                }
                queue.as_ref().is_some_and(|queue| queue.send(Order { job, kind, request, cancel }).is_ok())
            }
            None => self.log.as_ref().is_some_and(|log| log.send(LogOrder::Do(Box::new(request))).is_ok()),
        };
        if !is_delivered {
            let message =
                "background work has stopped. Save a copy of what you can and start the program again"
                    .to_owned();
            self.outbox.post(Event::Warning { message });
        }
        job
    }

    /// Asks a compute job to stop; unknown and finished jobs are ignored.
    pub fn cancel(&self, job: JobId) {
        if let Some(token) = lock(&self.tokens).get(&job) {
            token.cancel();
        }
    }

    /// The next event, if one waits.
    pub fn try_recv(&self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// The next event, waiting for it at most `timeout`; for tests and headless use.
    pub fn recv_timeout(&self, timeout: Duration) -> Option<Event> {
        self.events.recv_timeout(timeout).ok()
    }
}

impl Drop for JobServer {
    fn drop(&mut self) {
        for token in lock(&self.tokens).values() {
            token.cancel();
        }
        // Closed channels end both threads; the writer first writes what it was given.
        self.orders = None;
        self.downloads = None;
        self.models = None;
        self.log = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing left to save.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for JobServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobServer").field("n_threads", &self.threads.len()).finish_non_exhaustive()
    }
}

fn lock(tokens: &Tokens) -> std::sync::MutexGuard<'_, HashMap<JobId, CancelToken>> {
    tokens.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a caught panic said.
fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no reason was given".to_owned())
}

#[cfg(test)]
mod tests;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod training_tests;
