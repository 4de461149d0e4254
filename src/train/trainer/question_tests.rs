//! Tests of runs on questions: who asks, who is a foil, by what the best epoch is known, and projections of their own.

use candle_core::{Device, Tensor};

use super::plan::{Batch, Plan};
use super::tests::recipe;
use super::{
    Checkpoint, Features, Flow, Refit, Selection, TrainingData, TrainingOutcome, TrainingRecipe,
    TrainingReport, TrainingReporter, head_pair_scores, refit, train,
};
use crate::catalog::Side;
use crate::encode::DenseMatrix;
use crate::index::{JoinOptions, Metric, Neighbors, self_join};
use crate::train::heads::{Depth, HeadRecipe, SideProjections};
use crate::train::losses::LossNeeds;
use crate::train::miners::MinerRecipe;
use crate::train::{Labels, Part, Questions, Random, Relation, Unreviewed};

const N_PAIRS: usize = 90;
const WIDTH: usize = 12;

/// Lefts, then rights; row r and row r + N_PAIRS belong together. The right side has its signal in other numbers than the left.
struct Pairs {
    matrix: DenseMatrix,
    present: Vec<bool>,
    labels: Labels,
    parts: Vec<Part>,
    sides: Vec<Option<Side>>,
    neighbors: Neighbors,
}

impl Pairs {
    fn new(is_shifted: impl Fn(Side) -> bool) -> Self {
        let mut random = Random::new(5, "pairs");
        let mut number = |scale: f64| ((random.unit() * 2.0 - 1.0) * scale) as f32;
        let signals: Vec<Vec<f32>> =
            (0..N_PAIRS).map(|_| (0..WIDTH / 2).map(|_| number(1.0)).collect()).collect();
        let mut values = Vec::new();
        for side in [Side::Left, Side::Right] {
            for signal in &signals {
                let mut row: Vec<f32> = signal.iter().map(|value| value + number(0.25)).collect();
                row.extend((0..WIDTH / 2).map(|_| number(1.0)));
                if is_shifted(side) {
                    row.rotate_right(WIDTH / 2);
                }
                let length = row.iter().map(|value| value * value).sum::<f32>().sqrt();
                values.extend(row.iter().map(|value| value / length));
            }
        }
        let matrix = DenseMatrix { width: WIDTH, values };
        let present = vec![true; 2 * N_PAIRS];
        let groups = (0..2 * N_PAIRS).map(|row| Some((row % N_PAIRS) as u32)).collect();
        let part = |row: usize| match row % N_PAIRS {
            0..50 => Part::Train,
            50..70 => Part::Validation,
            _ => Part::Test,
        };
        let embeddings = crate::encode::Embeddings {
            rows: crate::encode::EmbeddingRows::Dense(matrix.clone()),
            present: present.clone(),
        };
        let ranks: Vec<u32> = (0..2 * N_PAIRS as u32).collect();
        let options = JoinOptions { k: 50, metric: Metric::Cosine };
        Self {
            matrix,
            present,
            labels: Labels::new(groups, &[], Unreviewed::Different),
            parts: (0..2 * N_PAIRS).map(part).collect(),
            sides: (0..2 * N_PAIRS)
                .map(|row| Some(if row < N_PAIRS { Side::Left } else { Side::Right }))
                .collect(),
            neighbors: self_join(&embeddings, &ranks, options, &|_| true).unwrap(),
        }
    }

    fn data(&self) -> TrainingData<'_> {
        TrainingData {
            modalities: vec![Features { matrix: &self.matrix, present: &self.present }],
            labels: &self.labels,
            parts: &self.parts,
            neighbors: Some(&self.neighbors),
            sides: Some(&self.sides),
        }
    }
}

fn ranked() -> TrainingRecipe {
    TrainingRecipe {
        head: HeadRecipe { depth: Depth::Linear, width: 8, ..HeadRecipe::default() },
        loss: "ranked-hardest-negative".to_owned(),
        miner: MinerRecipe::Foils { per_positive: 7, nearest_at_start: 0.0, nearest_at_end: 1.0 },
        selection: Selection::TopK { k: 2, of: 12 },
        batch_size: 16,
        learning_rate: 0.02,
        max_epochs: 6,
        patience: None,
        ..recipe()
    }
}

