//! All that a run needs to go on after an epoch, as one file: parameters, optimiser, the best so far, the curve.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::backbone::BackboneRecipe;
use super::super::heads::HeadShape;
use super::super::{NamedTensors, TrainError};
use super::TrainingRecipe;

/// The metadata entry of a checkpoint's file.
const METADATA_KEY: &str = "lookalike.training";

/// One point of the curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Epochs finished; 0 is the untrained head.
    pub epoch: usize,
    /// Mean loss of the epoch's batches; `None` before the first.
    pub loss: Option<f64>,
    /// What the recipe selects by on the validation part: mean per-row F1, or the share of questions answered right.
    pub metric: f64,
    /// The threshold it was reached at; 0 where nothing is cut.
    pub threshold: f32,
    /// Rate of the last step.
    pub learning_rate: f64,
}

/// The state of a run between two epochs.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    pub(super) facts: Facts,
    pub(super) head: NamedTensors,
    pub(super) best_head: NamedTensors,
    pub(super) optimiser: NamedTensors,
    /// Of a network trained with the head; empty where there is none.
    pub(super) tail: NamedTensors,
    pub(super) best_tail: NamedTensors,
    pub(super) tail_optimiser: NamedTensors,
}

/// What is no tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Facts {
    pub recipe: TrainingRecipe,
    #[serde(default)]
    pub backbone: Option<BackboneRecipe>,
    pub shape: HeadShape,
    pub step: usize,
    pub optimiser_steps: usize,
    pub best: EpochRecord,
    pub history: Vec<EpochRecord>,
}

impl Checkpoint {
    /// The curve so far, from the untrained head on.
    pub fn history(&self) -> &[EpochRecord] {
        &self.facts.history
    }

    /// The best epoch so far.
    pub fn best(&self) -> EpochRecord {
        self.facts.best
    }

    /// Epochs finished.
    pub fn epoch(&self) -> usize {
        self.facts.history.last().map_or(0, |record| record.epoch)
    }

    /// The file.
    ///
    /// # Errors
    /// When the state cannot be written down.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TrainError> {
        let mut tensors = NamedTensors::default();
        tensors.extend_with_prefix("head/", &self.head);
        tensors.extend_with_prefix("best/", &self.best_head);
        tensors.extend_with_prefix("optimiser/", &self.optimiser);
        tensors.extend_with_prefix("tail/", &self.tail);
        tensors.extend_with_prefix("best-tail/", &self.best_tail);
        tensors.extend_with_prefix("tail-optimiser/", &self.tail_optimiser);
        let facts = ron::to_string(&self.facts).map_err(|error| TrainError::Data(error.to_string()))?;
        tensors.to_safetensors(Some((METADATA_KEY, facts)))
    }

    /// Reads such a file; `path` is only named in errors.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] when it is damaged or something else.
    pub fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<Self, TrainError> {
        let refuse = |reason: &str| TrainError::Checkpoint(format!("{reason} ({})", path.display()));
        let (tensors, facts) = NamedTensors::from_safetensors(path, bytes, METADATA_KEY)?;
        let facts = facts.ok_or_else(|| refuse("the file holds no training state"))?;
        let facts: Facts =
            ron::from_str(&facts).map_err(|_| refuse("the file's description of the run is damaged"))?;
        Ok(Self {
            facts,
            head: tensors.with_prefix("head/"),
            best_head: tensors.with_prefix("best/"),
            optimiser: tensors.with_prefix("optimiser/"),
            tail: tensors.with_prefix("tail/"),
            best_tail: tensors.with_prefix("best-tail/"),
            tail_optimiser: tensors.with_prefix("tail-optimiser/"),
        })
    }
}
