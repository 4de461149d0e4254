//! What a fusion strategy is, and its application to a [`PairTable`].

use serde::{Deserialize, Serialize};

use super::{FUSIONS, PairTable};
use crate::index::Neighbors;

/// Parameters of all strategies; each reads what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FusionParams {
    /// Share of the image similarity in [0, 1].
    pub image_weight: f32,
    /// Image threshold of `union`.
    pub image_threshold: f32,
    /// Text threshold of `union`.
    pub text_threshold: f32,
}

impl Default for FusionParams {
    fn default() -> Self {
        Self { image_weight: 0.5, image_threshold: 0.85, text_threshold: 0.5 }
    }
}

/// One line of the table.
pub struct FusionSpec {
    /// Stable id.
    pub id: &'static str,
    /// Name shown to people.
    pub label: &'static str,
    /// Formula and when it helps, one sentence.
    pub summary: &'static str,
    /// Whether `image_weight` matters.
    pub uses_weight: bool,
    /// Whether the two thresholds matter (then the fused threshold is 0.5).
    pub uses_two_thresholds: bool,
    /// Fused score of one pair; inputs are NaN where the modality is absent, as is the output where no score exists.
    pub score: fn(image: f32, text: f32, params: &FusionParams) -> f32,
}

impl std::fmt::Debug for FusionSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FusionSpec").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The strategy with this id.
pub fn fusion_spec(id: &str) -> Option<&'static FusionSpec> {
    FUSIONS.iter().find(|spec| spec.id == id)
}

/// Fused neighbour lists: every candidate of the table scored, best `k` kept, ties by `key_ranks`, the row itself first with score 1.
pub fn fuse(
    table: &PairTable,
    spec: &FusionSpec,
    params: &FusionParams,
    key_ranks: &[u32],
    k: usize,
) -> Neighbors {
    unimplemented!("{table:?}{spec:?}{params:?}{key_ranks:?}{k}")
}
