//! The thread that writes the decision log. It says "saved" only after the sync; what cannot be written is kept, in order,
//! until a retry succeeds. It also holds the project's lock and gives way to another window that asks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use super::{Outbox, panic_message};
use crate::jobs::{Event, Request};
use crate::project::{Access, Project, ProjectError, ReviewStore, write_atomic};
use crate::review::Entry;

/// How often the lock is polled.
const POLL_EVERY: Duration = Duration::from_secs(1);

/// What the writer thread is told.
#[derive(Debug)]
pub(super) enum LogOrder {
    /// A request to the log.
    Do(Box<Request>),
    /// From now on write this project.
    Adopt(Box<Project>, Box<ReviewStore>),
    /// Answers how many entries wait to be written.
    CountWaiting(Sender<usize>),
    /// Gives the project back if it is the one in this folder (the log is closed).
    Release(PathBuf, Sender<Option<Box<Project>>>),
}

/// Runs until every sender is gone.
pub(super) fn run(inbox: &Receiver<LogOrder>, outbox: &Outbox) {
    let mut writer = Writer { outbox, project: None, store: None, waiting: Vec::new(), is_blocked: false };
    let mut last_poll = Instant::now();
    loop {
        match inbox.recv_timeout(POLL_EVERY.saturating_sub(last_poll.elapsed())) {
            Ok(order) => {
                let attempt = catch_unwind(AssertUnwindSafe(|| writer.take(order)));
                if let Err(panic) = attempt {
                    writer.is_blocked = true;
                    writer.tell_failed(format!("an internal error: {}", panic_message(&*panic)));
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                writer.write_waiting();
                return;
            }
        }
        if last_poll.elapsed() >= POLL_EVERY {
            last_poll = Instant::now();
            writer.poll_lock();
        }
    }
}

struct Writer<'a> {
    outbox: &'a Outbox,
    project: Option<Project>,
    store: Option<ReviewStore>,
    waiting: Vec<Entry>,
    is_blocked: bool,
}

