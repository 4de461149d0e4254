//! The loop: epochs of steps, a validation after each, the best kept, the end for one of four reasons.

use candle_core::Device;

use super::super::backbone::{BackboneRecipe, Tail};
use super::super::heads::{Head, HeadShape};
use super::super::optimisers::{Gradients, Optimiser, clip_by_global_norm};
use super::super::{NamedTensors, Part, TrainError};
use super::checkpoint::Facts;
use super::objective::Objective;
use super::plan::{Batch, Plan};
use super::selection::Worth;
use super::{
    Checkpoint, EpochRecord, Flow, Selection, TrainingData, TrainingRecipe, TrainingReport, TrainingReporter,
};

/// What names of gradients begin with, by whose they are.
const HEAD: &str = "head/";
const TAIL: &str = "tail/";

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ended {
    /// All epochs were run.
    Finished,
    /// The validation metric had not risen for as long as the recipe forgives.
    EarlyStopped,
    /// The reporter said stop.
    Stopped,
    /// The loss or its gradient was no finite number; a smaller learning rate helps.
    Diverged {
        /// The step at which it was seen.
        step: usize,
    },
}

/// What a run leaves, however it ended: nothing finished is lost.
#[derive(Debug)]
pub struct TrainingOutcome {
    /// The head of the best epoch.
    pub head: Head,
    /// That epoch.
    pub best: EpochRecord,
    /// The curve, from the untrained head on.
    pub history: Vec<EpochRecord>,
    /// Why it ended.
    pub ended: Ended,
    /// Where to go on from: the last finished epoch.
    pub checkpoint: Checkpoint,
}

impl TrainingOutcome {
    /// Whether an epoch was finished; where none was there is nothing to keep.
    pub fn has_finished_epoch(&self) -> bool {
        self.history.iter().any(|record| record.epoch > 0)
    }
}

/// Trains a head of `recipe` on the training part, choosing by the validation part; the test part is not looked at.
/// With `resume` the run goes on after the checkpoint's last epoch as if it had never stopped; its recipe must be the
/// same, but for the number of epochs.
///
/// # Errors
/// When there is nothing to learn from or to measure on, parts do not fit together, or the device fails.
pub fn train(
    data: &TrainingData<'_>,
    recipe: &TrainingRecipe,
    resume: Option<&Checkpoint>,
    device: &Device,
    reporter: &mut dyn TrainingReporter,
) -> Result<TrainingOutcome, TrainError> {
    train_with(data, recipe, None, resume, device, reporter)
}

/// As [`train`], with the last part of a network before the head: it gives the embeddings of pictures, the first modality, and
/// is trained along. It is left with the parameters of the best epoch.
///
/// # Errors
/// As [`train`]; and when the network gives other embeddings than the data hold.
pub fn train_with(
    data: &TrainingData<'_>,
    recipe: &TrainingRecipe,
    tail: Option<&Tail<'_>>,
    resume: Option<&Checkpoint>,
    device: &Device,
    reporter: &mut dyn TrainingReporter,
) -> Result<TrainingOutcome, TrainError> {
    let loss = recipe.check()?;
    data.check()?;
    let plan = Plan::new(loss.needs, recipe, data)?;
    let first_batches = plan.batches(1)?;
    if first_batches.is_empty() {
        return Err(TrainError::NoPositives);
    }
    let n_steps = first_batches.len().saturating_mul(recipe.max_epochs);
    let shape = HeadShape {
        recipe: recipe.head,
        modality_widths: data.modality_widths(),
        n_classes: plan.n_classes(),
    };
    let head = Head::new(shape, recipe.seed, device)?;
    if let Some(tail) = tail {
        tail.check(data)?;
    } else if head.parameters().n_values() == 0 && recipe.max_epochs > 0 {
        return Err(TrainError::Recipe("the head has nothing to learn; choose a projection".to_owned()));
    }
    let objective = Objective { loss, recipe, data, plan: &plan, device: device.clone(), tail };
    let checkpoint = match resume {
        Some(checkpoint) => taken_up(checkpoint, &head, recipe, tail)?,
        None => {
            recipe.start.put(&head, data)?;
            untrained(&head, data, recipe, tail, device)?
        }
    };
    let optimiser = Optimiser::restore(
        recipe.optimiser,
        checkpoint.facts.optimiser_steps,
        &checkpoint.optimiser,
        head.parameters(),
    )?;
    let of_tail = |tail: &Tail<'_>| {
        let (n_steps, state) = (checkpoint.facts.optimiser_steps, &checkpoint.tail_optimiser);
        Optimiser::restore(recipe.optimiser, n_steps, state, tail.parameters())
    };
    let tail_optimiser = tail.map(of_tail).transpose()?;
    let step = checkpoint.facts.step;
    let mut run = Run { objective, head, optimiser, tail_optimiser, step, n_steps, checkpoint };
    let ended = run.all_epochs(reporter)?;
    let Run { head, checkpoint, .. } = run;
    head.parameters().restore(&checkpoint.best_head)?;
    if let Some(tail) = tail {
        tail.parameters().restore(&checkpoint.best_tail)?;
    }
    let Facts { best, history, .. } = &checkpoint.facts;
    Ok(TrainingOutcome { head, best: *best, history: history.clone(), ended, checkpoint })
}

