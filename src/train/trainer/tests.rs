//! Tests of whole runs on small made-up embeddings: a weak common signal under strong noise in known directions, which
//! a head can learn to leave out.

use std::path::Path;

use candle_core::Device;

use super::{
    Checkpoint, Cut, Ended, EpochRecord, Features, Flow, TrainingData, TrainingOutcome, TrainingRecipe,
    TrainingReport, TrainingReporter, evaluate, train,
};
use crate::encode::DenseMatrix;
use crate::matching::MatcherRecipe;
use crate::train::heads::{Depth, HEADS, HeadRecipe, Normalisation, PairMeasure, Towers};
use crate::train::losses::{LOSSES, LossNeeds};
use crate::train::miners::MinerRecipe;
use crate::train::optimisers::Schedule;
use crate::train::samplers::SamplerRecipe;
use crate::train::{
    DataFacts, Labels, MatcherPlan, Part, Random, Receipt, SplitShares, TrainError, Unreviewed, judge,
    split_by_group,
};

const N_GROUPS: u32 = 60;
const ROWS_A_GROUP: u32 = 4;
const WIDTH: usize = 16;

/// Two modalities, 60 groups of 4 rows; in each the first half of the numbers is the group's, the rest is noise.
pub(super) struct World {
    pub(super) matrices: [DenseMatrix; 2],
    pub(super) present: Vec<bool>,
    labels: Labels,
    parts: Vec<Part>,
}

fn normalised(mut row: Vec<f32>) -> Vec<f32> {
    let length = row.iter().map(|x| x * x).sum::<f32>().sqrt();
    row.iter_mut().for_each(|x| *x /= length);
    row
}

impl World {
    pub(super) fn new(unreviewed: Unreviewed, rejected: &[(u32, u32)]) -> Self {
        let mut random = Random::new(11, "world");
        let mut symmetric = |scale: f64| ((random.unit() * 2.0 - 1.0) * scale) as f32;
        let mut matrix = || {
            let mut values = Vec::new();
            for _ in 0..N_GROUPS {
                let centre: Vec<f32> = (0..WIDTH / 2).map(|_| symmetric(1.0)).collect();
                for _ in 0..ROWS_A_GROUP {
                    let signal = centre.iter().map(|x| x + symmetric(0.15)).collect::<Vec<_>>();
                    let noise = (0..WIDTH / 2).map(|_| symmetric(1.5)).collect::<Vec<_>>();
                    values.extend(normalised([signal, noise].concat()));
                }
            }
            DenseMatrix { width: WIDTH, values }
        };
        let matrices = [matrix(), matrix()];
        let groups: Vec<u32> = (0..N_GROUPS * ROWS_A_GROUP).map(|row| row / ROWS_A_GROUP).collect();
        let names: Vec<String> = groups.iter().map(u32::to_string).collect();
        let parts = split_by_group(5, names.iter().map(String::as_str), SplitShares::default());
        let labels = Labels::new(groups.iter().copied().map(Some).collect(), rejected, unreviewed);
        Self { matrices, present: vec![true; groups.len()], labels, parts }
    }

    pub(super) fn data(&self, n_modalities: usize) -> TrainingData<'_> {
        let features = self.matrices.iter().map(|matrix| Features { matrix, present: &self.present });
        TrainingData {
            modalities: features.take(n_modalities).collect(),
            labels: &self.labels,
            parts: &self.parts,
            neighbors: None,
            sides: None,
        }
    }
}

pub(super) fn recipe() -> TrainingRecipe {
    TrainingRecipe {
        head: HeadRecipe { depth: Depth::Linear, width: 12, ..HeadRecipe::default() },
        sampler: SamplerRecipe::ClassesByItems { classes: 16, items: 4 },
        learning_rate: 0.01,
        batch_size: 64,
        max_epochs: 6,
        patience: None,
        ..TrainingRecipe::default()
    }
}

/// Keeps all reports and checkpoints; stops after so many reports.
#[derive(Default)]
pub(super) struct Watcher {
    reports: Vec<TrainingReport>,
    checkpoints: Vec<Checkpoint>,
    stop_after: Option<usize>,
}

