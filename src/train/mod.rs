//! Station 3: learns from decisions. Losses, miners, samplers, heads, optimisers and the trainer that joins them, on
//! cached embeddings. Knows neither the project's folder nor the window, and starts no thread of its own.

mod changes;
mod curve;
mod error;
pub mod heads;
mod labels;
pub mod losses;
mod math;
pub mod miners;
pub mod optimisers;
mod random;
mod receipt;
mod recipes;
pub mod samplers;
mod split;
mod tensors;
mod trainer;
mod tsne;

pub use changes::{PairChanges, changed_pairs};
pub use curve::{CurvePoint, ThresholdCurves, test_curves};
pub use error::TrainError;
pub use labels::{Labels, Relation, Unreviewed};
pub use random::Random;
pub use receipt::{DataFacts, Interval, Judgement, Receipt, bootstrap_by_group, frozen_head, judge};
pub use recipes::{NamedRecipe, Parameter, built_in_recipes, parameters, with_parameter};
pub use split::{Part, SplitShares, part_of, split_by_group};
pub use tensors::NamedTensors;
pub use trainer::{
    Checkpoint, Cut, Ended, EpochRecord, Evaluation, Features, Flow, TrainingData, TrainingOutcome,
    TrainingRecipe, TrainingReport, TrainingReporter, evaluate, head_embeddings, head_neighbors,
    score_from_log_odds, train,
};
pub use tsne::tsne;
