//! Station 5: background work (placeholder until the jobs land).

mod cancel;
mod events;
mod matching;
mod requests;
mod server;
mod statistics;

pub use cancel::CancelToken;
pub use events::{Event, Opened, Outcome, Progress, Reporter, SilentReporter};
pub use matching::{Grounds, MatchOutcome, ModalityGround, ThresholdRule};
pub use requests::{JobId, JobKind, Request, SearchQuery};
pub use server::JobServer;
pub use statistics::{Statistics, collect_statistics};
