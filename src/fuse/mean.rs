//! The weighted mean of both similarities.

use super::{FusionParams, FusionSpec, strategy};

/// The line in the table.
pub const SPEC: FusionSpec = FusionSpec {
    id: "mean",
    label: "Weighted mean",
    summary: "w * image + (1 - w) * text: each modality may make up for the other's doubt; the best all-rounder.",
    uses_weight: true,
    uses_two_thresholds: false,
    absent: "Where a modality is absent for either posting, the other's similarity counts alone and in full.",
    score,
    lone_factor: strategy::keep_lone,
};

fn score(image: f32, text: f32, params: &FusionParams) -> f32 {
    strategy::weighted_mean(image, text, params)
}