/// Goes on to an epoch, and keeps the state after another.
#[derive(Default)]
struct Keeper {
    keep_at: usize,
    kept: Option<Checkpoint>,
}

impl TrainingReporter for Keeper {
    fn report(&mut self, _: &TrainingReport) -> Flow {
        Flow::Continue
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) {
        if checkpoint.epoch() == self.keep_at {
            self.kept = Some(checkpoint.clone());
        }
    }
}

fn run(pairs: &Pairs, recipe: &TrainingRecipe) -> TrainingOutcome {
    train(&pairs.data(), recipe, None, &Device::Cpu, &mut Keeper::default()).unwrap()
}

#[test]
fn only_rights_are_foils_and_none_of_them_matches() {
    let pairs = Pairs::new(|_| false);
    let data = pairs.data();
    let is_question = |anchor: u32, other: u32| {
        (anchor as usize) < N_PAIRS && other as usize >= N_PAIRS && pairs.parts[other as usize] == Part::Train
    };
    for miner in [ranked().miner, MinerRecipe::RandomNegatives { per_positive: 7 }] {
        for needs in [LossNeeds::Ranked, LossNeeds::Triplets, LossNeeds::Pairs, LossNeeds::PairsInBatch] {
            let recipe = TrainingRecipe { miner, ..ranked() };
            let plan = Plan::new(needs, &recipe, &data).unwrap();
            let mut n_questions = 0;
            let mut check = |anchor: u32, other: u32, expected: Relation| {
                assert!(is_question(anchor, other), "{needs:?}: {anchor} {other}");
                assert_eq!(pairs.labels.relation(anchor, other), expected);
                n_questions += 1;
            };
            for batch in plan.batches(3).unwrap() {
                match batch {
                    Batch::Ranked { left, right } => {
                        for (anchor, candidates) in left.iter().zip(&right) {
                            assert_eq!(candidates.len(), 8);
                            check(*anchor, candidates[0], Relation::Same);
                            candidates[1..]
                                .iter()
                                .for_each(|foil| check(*anchor, *foil, Relation::Different));
                        }
                    }
                    Batch::Triplets(triplets) => triplets.iter().for_each(|it| {
                        check(it.anchor, it.positive, Relation::Same);
                        check(it.anchor, it.negative, Relation::Different);
                    }),
                    Batch::Pairs(all) => all.iter().for_each(|(a, b, same)| {
                        check(*a, *b, if *same > 0.5 { Relation::Same } else { Relation::Different });
                    }),
                    Batch::Positives(all) => all.iter().for_each(|(a, b)| check(*a, *b, Relation::Same)),
                    Batch::Rows(_) => {}
                }
            }
            assert!(n_questions >= 50, "{needs:?}");
        }
    }
}

#[test]
fn foils_become_nearer_from_epoch_to_epoch() {
    let pairs = Pairs::new(|_| false);
    let (data, recipe) = (pairs.data(), ranked());
    let plan = Plan::new(LossNeeds::Ranked, &recipe, &data).unwrap();
    let mean_cosine = |epoch: usize| {
        let (mut sum, mut n) = (0.0, 0.0);
        for batch in plan.batches(epoch).unwrap() {
            let Batch::Ranked { left, right } = batch else { continue };
            for (anchor, candidates) in left.iter().zip(&right) {
                for foil in &candidates[1..] {
                    let (a, b) = (pairs.matrix.row(*anchor as usize), pairs.matrix.row(*foil as usize));
                    sum += a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
                    n += 1.0;
                }
            }
        }
        sum / n
    };
    let (first, middle, last) = (mean_cosine(1), mean_cosine(3), mean_cosine(6));
    assert!(first + 0.05 < middle && middle + 0.05 < last, "{first} {middle} {last}");
}

