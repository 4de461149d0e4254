//! Learns from labels: embeds what a recipe wants, splits by group, trains a head, judges it on the test part and keeps it with its
//! receipt in the project. What was there before stays until the new model is whole. Never takes an unreviewed pair for different
//! unless the labels are complete or the recipe says so.

mod apply;
mod beside;
mod counts;
mod cross_validate;
mod features;
mod group_map;
mod labels;
mod measure;
mod network;
mod prepared;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod question_tests;
mod questions;
mod receipts;
#[cfg(test)]
mod sample;
mod sweep;
mod watch;

use std::sync::Arc;
use std::time::Instant;

use candle_core::Device;
use serde::{Deserialize, Serialize};

use self::network::{NetworkPlan, TunedNetwork, train_network};
use self::prepared::Prepared;
use self::watch::Watch;
use super::{Context, JobError, Meter, Workbench};
use crate::catalog::PostingIdx;
use crate::nn::open_device;
use crate::project::TrainedModels;
use crate::review::ReviewState;
use crate::train::{
    Checkpoint, DataFacts, Ended, NamedRecipe, Part, Receipt, ThresholdCurves, TrainError, TrainingData,
    TrainingOutcome, changed_pairs, judge, train,
};

pub use apply::{TrainedModel, trained_neighbors};
pub use counts::{Feed, LabelCounts, count_labels};
pub use cross_validate::{
    CrossValidated, CrossValidationPlan, FoldRow, Folded, MeanAndSpread, SeedRow, cross_validate,
};
pub use group_map::{GroupMap, HeadMap, N_MAP_GROUPS, PartMap, map_groups};
pub use labels::LabelSource;
pub use questions::QuestionScores;
pub use receipts::{
    PromotedModel, TrainedAnswer, TrainedDone, TrainedRun, TrainedTask, do_trained_task, promoted_model,
    trained_answer,
};
#[cfg(test)]
pub use sample::sample_receipt;
pub use watch::TrainingMoment;

pub use measure::{MeasurePlan, Measured, Measurement, Scored, SeedMeasurement, measure};
pub use network::NetworkFacts;
pub use sweep::{SweepDrawing, SweepPlan, SweepRow, sweep};

/// Pairs a receipt names, of each kind.
const MOST_PAIRS: usize = 1000;

/// What to learn, and from what.
#[derive(Clone, Copy, Debug)]
pub struct TrainPlan<'a> {
    /// The recipe; its training's seed also decides the split.
    pub recipe: &'a NamedRecipe,
    /// Where labels come from.
    pub labels: LabelSource,
    /// Decisions.
    pub review: &'a ReviewState,
    /// Where models are kept.
    pub models: &'a TrainedModels,
}

/// The receipt of a trained model: `trained/ID/receipt.ron`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainedReceipt {
    /// The recipe as it was trained, what was set over it included.
    pub recipe: NamedRecipe,
    /// Where labels came from.
    pub labels: LabelSource,
    /// BLAKE3 of head.safetensors, hexadecimal.
    pub head_digest: String,
    /// Encoder of pictures that was read.
    pub image_encoder: Option<String>,
    /// Further encoders of pictures that were read.
    #[serde(default)]
    pub more_image_encoders: Vec<String>,
    /// Encoder of titles that was read.
    pub text_encoder: Option<String>,
    /// Encoder whose frozen rows are compared beside the head's.
    #[serde(default)]
    pub beside_encoder: Option<String>,
    /// Encoders mixed with the head.
    #[serde(default)]
    pub companions: Vec<String>,
    /// Posting key and group of those whose scores say how crowded surroundings are.
    #[serde(default)]
    pub cohort: Vec<(String, u32)>,
    /// The network that was trained with the head, where one was.
    #[serde(default)]
    pub network: Option<NetworkFacts>,
    /// Questions of the test part, where the recipe is chosen by questions.
    #[serde(default)]
    pub questions: Option<QuestionScores>,
    /// Whether the head that is kept has learned from the validation and test part too, after everything was measured.
    #[serde(default)]
    pub is_refit: bool,
    /// What is not as the recipe wants it: stand-ins for absent models, projected rows, decisions left out.
    pub notes: Vec<String>,
    /// Whether it was stopped before its end.
    pub is_stopped_early: bool,
    /// Data, split, scores before and after, curve.
    pub result: Receipt,
    /// Pairs of the test part that are right now and were wrong before.
    pub n_fixed: usize,
    /// Pairs of the test part that are wrong now and were right before.
    pub n_broken: usize,
    /// Posting keys of the first of the fixed pairs.
    pub fixed: Vec<(String, String)>,
    /// Posting keys of the first of the broken pairs.
    pub broken: Vec<(String, String)>,
    /// What other thresholds would have given on the test part.
    #[serde(default)]
    pub curves: ThresholdCurves,
    /// When it was trained, milliseconds since 1970 UTC; 0 where it was not written down.
    #[serde(default)]
    pub at_millis: i64,
    /// Seconds it took, embedding included.
    #[serde(default)]
    pub secs: f64,
}

