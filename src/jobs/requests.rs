//! What the window asks of the [`super::JobServer`]. A request carries snapshots of everything it needs (settings, the
//! review state, an earlier outcome), so no job ever looks at state that changes under it.
//!
//! **Generations.** Requests whose answers replace one another (`Match`, `BuildQueue`, `Search`, `Preview`, `CountLabels`, `Rank`) carry a number
//! the window chooses, ascending. The answer carries it back. A request that is still waiting when a newer one of its kind
//! (for queues: of its tab) arrives is dropped (`Event::Cancelled`), and an answer that is overtaken while it is computed is
//! not delivered. A running `Match` hands its work to a newer one that needs the same embeddings (which then hears
//! `Started`, a `Partial` where there are first results, and the answer); one that needs others stops it.

use std::path::PathBuf;
use std::sync::Arc;

use super::{
    LabelSource, MatchOutcome, ModelAction, ModelTask, ModelTicket, QuestionSource, TrainedReceipt,
    TrainedTask,
};
use crate::catalog::{CatalogSource, OpenOptions};
use crate::nn::DeviceChoice;
use crate::project::{MatchSettings, ProjectSettings};
use crate::review::{Entry, QueueKind, QueueSort, ReviewState};
use crate::train::NamedRecipe;

/// Name of one sent request; every event about it carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// What is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchQuery {
    /// A title, compared with all titles by the grounds' text encoder (translated first where they were).
    Title(String),
    /// A picture file, compared with all pictures by the grounds' image encoder.
    Picture(PathBuf),
}

