//! As the plain threshold, but a posting's best neighbour is a match whatever it scores: right where nobody is alone.

use super::spec::{MatcherParameter, MatcherSpec};
use super::threshold::MIN_MATCHES;

/// The line in the table.
pub const SPEC: MatcherSpec = MatcherSpec {
    id: "at-least-two",
    label: "At least two",
    summary: "As the threshold, but the best neighbour is always a match: for catalogues in which no posting is alone.",
    source: "the leading solutions of the Shopee Price Match Guarantee competition, 2021 (\"min2\")",
    parameters: &[MatcherParameter { default: Some(2.0), choices: &[], ..MIN_MATCHES }],
    fixed_threshold: None,
    reads_rows: false,
    keeps_scores: true,
    learn: None,
    apply: |ground, _| Ok(ground.neighbors.clone().into_owned()),
};
