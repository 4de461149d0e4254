//! Station 3: what people decided. An append-only set of [`Entry`]s; everything else (united groups, differences,
//! contradictions, the queue) is a function of that set, so that two reviewers' logs united in any order give the
//! same state. Nothing here knows SQL, files or egui.

mod constraints;
mod entry;
mod exchange;
mod look_alikes;
mod queue;
mod rows;
mod state;

pub use constraints::{RowConstraints, row_constraints};
pub use entry::{CandidateVerdict, Claim, Entry, EntryId, Gesture, Key, Seen, ShownOrder, Verdict, View};
pub use exchange::{
    LABEL_FORMATS, LabelExport, LabelFormatSpec, default_keeper, export_labels, export_labels_with,
    import_pairs,
};
pub use look_alikes::{Answer, LookAlikes, SelfAgreement, Triplet, self_agreement};
pub use queue::{
    MAX_NEAR_MISSES, MAX_PAIRS, NEAR_MISS_MARGIN, Queue, QueueItem, QueueKind, QueueSort, build_queue,
};
pub use state::{Conflict, Counts, Link, PairStanding, ReviewState, weakest_link};
