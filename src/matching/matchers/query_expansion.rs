//! Average query expansion: a posting asks with the mean of itself and its nearest neighbours.
//!
//! Chum, Philbin, Sivic, Isard and Zisserman, "Total Recall: Automatic Query Expansion with a Generative Feature Model for
//! Object Retrieval", ICCV 2007, section 4. With `both` the rows asked are expanded too (Arandjelović and Zisserman, "Three
//! things everyone should know to improve object retrieval", CVPR 2012, section 5). Ties: as in the index, by posting key.

use super::blend::{Blend, BlendRule, Blended};
use super::spec::{MatcherParameter, MatcherSpec};
use super::threshold::{MIN_MATCHES, WEIGHT};
use super::{MatchGround, Setting};
use crate::index::Neighbors;

/// The line in the table.
pub const SPEC: MatcherSpec = MatcherSpec {
    id: "query-expansion",
    label: "Query expansion",
    summary: "A posting asks with the mean of itself and its nearest neighbours: what one of them shows, all may find.",
    source: "Chum et al., Total Recall, ICCV 2007",
    parameters: &[N_EXPANDED, BOTH, WEIGHT, MIN_MATCHES],
    fixed_threshold: None,
    reads_rows: true,
    keeps_scores: false,
    learn: None,
    apply: |ground, setting| {
        let ground = ground.weighted(setting.get(WEIGHT.name));
        let blend = Blend::new(&ground.neighbors, rule(setting, 0.0));
        Ok(expanded(&ground, setting, [&blend, &blend]))
    },
};

/// How many neighbours are taken in.
pub(super) const N_EXPANDED: MatcherParameter = MatcherParameter {
    name: "n",
    explanation: "Rows in an expanded query, the posting itself counted",
    default: Some(3.0),
    range: (1.0, 1000.0),
    choices: &[1.0, 2.0, 3.0, 4.0, 6.0, 10.0],
};

/// Who is expanded.
pub(super) const BOTH: MatcherParameter = MatcherParameter {
    name: "both",
    explanation: "0 expands the posting that asks; 1 also those it is compared with",
    default: Some(0.0),
    range: (0.0, 1.0),
    choices: &[0.0, 1.0],
};

/// The nearest, however far (but not opposite), weighed by their score to the power `alpha`.
pub(super) fn rule(setting: &Setting, alpha: f64) -> BlendRule {
    BlendRule { n_most: setting.count(N_EXPANDED.name), threshold: f32::NEG_INFINITY, alpha: alpha as f32 }
}

/// Lists by expanded queries; `blends` hold the weights for each side.
pub(super) fn expanded(ground: &MatchGround<'_>, setting: &Setting, blends: [&Blend; 2]) -> Neighbors {
    let who = if setting.value(BOTH.name) >= 0.5 { Blended::Both } else { Blended::Queries };
    let rows = ground.reblended(blends);
    let by_rows = rows.as_ref().and_then(|rows| match who {
        Blended::Both => rows.ground(ground).map(|ground| ground.neighbors.into_owned()),
        Blended::Queries => ground.against(rows, blends[0]),
    });
    by_rows.unwrap_or_else(|| blends[0].lists(ground, who))
}