impl TrainingReporter for Watcher {
    fn report(&mut self, report: &TrainingReport) -> Flow {
        self.reports.push(*report);
        if self.stop_after.is_some_and(|n| self.reports.len() >= n) { Flow::Stop } else { Flow::Continue }
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) {
        self.checkpoints.push(checkpoint.clone());
    }
}

pub(super) fn run(
    data: &TrainingData<'_>,
    recipe: &TrainingRecipe,
) -> Result<(TrainingOutcome, Watcher), TrainError> {
    let mut watcher = Watcher::default();
    let outcome = train(data, recipe, None, &Device::Cpu, &mut watcher)?;
    Ok((outcome, watcher))
}

fn untrained_and_best(outcome: &TrainingOutcome) -> (f64, f64) {
    (outcome.history[0].metric, outcome.best.metric)
}

#[test]
fn every_loss_learns_with_a_head_that_fits() {
    let world = World::new(Unreviewed::Different, &[]);
    for loss in LOSSES {
        let head = match loss.needs {
            LossNeeds::PairLogits => {
                HeadRecipe { measure: PairMeasure::Classifier { hidden: 24 }, ..recipe().head }
            }
            LossNeeds::TwoTowers => HeadRecipe { towers: Towers::PerModality, ..recipe().head },
            LossNeeds::TwoModalities => {
                HeadRecipe { towers: Towers::PerModality, measure: PairMeasure::Neuron, ..recipe().head }
            }
            _ => recipe().head,
        };
        let recipe = TrainingRecipe {
            head,
            loss: loss.id.to_owned(),
            loss_params: (loss.defaults)(),
            max_epochs: 20,
            ..recipe()
        };
        let (outcome, watcher) = run(&world.data(2), &recipe).unwrap();
        let (before, after) = untrained_and_best(&outcome);
        assert!(after > before + 0.03, "{}: {before} to {after}", loss.id);
        let losses: Vec<f64> = outcome.history.iter().filter_map(|record| record.loss).collect();
        assert!(losses[losses.len() - 1] < losses[0], "{}: {losses:?}", loss.id);
        assert!(watcher.reports.iter().all(|report| report.loss.is_finite()));
        assert_eq!(watcher.reports.last().unwrap().metric, Some(outcome.history.last().unwrap().metric));
    }
}

#[test]
fn every_head_trains() {
    let world = World::new(Unreviewed::Different, &[]);
    for spec in HEADS {
        let head = HeadRecipe { width: 12, ..(spec.default)() };
        let loss = match head.measure {
            PairMeasure::Cosine => "cosine-embedding",
            PairMeasure::Classifier { .. } => "bce-with-logits",
            PairMeasure::Neuron => "fusion-neuron",
        };
        let recipe = TrainingRecipe { head, loss: loss.to_owned(), max_epochs: 2, ..recipe() };
        let (outcome, _) = run(&world.data(2), &recipe).unwrap();
        let losses: Vec<f64> = outcome.history.iter().filter_map(|record| record.loss).collect();
        assert!(losses[1] < losses[0], "{}: {losses:?}", spec.id);
    }
}

#[test]
fn in_batch_miners_and_nearest_wrong_neighbours_train() {
    let world = World::new(Unreviewed::Different, &[]);
    let mut data = world.data(1);
    let everything = crate::encode::Embeddings {
        rows: crate::encode::EmbeddingRows::Dense(world.matrices[0].clone()),
        present: world.present.clone(),
    };
    let key_ranks: Vec<u32> = (0..world.present.len() as u32).collect();
    let options = crate::index::JoinOptions { k: 20, metric: crate::index::Metric::Cosine };
    let neighbors = crate::index::self_join(&everything, &key_ranks, options, &|_| true).unwrap();
    data.neighbors = Some(&neighbors);
    let miners = [
        MinerRecipe::BatchHard,
        MinerRecipe::SemiHard { margin: 0.3 },
        MinerRecipe::NearestWrong { per_row: 4 },
    ];
    for miner in miners {
        let recipe = TrainingRecipe {
            loss: "triplet-squared".to_owned(),
            loss_params: crate::train::losses::LossParams { margin: 0.3, ..Default::default() },
            miner,
            max_epochs: 8,
            ..recipe()
        };
        let (outcome, _) = run(&data, &recipe).unwrap();
        let (before, after) = untrained_and_best(&outcome);
        assert!(after > before + 0.03, "{miner:?}: {before} to {after}");
    }
    data.neighbors = None;
    let recipe = TrainingRecipe { miner: miners[2], ..recipe() };
    assert!(matches!(run(&data, &recipe), Err(TrainError::Data(_))));
}