/// A run in progress.
struct Run<'a> {
    objective: Objective<'a>,
    head: Head,
    optimiser: Optimiser,
    tail_optimiser: Option<Optimiser>,
    step: usize,
    n_steps: usize,
    /// After the last finished epoch.
    checkpoint: Checkpoint,
}

/// How an epoch ended.
enum EpochEnd {
    /// Its mean loss and last rate.
    Done(f64, f64),
    /// The run ends within it.
    Broken(Ended),
}

impl Run<'_> {
    fn all_epochs(&mut self, reporter: &mut dyn TrainingReporter) -> Result<Ended, TrainError> {
        let recipe = self.objective.recipe;
        loop {
            let finished = self.checkpoint.epoch();
            if finished >= recipe.max_epochs {
                return Ok(Ended::Finished);
            }
            let n_without_gain = finished.saturating_sub(self.checkpoint.facts.best.epoch);
            if recipe.patience.is_some_and(|patience| n_without_gain >= patience.max(1)) {
                return Ok(Ended::EarlyStopped);
            }
            let epoch = finished + 1;
            let (loss, learning_rate) = match self.epoch(epoch, reporter)? {
                EpochEnd::Done(loss, learning_rate) => (loss, learning_rate),
                EpochEnd::Broken(ended) => return Ok(ended),
            };
            let Objective { data, device, tail, .. } = &self.objective;
            let worth = validate(&self.head, data, recipe, *tail, device)?;
            let record = EpochRecord {
                epoch,
                loss: Some(loss),
                metric: worth.metric,
                threshold: worth.threshold,
                learning_rate,
            };
            self.keep(record)?;
            reporter.validated(&self.head, &record);
            reporter.checkpoint(&self.checkpoint);
            if reporter.report(&self.report(epoch, loss, Some(record.metric), learning_rate)) == Flow::Stop {
                return Ok(Ended::Stopped);
            }
        }
    }

    fn epoch(&mut self, epoch: usize, reporter: &mut dyn TrainingReporter) -> Result<EpochEnd, TrainError> {
        let recipe = self.objective.recipe;
        // The untrained head is no validation result of the run itself.
        let metrics: Vec<f64> = self
            .checkpoint
            .facts
            .history
            .iter()
            .filter(|record| record.epoch > 0)
            .map(|record| record.metric)
            .collect();
        let (mut sum, mut n_batches, mut learning_rate) = (0.0, 0_usize, recipe.learning_rate);
        for batch in self.objective.plan.batches(epoch)? {
            let factor = recipe.schedule.factor(self.step, self.n_steps, epoch - 1, &metrics);
            learning_rate = recipe.learning_rate * factor;
            let loss = self.one_step(&batch, learning_rate)?;
            self.step += 1;
            match loss {
                Step::Loss(loss) => {
                    sum += loss;
                    n_batches += 1;
                }
                Step::Nothing => {}
                Step::NotFinite => return Ok(EpochEnd::Broken(Ended::Diverged { step: self.step })),
            }
            let mean = sum / n_batches.max(1) as f64;
            let last = if let Step::Loss(loss) = loss { loss } else { mean };
            if reporter.report(&self.report(epoch, last, None, learning_rate)) == Flow::Stop {
                return Ok(EpochEnd::Broken(Ended::Stopped));
            }
        }
        Ok(EpochEnd::Done(sum / n_batches.max(1) as f64, learning_rate))
    }

    fn one_step(&mut self, batch: &Batch, learning_rate: f64) -> Result<Step, TrainError> {
        let Some(loss) = self.objective.of_batch(&self.head, batch, self.step)? else {
            return Ok(Step::Nothing);
        };
        let value = f64::from(loss.to_scalar::<f32>()?);
        if !value.is_finite() {
            return Ok(Step::NotFinite);
        }
        let store = loss.backward()?;
        let tail = self.objective.tail;
        let of_tail = tail.into_iter().flat_map(|tail| tail.parameters().learned());
        let of_head = self.head.parameters().learned();
        let named = of_head
            .map(|(name, variable)| (format!("{HEAD}{name}"), variable))
            .chain(of_tail.map(|(name, variable)| (format!("{TAIL}{name}"), variable)));
        let mut gradients: Gradients = named
            .filter_map(|(name, variable)| Some((name, store.get(variable.as_tensor())?.clone())))
            .collect();
        // One length for all of them: head and network are one function.
        let longest = self.objective.recipe.clip_norm.unwrap_or(f64::INFINITY);
        if !clip_by_global_norm(&mut gradients, longest)?.is_finite() {
            return Ok(Step::NotFinite);
        }
        let of = |prefix: &str| -> Gradients {
            let own = gradients.iter().filter_map(|(name, gradient)| {
                Some((name.strip_prefix(prefix)?.to_owned(), gradient.clone()))
            });
            own.collect()
        };
        self.optimiser.step(self.head.parameters(), &of(HEAD), learning_rate)?;
        if let (Some(tail), Some(optimiser)) = (tail, &mut self.tail_optimiser) {
            optimiser.step(tail.parameters(), &of(TAIL), learning_rate * tail.recipe().rate_share)?;
        }
        Ok(Step::Loss(value))
    }

    /// Takes the finished epoch into the checkpoint.
    fn keep(&mut self, record: EpochRecord) -> Result<(), TrainError> {
        let head = self.head.parameters().to_tensors()?;
        let tail = tail_tensors(self.objective.tail)?;
        let checkpoint = &mut self.checkpoint;
        let keeps_last = checkpoint.facts.recipe.selection == Selection::Last;
        if keeps_last || record.metric > checkpoint.facts.best.metric {
            checkpoint.facts.best = record;
            checkpoint.best_head = head.clone();
            checkpoint.best_tail = tail.clone();
        }
        checkpoint.head = head;
        checkpoint.tail = tail;
        checkpoint.tail_optimiser =
            self.tail_optimiser.as_ref().map(Optimiser::state).transpose()?.unwrap_or_default();
        checkpoint.optimiser = self.optimiser.state()?;
        checkpoint.facts.optimiser_steps = self.optimiser.n_steps();
        checkpoint.facts.step = self.step;
        checkpoint.facts.history.push(record);
        Ok(())
    }

    fn report(&self, epoch: usize, loss: f64, metric: Option<f64>, learning_rate: f64) -> TrainingReport {
        TrainingReport { step: self.step, n_steps: self.n_steps, epoch, loss, metric, learning_rate }
    }
}

