//! The chance that at least one of two independent witnesses is right ("noisy or": Pearl, Probabilistic Reasoning in
//! Intelligent Systems, 1988, section 4.3.2), taking similarities for probabilities.

use super::{FusionParams, FusionSpec, strategy};

/// The line in the table.
pub const SPEC: FusionSpec = FusionSpec {
    id: "noisy-or",
    label: "Noisy or",
    summary: "1 - (1 - image)(1 - text), each clamped to [0, 1]: high as soon as one is; finds more, doubts less.",
    uses_weight: false,
    uses_two_thresholds: false,
    absent: "An absent modality says nothing: the other's similarity counts alone.",
    score,
    lone_factor: strategy::keep_lone,
};

fn score(image: f32, text: f32, _params: &FusionParams) -> f32 {
    strategy::both_or_lone(image.clamp(0.0, 1.0), text.clamp(0.0, 1.0), |image, text| {
        // The same number as 1 - (1 - image)(1 - text), without cancellation near 0.
        (image + text * (1.0 - image)).min(1.0)
    })
}