#[test]
fn a_seed_is_a_result() {
    let world = World::new(Unreviewed::Different, &[]);
    let history = |seed| run(&world.data(2), &TrainingRecipe { seed, ..recipe() }).unwrap().0.history;
    assert_eq!(history(1), history(1));
    assert_ne!(history(1), history(2));
}

#[test]
fn a_run_taken_up_again_draws_the_same_curve() {
    let world = World::new(Unreviewed::Different, &[]);
    let data = world.data(2);
    for schedule in [Schedule::Cosine { warmup_steps: 3 }, Schedule::Plateau { patience: 0, factor: 0.5 }] {
        let head = HeadRecipe { normalisation: Normalisation::BatchThenLength, ..recipe().head };
        let recipe = TrainingRecipe { schedule, head, ..recipe() };
        let (whole, watcher) = run(&data, &recipe).unwrap();
        let bytes = watcher.checkpoints[2].to_bytes().unwrap();
        let saved = Checkpoint::from_bytes(Path::new("saved"), bytes).unwrap();
        assert_eq!(saved, watcher.checkpoints[2]);
        assert_eq!(saved.epoch(), 3);
        let again = train(&data, &recipe, Some(&saved), &Device::Cpu, &mut Watcher::default()).unwrap();
        assert_eq!(again.history, whole.history);
        assert_eq!(again.checkpoint, whole.checkpoint);
        let other = TrainingRecipe { learning_rate: 0.02, ..recipe.clone() };
        let refused = train(&data, &other, Some(&saved), &Device::Cpu, &mut Watcher::default());
        assert!(matches!(refused, Err(TrainError::Checkpoint(_))));
    }
}

#[test]
fn stopping_keeps_the_best_so_far() {
    let world = World::new(Unreviewed::Different, &[]);
    let data = world.data(2);
    let (whole, watcher) = run(&data, &recipe()).unwrap();
    let in_third_epoch = watcher.reports.iter().position(|report| report.epoch == 3).unwrap() + 1;
    let mut stopping = Watcher { stop_after: Some(in_third_epoch), ..Watcher::default() };
    let stopped = train(&data, &recipe(), None, &Device::Cpu, &mut stopping).unwrap();
    assert_eq!(stopped.ended, Ended::Stopped);
    assert_eq!(stopped.history, whole.history[..3]);
    let best_of_three: &EpochRecord =
        stopped.history.iter().max_by(|left, right| left.metric.total_cmp(&right.metric)).unwrap();
    assert_eq!(stopped.best.metric, best_of_three.metric);
    let kept = evaluate(&stopped.head, &data, Part::Validation, Cut::Tuned, &Device::Cpu).unwrap();
    assert_eq!(kept.scores.mean_f1, stopped.best.metric);
}

#[test]
fn a_run_that_gets_no_better_ends_early() {
    let world = World::new(Unreviewed::Different, &[]);
    // Steps too small to change any answer.
    let recipe = TrainingRecipe { learning_rate: 1e-12, patience: Some(2), max_epochs: 50, ..recipe() };
    let (outcome, _) = run(&world.data(2), &recipe).unwrap();
    assert_eq!(outcome.ended, Ended::EarlyStopped);
    assert_eq!((outcome.best.epoch, outcome.history.len()), (0, 3));
}