impl Writer<'_> {
    fn take(&mut self, order: LogOrder) {
        match order {
            LogOrder::Do(request) => self.request(*request),
            LogOrder::Adopt(project, store) => {
                self.project = Some(*project);
                self.store = Some(*store);
                self.is_blocked = false;
            }
            LogOrder::CountWaiting(answer) => {
                // An asker that is gone needs no answer.
                let _ = answer.send(self.waiting.len());
            }
            LogOrder::Release(folder, answer) => {
                let is_it =
                    self.project.as_ref().is_some_and(|project| same_folder(project.folder(), &folder));
                let released = if is_it {
                    self.store = None;
                    self.project.take().map(Box::new)
                } else {
                    None
                };
                if let Err(unheard) = answer.send(released)
                    && let Some(project) = unheard.0
                {
                    self.adopt_again(*project);
                }
            }
        }
    }

    fn request(&mut self, request: Request) {
        match request {
            Request::Append(entries) => {
                self.waiting.extend(entries);
                if !self.is_blocked {
                    self.write_waiting();
                }
            }
            Request::RetryWrite => self.write_waiting(),
            Request::SaveCopy(path) => self.save_copy(&path),
            Request::TakeOver => self.take_over(),
            Request::ResetDemo => self.reset_demo(),
            Request::SaveSettings(settings) => {
                let Some(project) = &mut self.project else { return };
                if let Err(error) = project.save_settings(*settings) {
                    self.warn(error.to_string());
                }
            }
            Request::SetPlace { reviewer, name, place } => {
                let Some(store) = &mut self.store else { return };
                if let Err(error) = store.set_place(&reviewer, &name, &place) {
                    self.warn(error.to_string());
                }
            }
            Request::RecallPlace { reviewer, name } => {
                let place = self.store.as_ref().and_then(|store| match store.place(&reviewer, &name) {
                    Ok(place) => place,
                    Err(error) => {
                        self.warn(error.to_string());
                        None
                    }
                });
                self.outbox.post(Event::Place { name, place });
            }
            // The server hands only log requests over.
            other => debug_assert!(other.kind().is_none(), "{other:?} is no request to the log"),
        }
    }

    /// Writes everything that waits, in one transaction; on failure keeps it and says so.
    fn write_waiting(&mut self) {
        if self.waiting.is_empty() && !self.is_blocked {
            return;
        }
        let Some(store) = &mut self.store else {
            self.is_blocked = true;
            return self.tell_failed("no project is open".to_owned());
        };
        match store.append(&self.waiting) {
            Ok(appended) => {
                self.waiting.clear();
                self.is_blocked = false;
                let at_millis = jiff::Timestamp::now().as_millisecond();
                self.outbox.post(Event::Saved { n_entries: appended.n_entries, at_millis });
            }
            Err(error) => {
                self.is_blocked = true;
                self.tell_failed(error.to_string());
            }
        }
    }

    fn save_copy(&mut self, path: &Path) {
        let copied = match &self.store {
            Some(store) => store.save_copy(path).map_err(|error| error.to_string()),
            None => Err("no project is open".to_owned()),
        };
        // What never reached the log goes beside the copy, one entry a line, even where the log itself cannot be copied.
        let mut lines = Vec::new();
        let mut unsaved = Ok(());
        for entry in &self.waiting {
            match serde_json::to_vec(entry) {
                Ok(line) => {
                    lines.extend(line);
                    lines.push(b'\n');
                }
                Err(error) => unsaved = Err(error.to_string()),
            }
        }
        if !lines.is_empty() && unsaved.is_ok() {
            unsaved = write_atomic(&path.with_extension("unsaved.jsonl"), &lines)
                .map_err(|error| error.to_string());
        }
        match copied.and(unsaved) {
            Ok(()) => self.outbox.post(Event::CopySaved { path: path.to_path_buf() }),
            Err(cause) => self.warn(format!(
                "the copy could not be written: {cause}. Choose another place: {}",
                path.display()
            )),
        }
    }

    fn take_over(&mut self) {
        let Some(project) = &mut self.project else { return };
        // The log is opened anew: read-only handles cannot write, and the other window may have added to it.
        let reopened = project.take_over().and_then(|()| {
            let store = project.review_store()?;
            let entries = store.entries()?;
            Ok((store, entries))
        });
        match reopened {
            Ok((store, entries)) => {
                self.store = Some(store);
                self.outbox.post(Event::TookOver { entries });
                if !self.waiting.is_empty() {
                    self.write_waiting();
                }
            }
            Err(error) => self.outbox.post(Event::TakeOverFailed { message: error.to_string() }),
        }
    }

    fn reset_demo(&mut self) {
        let is_demo = self.project.as_ref().is_some_and(|project| project.settings().source.is_demo());
        let result = match &mut self.store {
            Some(store) if is_demo => store.reset().map_err(|error| error.to_string()),
            _ => Err("only the demo's decisions can be reset".to_owned()),
        };
        match result {
            Ok(()) => {
                self.waiting.clear();
                self.is_blocked = false;
                self.outbox.post(Event::DemoReset);
            }
            Err(message) => self.warn(message),
        }
    }

    fn poll_lock(&mut self) {
        let Some(project) = &mut self.project else { return };
        let before = project.access();
        if before == Access::ReadOnly {
            return;
        }
        let now = project.poll_lock();
        if now == before {
            return;
        }
        self.store = None;
        match project.review_store() {
            Ok(store) => self.store = Some(store),
            Err(error) => self.warn(error.to_string()),
        }
        self.outbox.post(Event::AccessChanged(now));
    }

    fn adopt_again(&mut self, project: Project) {
        match project.review_store() {
            Ok(store) => self.store = Some(store),
            Err(error) => self.warn(error.to_string()),
        }
        self.project = Some(project);
    }

    fn tell_failed(&self, cause: String) {
        let folder = self.project.as_ref().map(|project| project.folder().to_path_buf()).unwrap_or_default();
        self.outbox.post(Event::WriteFailed {
            path: folder.join("review.sqlite"),
            cause,
            n_waiting: self.waiting.len(),
        });
    }

    fn warn(&self, message: String) {
        self.outbox.post(Event::Warning { message });
    }
}

/// Whether two paths name one folder, however they are written.
fn same_folder(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// Opens the log of a project with its entries.
pub(super) fn open_log(project: &Project) -> Result<(ReviewStore, Vec<Entry>), ProjectError> {
    let store = project.review_store()?;
    let entries = store.entries()?;
    Ok((store, entries))
}
