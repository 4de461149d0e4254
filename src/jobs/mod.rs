//! Station 5: background work. The same functions serve the window, the command line and the HTTP API; they report to a
//! [`Reporter`] and stop when their [`CancelToken`] says so. The window reaches them through the [`JobServer`]: one thread
//! that owns the device, one that writes the decision log. Nothing here knows egui.

mod cancel;
mod context;
mod corpus;
mod embed;
mod evaluate;
mod events;
mod exchange;
mod learning;
mod load;
mod look_alikes;
mod matching;
mod meter;
mod models;
mod neighbors;
mod pictures;
mod requests;
mod search;
mod server;
mod statistics;
mod timings;
mod train;
mod translation;
mod workbench;

pub use cancel::CancelToken;
pub use context::{Context, JobError};
pub use embed::{Embedded, embed};
pub use evaluate::{Evaluation, RowRule, evaluate};
pub use events::{Event, Opened, Outcome, Progress, Reporter, SilentReporter, Unit};
pub use exchange::{EXPORT_SUBMISSION, export, import};
pub use learning::{Receipt, learn};
pub use load::{load_catalog, open_catalog_project};
pub(crate) use look_alikes::add_recall;
pub use look_alikes::{
    QuestionSource, RankExtra, RankPlan, RankedQuestions, STRATEGY_FORMS, StrategyScores, StrategySummary,
    rank_questions, summarise,
};
pub use matching::{
    Grounds, MatchOutcome, MatchPlan, ModalityGround, ThresholdRule, match_trained, match_with,
};
pub use meter::Meter;
pub use models::{
    ModelAction, ModelDone, ModelTask, ModelTicket, ModelsAnswer, Network, do_model_task, models_answer,
};
pub use neighbors::neighbors_of;
pub use requests::{JobId, JobKind, RankAsker, Request, SearchQuery};
pub use search::{SearchRows, search};
pub use server::JobServer;
pub use statistics::{Statistics, collect_statistics};
pub use timings::TimeSpent;
#[cfg(test)]
pub(crate) use train::sample_receipt;
pub use train::{
    CrossValidated, CrossValidationPlan, Feed, FoldRow, Folded, GroupMap, HeadMap, LabelCounts, LabelSource,
    MeanAndSpread, MeasurePlan, Measured, Measurement, N_MAP_GROUPS, NetworkFacts, PartMap, PromotedModel,
    QuestionScores, Scored, SeedMeasurement, SeedRow, SweepDrawing, SweepPlan, SweepRow, TrainPlan,
    TrainedAnswer, TrainedDone, TrainedModel, TrainedReceipt, TrainedRun, TrainedTask, TrainingMoment,
    count_labels, cross_validate, do_trained_task, map_groups, measure, promoted_model, sweep, train_head,
    trained_answer, trained_neighbors,
};
pub use translation::check_translator;
pub use workbench::{OpenEncoders, Workbench};
