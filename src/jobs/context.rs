//! What every job gets: whom to tell, when to stop, and what to do between two units of work.

use std::sync::OnceLock;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use super::{CancelToken, Reporter};
use crate::catalog::CatalogError;
use crate::encode::{EncodeError, ModelError};
use crate::project::ProjectError;

/// Why a job ended without its result.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Its token said so. Finished shards are kept.
    #[error("stopped; what was finished is kept, and the same command goes on from there")]
    Cancelled,
    /// The catalogue cannot be opened.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// An encoder cannot be opened or run.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The project cannot be read or written.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// A model cannot be got, added or trusted.
    #[error(transparent)]
    Model(ModelError),
    /// The request makes no sense as it stands: the problem, then what to do.
    #[error("{0}")]
    Refused(String),
}

impl From<ModelError> for JobError {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Cancelled => Self::Cancelled,
            other => Self::Model(other),
        }
    }
}

/// The surroundings of a running job.
pub struct Context<'a> {
    /// Whom to tell.
    pub reporter: &'a dyn Reporter,
    /// When to stop.
    pub cancel: CancelToken,
    /// Called on the job's own thread at least every 100 ms; the server answers interactive requests in it.
    pub between: &'a dyn Fn(),
}

impl<'a> Context<'a> {
    /// Surroundings that do nothing between units; what the command line uses.
    pub fn new(reporter: &'a dyn Reporter, cancel: CancelToken) -> Self {
        Self { reporter, cancel, between: &|| {} }
    }

    /// To be called between two units of work.
    ///
    /// # Errors
    /// [`JobError::Cancelled`] once the token says so.
    pub fn turn(&self) -> Result<(), JobError> {
        (self.between)();
        if self.cancel.is_cancelled() { Err(JobError::Cancelled) } else { Ok(()) }
    }

    /// Runs device-free work on a thread pool of its own (rayon serves its own queue before anybody else's, so long work on
    /// the common pool would starve a click) and keeps serving [`Self::between`] meanwhile. A panic in `work` goes on here.
    pub fn aside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.aside_telling(|_: &(dyn Fn(()) + Sync)| work(), |()| {})
    }

    /// As [`Self::aside`] for work that tells something while it runs: `told` hears it here, a moment later.
    pub fn aside_telling<T: Send, M: Send>(
        &self,
        work: impl FnOnce(&(dyn Fn(M) + Sync)) -> T + Send,
        mut told: impl FnMut(M),
    ) -> T {
        std::thread::scope(|scope| {
            let (to, from) = channel();
            let worker = scope.spawn(move || {
                // The receiver lives until this scope ends.
                let tell = |message| drop(to.send(Sent::Told(message)));
                let result = match long_pool() {
                    Some(pool) => pool.install(|| work(&tell)),
                    None => work(&tell),
                };
                drop(to.send(Sent::Done(result)));
            });
            loop {
                match from.recv_timeout(Duration::from_millis(10)) {
                    Ok(Sent::Told(message)) => told(message),
                    Ok(Sent::Done(result)) => return result,
                    Err(RecvTimeoutError::Timeout) => (self.between)(),
                    Err(RecvTimeoutError::Disconnected) => match worker.join() {
                        Err(panic) => std::panic::resume_unwind(panic),
                        Ok(()) => unreachable!("the worker sends before it ends"),
                    },
                }
            }
        })
    }
}

/// What work aside sends.
enum Sent<T, M> {
    Told(M),
    Done(T),
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("cancel", &self.cancel).finish_non_exhaustive()
    }
}

/// The pool of long work; `None` when the system grants no threads (then the caller's pool serves).
fn long_pool() -> Option<&'static rayon::ThreadPool> {
    static POOL: OnceLock<Option<rayon::ThreadPool>> = OnceLock::new();
    POOL.get_or_init(|| {
        rayon::ThreadPoolBuilder::new().thread_name(|i| format!("long-work-{i}")).build().ok()
    })
    .as_ref()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::jobs::SilentReporter;

    #[test]
    fn work_aside_lets_the_caller_serve_others() {
        let n_served = Cell::new(0);
        let (go, gate) = channel();
        let serve = || {
            n_served.set(n_served.get() + 1);
            // The work ends only after it was interrupted for somebody else.
            let _ = go.send(());
        };
        let context = Context { reporter: &SilentReporter, cancel: CancelToken::default(), between: &serve };
        let result = context.aside(move || gate.recv().map(|()| 7));
        assert_eq!(result, Ok(7));
        assert!(n_served.get() >= 1);
    }

    #[test]
    fn what_work_aside_tells_is_heard_in_order() {
        let context = Context::new(&SilentReporter, CancelToken::default());
        let mut heard = Vec::new();
        let result = context.aside_telling(
            |tell| {
                (0..5).for_each(tell);
                "done"
            },
            |message| heard.push(message),
        );
        assert_eq!((result, heard), ("done", vec![0, 1, 2, 3, 4]));
    }

    #[test]
    fn a_panic_aside_reaches_the_caller() {
        let context = Context::new(&SilentReporter, CancelToken::default());
        let caught =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| context.aside(|| panic!("broken"))));
        assert!(caught.is_err());
    }

    #[test]
    fn a_cancelled_job_stops_at_its_next_turn() {
        let cancel = CancelToken::default();
        let context = Context::new(&SilentReporter, cancel.clone());
        assert!(context.turn().is_ok());
        cancel.cancel();
        assert!(matches!(context.turn(), Err(JobError::Cancelled)));
    }
}
