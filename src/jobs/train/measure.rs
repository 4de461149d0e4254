//! What a recipe is worth on a catalogue whose groups are known, over several splits: the best frozen fusion of its encoders and
//! the trained recipe, everything open chosen on the validation part, the test part read once a seed. Saves nothing and leaves
//! trained models as they are.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Serialize;

use super::super::{Context, JobError, Meter, Workbench};
use super::prepared::Prepared;
use super::{LabelSource, TrainPlan, Watch, finished, train_parts};
use crate::catalog::PostingIdx;
use crate::matching::MatcherRecipe;
use crate::nn::open_device;
use crate::project::TrainedModels;
use crate::review::ReviewState;
use crate::train::mixture::{FittedMixture, MixtureRecipe};
use crate::train::{
    Interval, MatcherPlan, NamedRecipe, OnTest, System, TrainError, TrainingData, bootstrap_by_group, on_test,
};

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct MeasurePlan<'a> {
    /// The recipe.
    pub recipe: &'a NamedRecipe,
    /// Each is a split and a start.
    pub seeds: &'a [u64],
    /// Column of the catalogue whose values are reported apart, where it has it.
    pub by_column: Option<&'a str>,
}

/// A recipe over all seeds.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// The recipe's id.
    pub recipe: String,
    /// Id of its matcher.
    pub matcher: String,
    /// Encoders that were read, those of the head first.
    pub encoders: Vec<String>,
    /// What is not as the recipe wants it.
    pub notes: Vec<String>,
    /// One a seed.
    pub seeds: Vec<SeedMeasurement>,
    /// Means over the seeds.
    pub mean: Measurement,
    /// Seconds all seeds took, embedding left out.
    pub secs: f64,
}

/// One split.
#[derive(Clone, Debug, Serialize)]
pub struct SeedMeasurement {
    /// Of the split and the start.
    pub seed: u64,
    /// Rows of the test part.
    pub n_rows: usize,
    /// Groups of the test part.
    pub n_groups: usize,
    /// The scores.
    pub scores: Measurement,
    /// Gain over the frozen fusion with the recipe's own matcher, 95 % interval by group.
    pub gain_interval: Interval,
}

/// Scores on test groups. Both frozen ones have their weights and threshold from the validation part, as the trained ones.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Measurement {
    /// The best frozen fusion of the recipe's encoders, cut at a threshold.
    pub frozen: Scored,
    /// The same with the recipe's matcher; equal where that is the plain threshold.
    pub frozen_matched: Scored,
    /// The trained recipe cut at a threshold.
    pub trained: Scored,
    /// The trained recipe with its matcher: the recipe as it is used.
    pub trained_matched: Scored,
}

/// One system on test groups.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Scored {
    /// Mean per-row F1.
    pub mean_f1: f64,
    /// The best mean per-row F1 on the validation part, by which everything was chosen.
    pub validation_f1: f64,
    /// Mean F1 of the rows of each value of the column asked for.
    pub by_column: BTreeMap<String, f64>,
    /// Rows of each value.
    pub column_rows: BTreeMap<String, f64>,
    /// Share of each encoder, where several are mixed; means over seeds.
    pub weights: Vec<f64>,
}

/// Measures. Labels are the catalogue's, all of them.
///
/// # Errors
/// As training: when there are no groups, a part of a split is empty, or the loss is no number.
pub fn measure(
    bench: &Workbench,
    plan: &MeasurePlan<'_>,
    models: &TrainedModels,
    context: &Context<'_>,
) -> Result<Measured, JobError> {
    let review = ReviewState::default();
    let recipe = plan.recipe;
    let of_labels = TrainPlan { recipe, labels: LabelSource::Catalogue, review: &review, models };
    let prepared = Prepared::new(bench, &of_labels, context)?;
    let start = Instant::now();
    let columns = bench.catalog.columns();
    let column = plan.by_column.and_then(|name| columns.iter().position(|column| column == name));
    let mut seeds = Vec::new();
    for &seed in plan.seeds {
        seeds.push(one_seed(bench, recipe, &prepared, seed, column, context)?);
    }
    let mean = mean_of(&seeds);
    let mut notes = prepared.features.notes.clone();
    notes.extend(prepared.labels.notes.iter().cloned());
    Ok(Measured {
        recipe: recipe.id.clone(),
        matcher: recipe.matcher.id.clone(),
        encoders: prepared.encoders().map(str::to_owned).collect(),
        notes,
        seeds,
        mean,
        secs: start.elapsed().as_secs_f64(),
    })
}

