//! Where a head's parameters start: drawn from the seed, or solved in closed form from the training part. Never looks at the
//! validation or test part.

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use super::super::heads::{Depth, Head, Towers, tower_name};
use super::super::whitening::whitening_within_groups;
use super::super::{Part, TrainError};
use super::{TrainingData, TrainingRecipe};

/// How parameters start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Start {
    /// Uniform, from the seed.
    #[default]
    Random,
    /// Each linear projection whitens the differences within groups of the training part; see [`whitening_within_groups`].
    Whitened {
        /// How far the covariance within groups is drawn towards the same variance everywhere, in mean variances; 0 trusts it as
        /// it is.
        shrinkage: f64,
    },
}

impl Start {
    /// Refuses a start the recipe's head cannot have.
    pub(super) fn check(self, recipe: &TrainingRecipe) -> Result<(), TrainError> {
        let Self::Whitened { shrinkage } = self else { return Ok(()) };
        if recipe.head.depth != Depth::Linear {
            return Err(TrainError::Recipe("only a linear projection can start by whitening".to_owned()));
        }
        if !(shrinkage >= 0.0 && shrinkage.is_finite()) {
            return Err(TrainError::Recipe("the shrinkage must be 0 or above".to_owned()));
        }
        Ok(())
    }

    /// Overwrites the parameters of an untrained head.
    pub(super) fn put(self, head: &Head, data: &TrainingData<'_>) -> Result<(), TrainError> {
        let Self::Whitened { shrinkage } = self else { return Ok(()) };
        let shape = head.shape();
        let towers = shape.recipe.towers;
        let rows = data.trainable_rows(Part::Train, towers);
        let rows: Vec<u32> = rows.into_iter().filter(|row| data.labels.group(*row).is_some()).collect();
        let groups: Vec<u32> = rows.iter().filter_map(|row| data.labels.group(*row)).collect();
        let device = head.parameters().device();
        let modalities = data.tensors(&rows, device)?;
        let inputs = match towers {
            Towers::Fused => vec![Tensor::cat(&modalities, 1)?],
            Towers::PerModality => modalities,
        };
        for (tower, input) in inputs.iter().enumerate() {
            let width = input.dim(1)?;
            let values: Vec<f32> = input.flatten_all()?.to_vec1()?;
            let map = whitening_within_groups(&values, width, &groups, shrinkage, shape.recipe.width)?;
            let set = |name: &str, values: Vec<f32>, of: &[usize]| {
                let value = Tensor::from_vec(values, of, device)?;
                shape.recipe.projected_sides().iter().try_for_each(|side| {
                    head.parameters().set(&format!("{}.0.{name}", tower_name(tower, *side)), &value)
                })
            };
            set("weight", map.weight, &[shape.recipe.width, width])?;
            set("bias", map.bias, &[shape.recipe.width])?;
        }
        Ok(())
    }
}
