//! Pictures alone.

use super::{FusionParams, FusionSpec, strategy};

/// The line in the table.
pub const SPEC: FusionSpec = FusionSpec {
    id: "image",
    label: "Picture only",
    summary: "The similarity of the pictures; titles are not looked at.",
    uses_weight: false,
    uses_two_thresholds: false,
    absent: "No score where either posting has no picture.",
    score,
    lone_factor: strategy::keep_lone,
};

fn score(image: f32, _text: f32, _params: &FusionParams) -> f32 {
    image
}