impl TrainedReceipt {
    /// Reads a receipt.
    ///
    /// # Errors
    /// [`JobError::Refused`] when the text is none; `id` names it.
    pub fn from_ron(id: &str, text: &str) -> Result<Self, JobError> {
        ron::from_str(text).map_err(|error| {
            JobError::Refused(format!(
                "the receipt of the trained model `{id}` cannot be read: {error}. Train it again"
            ))
        })
    }
}

/// Trains and saves a head. Cancelled after its first epoch it saves the best so far, and the same call goes on from there.
///
/// # Errors
/// [`JobError::Refused`] when there is nothing to learn from or to measure on, or the loss is no number (the former model stays);
/// [`JobError::Cancelled`] before the first epoch's end; when embedding fails or the project cannot be written.
pub fn train_head(
    bench: &Workbench,
    plan: &TrainPlan<'_>,
    context: &Context<'_>,
) -> Result<TrainedReceipt, JobError> {
    let start = Instant::now();
    let recipe = plan.recipe;
    let seed = recipe.training.seed;
    let mut prepared = Prepared::new(bench, plan, context)?;
    let parts = prepared.parts(seed);
    let data = prepared.data(&parts, recipe, bench, context)?;
    let device = open_device(bench.encoders.device()).map_err(TrainError::from)?;
    let name = run_name(plan, &prepared, &parts)?;
    let started = plan.models.unfinished(&name)?;
    let checkpoint = match started {
        Some((path, bytes)) => Some(Checkpoint::from_bytes(&path, bytes)?),
        None => None,
    };
    let sampled = prepared.labels.sampled(&parts, seed, prepared.shares);
    let sample = TrainingData { parts: &sampled, neighbors: None, ..data.clone() };
    let mut watch = Watch::new(context, recipe);
    // A network's rows change as it learns: what its head is on the sample is not known in between.
    if recipe.backbone.is_none() {
        watch = watch.with_sample(&sample, &device);
    }
    let (outcome, network) =
        train_parts(bench, recipe, &prepared, &data, checkpoint.as_ref(), &device, &mut watch)?;
    drop(watch);
    let tuned = network.as_ref().map(|network| data.with_first(&network.side.matrix));
    match outcome.ended {
        Ended::Diverged { step } => {
            plan.models.remove_unfinished(&name);
            return Err(JobError::Refused(format!(
                "the loss grew beyond all numbers at step {step}. Set a smaller learning_rate; nothing was saved, the former model stays"
            )));
        }
        Ended::Stopped => {
            plan.models.save_unfinished(&name, &outcome.checkpoint.to_bytes()?)?;
            if !outcome.has_finished_epoch() {
                return Err(JobError::Cancelled);
            }
        }
        Ended::Finished | Ended::EarlyStopped => plan.models.remove_unfinished(&name),
    }
    let meter = Meter::new(context.reporter, "Judging on the test part", 0, 0);
    let facts = DataFacts {
        catalog: bench.catalog.name().to_owned(),
        encoders: prepared.encoders().map(str::to_owned).collect(),
        log_position: plan.review.entries().len() as u64,
    };
    let rows = prepared.mixture_rows();
    let matching = prepared.matching(recipe, &rows);
    let after = tuned.as_ref().unwrap_or(&data);
    let split = (seed, prepared.shares);
    let judged = context
        .aside(|| judge([&data, after], &recipe.training, &outcome, facts, split, matching, &device))?;
    let changes = changed_pairs(&data, &judged);
    let (result, curves) = (judged.receipt, judged.curves);
    let cohort = match (&matching.mixture, &result.mixture_after) {
        (Some(mixture), Some(_)) => mixture.cohort(&data).0,
        _ => Vec::new(),
    };
    let cohort: Vec<(String, u32)> = cohort
        .into_iter()
        .map(|member| (bench.catalog.key(PostingIdx(member.row)).to_owned(), member.group))
        .collect();
    meter.finish();
    let questions = questions::on_test([&data, after], recipe, &outcome.head, &device)?;
    let refitted = questions::refit_from_all(&data, recipe, &outcome, &device, context)?;
    let head = refitted.as_ref().unwrap_or(&outcome.head).to_safetensors()?;
    let keys = |pairs: &[(u32, u32)]| -> Vec<(String, String)> {
        let key = |row: u32| bench.catalog.key(PostingIdx(row)).to_owned();
        pairs.iter().take(MOST_PAIRS).map(|&(a, b)| (key(a), key(b))).collect()
    };
    let mut notes = std::mem::take(&mut prepared.features.notes);
    notes.append(&mut prepared.labels.notes);
    if outcome.best.epoch == 0 && recipe.training.max_epochs > 0 {
        notes.push(
            "no round was better on the validation part than the untrained head, which is what was kept"
                .to_owned(),
        );
    }
    if refitted.is_some() {
        notes.push(
            "the head that is kept has learned from the validation and test part too; the numbers are those of the one before it"
                .to_owned(),
        );
    }
    let receipt = TrainedReceipt {
        recipe: recipe.clone(),
        labels: plan.labels,
        head_digest: blake3::hash(&head).to_hex().to_string(),
        image_encoder: prepared.features.image.as_ref().map(|it| it.encoder.clone()),
        more_image_encoders: prepared.features.more_images.iter().map(|it| it.encoder.clone()).collect(),
        text_encoder: prepared.features.text.as_ref().map(|it| it.encoder.clone()),
        questions,
        is_refit: refitted.is_some(),
        beside_encoder: prepared.beside.map(|it| it.encoder),
        companions: prepared.companions.into_iter().map(|it| it.encoder).collect(),
        cohort,
        network: network.as_ref().map(|network| network.facts.clone()),
        notes,
        is_stopped_early: outcome.ended == Ended::Stopped,
        n_fixed: changes.fixed.len(),
        n_broken: changes.broken.len(),
        fixed: keys(&changes.fixed),
        broken: keys(&changes.broken),
        result,
        curves,
        at_millis: jiff::Timestamp::now().as_millisecond(),
        secs: start.elapsed().as_secs_f64(),
    };
    let text = ron::ser::to_string_pretty(&receipt, ron::ser::PrettyConfig::default())
        .map_err(|error| JobError::Refused(format!("the receipt cannot be written: {error}")))?;
    let backbone = network.as_ref().map(|network| network.bytes.as_slice());
    plan.models.save_with(&recipe.id, &head, backbone, &text)?;
    Ok(receipt)
}