/// What a batch gave.
enum Step {
    Loss(f64),
    Nothing,
    NotFinite,
}

/// The state before the first epoch: the untrained head is the first that later ones must beat.
fn untrained(
    head: &Head,
    data: &TrainingData<'_>,
    recipe: &TrainingRecipe,
    tail: Option<&Tail<'_>>,
    device: &Device,
) -> Result<Checkpoint, TrainError> {
    let worth = validate(head, data, recipe, tail, device)?;
    let record = EpochRecord {
        epoch: 0,
        loss: None,
        metric: worth.metric,
        threshold: worth.threshold,
        learning_rate: recipe.learning_rate,
    };
    let tensors = head.parameters().to_tensors()?;
    let facts = Facts {
        recipe: recipe.clone(),
        backbone: backbone_recipe(tail),
        shape: head.shape().clone(),
        step: 0,
        optimiser_steps: 0,
        best: record,
        history: vec![record],
    };
    let network = tail_tensors(tail)?;
    Ok(Checkpoint {
        facts,
        head: tensors.clone(),
        best_head: tensors,
        optimiser: Default::default(),
        tail: network.clone(),
        best_tail: network,
        tail_optimiser: Default::default(),
    })
}

/// The validation part, with the embeddings that the network gives by now.
fn validate(
    head: &Head,
    data: &TrainingData<'_>,
    recipe: &TrainingRecipe,
    tail: Option<&Tail<'_>>,
    device: &Device,
) -> Result<Worth, TrainError> {
    let Some(tail) = tail.filter(|_| recipe.selection != Selection::Last) else {
        return recipe.selection.of(head, data, device);
    };
    let matrix = tail.matrix(&data.embedded_rows(Part::Validation), data.labels.n_rows())?;
    recipe.selection.of(head, &data.with_first(&matrix), device)
}

fn tail_tensors(tail: Option<&Tail<'_>>) -> Result<NamedTensors, TrainError> {
    Ok(tail.map(|tail| tail.parameters().to_tensors()).transpose()?.unwrap_or_default())
}

fn backbone_recipe(tail: Option<&Tail<'_>>) -> Option<BackboneRecipe> {
    tail.map(|tail| tail.recipe().clone())
}

/// A saved state, its parameters put into `head`.
fn taken_up(
    checkpoint: &Checkpoint,
    head: &Head,
    recipe: &TrainingRecipe,
    tail: Option<&Tail<'_>>,
) -> Result<Checkpoint, TrainError> {
    let refuse = |reason: &str| Err(TrainError::Checkpoint(reason.to_owned()));
    let saved = TrainingRecipe { max_epochs: recipe.max_epochs, ..checkpoint.facts.recipe.clone() };
    if saved != *recipe || checkpoint.facts.backbone != backbone_recipe(tail) {
        return refuse("it was made by another recipe");
    }
    if checkpoint.facts.shape != *head.shape() {
        return refuse("it was made from other embeddings or other groups");
    }
    // Both must fit before the run starts, not only after it has ended.
    head.parameters().restore(&checkpoint.best_head)?;
    head.parameters().restore(&checkpoint.head)?;
    if let Some(tail) = tail {
        tail.parameters().restore(&checkpoint.best_tail)?;
        tail.parameters().restore(&checkpoint.tail)?;
    }
    let mut checkpoint = checkpoint.clone();
    checkpoint.facts.recipe.max_epochs = recipe.max_epochs;
    Ok(checkpoint)
}
