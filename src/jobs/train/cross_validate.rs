//! Cross-validation on questions with one right answer among many: every group is held out once, foils are drawn from the held-out
//! fold's own answers, and everything open (the epoch, shares of a mixture, which of several recipes) is chosen on groups held back
//! from the rest. Several seeds are several partitions, starts and draws. Saves nothing.

use std::collections::BTreeMap;
use std::time::Instant;

use candle_core::Device;
use serde::Serialize;

use super::super::{Context, JobError, Meter, Workbench};
use super::prepared::Prepared;
use super::{LabelSource, TrainPlan, Watch, finished, train_parts};
use crate::nn::open_device;
use crate::project::TrainedModels;
use crate::review::ReviewState;
use crate::train::heads::Head;
use crate::train::{
    Interval, NamedRecipe, Part, Questions, Refit, TrainError, TrainingData, TrainingRecipe,
    bootstrap_by_group, folds_by_group, frozen_head, head_pair_scores, parts_of_fold, refit,
    tower_embeddings, weighed,
};

/// Places whose share is reported and by which recipes are chosen.
const PLACES: usize = 2;

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct CrossValidationPlan<'a> {
    /// The recipes; of several, one is also chosen in every fold by its inner split.
    pub recipes: &'a [NamedRecipe],
    /// Each is a partition, a start and a draw of foils.
    pub seeds: &'a [u64],
    /// Folds, at least 2.
    pub n_folds: usize,
    /// Candidates a question, the right one counted.
    pub n_candidates: usize,
}

/// A mean over seeds and how far they lie apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct MeanAndSpread {
    /// Over the seeds.
    pub mean: f64,
    /// Standard deviation of the seeds (n - 1); 0 for one seed.
    pub deviation: f64,
    /// The lowest and the highest.
    pub range: [f64; 2],
}

/// One fold of one seed.
#[derive(Clone, Debug, Serialize)]
pub struct FoldRow {
    /// The seed.
    pub seed: u64,
    /// From 0.
    pub fold: usize,
    /// Groups learned from, held back to choose by, and held out.
    pub n_groups: [usize; 3],
    /// Questions of the fold.
    pub n_questions: usize,
    /// The recipe (of the row that chooses, the one it chose).
    pub recipe: String,
    /// The epoch that was best on the inner split.
    pub epoch: usize,
    /// Shares of the head's projections and the companions; empty where nothing is mixed.
    pub weights: Vec<f32>,
    /// Right answers among the first two on the inner split, which chose.
    pub inner_top_2: f64,
    /// Right answers at the first place, in the fold.
    pub top_1: f64,
    /// Among the first two.
    pub top_2: f64,
}

/// One partition.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct SeedRow {
    /// The seed.
    pub seed: u64,
    /// Over all questions.
    pub top_1: f64,
    /// Among the first two.
    pub top_2: f64,
    /// Among the first five.
    pub top_5: f64,
    /// Mean of 1 / rank.
    pub mean_reciprocal_rank: f64,
    /// Among the first two if foils were drawn again and again: the same without the luck of the draw.
    pub expected_top_2: f64,
}

/// One recipe over all seeds.
#[derive(Clone, Debug, Serialize)]
pub struct Folded {
    /// The recipe, `frozen RECIPE` for its encoders as they are, or `chosen` for the one chosen in each fold.
    pub name: String,
    /// One a seed.
    pub seeds: Vec<SeedRow>,
    /// One a seed and fold.
    pub folds: Vec<FoldRow>,
    /// Right answers at the first place.
    pub top_1: MeanAndSpread,
    /// Among the first two.
    pub top_2: MeanAndSpread,
    /// Among the first five.
    pub top_5: MeanAndSpread,
    /// Mean of 1 / rank.
    pub mean_reciprocal_rank: MeanAndSpread,
    /// As in [`SeedRow`].
    pub expected_top_2: MeanAndSpread,
    /// 95 % interval of top-2, questions drawn, all seeds of a question together.
    pub interval: Interval,
    /// Of the gain over the frozen encoders of the first recipe, likewise.
    pub gain_interval: Interval,
}

