//! The plain way: whatever scores at least the threshold.

use super::spec::{MatcherParameter, MatcherSpec};

/// The line in the table.
pub const SPEC: MatcherSpec = MatcherSpec {
    id: "threshold",
    label: "Threshold",
    summary: "Every neighbour whose score reaches one threshold is a match.",
    source: "the baseline of the Shopee Price Match Guarantee competition, 2021",
    parameters: &[MatcherParameter { default: Some(1.0), choices: &[], ..MIN_MATCHES }],
    fixed_threshold: None,
    reads_rows: false,
    keeps_scores: true,
    learn: None,
    apply: |ground, _| Ok(ground.neighbors.clone().into_owned()),
};

/// The parameter of most matchers that fills up short answers; chosen on labelled rows unless given.
pub(super) const MIN_MATCHES: MatcherParameter = MatcherParameter {
    name: "min_matches",
    explanation: "Fewest matches of a posting, itself counted; the best below the threshold fill up",
    default: Some(1.0),
    range: (1.0, 50.0),
    choices: &[1.0, 2.0],
};

/// The share of the first side, for matchers that compare anew.
pub(super) const WEIGHT: MatcherParameter = MatcherParameter {
    name: "weight",
    explanation: "Share of the picture (or of the trained head, beside frozen rows) in the score; as in the settings where not chosen",
    default: None,
    range: (0.0, 1.0),
    choices: &[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
};