/// Everything the window can ask for. "Compute" requests run on the compute thread, "log" requests on the writer thread,
/// "models" requests on threads of theirs; none waits for another.
#[derive(Clone, Debug)]
pub enum Request {
    /// Compute, long. Opens an existing project folder. Answers [`super::Outcome::Opened`]. Stops running work;
    /// replaces the open project once it succeeds. Refused while decisions of the open one are not saved.
    OpenProject {
        /// NAME.lookalike/
        folder: PathBuf,
    },
    /// Compute, long. Opens a catalogue: creates its project (or opens the one already there, keeping its decisions and
    /// its matching settings). Answers [`super::Outcome::Opened`].
    OpenCatalogue {
        /// What to open.
        source: CatalogSource,
        /// How to read it.
        options: OpenOptions,
        /// Project folder; `None` takes [`crate::project::Project::default_folder`].
        folder: Option<PathBuf>,
    },
    /// Compute, interactive. Guessed columns and first rows of a table. Answers [`super::Outcome::Previewed`].
    Preview {
        /// The table.
        path: PathBuf,
        /// See the module's text.
        generation: u64,
    },
    /// Compute, long only where something is missing. Brings everything `settings` needs into memory (embeddings, neighbours,
    /// pair table: from memory, else from the project's cache, else computed) and matches. While nothing at all
    /// has been matched in this project yet, quick first results (`idf-word`, then `phash` with `idf-word`) come as
    /// [`super::Event::Partial`] before the answer [`super::Outcome::Matched`]. Where only fusion, weight, threshold or the
    /// decisions changed, it is answered between two units of long work from the grounds in memory.
    Match {
        /// Encoders, fusion, threshold...
        settings: MatchSettings,
        /// Whether the threshold is taken as it is or tuned on the catalogue's labels.
        rule: super::ThresholdRule,
        /// Decisions, which join and part clusters.
        review: Arc<ReviewState>,
        /// See the module's text.
        generation: u64,
    },
    /// Compute, interactive. Builds one tab's queue. Answers [`super::Outcome::Queue`].
    BuildQueue {
        /// The tab.
        kind: QueueKind,
        /// The order of the clusters tab.
        sort: QueueSort,
        /// The matching it is built from.
        matched: Arc<MatchOutcome>,
        /// Decisions.
        review: Arc<ReviewState>,
        /// See the module's text; each tab has its own.
        generation: u64,
    },
    /// Compute, interactive. The `k` nearest postings to a title or a picture. Answers [`super::Outcome::Found`].
    Search {
        /// What is searched for.
        query: SearchQuery,
        /// How many.
        k: usize,
        /// See the module's text.
        generation: u64,
    },
    /// Compute, interactive. Writes decisions or matches to a file. Answers [`super::Outcome::Exported`].
    Export {
        /// `submission` or an id of [`crate::review::LABEL_FORMATS`].
        format: String,
        /// The file; written whole or not at all.
        path: PathBuf,
        /// The matching; `submission` needs it.
        matched: Option<Arc<MatchOutcome>>,
        /// Decisions.
        review: Arc<ReviewState>,
    },
    /// Compute, interactive. Reads decided pairs. Answers [`super::Outcome::Imported`] with the gesture; the window wraps it into an
    /// entry and appends it like any other.
    ImportPairs {
        /// The file.
        path: PathBuf,
    },
    /// Compute, interactive. Counts over the open catalogue. Answers [`super::Outcome::Statistics`].
    CollectStatistics,
    /// Compute, long. Learns a head; tells [`super::Event::Training`] on the way. Cancelled after its first epoch it keeps the best
    /// so far. Answers [`super::Outcome::Trained`].
    Train {
        /// The recipe with all settings and the seed.
        recipe: Box<NamedRecipe>,
        /// Where labels come from.
        labels: LabelSource,
        /// Decisions.
        review: Arc<ReviewState>,
    },
    /// Compute, interactive. Lists, promotes, rolls back or exports what was trained. Answers [`super::Outcome::Trained`].
    Trained(TrainedTask),
    /// Compute, interactive. What labels can feed a training. Answers [`super::Outcome::Counted`].
    CountLabels {
        /// The recipe; its seed decides the split.
        recipe: Box<NamedRecipe>,
        /// Where labels come from.
        labels: LabelSource,
        /// Decisions.
        review: Arc<ReviewState>,
        /// See the module's text.
        generation: u64,
    },
    /// Compute, long. Draws the largest groups before and after a training. Answers [`super::Outcome::Mapped`].
    MapGroups {
        /// The training.
        receipt: Arc<TrainedReceipt>,
        /// Decisions; those after the receipt's are left out.
        review: Arc<ReviewState>,
    },
    /// Compute, long. Reads or draws questions and scores their candidates. Answers [`super::Outcome::Ranked`].
    Rank {
        /// Where questions come from.
        source: QuestionSource,
        /// Strategies ([`super::STRATEGY_FORMS`]), the ranking one first.
        strategies: Vec<String>,
        /// Who asks; only a newer request of the same asker makes one pointless.
        asker: RankAsker,
        /// See the module's text.
        generation: u64,
    },
    /// Compute. Which device embeds and where models lie; opened encoders are forgotten. Answers [`super::Outcome::Configured`].
    Configure {
        /// The device.
        device: DeviceChoice,
        /// The models folder; `None` resolves it as [`crate::encode::ModelStore::resolve`] does.
        models: Option<PathBuf>,
    },

    /// Models. Lists, gets, adds, removes or verifies models; downloads run on a thread of their own, one after the other,
    /// everything else on another. Answers [`super::Outcome::Models`].
    Models {
        /// The models folder; `None` resolves it as [`crate::encode::ModelStore::resolve`] does.
        folder: Option<PathBuf>,
        /// The hub's address; `None` resolves it as [`crate::encode::Hub::resolve`] does.
        hub: Option<String>,
        /// What to do.
        task: ModelTask,
    },

    /// Log. Appends entries; answered by [`super::Event::Saved`] only after the sync, or by [`super::Event::WriteFailed`], in
    /// which case the entries are kept, in order, until [`Request::RetryWrite`] succeeds.
    Append(Vec<Entry>),
    /// Log. Tries the kept entries again.
    RetryWrite,
    /// Log. Copies the log to another file; entries that never reached it go beside the copy, one JSON object a line
    /// (`.unsaved.jsonl`). Answered by [`super::Event::CopySaved`] or [`super::Event::Warning`].
    SaveCopy(PathBuf),
    /// Log. Asks the other window to give way. Answered by [`super::Event::TookOver`] or [`super::Event::TakeOverFailed`].
    TakeOver,
    /// Log. Empties the decision log of the demo. Answered by [`super::Event::DemoReset`].
    ResetDemo,
    /// Log. Saves project.ron. Answered only when it fails ([`super::Event::Warning`]).
    SaveSettings(Box<ProjectSettings>),
    /// Log. Remembers a place (posting key, tab...) under a name. Answered only when it fails.
    SetPlace {
        /// Who.
        reviewer: String,
        /// Under what name.
        name: String,
        /// Opaque text.
        place: String,
    },
    /// Log. Answered by [`super::Event::Place`].
    RecallPlace {
        /// Who.
        reviewer: String,
        /// Under what name.
        name: String,
    },
}