/// What cross-validation found.
#[derive(Clone, Debug, Serialize)]
pub struct CrossValidated {
    /// Folds.
    pub n_folds: usize,
    /// Candidates a question.
    pub n_candidates: usize,
    /// Questions of one seed.
    pub n_questions: usize,
    /// Encoders read, by recipe.
    pub encoders: BTreeMap<String, Vec<String>>,
    /// What is not as the recipes want it.
    pub notes: Vec<String>,
    /// Frozen encoders, the recipes, and the choice among several.
    pub rows: Vec<Folded>,
    /// Seconds all took, embedding left out.
    pub secs: f64,
}

/// Ranks of one system in one fold.
struct Answers {
    row: FoldRow,
    /// The query and the rank of its right answer.
    ranks: Vec<(u32, usize)>,
    expected_top_2: f64,
}

/// Measures. Labels are the catalogue's, all of them.
///
/// # Errors
/// [`JobError::Refused`] when a number of the plan makes no sense, the catalogue has too few groups, or a loss is no number; when
/// embedding fails.
pub fn cross_validate(
    bench: &Workbench,
    plan: &CrossValidationPlan<'_>,
    models: &TrainedModels,
    context: &Context<'_>,
) -> Result<CrossValidated, JobError> {
    check(plan)?;
    let review = ReviewState::default();
    let mut prepared = Vec::new();
    for recipe in plan.recipes {
        let of_labels = TrainPlan { recipe, labels: LabelSource::Catalogue, review: &review, models };
        prepared.push(Prepared::new(bench, &of_labels, context)?);
    }
    let start = Instant::now();
    let device = open_device(bench.encoders.device()).map_err(TrainError::from)?;
    let mut systems: Vec<(String, Vec<Answers>)> = Vec::new();
    for recipe in plan.recipes {
        systems.push((format!("frozen {}", recipe.id), Vec::new()));
    }
    systems.extend(plan.recipes.iter().map(|recipe| (recipe.id.clone(), Vec::new())));
    let mut chosen: Vec<Answers> = Vec::new();
    let total = (plan.seeds.len() * plan.n_folds * plan.recipes.len()) as u64;
    let mut meter = Meter::new(context.reporter, "Holding out folds", 0, total);
    for &seed in plan.seeds {
        for fold in 0..plan.n_folds {
            let mut trained: Vec<Answers> = Vec::new();
            for (at, (recipe, prepared)) in plan.recipes.iter().zip(&prepared).enumerate() {
                context.turn()?;
                let held = HeldOut { bench, plan, prepared, recipe, seed, fold, device: &device, context };
                let [frozen, after] = held.answers()?;
                if let Some((_, all)) = systems.get_mut(at) {
                    all.push(frozen);
                }
                trained.push(after);
                meter.advance(1);
            }
            let best = trained.iter().enumerate().max_by(|(a_at, a), (b_at, b)| {
                // Of equal ones the first.
                a.row.inner_top_2.total_cmp(&b.row.inner_top_2).then(b_at.cmp(a_at))
            });
            chosen.extend(best.map(|(_, best)| best.clone_answers()));
            for (at, after) in trained.into_iter().enumerate() {
                if let Some((_, all)) = systems.get_mut(plan.recipes.len() + at) {
                    all.push(after);
                }
            }
        }
    }
    meter.finish();
    if plan.recipes.len() > 1 {
        systems.push(("chosen".to_owned(), chosen));
    }
    let baseline = hits(systems.first().map_or(&[][..], |(_, answers)| answers));
    let rows: Vec<Folded> =
        systems.iter().map(|(name, answers)| folded(name, answers, plan.seeds, &baseline)).collect();
    let encoders = plan.recipes.iter().zip(&prepared);
    Ok(CrossValidated {
        n_folds: plan.n_folds,
        n_candidates: plan.n_candidates,
        n_questions: baseline.len() / plan.seeds.len().max(1),
        encoders: encoders
            .map(|(recipe, it)| (recipe.id.clone(), it.encoders().map(str::to_owned).collect()))
            .collect(),
        notes: prepared
            .iter()
            .flat_map(|it| it.features.notes.iter().chain(&it.labels.notes).cloned())
            .collect(),
        rows,
        secs: start.elapsed().as_secs_f64(),
    })
}

