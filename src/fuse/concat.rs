//! The cosine of both embeddings, L2-normalised, weighted and concatenated into one vector.
//!
//! With v = (sqrt(w) * image, sqrt(1 - w) * text) of unit vectors, the cosine of two complete postings is
//! w * image + (1 - w) * text, exactly [`super::mean`]. They differ only where a modality is absent: there its half of v
//! is zero and v is normalised without it. If one posting lacks pictures, the cosine is
//! (1 - w) * text / (sqrt(1 - w) * 1) = sqrt(1 - w) * text: what the complete posting's picture says stays
//! unanswered and counts against the pair. If both lack them, it is text.

use super::{FusionParams, FusionSpec, Lone, strategy};

/// The line in the table.
pub const SPEC: FusionSpec = FusionSpec {
    id: "concat",
    label: "Concatenated vectors",
    summary: "The cosine of both vectors normalised, weighted and joined: the mean, but stricter where something is missing.",
    uses_weight: true,
    uses_two_thresholds: false,
    absent: "Where one posting lacks a modality, the other's similarity counts times the square root of its weight; \
             where both lack it, in full.",
    score,
    lone_factor,
};

fn score(image: f32, text: f32, params: &FusionParams) -> f32 {
    strategy::weighted_mean(image, text, params)
}

fn lone_factor(lone: Lone, params: &FusionParams) -> f32 {
    let weight = params.image_weight.clamp(0.0, 1.0);
    match lone {
        Lone::Image => weight.sqrt(),
        Lone::Text => (1.0 - weight).sqrt(),
    }
}
