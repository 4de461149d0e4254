//! What a job tells while it runs, and what the [`super::JobServer`] answers to the window.

use std::path::PathBuf;
use std::sync::Arc;

use super::{
    GroupMap, JobId, JobKind, LabelCounts, MatchOutcome, ModelsAnswer, RankAsker, RankedQuestions,
    Statistics, TrainedAnswer, TrainingMoment,
};
use crate::catalog::{Catalog, ColumnPreview, Problem};
use crate::index::Hit;
use crate::project::{Access, ProjectSettings};
use crate::review::{Entry, Gesture, Queue, QueueKind};

/// A moment of a running job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// What is being done, such as "Embedding pictures (perceptual)".
    pub stage: String,
    /// Items finished.
    pub n_done: u64,
    /// Items in all; 0 when unknown.
    pub n_total: u64,
    /// Items a second, smoothed.
    pub rate: f64,
    /// Seconds left, once it can be told.
    pub secs_left: Option<f64>,
    /// What the items are.
    pub unit: Unit,
}

/// What a job counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Postings, pictures, pairs...
    #[default]
    Items,
    /// Bytes of a file.
    Bytes,
}

impl Progress {
    /// "12 of 40, 3/s", in what is counted; empty while nothing is known.
    pub fn counts(&self) -> String {
        let words = |n: u64| match self.unit {
            Unit::Items => n.to_string(),
            Unit::Bytes => crate::encode::bytes_in_words(n),
        };
        let count = if self.n_total > 0 {
            format!("{} of {}", words(self.n_done), words(self.n_total))
        } else if self.n_done > 0 {
            words(self.n_done)
        } else {
            String::new()
        };
        let rate =
            if self.rate > 0.0 { format!(", {}/s", words(self.rate.round() as u64)) } else { String::new() };
        format!("{count}{rate}")
    }
}

/// Receives what a job tells; the window, the progress bar and tests implement it.
pub trait Reporter: Send + Sync {
    /// At most ten times a second.
    fn progress(&self, progress: &Progress);
    /// A sentence worth keeping (a picture that failed, a damaged shard set aside).
    fn note(&self, message: &str);
    /// A point of the curves of a training, about ten times a second and at the end of each epoch.
    fn training(&self, _moment: &TrainingMoment) {}
    /// Whether anybody draws those curves; what costs time is measured for them alone.
    fn follows_training(&self) -> bool {
        false
    }
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct SilentReporter;

impl Reporter for SilentReporter {
    fn progress(&self, _progress: &Progress) {}
    fn note(&self, _message: &str) {}
}

/// Everything the window needs of a project it opened.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Display name of the project.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Its settings.
    pub settings: ProjectSettings,
    /// Whether this window may write.
    pub access: Access,
    /// The catalogue; its problems are in it.
    pub catalog: Arc<Catalog>,
    /// All decisions in log order.
    pub entries: Vec<Entry>,
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// To `OpenProject` and `OpenCatalogue`.
    Opened(Box<Opened>),
    /// To `Preview`.
    Previewed {
        /// The table.
        path: PathBuf,
        /// `None` for folders and demos, which have no columns.
        preview: Option<ColumnPreview>,
        /// As in the request.
        generation: u64,
    },
    /// To `Match`; also as first results in [`Event::Partial`].
    Matched {
        /// The matching, with the settings it was made by (they tell first results from final ones).
        matched: Arc<MatchOutcome>,
        /// As in the request.
        generation: u64,
    },
    /// To `BuildQueue`.
    Queue {
        /// The tab.
        kind: QueueKind,
        /// The queue.
        queue: Arc<Queue>,
        /// As in the request.
        generation: u64,
    },
    /// To `Search`.
    Found {
        /// Nearest postings, best first.
        hits: Vec<Hit>,
        /// As in the request.
        generation: u64,
    },
    /// To `Export`.
    Exported {
        /// The file written.
        path: PathBuf,
        /// Its size in bytes.
        n_bytes: u64,
    },
    /// To `ImportPairs`.
    Imported {
        /// The decisions, `None` when the file held none.
        gesture: Option<Gesture>,
        /// Rows that were not understood or name unknown postings.
        problems: Vec<Problem>,
        /// The file.
        path: PathBuf,
    },
    /// To `Models`.
    Models(Box<ModelsAnswer>),
    /// To `Train` and `Trained`.
    Trained(Box<TrainedAnswer>),
    /// To `CountLabels`.
    Counted {
        /// What the labels can feed.
        counts: Box<LabelCounts>,
        /// As in the request.
        generation: u64,
    },
    /// To `MapGroups`.
    Mapped(Arc<GroupMap>),
    /// To `Rank`.
    Ranked {
        /// Questions with scores.
        ranked: Arc<RankedQuestions>,
        /// As in the request.
        asker: RankAsker,
        /// As in the request.
        generation: u64,
    },
    /// To `CollectStatistics`.
    Statistics(Box<Statistics>),
    /// To `Configure`: one line describing the device.
    Configured {
        /// Such as "CPU, 2 threads, AVX2".
        device: String,
    },
}

