//! Trains a head on cached embeddings: plans each epoch's batches, steps, validates, keeps the best. Reports to a trait
//! and obeys its answer; starts no thread, opens no file. A run is a function of data, recipe and seed: on the CPU the
//! same three give the same numbers, also when the run was stopped and taken up again between two epochs.

mod checkpoint;
mod data;
mod evaluate;
mod objective;
mod pairs;
mod plan;
mod recipe;
mod refit;
mod run;
mod selection;
mod start;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod late_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod question_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;

use super::heads::Head;

pub use checkpoint::{Checkpoint, EpochRecord};
pub use data::{Features, TrainingData};
pub(super) use evaluate::f1_by_row;
pub use evaluate::{
    Cut, Evaluation, evaluate, head_embeddings, head_neighbors, head_pair_scores, score_from_log_odds,
    tower_embeddings,
};
pub use pairs::{PairReport, pair_report};
pub use recipe::{Refit, TrainingRecipe};
pub use refit::refit;
pub use run::{Ended, TrainingOutcome, train, train_with};
pub use selection::Selection;
pub use start::Start;

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// On with it.
    Continue,
    /// Stop here; the best so far is kept.
    Stop,
}

/// Where a run stands, after every step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainingReport {
    /// Steps taken, all epochs together.
    pub step: usize,
    /// Steps of the whole run, if no early stop ends it; the true number may differ a little from epoch to epoch.
    pub n_steps: usize,
    /// The running epoch, from 1.
    pub epoch: usize,
    /// Loss of the last batch.
    pub loss: f64,
    /// What the recipe selects by, on the validation part; after the last step of an epoch only.
    pub metric: Option<f64>,
    /// Of the last step.
    pub learning_rate: f64,
}

/// Who watches a run.
pub trait TrainingReporter {
    /// Called after every step and after every validation.
    fn report(&mut self, report: &TrainingReport) -> Flow;

    /// Called after every validation with the head as it is then.
    fn validated(&mut self, _head: &Head, _record: &EpochRecord) {}

    /// Called after every epoch with all that is needed to go on from there.
    fn checkpoint(&mut self, _checkpoint: &Checkpoint) {}
}