fn check(plan: &CrossValidationPlan<'_>) -> Result<(), JobError> {
    let refuse = |reason: &str| Err(JobError::Refused(reason.to_owned()));
    if plan.n_folds < 2 {
        return refuse("cross-validation needs at least 2 folds");
    }
    if plan.n_candidates <= PLACES {
        return refuse("a question needs at least 3 candidates");
    }
    if plan.seeds.is_empty() || plan.recipes.is_empty() {
        return refuse("cross-validation needs a recipe and a seed");
    }
    Ok(())
}

/// One recipe with one fold held out.
struct HeldOut<'a> {
    bench: &'a Workbench,
    plan: &'a CrossValidationPlan<'a>,
    prepared: &'a Prepared,
    recipe: &'a NamedRecipe,
    seed: u64,
    fold: usize,
    device: &'a Device,
    context: &'a Context<'a>,
}

impl HeldOut<'_> {
    /// The frozen encoders and the trained recipe on the fold.
    fn answers(&self) -> Result<[Answers; 2], JobError> {
        let Self { bench, prepared, seed, fold, device, context, .. } = *self;
        let names = prepared.labels.names();
        let folds = folds_by_group(seed, &names, self.plan.n_folds);
        let parts = parts_of_fold(seed, &names, &folds, fold);
        let data = prepared.data(&parts, self.recipe, bench, context)?;
        let training = TrainingRecipe {
            seed: seed.wrapping_mul(1000).wrapping_add(fold as u64),
            ..self.recipe.training.clone()
        };
        let recipe = NamedRecipe { training, ..self.recipe.clone() };
        let mut watch = Watch::new(context, &recipe);
        let (outcome, network) = train_parts(bench, &recipe, prepared, &data, None, device, &mut watch)?;
        finished(outcome.ended)?;
        let tuned = network.as_ref().map(|network| data.with_first(&network.side.matrix));
        let read = tuned.as_ref().unwrap_or(&data);
        let inner = Questions::of(read, Part::Validation);
        let asked = Questions::of(read, Part::Test);
        if asked.queries.is_empty() || inner.queries.is_empty() {
            return Err(JobError::Refused(
                "a fold has no question: too few pairs have a picture that can be read. Choose fewer folds"
                    .to_owned(),
            ));
        }
        let weights = match &recipe.mixture {
            Some(_) => {
                let parts = self.similarities(&outcome.head, read, &inner)?;
                context.aside(|| inner.fit_weights(&parts, PLACES, self.plan.n_candidates))
            }
            None => Vec::new(),
        };
        let chosen_by = self.scores(&outcome.head, read, &inner, &weights)?;
        let inner_top_2 = inner.expected_top_k(&chosen_by, PLACES, self.plan.n_candidates);
        let again = match recipe.training.refit {
            Refit::WithHeldOut if network.is_none() => {
                self.refit(&data, &recipe, outcome.best.epoch, &mut watch)?
            }
            _ => None,
        };
        drop(watch);
        let head = again.as_ref().unwrap_or(&outcome.head);
        let frozen = frozen_head(&data, device)?;
        let row = |recipe: &str, epoch: usize, weights: &[f32], inner_top_2: f64| FoldRow {
            seed,
            fold,
            n_groups: [Part::Train, Part::Validation, Part::Test]
                .map(|part| data.labels.members(&data.embedded_rows(part)).len()),
            n_questions: asked.queries.len(),
            recipe: recipe.to_owned(),
            epoch,
            weights: weights.to_vec(),
            inner_top_2,
            top_1: 0.0,
            top_2: 0.0,
        };
        let of_frozen = self.scores(&frozen, &data, &asked, &[])?;
        let frozen_inner = self.scores(&frozen, &data, &inner, &[])?;
        let frozen_inner = inner.expected_top_k(&frozen_inner, PLACES, self.plan.n_candidates);
        let trained = self.scores(head, read, &asked, &weights)?;
        Ok([
            self.ranked(&asked, &of_frozen, row("frozen", 0, &[], frozen_inner)),
            self.ranked(&asked, &trained, row(&recipe.id, outcome.best.epoch, &weights, inner_top_2)),
        ])
    }

    /// The head once more, from the inner split's rows too; what was chosen stays.
    fn refit(
        &self,
        data: &TrainingData<'_>,
        recipe: &NamedRecipe,
        n_epochs: usize,
        watch: &mut Watch<'_, '_>,
    ) -> Result<Option<Head>, JobError> {
        let held_back = |part: &Part| if *part == Part::Validation { Part::Train } else { *part };
        let parts: Vec<Part> = data.parts.iter().map(held_back).collect();
        let data = TrainingData { parts: &parts, ..data.clone() };
        Ok(refit(&data, &recipe.training, n_epochs, self.device, watch)?)
    }

    /// Similarities of the questions' pairs in each projection of the head and each companion.
    fn similarities(
        &self,
        head: &Head,
        data: &TrainingData<'_>,
        questions: &Questions,
    ) -> Result<Vec<Vec<f32>>, JobError> {
        let towers = self.context.aside(|| tower_embeddings(head, data, self.device))?;
        let companions = self.prepared.companions.iter().map(|companion| companion.embeddings.as_ref());
        Ok(towers.iter().chain(companions).map(|rows| questions.similarities(rows)).collect())
    }

    fn scores(
        &self,
        head: &Head,
        data: &TrainingData<'_>,
        questions: &Questions,
        weights: &[f32],
    ) -> Result<Vec<f32>, JobError> {
        if weights.is_empty() {
            let pairs: Vec<(u32, u32)> = questions.pairs().collect();
            return Ok(self.context.aside(|| head_pair_scores(head, data, &pairs, self.device))?);
        }
        Ok(weighed(&self.similarities(head, data, questions)?, weights))
    }

    fn ranked(&self, questions: &Questions, scores: &[f32], row: FoldRow) -> Answers {
        let n_candidates = self.plan.n_candidates;
        let foils = questions.draw_foils(n_candidates, self.seed);
        let ranks: Vec<(u32, usize)> =
            questions.queries.iter().copied().zip(questions.ranks(scores, &foils)).collect();
        let share = |k| share_within(&ranks, k);
        let (top_1, top_2) = (share(1), share(PLACES));
        let expected_top_2 = questions.expected_top_k(scores, PLACES, n_candidates);
        Answers { row: FoldRow { top_1, top_2, ..row }, ranks, expected_top_2 }
    }
}

