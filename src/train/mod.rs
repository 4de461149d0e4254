//! Station 3: learns from decisions. Losses, miners, samplers, heads, optimisers and the trainer that joins them, on
//! cached embeddings. Knows neither the project's folder nor the window, and starts no thread of its own.

pub mod augment;
mod backbone;
mod changes;
mod contest;
mod curve;
mod error;
mod folds;
pub mod heads;
mod labels;
pub mod losses;
mod math;
pub mod miners;
pub mod mixture;
pub mod optimisers;
mod pool;
mod questions;
mod random;
mod receipt;
mod recipes;
pub mod samplers;
mod split;
mod tensors;
mod trainer;
mod tsne;
mod whitening;

pub use backbone::{BackboneRecipe, Maps, NormStatistics, Tail, TrainedPart, View, ViewKind, views};
pub use changes::{PairChanges, changed_pairs};
pub use contest::{OnTest, System, on_test};
pub use curve::{CurvePoint, ThresholdCurves};
pub use error::TrainError;
pub use folds::{folds_by_group, parts_of_fold};
pub use labels::{Labels, Relation, Unreviewed};
pub use pool::{MatcherPlan, Pool};
pub use questions::{Questions, weighed};
pub use random::Random;
pub use receipt::{DataFacts, Interval, Judged, Judgement, Receipt, bootstrap_by_group, frozen_head, judge};
pub use recipes::{NamedRecipe, Parameter, built_in_recipes, parameters, with_parameter};
pub use split::{Part, SplitShares, part_of, split_by_group};
pub use tensors::NamedTensors;
pub use trainer::{
    Checkpoint, Cut, Ended, EpochRecord, Evaluation, Features, Flow, PairReport, Refit, Selection, Start,
    TrainingData, TrainingOutcome, TrainingRecipe, TrainingReport, TrainingReporter, evaluate,
    head_embeddings, head_neighbors, head_pair_scores, pair_report, refit, score_from_log_odds,
    tower_embeddings, train, train_with,
};
pub use tsne::tsne;
pub use whitening::{Projection, whitening_within_groups};
