//! One writer a project: an operating-system file lock, with a polite hand-over.

/// What this process may do with the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Holds the lock.
    Write,
    /// Another window holds it.
    ReadOnly,
}

/// The lock of one project folder; released when dropped or when the process dies.
#[derive(Debug)]
pub struct ProjectLock {
    access: Access,
}

impl ProjectLock {
    /// What this process may do.
    pub fn access(&self) -> Access {
        self.access
    }
}