/// Trains the head, and the network before it where the recipe says so.
fn train_parts(
    bench: &Workbench,
    recipe: &NamedRecipe,
    prepared: &Prepared,
    data: &TrainingData<'_>,
    checkpoint: Option<&Checkpoint>,
    device: &Device,
    watch: &mut Watch<'_, '_>,
) -> Result<(TrainingOutcome, Option<TunedNetwork>), JobError> {
    let Some(backbone) = &recipe.backbone else {
        return Ok((train(data, &recipe.training, checkpoint, device, watch)?, None));
    };
    let context = watch.context();
    let plan = NetworkPlan { bench, recipe, backbone, features: &prepared.features };
    let (outcome, network) = train_network(&plan, data, checkpoint, device, watch, context)?;
    Ok((outcome, network))
}

/// Refuses what a run that was not to be stopped must not end in.
fn finished(ended: Ended) -> Result<(), JobError> {
    match ended {
        Ended::Diverged { step } => Err(JobError::Refused(format!(
            "the loss grew beyond all numbers at step {step}. Set a smaller learning_rate"
        ))),
        Ended::Stopped => Err(JobError::Cancelled),
        Ended::Finished | Ended::EarlyStopped => Ok(()),
    }
}

/// Names a run by all that decides it, so that a stopped one goes on only with the same recipe, labels and embeddings.
fn run_name(plan: &TrainPlan<'_>, prepared: &Prepared, parts: &[Part]) -> Result<String, JobError> {
    let (labels, features) = (&prepared.labels.labels, &prepared.features);
    let recipe = ron::to_string(plan.recipe)
        .map_err(|error| JobError::Refused(format!("the recipe cannot be written down: {error}")))?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(recipe.as_bytes());
    hasher.update(format!("{:?}{:?}{parts:?}", labels.unreviewed(), labels.rejected_rows()).as_bytes());
    for group in labels.groups() {
        hasher.update(&group.map_or(0, |group| u64::from(group) + 1).to_le_bytes());
    }
    for side in features.sides() {
        hasher.update(side.name.as_bytes());
    }
    let digest = hasher.finalize().to_hex();
    Ok(format!("{}-{}", plan.recipe.id, digest.get(..16).unwrap_or(&digest)))
}

/// A shared neighbour list.
type SharedNeighbors = Arc<crate::index::Neighbors>;

impl From<TrainError> for JobError {
    fn from(error: TrainError) -> Self {
        Self::Refused(error.to_string())
    }
}
