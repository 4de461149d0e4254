//! How much each modality counts, chosen together with the threshold.

use super::spec::{MatcherParameter, MatcherSpec};
use super::threshold::{MIN_MATCHES, WEIGHT};

/// The line in the table.
pub const SPEC: MatcherSpec = MatcherSpec {
    id: "modality-weights",
    label: "Weighted modalities",
    summary: "The share of picture and title in the score is chosen on labelled groups, together with the threshold.",
    source: "weighted sums of image and text similarities in the Shopee Price Match Guarantee competition, 2021",
    parameters: &[
        MatcherParameter {
            choices: &[
                0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8,
                0.85, 0.9, 0.95, 1.0,
            ],
            ..WEIGHT
        },
        MIN_MATCHES,
    ],
    fixed_threshold: None,
    reads_rows: true,
    keeps_scores: false,
    learn: None,
    apply: |ground, setting| Ok(ground.weighted(setting.get(WEIGHT.name)).neighbors.clone().into_owned()),
};
