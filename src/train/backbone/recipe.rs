//! What of a network is trained and how, as data.

use serde::{Deserialize, Serialize};

use super::super::TrainError;
use super::super::augment::{Augmentation, MOST_VIEWS, n_mixed_views};
use super::super::losses::{LossNeeds, LossSpec};

/// A network's training beside the head's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackboneRecipe {
    /// Which blocks are trained.
    pub trained: TrainedPart,
    /// What their batch norms normalise with.
    pub norms: NormStatistics,
    /// The network's learning rate as a share of the head's.
    pub rate_share: f64,
    /// Changed views of each picture, beside the picture itself.
    pub views: usize,
    /// How views are changed.
    pub augmentations: Vec<Augmentation>,
}

/// The blocks that are trained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrainedPart {
    /// The whole network.
    All,
    /// The block of this name, such as `blocks.6`, and all after it.
    From(String),
}

/// What trained batch norms normalise with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NormStatistics {
    /// The statistics the network came with: a few hundred pictures are too few for better ones. Dropout is off too.
    Running,
    /// Each batch's own, gathered beside; dropout is on where the network has any.
    OfTheBatch,
}

impl Default for BackboneRecipe {
    /// The whole network, gently.
    fn default() -> Self {
        Self {
            trained: TrainedPart::All,
            norms: NormStatistics::Running,
            rate_share: 0.1,
            views: 2,
            augmentations: vec![
                Augmentation::Crop { least_area: 0.6 },
                Augmentation::Flip { probability: 0.5 },
                Augmentation::Colour { brightness: 0.4, contrast: 0.4, saturation: 0.4 },
            ],
        }
    }
}

impl BackboneRecipe {
    /// The block before which the network is taken apart; `None` for the whole network.
    pub fn first_block(&self) -> Option<&str> {
        match &self.trained {
            TrainedPart::All => None,
            TrainedPart::From(block) => Some(block),
        }
    }

    /// Refuses what cannot be trained with this loss.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] with the reason.
    pub fn check(&self, loss: &LossSpec) -> Result<(), TrainError> {
        let refuse = |reason: String| Err(TrainError::Recipe(reason));
        if !(self.rate_share > 0.0 && self.rate_share.is_finite()) {
            return refuse(format!("rate_share must be above 0, not {}", self.rate_share));
        }
        if self.views > MOST_VIEWS {
            return refuse(format!("a picture has at most {MOST_VIEWS} changed views, not {}", self.views));
        }
        self.augmentations.iter().try_for_each(Augmentation::check)?;
        let reads_rows = matches!(loss.needs, LossNeeds::Classes | LossNeeds::Relations);
        if n_mixed_views(&self.augmentations) > 0 && !reads_rows {
            return refuse(format!(
                "CutMix needs a loss over batches of postings, and `{}` is one over pairs or triplets",
                loss.id
            ));
        }
        Ok(())
    }
}