impl Answers {
    fn clone_answers(&self) -> Self {
        Self { row: self.row.clone(), ranks: self.ranks.clone(), expected_top_2: self.expected_top_2 }
    }
}

fn share_within(ranks: &[(u32, usize)], k: usize) -> f64 {
    ranks.iter().filter(|(_, rank)| *rank <= k).count() as f64 / ranks.len().max(1) as f64
}

/// The query of every question of every seed, and whether its right answer was among the first two.
fn hits(answers: &[Answers]) -> Vec<(u32, f64)> {
    let ranks = answers.iter().flat_map(|answers| &answers.ranks);
    ranks.map(|(query, rank)| (*query, f64::from(u8::from(*rank <= PLACES)))).collect()
}

fn folded(name: &str, answers: &[Answers], seeds: &[u64], baseline: &[(u32, f64)]) -> Folded {
    let of_seed = |seed: &u64| {
        let folds = || answers.iter().filter(|answers| answers.row.seed == *seed);
        let ranks: Vec<(u32, usize)> = folds().flat_map(|answers| answers.ranks.iter().copied()).collect();
        let n = ranks.len().max(1) as f64;
        SeedRow {
            seed: *seed,
            top_1: share_within(&ranks, 1),
            top_2: share_within(&ranks, 2),
            top_5: share_within(&ranks, 5),
            mean_reciprocal_rank: ranks.iter().map(|(_, rank)| 1.0 / *rank as f64).sum::<f64>() / n,
            expected_top_2: folds().map(|it| it.expected_top_2 * it.ranks.len() as f64).sum::<f64>() / n,
        }
    };
    let seeds: Vec<SeedRow> = seeds.iter().map(of_seed).collect();
    let mean = |of: fn(&SeedRow) -> f64| mean_and_spread(&seeds.iter().map(of).collect::<Vec<_>>());
    let own = hits(answers);
    // The frozen system was asked the same questions in the same order.
    let gains: Vec<(u32, f64)> =
        own.iter().zip(baseline).map(|((query, after), (_, before))| (*query, after - before)).collect();
    Folded {
        name: name.to_owned(),
        top_1: mean(|row| row.top_1),
        top_2: mean(|row| row.top_2),
        top_5: mean(|row| row.top_5),
        mean_reciprocal_rank: mean(|row| row.mean_reciprocal_rank),
        expected_top_2: mean(|row| row.expected_top_2),
        interval: bootstrap_by_group(&own, 0),
        gain_interval: bootstrap_by_group(&gains, 0),
        seeds,
        folds: answers.iter().map(|answers| answers.row.clone()).collect(),
    }
}

