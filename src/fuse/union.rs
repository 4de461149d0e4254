//! Both lists, each with its own threshold: a pair matches when either similarity reaches its own.
//!
//! Each similarity is mapped by two straight lines, -1 to 0, its threshold to 0.5 and 1 to 1, and the larger one counts;
//! so the fused score is at least 0.5 exactly when one of the similarities is at least its threshold.

use super::{FusionParams, FusionSpec, strategy};

/// The line in the table.
pub const SPEC: FusionSpec = FusionSpec {
    id: "union",
    label: "Union",
    summary: "Matches of either list, each with its own threshold; 0.5 is exactly at the threshold of the surer one.",
    uses_weight: false,
    uses_two_thresholds: true,
    absent: "The list of an absent modality adds nothing.",
    score,
    lone_factor: strategy::keep_lone,
};

fn score(image: f32, text: f32, params: &FusionParams) -> f32 {
    let image = around_threshold(image, params.image_threshold);
    let text = around_threshold(text, params.text_threshold);
    strategy::both_or_lone(image, text, f32::max)
}

/// 0 at -1, 0.5 at `threshold`, 1 at 1, straight between; below 0.5 wherever `similarity` is below `threshold`.
pub fn around_threshold(similarity: f32, threshold: f32) -> f32 {
    /// The largest number below 0.5: rounding must not lift a similarity just below its threshold onto it.
    const JUST_BELOW_HALF: f32 = 0.5 - f32::EPSILON / 4.0;
    if similarity.is_nan() {
        f32::NAN
    } else if similarity >= threshold {
        let room = 1.0 - threshold;
        let share = if room > 0.0 { (similarity - threshold) / room } else { 1.0 };
        0.5 + 0.5 * share.min(1.0)
    } else {
        let share = (similarity + 1.0) / (threshold + 1.0);
        (0.5 * share).clamp(0.0, JUST_BELOW_HALF)
    }
}