/// Who wants candidates ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RankAsker {
    /// The Look-alikes station: the questions that are answered.
    LookAlikes,
    /// The Arena: the same questions by several strategies.
    Arena,
}

/// The kinds of compute job, for labels and for dropping overtaken ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// `OpenProject` or `OpenCatalogue`.
    Open,
    /// `Preview`.
    Preview,
    /// `Match`.
    Match,
    /// `BuildQueue` of one tab.
    Queue(QueueKind),
    /// `Search`.
    Search,
    /// `Export`.
    Export,
    /// `ImportPairs`.
    Import,
    /// `CollectStatistics`.
    Statistics,
    /// `Configure`.
    Configure,
    /// `Train`.
    Train,
    /// `Trained`.
    Trained,
    /// `CountLabels`.
    CountLabels,
    /// `MapGroups`.
    MapGroups,
    /// `Rank` of one asker.
    Rank(RankAsker),
    /// `Models`, listing them.
    ListModels,
    /// `Models`, doing something to one, by the ticket the window gave it.
    Model(ModelAction, ModelTicket),
}

impl JobKind {
    /// What the top bar says while it runs.
    pub fn label(self) -> &'static str {
        match self {
            Self::Open => "Opening the catalogue",
            Self::Preview => "Reading the first rows",
            Self::Match => "Finding look-alikes",
            Self::Queue(_) => "Building the queue",
            Self::Search => "Searching",
            Self::Export => "Exporting",
            Self::Import => "Importing",
            Self::Statistics => "Counting",
            Self::Configure => "Changing the device",
            Self::Train => "Learning",
            Self::Trained => "Reading receipts",
            Self::CountLabels => "Counting labels",
            Self::MapGroups => "Drawing groups",
            Self::Rank(_) => "Ranking candidates",
            Self::ListModels => "Looking for models",
            Self::Model(action, _) => action.label(),
        }
    }
}

impl Request {
    /// The kind of compute job; `None` for requests to the decision log.
    pub fn kind(&self) -> Option<JobKind> {
        Some(match self {
            Self::OpenProject { .. } | Self::OpenCatalogue { .. } => JobKind::Open,
            Self::Preview { .. } => JobKind::Preview,
            Self::Match { .. } => JobKind::Match,
            Self::BuildQueue { kind, .. } => JobKind::Queue(*kind),
            Self::Search { .. } => JobKind::Search,
            Self::Export { .. } => JobKind::Export,
            Self::ImportPairs { .. } => JobKind::Import,
            Self::CollectStatistics => JobKind::Statistics,
            Self::Configure { .. } => JobKind::Configure,
            Self::Train { .. } => JobKind::Train,
            Self::Trained(_) => JobKind::Trained,
            Self::CountLabels { .. } => JobKind::CountLabels,
            Self::MapGroups { .. } => JobKind::MapGroups,
            Self::Rank { asker, .. } => JobKind::Rank(*asker),
            Self::Models { task, .. } => task.kind(),
            Self::Append(_)
            | Self::RetryWrite
            | Self::SaveCopy(_)
            | Self::TakeOver
            | Self::ResetDemo
            | Self::SaveSettings(_)
            | Self::SetPlace { .. }
            | Self::RecallPlace { .. } => return None,
        })
    }

    /// Whether a newer request of the same kind makes this one pointless.
    pub fn is_replaced_by_newer(&self) -> bool {
        matches!(
            self,
            Self::Preview { .. }
                | Self::Match { .. }
                | Self::BuildQueue { .. }
                | Self::Search { .. }
                | Self::CountLabels { .. }
                | Self::MapGroups { .. }
                | Self::Rank { .. }
        )
    }
}