fn mean_and_spread(numbers: &[f64]) -> MeanAndSpread {
    let n = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / n.max(1.0);
    let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
    let deviation = if numbers.len() > 1 { (squares / (n - 1.0)).sqrt() } else { 0.0 };
    let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    MeanAndSpread { mean, deviation, range: if numbers.is_empty() { [0.0; 2] } else { [low, high] } }
}

#[cfg(test)]
mod tests {
    use super::{Answers, FoldRow, folded, hits, mean_and_spread};

    fn answers(seed: u64, fold: usize, ranks: &[(u32, usize)]) -> Answers {
        let row = FoldRow {
            seed,
            fold,
            n_groups: [3, 1, 2],
            n_questions: ranks.len(),
            recipe: "r".to_owned(),
            epoch: 1,
            weights: Vec::new(),
            inner_top_2: 0.5,
            top_1: 0.0,
            top_2: 0.0,
        };
        Answers { row, ranks: ranks.to_vec(), expected_top_2: 0.5 }
    }

    #[test]
    fn folds_of_a_seed_are_put_together_by_their_questions() {
        let all = [
            answers(1, 0, &[(0, 1), (1, 2), (2, 9)]),
            answers(1, 1, &[(3, 3)]),
            answers(2, 0, &[(0, 1), (3, 1)]),
            answers(2, 1, &[(1, 1), (2, 1)]),
        ];
        let found = folded("r", &all, &[1, 2], &hits(&all));
        assert_eq!((found.seeds[0].top_1, found.seeds[0].top_2), (0.25, 0.5));
        assert_eq!(found.seeds[1].top_2, 1.0);
        assert_eq!(found.top_2.mean, 0.75);
        assert_eq!(found.top_2.range, [0.5, 1.0]);
        assert!(
            (found.seeds[0].mean_reciprocal_rank - (1.0 + 0.5 + 1.0 / 9.0 + 1.0 / 3.0) / 4.0).abs() < 1e-12
        );
        assert!(found.interval.low < 0.75 && found.interval.high > 0.75);
        assert_eq!((found.gain_interval.low, found.gain_interval.high), (0.0, 0.0), "against itself");
    }

    #[test]
    fn the_spread_of_one_seed_is_nothing() {
        assert_eq!(mean_and_spread(&[0.4]).deviation, 0.0);
        assert!((mean_and_spread(&[0.4, 0.6]).deviation - 0.02_f64.sqrt()).abs() < 1e-12);
    }
}
