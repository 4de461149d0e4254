//! What is trained on top of cached embeddings: towers that project them, and a measure of pairs. One line in [`HEADS`]
//! is one combination with a name; a recipe may make others.

mod head;
mod layers;
mod parameters;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;

use serde::{Deserialize, Serialize};

pub(super) use head::tower_name;
pub use head::{Head, HeadShape};
pub use layers::Mode;
pub use parameters::{Learned, Parameters};

/// How modalities come together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Towers {
    /// Early fusion: all modalities are put side by side and projected together. An absent one is zeros.
    Fused,
    /// A projection each.
    PerModality,
}

/// How deep a tower is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Depth {
    /// Nothing learned: the cached embedding itself.
    Identity,
    /// One linear layer.
    Linear,
    /// Linear, ReLU, linear.
    TwoLayers {
        /// Numbers between the two.
        hidden: usize,
    },
}

/// Whether embeddings are normalised over the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Normalisation {
    /// L2 only.
    LengthOnly,
    /// Batch norm, then L2.
    BatchThenLength,
}

/// How alike two postings are, given their towers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum PairMeasure {
    /// The mean of the towers' cosines.
    Cosine,
    /// |a - b| through linear, ReLU, linear to log odds; the absolute difference makes both orders of a pair one.
    Classifier {
        /// Numbers between the two layers.
        hidden: usize,
    },
    /// w_1 cos_1 + w_2 cos_2 + b, log odds; needs two towers.
    Neuron,
}

/// Whether both sides of a question are projected alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SideProjections {
    /// One projection for all rows.
    #[default]
    Shared,
    /// Rows that ask have one of their own, rows that answer another; both start alike. Needs rows with sides.
    Apart,
}

/// A head as data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadRecipe {
    /// How modalities come together.
    pub towers: Towers,
    /// Depth of each tower.
    pub depth: Depth,
    /// Numbers an embedding (ignored by [`Depth::Identity`]).
    pub width: usize,
    /// Before the L2 norm.
    pub normalisation: Normalisation,
    /// Of pairs.
    pub measure: PairMeasure,
    /// Of left and right rows.
    #[serde(default, skip_serializing_if = "SideProjections::is_shared")]
    pub sides: SideProjections,
}

impl SideProjections {
    /// Nothing is said of it then, so that heads keep the names they had.
    fn is_shared(&self) -> bool {
        *self == Self::Shared
    }
}

impl Default for HeadRecipe {
    /// Two layers to 512 numbers.
    fn default() -> Self {
        Self {
            towers: Towers::Fused,
            depth: Depth::TwoLayers { hidden: 512 },
            width: 512,
            normalisation: Normalisation::LengthOnly,
            measure: PairMeasure::Cosine,
            sides: SideProjections::Shared,
        }
    }
}

/// One line of the table.
#[derive(Debug)]
pub struct HeadSpec {
    /// Stable id.
    pub id: &'static str,
    /// Name shown to people.
    pub label: &'static str,
    /// One sentence: what it learns and when it helps.
    pub summary: &'static str,
    /// The recipe to start with.
    pub default: fn() -> HeadRecipe,
}

/// Every head with a name, in the order pickers show them.
pub const HEADS: &[HeadSpec] = &[
    HeadSpec {
        id: "linear",
        label: "Linear projection",
        summary: "One matrix over all that is known of a posting: little to learn, little to overfit.",
        default: || HeadRecipe { depth: Depth::Linear, ..HeadRecipe::default() },
    },
    HeadSpec {
        id: "two-layer",
        label: "Two-layer projection",
        summary: "Two layers with ReLU over all that is known of a posting; picture and title fused early where both are.",
        default: HeadRecipe::default,
    },
    HeadSpec {
        id: "two-layer-batch-norm",
        label: "Two-layer projection, batch norm",
        summary: "As above with batch norm before the L2 norm; what margin losses over groups like best.",
        default: || HeadRecipe { normalisation: Normalisation::BatchThenLength, ..HeadRecipe::default() },
    },
    HeadSpec {
        id: "pair-classifier",
        label: "Pair classifier",
        summary: "The difference of two fused embeddings is classified as same or different: the naive way, to compare with.",
        default: || HeadRecipe {
            depth: Depth::Identity,
            measure: PairMeasure::Classifier { hidden: 256 },
            ..HeadRecipe::default()
        },
    },
    HeadSpec {
        id: "fusion-neuron",
        label: "One-neuron fusion",
        summary: "A projection for pictures, one for titles, and one neuron that weighs their cosines.",
        default: || HeadRecipe {
            towers: Towers::PerModality,
            depth: Depth::Linear,
            measure: PairMeasure::Neuron,
            ..HeadRecipe::default()
        },
    },
    HeadSpec {
        id: "two-towers",
        label: "Two towers",
        summary: "A projection for pictures and one for titles, side by side; their cosines count the same.",
        default: || HeadRecipe { towers: Towers::PerModality, depth: Depth::Linear, ..HeadRecipe::default() },
    },
];