#[test]
fn a_run_that_diverges_loses_nothing() {
    let world = World::new(Unreviewed::Different, &[]);
    let loss_params = crate::train::losses::LossParams { temperature: 1e-39, ..Default::default() };
    let recipe = TrainingRecipe { loss: "supervised-contrastive".to_owned(), loss_params, ..recipe() };
    let (outcome, _) = run(&world.data(2), &recipe).unwrap();
    assert!(matches!(outcome.ended, Ended::Diverged { step: 1 }), "{:?}", outcome.ended);
    assert_eq!(outcome.history.len(), 1);
    let values = outcome.head.parameters().to_tensors().unwrap();
    assert!(values.names().all(|name| values.values(name).unwrap().iter().all(|value| value.is_finite())));
}

#[test]
fn nothing_to_learn_from_is_told_before_the_run() {
    let check = |world: &World, recipe: &TrainingRecipe, expected: &str| {
        let message = run(&world.data(2), recipe).map(|_| ()).unwrap_err().to_string();
        assert!(message.contains(expected), "{message:?} does not say {expected:?}");
    };
    let n_rows = N_GROUPS * ROWS_A_GROUP;
    let mut world = World::new(Unreviewed::Unknown, &[]);
    check(&world, &recipe(), "known to be different");
    check(&world, &TrainingRecipe { loss: "arcface".to_owned(), ..recipe() }, "only reviewed pairs");
    world.labels = Labels::new((0..n_rows).map(Some).collect(), &[], Unreviewed::Different);
    check(&world, &recipe(), "known to be the same");
    world.labels = Labels::new(vec![Some(1); n_rows as usize], &[], Unreviewed::Different);
    check(&world, &TrainingRecipe { loss: "arcface".to_owned(), ..recipe() }, "1 group(s)");
    let mut world = World::new(Unreviewed::Different, &[]);
    world.parts.iter_mut().filter(|part| **part == Part::Validation).for_each(|part| *part = Part::Test);
    check(&world, &recipe(), "validation part holds no labelled posting");
    world.parts.pop();
    check(&world, &recipe(), "have a part");
    let mut world = World::new(Unreviewed::Different, &[]);
    world.matrices[1].values[40] = f32::NAN;
    check(&world, &recipe(), "row 2 holds a number that is not finite");
}

#[test]
fn recipes_that_do_not_go_together_are_refused() {
    let world = World::new(Unreviewed::Different, &[]);
    let check = |recipe: TrainingRecipe, expected: &str| {
        let message = run(&world.data(2), &recipe).map(|_| ()).unwrap_err().to_string();
        assert!(message.contains(expected), "{message:?} does not say {expected:?}");
    };
    let with_loss = |loss: &str| TrainingRecipe { loss: loss.to_owned(), ..recipe() };
    check(with_loss("unheard-of"), "no loss `unheard-of`");
    check(with_loss("bce-with-logits"), "learns a measure");
    check(with_loss("gated"), "a tower for each modality");
    let two_towers = HeadRecipe { towers: Towers::PerModality, ..recipe().head };
    check(TrainingRecipe { head: two_towers, ..with_loss("fusion-neuron") }, "learns a measure");
    let neuron = HeadRecipe { measure: PairMeasure::Neuron, ..two_towers };
    check(TrainingRecipe { head: neuron, ..with_loss("gated") }, "untrained");
    check(TrainingRecipe { miner: MinerRecipe::BatchHard, ..with_loss("contrastive") }, "within batches");
    check(TrainingRecipe { learning_rate: f64::NAN, ..recipe() }, "learning rate");
    check(TrainingRecipe { batch_size: 0, ..recipe() }, "batch size");
    let classifier = PairMeasure::Classifier { hidden: 4 };
    check(
        TrainingRecipe { head: HeadRecipe { measure: classifier, ..recipe().head }, ..recipe() },
        "untrained",
    );
    check(
        TrainingRecipe { head: HeadRecipe { depth: Depth::Identity, ..recipe().head }, ..recipe() },
        "nothing to learn",
    );
    let text = ron::to_string(&recipe()).unwrap();
    assert_eq!(ron::from_str::<TrainingRecipe>(&text).unwrap(), recipe());
}

