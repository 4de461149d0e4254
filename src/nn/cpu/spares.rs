//! Memories that are used again: whoever works takes one that is free, or a new one, and gives it back.

use std::sync::{Mutex, PoisonError};

/// Memories that nobody uses at the moment.
#[derive(Debug, Default)]
pub(super) struct Spares<T>(Mutex<Vec<T>>);

impl<T: Default> Spares<T> {
    /// Works with a memory of its own.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let free = lock().pop();
        let mut memory = free.unwrap_or_default();
        let result = work(&mut memory);
        lock().push(memory);
        result
    }

    /// Those that are free.
    #[cfg(test)]
    pub(super) fn free(&self) -> std::sync::MutexGuard<'_, Vec<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
