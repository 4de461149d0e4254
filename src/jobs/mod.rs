//! Station 5: background work. The same functions serve the window, the command line and the HTTP API; they report to a
//! [`Reporter`] and stop when their [`CancelToken`] says so.

mod cancel;
mod events;

pub use cancel::CancelToken;
pub use events::{Progress, Reporter, SilentReporter};