#[test]
fn only_rejected_pairs_are_pushed_apart() {
    // Groups 2k and 2k + 1 were told apart, nothing else is known.
    let rejected: Vec<(u32, u32)> = (0..N_GROUPS / 2).map(|pair| (pair * 8, pair * 8 + 4)).collect();
    let mut world = World::new(Unreviewed::Unknown, &rejected);
    let names: Vec<String> = (0..N_GROUPS * ROWS_A_GROUP).map(|row| (row / 8).to_string()).collect();
    world.parts = split_by_group(5, names.iter().map(String::as_str), SplitShares::default());
    for loss in ["info-nce", "supervised-contrastive", "cosine-embedding", "ranked-hardest-negative"] {
        let recipe = TrainingRecipe {
            loss: loss.to_owned(),
            miner: MinerRecipe::RejectedPairs { per_positive: 1 },
            max_epochs: 3,
            ..recipe()
        };
        let (outcome, _) = run(&world.data(2), &recipe).unwrap();
        assert_eq!(outcome.ended, Ended::Finished, "{loss}");
        assert!(outcome.history.iter().skip(1).all(|record| record.loss.is_some_and(f64::is_finite)));
    }
}

#[test]
fn a_posting_without_a_picture_is_still_found_by_its_title() {
    let mut world = World::new(Unreviewed::Different, &[]);
    let present: Vec<bool> = (0..world.present.len()).map(|row| row % 5 != 0).collect();
    let head = HeadRecipe { towers: Towers::PerModality, measure: PairMeasure::Neuron, ..recipe().head };
    let recipe = TrainingRecipe { head, loss: "fusion-neuron".to_owned(), max_epochs: 3, ..recipe() };
    for (row, is_present) in present.iter().enumerate() {
        if !is_present {
            world.matrices[0].values[row * WIDTH..(row + 1) * WIDTH].fill(0.0);
        }
    }
    let mut data = world.data(2);
    data.modalities[0].present = &present;
    let (outcome, _) = run(&data, &recipe).unwrap();
    let evaluation = evaluate(&outcome.head, &data, Part::Validation, Cut::Tuned, &Device::Cpu).unwrap();
    assert_eq!(evaluation.rows.len(), world.parts.iter().filter(|part| **part == Part::Validation).count());
    assert!(outcome.best.metric > outcome.history[0].metric);
}

#[test]
fn the_receipt_judges_on_the_test_part() {
    let world = World::new(Unreviewed::Different, &[]);
    let data = world.data(2);
    let recipe = TrainingRecipe { max_epochs: 8, ..recipe() };
    let (outcome, _) = run(&data, &recipe).unwrap();
    let facts = DataFacts { catalog: "made up".to_owned(), encoders: vec!["a".to_owned()], log_position: 7 };
    let matcher = MatcherRecipe::default();
    let matching = MatcherPlan { recipe: &matcher, beside: None, mixture: None };
    let split = (5, SplitShares::default());
    let judged = judge([&data, &data], &recipe, &outcome, facts, split, matching, &Device::Cpu).unwrap();
    let receipt = judged.receipt;
    assert!(receipt.gain > 0.0 && receipt.gain_interval.low > 0.0, "{receipt:?}");
    assert!((receipt.after.mean_f1 - receipt.before.mean_f1 - receipt.gain).abs() < 1e-9);
    for judgement in [receipt.before, receipt.after] {
        assert!(judgement.interval.low <= judgement.mean_f1 && judgement.mean_f1 <= judgement.interval.high);
    }
    assert_eq!(receipt.n_rows.iter().sum::<usize>(), world.present.len());
    assert_eq!(receipt.n_groups.iter().sum::<usize>(), N_GROUPS as usize);
    assert_eq!(Receipt::from_ron(&receipt.to_ron().unwrap()).unwrap(), receipt);
    let newer = receipt.to_ron().unwrap().replacen("version: 1", "version: 99", 1);
    assert!(Receipt::from_ron(&newer).is_err());
}
