//! Iterative neighbourhood blending: each row becomes the similarity-weighted sum of its neighbours above a threshold, itself
//! included, brought to length 1; then all are compared anew. Several stages, each with a threshold of its own. Postings of one
//! group move together, and two groups whose borders touch move apart.
//!
//! The first-place solution of the Shopee Price Match Guarantee competition (2021) describes it under the name INB. Ties: as in
//! the index, by posting key. Rows of bits, and scores that are no cosine of rows, are blended by their lists.

use super::blend::{Blend, BlendRule, Blended};
use super::spec::{MatcherParameter, MatcherSpec};
use super::threshold::{MIN_MATCHES, WEIGHT};
use super::{MatchGround, Setting};
use crate::index::Neighbors;

const THRESHOLDS: [MatcherParameter; 3] = [stage("threshold1"), stage("threshold2"), stage("threshold3")];

/// The line in the table.
pub const SPEC: MatcherSpec = MatcherSpec {
    id: "inb",
    label: "Neighbourhood blending",
    summary: "Each posting becomes the weighted sum of its near neighbours, in stages; groups draw together before the threshold.",
    source: "the first-place solution of the Shopee Price Match Guarantee competition, 2021",
    parameters: &[
        WEIGHT,
        THRESHOLDS[0],
        MatcherParameter {
            name: "stages",
            explanation: "Times that all rows are blended",
            default: Some(1.0),
            range: (0.0, 3.0),
            choices: &[0.0, 1.0, 2.0, 3.0],
        },
        THRESHOLDS[1],
        THRESHOLDS[2],
        MatcherParameter {
            name: "k",
            explanation: "Neighbours blended into a row at most, the row itself counted",
            default: Some(50.0),
            range: (1.0, 1000.0),
            choices: &[],
        },
        MIN_MATCHES,
    ],
    fixed_threshold: None,
    reads_rows: true,
    keeps_scores: false,
    learn: None,
    apply: |ground, setting| Ok(blended(&ground.weighted(setting.get(WEIGHT.name)), setting, 0)),
};

const fn stage(name: &'static str) -> MatcherParameter {
    MatcherParameter {
        name,
        explanation: "Smallest score of a neighbour that is blended in, at this stage",
        default: Some(0.6),
        range: (-1.0, 1.0),
        choices: &[0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95],
    }
}

fn blended(ground: &MatchGround<'_>, setting: &Setting, n_done: usize) -> Neighbors {
    let stage = THRESHOLDS.get(n_done).filter(|_| n_done < setting.count("stages"));
    let Some(stage) = stage else { return ground.neighbors.clone().into_owned() };
    let rule =
        BlendRule { n_most: setting.count("k"), threshold: setting.value(stage.name) as f32, alpha: 1.0 };
    let blend = Blend::new(&ground.neighbors, rule);
    let rows = ground.reblended([&blend, &blend]);
    if let Some(next) = rows.as_ref().and_then(|rows| rows.ground(ground)) {
        return blended(&next, setting, n_done + 1);
    }
    let lists = blend.lists(ground, Blended::Both);
    blended(&MatchGround::of_lists(&lists, ground.key_ranks, ground.k), setting, n_done + 1)
}
