//! How to train, as data: what a recipe file holds and a receipt repeats.

use serde::{Deserialize, Serialize};

use super::super::TrainError;
use super::super::heads::{Depth, HeadRecipe, PairMeasure, Towers};
use super::super::losses::{LossNeeds, LossParams, LossSpec, loss_spec};
use super::super::miners::MinerRecipe;
use super::super::optimisers::{OptimiserRecipe, Schedule};
use super::super::samplers::SamplerRecipe;
use super::{Selection, Start};

/// Everything but the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingRecipe {
    /// What is trained.
    pub head: HeadRecipe,
    /// Where its parameters start.
    pub start: Start,
    /// Id of the loss.
    pub loss: String,
    /// Its numbers.
    pub loss_params: LossParams,
    /// Where negatives come from; losses over whole batches take them from the batch.
    pub miner: MinerRecipe,
    /// Order of rows, for losses and miners that read rows; pairs and triplets are shuffled.
    pub sampler: SamplerRecipe,
    /// How gradients move parameters.
    pub optimiser: OptimiserRecipe,
    /// How the rate changes.
    pub schedule: Schedule,
    /// The rate the schedule starts from.
    pub learning_rate: f64,
    /// Longest gradient; `None` does not clip.
    pub clip_norm: Option<f64>,
    /// Rows, pairs or triplets a step.
    pub batch_size: usize,
    /// Epochs at most; 0 keeps a start that was solved for as it is.
    pub max_epochs: usize,
    /// Epochs without a better validation metric before the run ends; `None` runs them all.
    pub patience: Option<usize>,
    /// Positive pairs of one group at most, each epoch.
    pub pairs_per_group: usize,
    /// Times an epoch goes over what decisions say: 1 is once, among all the rest.
    pub decided_passes: usize,
    /// By what the best epoch is known.
    pub selection: Selection,
    /// Whether the head learns once more from all rows it may see.
    pub refit: Refit,
    /// Decides everything random.
    pub seed: u64,
}

/// What becomes of rows held back to choose by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refit {
    /// The head of the best epoch is kept as it is.
    #[default]
    Never,
    /// Once everything is chosen, a head learns for as many epochs from these rows too; receipts tell what the first was worth.
    WithHeldOut,
}

impl Default for TrainingRecipe {
    /// A two-layer head, multi-similarity over batches of groups.
    fn default() -> Self {
        let loss = "multi-similarity";
        Self {
            head: HeadRecipe::default(),
            start: Start::Random,
            loss: loss.to_owned(),
            loss_params: loss_spec(loss).map_or_else(LossParams::default, |spec| (spec.defaults)()),
            miner: MinerRecipe::RandomNegatives { per_positive: 5 },
            sampler: SamplerRecipe::ClassesByItems { classes: 32, items: 4 },
            optimiser: OptimiserRecipe::default(),
            schedule: Schedule::Constant,
            learning_rate: 1e-3,
            clip_norm: Some(1.0),
            batch_size: 128,
            max_epochs: 20,
            patience: Some(4),
            pairs_per_group: 20,
            decided_passes: 1,
            selection: Selection::RowF1,
            refit: Refit::Never,
            seed: 0,
        }
    }
}

impl TrainingRecipe {
    /// The loss, if the recipe can be trained at all.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] with what does not go together or is out of range.
    pub fn check(&self) -> Result<&'static LossSpec, TrainError> {
        let refuse = |reason: String| Err(TrainError::Recipe(reason));
        let Some(loss) = loss_spec(&self.loss) else {
            return refuse(format!("there is no loss `{}`", self.loss));
        };
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return refuse(format!("the learning rate must be above 0, not {}", self.learning_rate));
        }
        if self.clip_norm.is_some_and(|norm| !(norm > 0.0 && norm.is_finite())) {
            return refuse("the longest gradient must be above 0".to_owned());
        }
        // Nothing is left to learn after a computed start, or where nothing is projected and pairs are compared by their cosine.
        let starts_learned = self.start != Start::Random
            || (self.head.depth == Depth::Identity && self.head.measure == PairMeasure::Cosine);
        for (number, name) in [
            (self.batch_size, "the batch size"),
            (self.max_epochs.max(usize::from(starts_learned)), "the number of epochs"),
            (self.pairs_per_group, "the number of pairs a group"),
            (self.decided_passes, "the number of passes over decisions"),
        ] {
            if number == 0 {
                return refuse(format!("{name} must be at least 1"));
            }
        }
        self.start.check(self)?;
        self.selection.check()?;
        if let MinerRecipe::Foils { nearest_at_start, nearest_at_end, .. } = self.miner
            && ![nearest_at_start, nearest_at_end].iter().all(|share| (0.0..=1.0).contains(share))
        {
            return refuse("the shares of nearest foils must lie between 0 and 1".to_owned());
        }
        let learned = self.head.measure != PairMeasure::Cosine;
        match loss.needs {
            LossNeeds::TwoModalities | LossNeeds::TwoTowers if self.head.towers != Towers::PerModality => {
                return refuse(format!("the loss `{}` needs a head with a tower for each modality", loss.id));
            }
            LossNeeds::PairLogits | LossNeeds::TwoModalities if !learned => {
                return refuse(format!("the loss `{}` needs a head that learns a measure of pairs", loss.id));
            }
            LossNeeds::PairLogits | LossNeeds::TwoModalities => {}
            _ if learned => {
                return refuse(format!(
                    "the loss `{}` would leave the head's measure of pairs untrained",
                    loss.id
                ));
            }
            _ => {}
        }
        let reads_distances = matches!(self.miner, MinerRecipe::SemiHard { .. } | MinerRecipe::BatchHard);
        let reads_pairs = matches!(
            loss.needs,
            LossNeeds::Pairs
                | LossNeeds::PairLogits
                | LossNeeds::TwoModalities
                | LossNeeds::TwoTowers
                | LossNeeds::Ranked
        );
        if reads_distances && reads_pairs {
            return refuse(format!(
                "the loss `{}` cannot use a miner that works within batches of rows",
                loss.id
            ));
        }
        Ok(loss)
    }
}
