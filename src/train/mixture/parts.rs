//! The parts of a mixture as rows of the whole catalogue: what a head makes of its embeddings, and frozen ones. Trains nothing.

use std::borrow::Cow;

use candle_core::Device;

use super::super::heads::Head;
use super::super::trainer::{TrainingData, tower_embeddings};
use super::super::{Part, TrainError, Unreviewed};
use super::{CohortMember, MixtureRecipe};
use crate::encode::Embeddings;

/// A mixture and the rows it needs; all of the whole catalogue.
#[derive(Clone, Copy, Debug)]
pub struct MixturePlan<'a> {
    /// What it is.
    pub recipe: &'a MixtureRecipe,
    /// What the head reads, as the encoders gave it: the frozen side of a comparison.
    pub own: &'a [Cow<'a, Embeddings>],
    /// Frozen rows beside the head.
    pub companions: &'a [Cow<'a, Embeddings>],
}

impl<'a> MixturePlan<'a> {
    /// Each projection of `head`, then the companions.
    ///
    /// # Errors
    /// When the device fails.
    pub fn head_parts(
        &self,
        head: &Head,
        data: &TrainingData<'_>,
        device: &Device,
    ) -> Result<Vec<Cow<'a, Embeddings>>, TrainError> {
        let towers = tower_embeddings(head, data, device)?;
        Ok(towers.into_iter().map(Cow::Owned).chain(self.beside()).collect())
    }

    /// What the head reads, as it is, then the companions.
    pub fn frozen_parts(&self) -> Vec<Cow<'a, Embeddings>> {
        self.own.iter().map(|part| Cow::Borrowed(part.as_ref())).chain(self.beside()).collect()
    }

    fn beside(&self) -> impl Iterator<Item = Cow<'a, Embeddings>> + use<'a> {
        self.companions.iter().map(|part| Cow::Borrowed(part.as_ref()))
    }

    /// The training part as a cohort, and how many of it are asked; nobody where groups are not known to be different, since then
    /// nobody knows who is wrong.
    pub fn cohort(&self, data: &TrainingData<'_>) -> (Vec<CohortMember>, usize) {
        let n_asked = self.recipe.cohort_neighbors;
        if n_asked == 0 || data.labels.unreviewed() == Unreviewed::Unknown {
            return (Vec::new(), 0);
        }
        let rows = data.embedded_rows(Part::Train);
        let member = |row: &u32| Some(CohortMember { row: *row, group: data.labels.group(*row)? });
        (rows.iter().filter_map(member).collect(), n_asked)
    }
}
