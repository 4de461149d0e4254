//! Late fusion around a head: the cosines of its projections and of frozen encoders beside them, weighed, and judged against a
//! cohort. Weights are chosen on the validation part and stored with the head. Rows keep their storage: sparse rows stay
//! sparse. Opens no file, looks at no label but those it is handed.

mod fit;
mod parts;
mod table;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;

use serde::{Deserialize, Serialize};

pub(super) use fit::{moved, shares_of};
pub use parts::MixturePlan;
pub use table::{CohortMember, MixtureTable};

/// Encoders beside the head, and how a pair is scored, as data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MixtureRecipe {
    /// Frozen encoders whose cosines join those of the head: for each the wanted one first, then its stand-ins.
    pub companions: Vec<Vec<String>>,
    /// How many of a posting's nearest wrong neighbours in the training part say how crowded its surroundings are; their mean
    /// score is taken from the posting's own scores, half from either side of a pair. 0 takes scores as they are.
    pub cohort_neighbors: usize,
}

/// A mixture with nothing left open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FittedMixture {
    /// Share of each part, the head's projections first; they add up to 1.
    pub weights: Vec<f32>,
    /// As in the recipe.
    pub cohort_neighbors: usize,
}
