//! Tells the progress of a run, with its curves to whoever follows them, serves others between two steps, and stops it when the
//! token says so.

use std::time::{Duration, Instant};

use candle_core::Device;

use super::super::{Context, Meter};
use crate::train::heads::Head;
use crate::train::{
    Cut, EpochRecord, Flow, NamedRecipe, Part, Selection, TrainingData, TrainingReport, TrainingReporter,
    evaluate,
};

/// Shortest time between two moments within an epoch.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// A point of the live curves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TrainingMoment {
    /// Steps taken, all epochs together.
    pub step: usize,
    /// Steps of the whole run, if no early stop ends it.
    pub n_steps: usize,
    /// The running epoch, from 1.
    pub epoch: usize,
    /// Epochs of the whole run at most.
    pub n_epochs: usize,
    /// Mean loss of the batches since the last moment.
    pub loss: f64,
    /// Of the last step.
    pub learning_rate: f64,
    /// Mean per-row F1 on the validation part, or what else the recipe selects by; at the end of an epoch only.
    pub validation_f1: Option<f64>,
    /// The same, at the same threshold, on as many postings of the training part; at the end of an epoch only.
    pub training_f1: Option<f64>,
}

/// Watches a run.
pub(super) struct Watch<'a, 'c> {
    context: &'a Context<'c>,
    recipe: &'a NamedRecipe,
    meter: Option<Meter<'a>>,
    /// The training part's sample, as the validation part of data of its own, and where the head is.
    sample: Option<(&'a TrainingData<'a>, &'a Device)>,
    /// Sum and number of the losses since the last moment.
    loss: (f64, u32),
    /// The loss that was told last; where an epoch ends right after a moment, it is told again.
    last_loss: Option<f64>,
    told: Option<Instant>,
    training_f1: Option<f64>,
}

impl<'a, 'c> Watch<'a, 'c> {
    pub fn new(context: &'a Context<'c>, recipe: &'a NamedRecipe) -> Self {
        Self {
            context,
            recipe,
            meter: None,
            sample: None,
            loss: (0.0, 0),
            last_loss: None,
            told: None,
            training_f1: None,
        }
    }

    /// Also tells, after each epoch, how good the head is on `sample`, as the validation part of data of its own.
    pub fn with_sample(self, sample: &'a TrainingData<'a>, device: &'a Device) -> Self {
        Self { sample: Some((sample, device)), ..self }
    }

    /// Where the run takes place.
    pub fn context(&self) -> &'a Context<'c> {
        self.context
    }

    fn tell(&mut self, report: &TrainingReport) {
        let is_due = self.told.is_none_or(|told| told.elapsed() >= TELL_EVERY);
        if report.metric.is_none() && !is_due {
            return;
        }
        self.told = Some(Instant::now());
        let (sum, n_losses) = std::mem::take(&mut self.loss);
        let mean = if n_losses > 0 { Some(sum / f64::from(n_losses)) } else { self.last_loss };
        self.last_loss = mean;
        self.context.reporter.training(&TrainingMoment {
            step: report.step,
            n_steps: report.n_steps,
            epoch: report.epoch,
            n_epochs: self.recipe.training.max_epochs,
            loss: mean.unwrap_or(report.loss),
            learning_rate: report.learning_rate,
            validation_f1: report.metric,
            training_f1: report.metric.and(self.training_f1),
        });
    }
}

impl TrainingReporter for Watch<'_, '_> {
    fn report(&mut self, report: &TrainingReport) -> Flow {
        (self.context.between)();
        if report.metric.is_none() {
            self.loss = (self.loss.0 + report.loss, self.loss.1 + 1);
            match &mut self.meter {
                Some(meter) => meter.advance(1),
                // How long the first step took is not known here; counted as done before, it makes no rate.
                None => {
                    let stage = format!("Learning ({})", self.recipe.id);
                    let (n_done, n_steps) = (report.step as u64, report.n_steps as u64);
                    self.meter = Some(Meter::new(self.context.reporter, stage, n_done, n_steps));
                }
            }
        }
        self.tell(report);
        if self.context.cancel.is_cancelled() { Flow::Stop } else { Flow::Continue }
    }

    fn validated(&mut self, head: &Head, record: &EpochRecord) {
        let Some((sample, device)) = self.sample.filter(|_| self.context.reporter.follows_training()) else {
            return;
        };
        // A curve that cannot be drawn is no reason to stop a run.
        if self.recipe.training.selection != Selection::RowF1 {
            self.training_f1 = self.recipe.training.selection.measure(head, sample, device).ok();
            return;
        }
        let cut = Cut::At(record.threshold);
        let found = evaluate(head, sample, Part::Validation, cut, device);
        self.training_f1 = found.ok().map(|evaluation| evaluation.scores.mean_f1);
    }
}
