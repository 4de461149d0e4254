//! Trains a recipe once for every combination of some of its parameters, and tells for each how well pairs and postings of the test
//! part are told apart. Saves nothing and leaves trained models as they are.

use serde::Serialize;

use super::super::{Context, JobError, Workbench};
use super::group_map::{HeadMap, map_test_groups};
use super::prepared::Prepared;
use super::{LabelSource, TrainPlan, Watch};
use crate::nn::open_device;
use crate::project::TrainedModels;
use crate::review::ReviewState;
use crate::train::{
    Ended, NamedRecipe, PairReport, Part, System, TrainError, on_test, pair_report, train, with_parameter,
};

/// The parameter that is none of the recipe's: what postings are known by.
const MODALITY: &str = "modality";
/// Other names of parameters, as published.
const ALIASES: &[(&str, &str)] =
    &[("num_neg", "per_positive"), ("negatives", "per_positive"), ("epochs", "max_epochs")];

/// Parameters and the values of each.
#[derive(Clone, Copy, Debug)]
pub struct SweepPlan<'a> {
    /// The recipe; its training's seed decides the split too.
    pub recipe: &'a NamedRecipe,
    /// The first changes slowest.
    pub parameters: &'a [(String, Vec<String>)],
    /// Where labels come from.
    pub labels: LabelSource,
    /// Decisions.
    pub review: &'a ReviewState,
    /// Where models are kept, to read no unfinished one.
    pub models: &'a TrainedModels,
    /// Whether each combination's groups are drawn.
    pub drawing: SweepDrawing,
}

/// Whether a sweep draws what each head makes of the largest groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SweepDrawing {
    /// Numbers alone.
    #[default]
    Nothing,
    /// The ten largest groups of the test part, by t-SNE.
    Groups,
}

/// One combination.
#[derive(Clone, Debug, Serialize)]
pub struct SweepRow {
    /// Parameter and value, in the order they were asked for.
    pub values: Vec<(String, String)>,
    /// Encoders that were read.
    pub encoders: Vec<String>,
    /// Epochs that were run, and the one that was kept.
    pub epochs: usize,
    /// See above.
    pub best_epoch: usize,
    /// Mean loss of the last epoch over the training part.
    pub training_loss: Option<f64>,
    /// Pairs of the test part, at the loss's own threshold.
    pub pairs: PairReport,
    /// Mean per-row F1 on the test part by the recipe's matcher, its threshold from the validation part.
    pub mean_f1: f64,
    /// Mean per-row precision.
    pub precision: f64,
    /// Mean per-row recall.
    pub recall: f64,
    /// The threshold that was chosen.
    pub threshold: f32,
    /// The largest groups of the test part, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<HeadMap>,
    /// What is not as the recipe wants it, or why there are no numbers.
    pub notes: Vec<String>,
}

/// Every combination of the parameters' values.
///
/// # Errors
/// When a parameter or a value is not one of the recipe's, or a training cannot be begun. A loss that grows beyond all numbers is a
/// note of its row.
pub fn sweep(
    bench: &Workbench,
    plan: &SweepPlan<'_>,
    context: &Context<'_>,
) -> Result<Vec<SweepRow>, JobError> {
    let mut combinations: Vec<Vec<(String, String)>> = vec![Vec::new()];
    for (name, values) in plan.parameters {
        let with = |before: &Vec<(String, String)>, value: &String| {
            before.iter().cloned().chain([(name.clone(), value.clone())]).collect()
        };
        combinations = combinations
            .iter()
            .flat_map(|before| values.iter().map(move |value| with(before, value)))
            .collect();
    }
    // All are looked at before the first is trained: a misspelled value should not be found after an hour.
    let recipes: Vec<NamedRecipe> =
        combinations.iter().map(|values| set(plan.recipe, values)).collect::<Result<_, _>>()?;
    let mut rows = Vec::with_capacity(recipes.len());
    for (recipe, values) in recipes.iter().zip(combinations) {
        context.turn()?;
        rows.push(one(bench, plan, recipe, values, context)?);
    }
    Ok(rows)
}

/// The recipe with these values.
fn set(recipe: &NamedRecipe, values: &[(String, String)]) -> Result<NamedRecipe, JobError> {
    let mut recipe = recipe.clone();
    for (name, value) in values {
        if name == MODALITY {
            match value.as_str() {
                "image" => recipe.text_encoders.clear(),
                "text" => recipe.image_encoders.clear(),
                "both" => {}
                _ => {
                    return Err(JobError::Refused(format!(
                        "there is no modality `{value}`. Choose image, text or both"
                    )));
                }
            }
            recipe.check()?;
        } else {
            let name =
                ALIASES.iter().find(|(alias, _)| alias == name).map_or(name.as_str(), |(_, name)| name);
            recipe = with_parameter(&recipe, name, value)?;
        }
    }
    Ok(recipe)
}

fn one(
    bench: &Workbench,
    plan: &SweepPlan<'_>,
    recipe: &NamedRecipe,
    values: Vec<(String, String)>,
    context: &Context<'_>,
) -> Result<SweepRow, JobError> {
    let of_labels = TrainPlan { recipe, labels: plan.labels, review: plan.review, models: plan.models };
    let prepared = Prepared::new(bench, &of_labels, context)?;
    let parts = prepared.parts(recipe.training.seed);
    let data = prepared.data(&parts, recipe, bench, context)?;
    let device = open_device(bench.encoders.device()).map_err(TrainError::from)?;
    let mut watch = Watch::new(context, recipe);
    let outcome = train(&data, &recipe.training, None, &device, &mut watch)?;
    drop(watch);
    let mut notes = prepared.features.notes.clone();
    notes.extend(prepared.labels.notes.iter().cloned());
    match outcome.ended {
        Ended::Diverged { step } => notes.push(format!(
            "the loss grew beyond all numbers at step {step}; the scores are those of the best epoch before"
        )),
        Ended::Stopped => return Err(JobError::Cancelled),
        Ended::Finished | Ended::EarlyStopped => {}
    }
    let rows = prepared.mixture_rows();
    let judged = on_test(System::Head(&outcome.head), &data, prepared.matching(recipe, &rows), &device)?;
    let scores = judged.evaluation.scores;
    let map = match plan.drawing {
        SweepDrawing::Nothing => None,
        SweepDrawing::Groups => {
            Some(map_test_groups(&outcome.head, &data, recipe.training.seed, &device, context)?)
        }
    };
    Ok(SweepRow {
        values,
        encoders: prepared.encoders().map(str::to_owned).collect(),
        epochs: outcome.history.last().map_or(0, |record| record.epoch),
        best_epoch: outcome.best.epoch,
        training_loss: outcome.history.last().and_then(|record| record.loss),
        pairs: pair_report(&outcome.head, &data, Part::Test, &recipe.training, &device)?,
        mean_f1: scores.mean_f1,
        precision: scores.precision,
        recall: scores.recall,
        threshold: judged.matcher.threshold,
        map,
        notes,
    })
}
