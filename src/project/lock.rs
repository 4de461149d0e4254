//! One writer a project: an operating-system file lock, with a polite hand-over.
//!
//! The holder has `.lock` locked; the system lets go of it when the process ends, however it ends. Who holds it stands
//! in `.lock-holder`. Whoever wants to write keeps `.lock-request` locked while asking; the holder, polling, finds that
//! file locked by another and lets go. A request whose process died is not locked any more and is no request.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{ProjectError, write_atomic};

/// How long a holder that polls about once a second is given to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often the lock is tried meanwhile.
const TRY_EVERY: Duration = Duration::from_millis(50);

/// What this process may do with the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Holds the lock.
    Write,
    /// Another window holds it.
    ReadOnly,
}

/// Who holds a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process number.
    pub pid: u32,
    /// Name of the machine.
    pub host: String,
    /// Since when, milliseconds since 1970 UTC.
    pub since_millis: i64,
}

/// Whether this process may write, shared with everything opened under the lock.
#[derive(Clone, Debug, Default)]
pub(super) struct WriteFlag(Arc<AtomicBool>);

/// The lock of one project folder; released when dropped or when the process dies.
#[derive(Debug)]
pub struct ProjectLock {
    folder: PathBuf,
    held: Option<File>,
    request: Option<File>,
    flag: WriteFlag,
}

impl WriteFlag {
    /// What may be done now.
    pub fn access(&self) -> Access {
        if self.0.load(Ordering::SeqCst) { Access::Write } else { Access::ReadOnly }
    }

    fn set(&self, access: Access) {
        self.0.store(access == Access::Write, Ordering::SeqCst);
    }
}

impl ProjectLock {
    /// Takes the lock of `folder` if it is free; read-only otherwise.
    ///
    /// # Errors
    /// When the lock file cannot be made.
    pub fn acquire(folder: &Path) -> Result<Self, ProjectError> {
        let mut lock =
            Self { folder: folder.to_owned(), held: None, request: None, flag: WriteFlag::default() };
        lock.try_acquire()?;
        Ok(lock)
    }

    /// What this process may do.
    pub fn access(&self) -> Access {
        self.flag.access()
    }

    /// Who holds the lock, as far as they said.
    pub fn holder(&self) -> Option<Holder> {
        let text = std::fs::read(self.holder_path()).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Takes the lock if it is free now.
    ///
    /// # Errors
    /// When the lock file cannot be made.
    pub fn try_acquire(&mut self) -> Result<Access, ProjectError> {
        if self.held.is_some() {
            return Ok(Access::Write);
        }
        let Some(file) = self.try_file(".lock")? else {
            return Ok(Access::ReadOnly);
        };
        self.held = Some(file);
        self.request = None;
        let holder = Holder {
            pid: std::process::id(),
            host: host_name(),
            since_millis: jiff::Timestamp::now().as_millisecond(),
        };
        let text = serde_json::to_vec(&holder).unwrap_or_default();
        // Only said to people; the lock itself is what counts.
        let _ = write_atomic(&self.holder_path(), &text);
        self.flag.set(Access::Write);
        Ok(Access::Write)
    }

    /// Asks the holder to let go; the request stands until the lock was had, [`Self::withdraw`] or the end of the process.
    ///
    /// # Errors
    /// [`ProjectError::StillHeld`] when a third window is asking already.
    pub fn ask(&mut self) -> Result<(), ProjectError> {
        if self.request.is_none() {
            self.request = self.try_file(".lock-request")?;
        }
        match self.request {
            Some(_) => Ok(()),
            None => Err(self.still_held("a third window is asking for it")),
        }
    }

    /// Takes a request back.
    pub fn withdraw(&mut self) {
        self.request = None;
    }

    /// Asks the holder to give way and waits for it, some seconds at most.
    ///
    /// # Errors
    /// [`ProjectError::StillHeld`] when it does not; says who holds the lock.
    pub fn take_over(&mut self) -> Result<(), ProjectError> {
        let start = Instant::now();
        loop {
            if self.try_acquire()? == Access::Write {
                return Ok(());
            }
            // The holder's own look at the request locks it for an instant: asking again is part of asking.
            let asked = self.ask();
            if start.elapsed() > PATIENCE {
                self.withdraw();
                asked?;
                let who =
                    self.holder().map_or_else(|| "it does not answer".to_owned(), |holder| holder.sentence());
                return Err(self.still_held(&who));
            }
            std::thread::sleep(TRY_EVERY);
        }
    }

    /// Lets go when another window asks; returns the access from now on.
    pub fn poll(&mut self) -> Access {
        let is_asked = self.held.is_some() && matches!(self.try_file(".lock-request"), Ok(None));
        if is_asked {
            self.flag.set(Access::ReadOnly);
            self.held = None;
        }
        self.access()
    }

    /// The flag that says whether this process may write now.
    pub(super) fn flag(&self) -> WriteFlag {
        self.flag.clone()
    }

    /// The file, locked by us; `None` when it is locked elsewhere.
    fn try_file(&self, name: &str) -> Result<Option<File>, ProjectError> {
        let path = self.folder.join(name);
        let error =
            |reason: std::io::Error| ProjectError::Write { path: path.clone(), reason: reason.to_string() };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(error)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(reason)) => Err(error(reason)),
        }
    }

    fn still_held(&self, reason: &str) -> ProjectError {
        ProjectError::StillHeld { reason: reason.to_owned(), folder: self.folder.clone() }
    }

    fn holder_path(&self) -> PathBuf {
        self.folder.join(".lock-holder")
    }
}