#[test]
fn the_best_epoch_is_the_one_that_answers_most_questions() {
    let pairs = Pairs::new(|_| false);
    let outcome = run(&pairs, &ranked());
    let best = outcome.history.iter().map(|record| record.metric).fold(0.0, f64::max);
    assert_eq!(outcome.best.metric, best);
    assert!(outcome.best.metric > outcome.history[0].metric, "{:?}", outcome.history);
    let data = pairs.data();
    let questions = Questions::of(&data, Part::Validation);
    let asked: Vec<(u32, u32)> = questions.pairs().collect();
    let scores = head_pair_scores(&outcome.head, &data, &asked, &Device::Cpu).unwrap();
    assert_eq!(questions.expected_top_k(&scores, 2, 12), best);
    // F1 is another number, and another choice.
    let by_f1 = run(&pairs, &TrainingRecipe { selection: Selection::RowF1, ..ranked() });
    assert_ne!(by_f1.best.metric, best);
    // Without a choice the last epoch is kept.
    let last = run(&pairs, &TrainingRecipe { selection: Selection::Last, ..ranked() });
    assert_eq!(last.best.epoch, 6);
}

#[test]
fn a_run_taken_up_again_goes_on_with_the_same_questions() {
    let pairs = Pairs::new(|_| false);
    let straight = run(&pairs, &ranked());
    let mut keeper = Keeper { keep_at: 3, kept: None };
    train(&pairs.data(), &ranked(), None, &Device::Cpu, &mut keeper).unwrap();
    let resumed = train(&pairs.data(), &ranked(), keeper.kept.as_ref(), &Device::Cpu, &mut Keeper::default());
    assert_eq!(resumed.unwrap().history, straight.history);
}

#[test]
fn sides_apart_learn_what_one_projection_cannot() {
    let pairs = Pairs::new(|side| side == Side::Right);
    let recipe = |sides| TrainingRecipe {
        head: HeadRecipe { sides, ..ranked().head },
        loss: "info-nce".to_owned(),
        batch_size: 64,
        max_epochs: 40,
        ..ranked()
    };
    let apart = run(&pairs, &recipe(SideProjections::Apart));
    let shared = run(&pairs, &recipe(SideProjections::Shared));
    assert!(apart.best.metric > shared.best.metric + 0.1, "{} {}", apart.best.metric, shared.best.metric);
    let weight = |name: &str| -> Vec<f32> {
        apart.head.parameters().get(name).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    };
    assert_ne!(weight("tower0.0.weight"), weight("tower0.right.0.weight"), "both sides have learned");
    // Before learning both sides are one.
    let fresh = super::super::heads::Head::new(apart.head.shape().clone(), 3, &Device::Cpu).unwrap();
    let row = Tensor::new(&[[0.1_f32; WIDTH], [0.1; WIDTH]], &Device::Cpu).unwrap();
    let sides = [Side::Left, Side::Right];
    let towers = fresh.towers(&[row], Some(&sides), super::super::heads::Mode::Evaluate).unwrap();
    let both: Vec<Vec<f32>> = towers[0].to_vec2().unwrap();
    assert_eq!(both[0], both[1]);
}

#[test]
fn a_second_training_learns_from_what_was_held_back() {
    let pairs = Pairs::new(|_| false);
    let recipe = TrainingRecipe { refit: Refit::WithHeldOut, ..ranked() };
    let outcome = run(&pairs, &recipe);
    let all: Vec<Part> =
        pairs.parts.iter().map(|part| if *part == Part::Validation { Part::Train } else { *part }).collect();
    let data = TrainingData { parts: &all, ..pairs.data() };
    let again = |n_epochs| refit(&data, &recipe, n_epochs, &Device::Cpu, &mut Keeper::default()).unwrap();
    let values = |head: &super::super::heads::Head| head.parameters().to_tensors().unwrap();
    let second = again(outcome.best.epoch).unwrap();
    assert_ne!(values(&second), values(&outcome.head));
    assert_ne!(values(&second), values(&again(1).unwrap()), "the number of epochs counts");
    assert_eq!(values(&second), values(&again(outcome.best.epoch).unwrap()));
    assert!(again(0).is_none(), "a random start is nothing to keep");
}
