//! The decision log as the window sees it, and whether what was decided is on disk.
//!
//! Every area records through [`record`]: the state moves on at once, the writer commits off this thread, and "saved"
//! is said only after the sync. While a write has failed, nothing more is recorded.

use std::path::PathBuf;

use uuid::Uuid;

use super::{AppState, Effect};
use crate::project::Access;
use crate::review::{Entry, EntryId, Gesture, ReviewState, Seen};

/// Whether everything decided is on disk.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum SaveStatus {
    /// Nothing was decided in this session yet.
    #[default]
    Idle,
    /// Entries are on their way to the disk.
    Saving,
    /// All on disk since this wall clock time (milliseconds).
    Saved {
        /// When the sync ended.
        at_millis: i64,
    },
    /// The disk refused; verdict keys are locked until Retry or Save a copy.
    Failed {
        /// The database.
        path: PathBuf,
        /// The system's reason.
        cause: String,
    },
}

/// The log and its saving.
#[derive(Clone, Debug, Default)]
pub struct SavingState {
    /// Everything that follows from the log.
    pub review: ReviewState,
    /// Whether it is on disk.
    pub status: SaveStatus,
    /// Entries of this session acknowledged by the disk.
    pub n_saved: u64,
    /// Entries not acknowledged yet.
    pub n_pending: u64,
}

/// Why a decision cannot be recorded now, if it cannot.
pub(super) fn refusal(state: &AppState) -> Option<String> {
    let Some(session) = &state.session.open else {
        return Some("Open a catalogue first".to_owned());
    };
    if session.access == Access::ReadOnly {
        return Some("This window is read-only; take over to record decisions".to_owned());
    }
    match &state.saving.status {
        SaveStatus::Failed { .. } => {
            Some("The last decision is not saved; retry or save a copy first".to_owned())
        }
        _ => None,
    }
}

/// Records a gesture: adds it to the state and sends it to the writer. The caller has checked [`refusal`].
pub(super) fn record(state: &mut AppState, gesture: Gesture, seen: Seen) -> (EntryId, Vec<Effect>) {
    let entry = Entry {
        id: EntryId(Uuid::now_v7()),
        reviewer: state.preferences.reviewer.clone(),
        lamport: state.saving.review.next_lamport(),
        at_millis: state.now.wall_millis,
        gesture,
        seen,
    };
    let id = entry.id;
    state.saving.review.extend([entry.clone()]);
    state.saving.n_pending += 1;
    state.saving.status = SaveStatus::Saving;
    (id, vec![Effect::Job(crate::jobs::Request::Append(vec![entry]))])
}
