//! What has been trained in a project: every receipt, which model matches, promoting, rolling back, taking a head out.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::JobError;
use super::{TrainedModel, TrainedReceipt};
use crate::project::{ProjectError, Promotion, TrainedModels, write_atomic};

/// What to do with what was trained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrainedTask {
    /// Only say what there is.
    List,
    /// Let the model saved under this recipe's id match.
    Promote(String),
    /// Go back to the model promoted before, or to none.
    RollBack,
    /// Copy the head saved under this recipe's id.
    Export {
        /// The recipe's id.
        id: String,
        /// The file; written whole or not at all.
        path: PathBuf,
    },
}

/// What was done.
#[derive(Clone, Debug)]
pub enum TrainedDone {
    /// A head was trained and saved.
    Trained(Arc<TrainedReceipt>),
    /// A model was put to use.
    Promoted,
    /// The model in use was dropped; what [`TrainedAnswer::promoted`] says is in use again.
    RolledBack,
    /// A head was copied.
    Exported {
        /// Where to.
        path: PathBuf,
        /// Its size.
        n_bytes: u64,
    },
}

/// One run.
#[derive(Clone, Debug)]
pub struct TrainedRun {
    /// What it left.
    pub receipt: Arc<TrainedReceipt>,
    /// Whether its weights are still the ones saved under its recipe's id; a later run of the recipe replaces them.
    pub has_weights: bool,
}

/// The model in use.
#[derive(Clone, Debug)]
pub struct PromotedModel {
    /// Which.
    pub promotion: Promotion,
    /// Its receipt.
    pub receipt: Arc<TrainedReceipt>,
}

/// What there is.
#[derive(Clone, Debug, Default)]
pub struct TrainedAnswer {
    /// Every run, oldest first.
    pub runs: Vec<TrainedRun>,
    /// The model in use.
    pub promoted: Option<PromotedModel>,
    /// Receipts that cannot be read, and why.
    pub problems: Vec<String>,
    /// What was done.
    pub done: Option<TrainedDone>,
}

/// Does a task and says what there is then.
///
/// # Errors
/// When the model is not there or damaged, or the disk refuses; then the former one stays in use.
pub fn do_trained_task(models: &TrainedModels, task: &TrainedTask) -> Result<TrainedAnswer, JobError> {
    let done = match task {
        TrainedTask::List => None,
        TrainedTask::Promote(id) => {
            // A model that cannot be used is not put to use.
            TrainedModel::new(models.load(id)?)?;
            models.promote(id)?;
            Some(TrainedDone::Promoted)
        }
        TrainedTask::RollBack => {
            models.roll_back()?;
            Some(TrainedDone::RolledBack)
        }
        TrainedTask::Export { id, path } => {
            let head = models.load(id)?.head;
            write_atomic(path, &head)
                .map_err(|error| ProjectError::Write { path: path.clone(), reason: error.to_string() })?;
            Some(TrainedDone::Exported { path: path.clone(), n_bytes: head.len() as u64 })
        }
    };
    trained_answer(models, done)
}

/// What there is, after something was done.
///
/// # Errors
/// When the folder, or the model in use, cannot be read.
pub fn trained_answer(models: &TrainedModels, done: Option<TrainedDone>) -> Result<TrainedAnswer, JobError> {
    let (texts, unreadable) = models.receipts()?;
    let mut problems: Vec<String> = unreadable.iter().map(ToString::to_string).collect();
    let mut saved: Vec<String> = Vec::new();
    for id in models.ids()? {
        match models.load(&id) {
            Ok(files) => saved.push(files.receipt),
            Err(error) => problems.push(error.to_string()),
        }
    }
    let mut runs = Vec::with_capacity(texts.len());
    for text in &texts {
        match TrainedReceipt::from_ron("", text) {
            Ok(receipt) => {
                let has_weights = saved.contains(text);
                runs.push(TrainedRun { receipt: Arc::new(receipt), has_weights });
            }
            Err(error) => problems.push(error.to_string()),
        }
    }
    let promoted = match promoted_model(models)? {
        Some((promotion, model)) => Some(PromotedModel { promotion, receipt: Arc::new(model.receipt) }),
        None => None,
    };
    Ok(TrainedAnswer { runs, promoted, problems, done })
}

/// The model in use, read and checked.
///
/// # Errors
/// When it cannot be read or is damaged.
pub fn promoted_model(models: &TrainedModels) -> Result<Option<(Promotion, TrainedModel)>, JobError> {
    let Some(promotion) = models.promoted()? else { return Ok(None) };
    let model = TrainedModel::new(models.load_promoted(&promotion)?)?;
    Ok(Some((promotion, model)))
}

/// The model a receipt speaks of: the one saved under its recipe's id, or the one in use.
pub(super) fn model_of(models: &TrainedModels, receipt: &TrainedReceipt) -> Result<TrainedModel, JobError> {
    let is_it = |model: &TrainedModel| model.receipt.head_digest == receipt.head_digest;
    if let Ok(model) = models.load(&receipt.recipe.id).map_err(JobError::from).and_then(TrainedModel::new)
        && is_it(&model)
    {
        return Ok(model);
    }
    match promoted_model(models)? {
        Some((_, model)) if is_it(&model) => Ok(model),
        _ => Err(JobError::Refused(format!(
            "the weights of this run of `{}` were replaced by a later one. Train it again with seed {}",
            receipt.recipe.id, receipt.recipe.training.seed
        ))),
    }
}