fn one_seed(
    bench: &Workbench,
    recipe: &NamedRecipe,
    prepared: &Prepared,
    seed: u64,
    column: Option<usize>,
    context: &Context<'_>,
) -> Result<SeedMeasurement, JobError> {
    let parts = prepared.parts(seed);
    let data = prepared.data(&parts, recipe, bench, context)?;
    let device = open_device(bench.encoders.device()).map_err(TrainError::from)?;
    let training = crate::train::TrainingRecipe { seed, ..recipe.training.clone() };
    let mut watch = Watch::new(context, recipe);
    let seeded = NamedRecipe { training, ..recipe.clone() };
    let (outcome, network) = train_parts(bench, &seeded, prepared, &data, None, &device, &mut watch)?;
    drop(watch);
    let tuned = network.as_ref().map(|network| data.with_first(&network.side.matrix));
    finished(outcome.ended)?;
    let meter = Meter::new(context.reporter, format!("Judging (seed {seed})"), 0, 0);
    let rows = prepared.mixture_rows();
    // The frozen side mixes all encoders of the recipe, whether or not the trained side does.
    let all_frozen = MixtureRecipe::default();
    let frozen_mixture = rows.plan(recipe.mixture.as_ref().unwrap_or(&all_frozen));
    let threshold = MatcherRecipe::default();
    let trained_plan = prepared.matching(recipe, &rows);
    let head = System::Head(&outcome.head);
    let judge = |system: System<'_>, matcher: &MatcherRecipe| -> Result<OnTest, JobError> {
        context.turn()?;
        let plan = match system {
            System::Head(_) => MatcherPlan { recipe: matcher, ..trained_plan },
            System::FrozenMixture => {
                MatcherPlan { recipe: matcher, beside: None, mixture: Some(frozen_mixture) }
            }
        };
        let read = match system {
            System::Head(_) => tuned.as_ref().unwrap_or(&data),
            System::FrozenMixture => &data,
        };
        Ok(on_test(system, read, plan, &device)?)
    };
    let own_matcher = &recipe.matcher;
    let is_plain = recipe.matcher.id == threshold.id && recipe.matcher.values.is_empty();
    let frozen = judge(System::FrozenMixture, &threshold)?;
    let trained = judge(head, &threshold)?;
    // A matcher that compares frozen rows beside the head reads rows that a mixture's lists have not.
    let frozen_matched = match is_plain || !recipe.matcher.beside.is_empty() {
        true => frozen.clone(),
        false => judge(System::FrozenMixture, own_matcher)?,
    };
    let trained_matched = if is_plain { trained.clone() } else { judge(head, own_matcher)? };
    meter.finish();
    let gains: Vec<(u32, f64)> = frozen_matched
        .evaluation
        .rows
        .iter()
        .zip(&trained_matched.evaluation.rows)
        .map(|((group, before), (_, after))| (*group, after - before))
        .collect();
    let scored = |of: &OnTest| scored(bench, &data, of, column);
    let n_groups = data.labels.members(&trained.rows).len();
    Ok(SeedMeasurement {
        seed,
        n_rows: trained.rows.len(),
        n_groups,
        gain_interval: bootstrap_by_group(&gains, seed),
        scores: Measurement {
            frozen: scored(&frozen),
            frozen_matched: scored(&frozen_matched),
            trained: scored(&trained),
            trained_matched: scored(&trained_matched),
        },
    })
}

fn scored(bench: &Workbench, data: &TrainingData<'_>, of: &OnTest, column: Option<usize>) -> Scored {
    let labelled = of.rows.iter().filter(|row| data.labels.group(**row).is_some());
    let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    if let Some(column) = column {
        for (row, (_, f1)) in labelled.zip(&of.evaluation.rows) {
            let value = bench.catalog.cell(PostingIdx(*row), column).to_owned();
            let sum = sums.entry(value).or_default();
            *sum = (sum.0 + f1, sum.1 + 1.0);
        }
    }
    let weights = of.mixture.as_ref().map_or(&[][..], |FittedMixture { weights, .. }| weights);
    Scored {
        mean_f1: of.evaluation.scores.mean_f1,
        validation_f1: of.validation_f1,
        by_column: sums.iter().map(|(value, (sum, n))| (value.clone(), sum / n)).collect(),
        column_rows: sums.into_iter().map(|(value, (_, n))| (value, n)).collect(),
        weights: weights.iter().map(|weight| f64::from(*weight)).collect(),
    }
}

/// Means over the seeds; values of the column that a seed lacks count where they are.
fn mean_of(seeds: &[SeedMeasurement]) -> Measurement {
    let of = |pick: fn(&Measurement) -> &Scored| -> Scored {
        let all: Vec<&Scored> = seeds.iter().map(|seed| pick(&seed.scores)).collect();
        let n = all.len().max(1) as f64;
        let mean = |number: fn(&Scored) -> f64| all.iter().map(|scored| number(scored)).sum::<f64>() / n;
        let by = |pick: fn(&Scored) -> &BTreeMap<String, f64>| {
            let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
            for (value, number) in all.iter().flat_map(|scored| pick(scored)) {
                let sum = sums.entry(value.clone()).or_default();
                *sum = (sum.0 + number, sum.1 + 1.0);
            }
            sums.into_iter().map(|(value, (sum, n))| (value, sum / n)).collect()
        };
        let n_weights = all.iter().map(|scored| scored.weights.len()).max().unwrap_or(0);
        let weight = |at: usize| all.iter().filter_map(|it| it.weights.get(at)).sum::<f64>() / n;
        Scored {
            mean_f1: mean(|it| it.mean_f1),
            validation_f1: mean(|it| it.validation_f1),
            by_column: by(|it| &it.by_column),
            column_rows: by(|it| &it.column_rows),
            weights: (0..n_weights).map(weight).collect(),
        }
    };
    Measurement {
        frozen: of(|it| &it.frozen),
        frozen_matched: of(|it| &it.frozen_matched),
        trained: of(|it| &it.trained),
        trained_matched: of(|it| &it.trained_matched),
    }
}