impl Drop for ProjectLock {
    fn drop(&mut self) {
        self.flag.set(Access::ReadOnly);
    }
}

impl Holder {
    /// Says who it is in words.
    pub fn sentence(&self) -> String {
        let since = jiff::Timestamp::from_millisecond(self.since_millis);
        let since =
            since.map(|at| at.to_zoned(jiff::tz::TimeZone::system()).strftime("%F %H:%M").to_string());
        format!("process {} on {} has it since {}", self.pid, self.host, since.unwrap_or_default())
    }
}

fn host_name() -> String {
    let from_file = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name =
        std::env::var("COMPUTERNAME").ok().or_else(from_file).or_else(|| std::env::var("HOSTNAME").ok());
    name.map_or_else(|| "this machine".to_owned(), |name| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{Access, ProjectError, ProjectLock};

    #[test]
    fn the_second_is_read_only_until_the_first_gives_way() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = ProjectLock::acquire(folder.path()).unwrap();
        let mut second = ProjectLock::acquire(folder.path()).unwrap();
        assert_eq!((first.access(), second.access()), (Access::Write, Access::ReadOnly));
        assert_eq!(second.holder().unwrap().pid, std::process::id());
        assert_eq!(first.poll(), Access::Write);
        second.ask().unwrap();
        assert_eq!(second.try_acquire().unwrap(), Access::ReadOnly);
        let flag = first.flag();
        assert_eq!(first.poll(), Access::ReadOnly);
        assert_eq!(flag.access(), Access::ReadOnly);
        second.take_over().unwrap();
        assert_eq!(second.access(), Access::Write);
        assert_eq!(second.poll(), Access::Write);
        first.ask().unwrap();
        assert_eq!(second.poll(), Access::ReadOnly);
        assert_eq!(first.try_acquire().unwrap(), Access::Write);
    }

    #[test]
    fn a_dead_holder_and_a_dead_request_count_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let first = ProjectLock::acquire(folder.path()).unwrap();
        let mut second = ProjectLock::acquire(folder.path()).unwrap();
        let mut third = ProjectLock::acquire(folder.path()).unwrap();
        second.ask().unwrap();
        assert!(matches!(third.ask(), Err(ProjectError::StillHeld { .. })));
        drop(first);
        third.take_over().unwrap();
        drop(second);
        assert_eq!(third.poll(), Access::Write);
    }
}
