//! A head trained once more when everything is chosen, from rows that were held back to choose by: as many epochs as were best, the
//! same schedule and draws, nothing measured. What the first head was worth is what is reported; the second has seen more.

use candle_core::Device;

use super::super::TrainError;
use super::super::heads::Head;
use super::{Ended, Flow, Selection, TrainingData, TrainingRecipe, TrainingReport, TrainingReporter, train};

/// Trains a head of `recipe` for `n_epochs` on the training part of `data`, to which the caller has added what may be learned from
/// now. `None` where there is nothing to do again: no epoch was better than a random start.
///
/// # Errors
/// As [`train`]; [`TrainError::Data`] where the loss is no number this time.
pub fn refit(
    data: &TrainingData<'_>,
    recipe: &TrainingRecipe,
    n_epochs: usize,
    device: &Device,
    reporter: &mut dyn TrainingReporter,
) -> Result<Option<Head>, TrainError> {
    if n_epochs == 0 && recipe.start == super::Start::Random {
        return Ok(None);
    }
    // The schedule is that of the whole run, of which the first epochs are taken.
    let max_epochs = if n_epochs == 0 { 0 } else { recipe.max_epochs };
    let recipe = TrainingRecipe { selection: Selection::Last, patience: None, max_epochs, ..recipe.clone() };
    let mut reporter = Until { n_epochs, is_stopped: false, inner: reporter };
    let outcome = train(data, &recipe, None, device, &mut reporter)?;
    match outcome.ended {
        Ended::Diverged { step } => Err(TrainError::Data(format!(
            "the loss grew beyond all numbers at step {step} of the last training. Set a smaller learning_rate"
        ))),
        Ended::Stopped if reporter.is_stopped => Ok(None),
        _ => Ok(Some(outcome.head)),
    }
}

/// Stops after so many epochs, or when the reporter behind says so.
struct Until<'a> {
    n_epochs: usize,
    /// By the reporter behind.
    is_stopped: bool,
    inner: &'a mut dyn TrainingReporter,
}

impl TrainingReporter for Until<'_> {
    fn report(&mut self, report: &TrainingReport) -> Flow {
        // An epoch's own report carries no metric here that anybody should read.
        let is_last = report.metric.is_some() && report.epoch >= self.n_epochs;
        if self.inner.report(&TrainingReport { metric: None, ..*report }) == Flow::Stop {
            self.is_stopped = true;
        }
        if is_last || self.is_stopped { Flow::Stop } else { Flow::Continue }
    }
}
