//! Starts solved for, and heads mixed with frozen encoders, over a whole run.

use std::borrow::Cow;

use candle_core::Device;

use super::plan::{Batch, Plan};
use super::tests::{World, recipe, run};
use super::{Start, TrainingRecipe};
use crate::encode::{EmbeddingRows, Embeddings};
use crate::matching::MatcherRecipe;
use crate::train::heads::{Depth, HeadRecipe, Towers};
use crate::train::losses::LossNeeds;
use crate::train::mixture::{MixturePlan, MixtureRecipe};
use crate::train::{DataFacts, Judged, MatcherPlan, Part, SplitShares, TrainError, Unreviewed, judge};

fn whitened() -> TrainingRecipe {
    let head = HeadRecipe { towers: Towers::PerModality, ..recipe().head };
    TrainingRecipe { head, start: Start::Whitened { shrinkage: 0.1 }, ..recipe() }
}

#[test]
fn a_whitened_start_is_better_than_a_random_one_and_may_stay_as_it_is() {
    let world = World::new(Unreviewed::Different, &[]);
    let data = world.data(2);
    let random = run(&data, &TrainingRecipe { start: Start::Random, ..whitened() }).unwrap().0;
    let (started, _) = run(&data, &whitened()).unwrap();
    let first = |outcome: &super::TrainingOutcome| outcome.history[0].metric;
    assert!(first(&started) > first(&random) + 0.05, "{} {}", first(&started), first(&random));
    let (stayed, _) = run(&data, &TrainingRecipe { max_epochs: 0, ..whitened() }).unwrap();
    assert_eq!((stayed.history.len(), stayed.best.epoch), (1, 0));
    assert_eq!(first(&stayed), first(&started), "the start hangs on data and recipe alone");
    for fused in [Towers::Fused, Towers::PerModality] {
        let head = HeadRecipe { towers: fused, ..whitened().head };
        assert!(
            run(&data, &TrainingRecipe { head, max_epochs: 0, ..whitened() }).unwrap().0.best.metric > 0.4
        );
    }
}

#[test]
fn starts_that_no_head_can_have_are_refused() {
    let world = World::new(Unreviewed::Different, &[]);
    let check = |recipe: TrainingRecipe, expected: &str| {
        let message = run(&world.data(2), &recipe).map(|_| ()).unwrap_err().to_string();
        assert!(message.contains(expected), "{message:?} does not say {expected:?}");
    };
    let deep = HeadRecipe { depth: Depth::TwoLayers { hidden: 8 }, ..whitened().head };
    check(TrainingRecipe { head: deep, ..whitened() }, "only a linear projection");
    check(TrainingRecipe { start: Start::Whitened { shrinkage: f64::NAN }, ..whitened() }, "shrinkage");
    check(TrainingRecipe { max_epochs: 0, ..recipe() }, "at least 1");
}

/// How often rows that were decided about, and others of the training part, come in an epoch's batches, on average.
fn draws(needs: LossNeeds, decided_passes: usize) -> [f64; 2] {
    let world = World::new(Unreviewed::Different, &[]);
    let mut data = world.data(1);
    let all = data.embedded_rows(Part::Train);
    // Whole groups of four.
    let labels = data.labels.clone().with_decided(all[..all.len() / 12 * 4].to_vec());
    data.labels = &labels;
    let recipe = TrainingRecipe { decided_passes, ..recipe() };
    let batches = Plan::new(needs, &recipe, &data).unwrap().batches(1).unwrap();
    let (mut counts, n_decided) = ([0.0; 2], all.len() / 12 * 4);
    let mut count = |row: u32| counts[usize::from(!labels.is_decided(row))] += 1.0;
    for batch in batches {
        match batch {
            Batch::Rows(rows) => rows.into_iter().for_each(&mut count),
            Batch::Pairs(pairs) => {
                pairs.into_iter().filter(|pair| pair.2 > 0.5).for_each(|pair| count(pair.0))
            }
            other => panic!("{other:?}"),
        }
    }
    [counts[0] / n_decided as f64, counts[1] / (all.len() - n_decided) as f64]
}

#[test]
fn further_passes_go_over_what_was_decided() {
    for needs in [LossNeeds::Relations, LossNeeds::Pairs] {
        let [decided, others] = draws(needs, 1);
        assert!((decided / others - 1.0).abs() < 0.3, "{needs:?} {decided} {others}");
        let [thrice, same] = draws(needs, 3);
        assert!((thrice / decided - 3.0).abs() < 0.3 && same == others, "{needs:?} {decided} {thrice}");
    }
}

/// Judges a whitened head on the first modality mixed with the second as it is.
fn mixed(world: &World, cohort_neighbors: usize) -> Result<Judged, TrainError> {
    let data = world.data(1);
    let recipe = TrainingRecipe { max_epochs: 0, ..whitened() };
    let (outcome, _) = run(&world.data(1), &recipe)?;
    let rows = |at: usize| {
        let matrix = world.matrices[at].clone();
        Cow::Owned(Embeddings { rows: EmbeddingRows::Dense(matrix), present: world.present.clone() })
    };
    let (own, companions) = ([rows(0)], [rows(1)]);
    let mixture = MixtureRecipe { companions: vec![vec!["second".to_owned()]], cohort_neighbors };
    let plan = MixturePlan { recipe: &mixture, own: &own, companions: &companions };
    let matcher = MatcherRecipe::default();
    let matching = MatcherPlan { recipe: &matcher, beside: None, mixture: Some(plan) };
    let split = (5, SplitShares::default());
    judge([&data, &data], &recipe, &outcome, DataFacts::default(), split, matching, &Device::Cpu)
}

#[test]
fn a_mixture_is_judged_against_the_frozen_mixture() {
    let world = World::new(Unreviewed::Different, &[]);
    let receipt = mixed(&world, 3).unwrap().receipt;
    let (before, after) = (receipt.mixture_before.clone().unwrap(), receipt.mixture_after.clone().unwrap());
    for fitted in [&before, &after] {
        assert_eq!(fitted.weights.len(), 2);
        assert!((fitted.weights.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{fitted:?}");
    }
    // The frozen side has learned nothing, a cohort included.
    assert_eq!((before.cohort_neighbors, after.cohort_neighbors), (0, 3));
    assert!(receipt.gain > 0.0, "{receipt:?}");
    assert!(
        after.weights[0] > before.weights[0],
        "the projected part does not count more: {before:?} {after:?}"
    );
    let text = receipt.to_ron().unwrap();
    assert_eq!(crate::train::Receipt::from_ron(&text).unwrap(), receipt);
}

#[test]
fn nobody_is_a_wrong_neighbour_while_groups_may_be_the_same() {
    let rejected: Vec<(u32, u32)> = (0..10).map(|pair| (pair * 8, pair * 8 + 4)).collect();
    let world = World::new(Unreviewed::Unknown, &rejected);
    match mixed(&world, 3) {
        Ok(judged) => assert_eq!(judged.receipt.mixture_after.unwrap().cohort_neighbors, 0),
        // The split may leave no rejected pair in the training part.
        Err(error) => assert!(matches!(error, TrainError::NoNegatives), "{error}"),
    }
}