/// What the window hears. A compute job tells `Started`, then any number of `Progress`, `Note`, `Problems` and `Partial`, then
/// exactly one of `Finished`, `Failed` or `Cancelled`; a request dropped before it started tells only `Cancelled`.
#[derive(Clone, Debug)]
pub enum Event {
    /// The job runs.
    Started {
        /// Which.
        job: JobId,
        /// Of what kind.
        kind: JobKind,
    },
    /// At most ten times a second.
    Progress {
        /// Which.
        job: JobId,
        /// Where it stands.
        progress: Progress,
    },
    /// A point of the curves of a training.
    Training {
        /// Which.
        job: JobId,
        /// Where it stands.
        moment: TrainingMoment,
    },
    /// A sentence for the job's details.
    Note {
        /// Which.
        job: JobId,
        /// The sentence.
        message: String,
    },
    /// Problems found by the job (undecodable pictures), to be added to the catalogue's.
    Problems {
        /// Which.
        job: JobId,
        /// What was found.
        problems: Vec<Problem>,
    },
    /// First results; better ones follow.
    Partial {
        /// Which.
        job: JobId,
        /// Usable like the final answer.
        outcome: Outcome,
    },
    /// The answer.
    Finished {
        /// Which.
        job: JobId,
        /// The answer.
        outcome: Outcome,
    },
    /// The job failed; everything else goes on.
    Failed {
        /// Which.
        job: JobId,
        /// Of what kind.
        kind: JobKind,
        /// What happened, to which file, what to do.
        message: String,
    },
    /// Cancelled, or overtaken by a newer request.
    Cancelled {
        /// Which.
        job: JobId,
        /// Of what kind.
        kind: JobKind,
    },

    /// Everything appended so far is on disk and synced.
    Saved {
        /// Entries in the log.
        n_entries: u64,
        /// Wall clock of the sync, milliseconds since 1970 UTC.
        at_millis: i64,
    },
    /// The log could not be written; the entries are kept in memory.
    WriteFailed {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        cause: String,
        /// Entries waiting to be written.
        n_waiting: usize,
    },
    /// The copy of the log was written.
    CopySaved {
        /// Where.
        path: PathBuf,
    },
    /// The lock changed hands (another window took over).
    AccessChanged(Access),
    /// This window may write now.
    TookOver {
        /// The whole log as the other window left it.
        entries: Vec<Entry>,
    },
    /// The other window did not give way.
    TakeOverFailed {
        /// Why, and what to do.
        message: String,
    },
    /// The demo's log is empty.
    DemoReset,
    /// A remembered place.
    Place {
        /// Under what name.
        name: String,
        /// `None` when nothing was remembered.
        place: Option<String>,
    },
    /// Something of no consequence to decisions failed (settings or a place could not be saved).
    Warning {
        /// What and what to do.
        message: String,
    },
}
