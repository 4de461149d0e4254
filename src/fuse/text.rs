//! Titles alone.

use super::{FusionParams, FusionSpec, strategy};

/// The line in the table.
pub const SPEC: FusionSpec = FusionSpec {
    id: "text",
    label: "Title only",
    summary: "The similarity of the titles; pictures are not looked at.",
    uses_weight: false,
    uses_two_thresholds: false,
    absent: "No score where either posting has no title.",
    score,
    lone_factor: strategy::keep_lone,
};

fn score(_image: f32, text: f32, _params: &FusionParams) -> f32 {
    text
}
