//! Answers as large as groups are known to be: the n-th neighbour of a posting is held to a bar of its own, at which as many
//! postings have an n-th match as there are postings with a group of n members.
//!
//! With the share p_n of rows whose group has at least n members (from the training groups) and q_n the (1 - p_n)-quantile of
//! all n-th best scores, the n-th score becomes s_n - strength (q_n - q_2), and never rises along a list. Strength 0 is one
//! threshold for all; at strength 1 a single threshold gives answers whose sizes are distributed as the training groups' are
//! (quantile matching). After the observation of the Shopee Price Match Guarantee competition (2021) that no group is smaller
//! than two or larger than fifty. Order within a list is kept, and with it its ties.

use super::spec::{MatcherError, MatcherParameter, MatcherSpec};
use super::threshold::{MIN_MATCHES, WEIGHT};
use super::{MatchGround, Setting};
use crate::index::Neighbors;

/// The line in the table.
pub const SPEC: MatcherSpec = MatcherSpec {
    id: "group-size-prior",
    label: "Prior on group size",
    summary: "The first match is easier to be than the tenth: answers become as large as labelled groups are.",
    source: "quantile matching; after the group sizes of the Shopee Price Match Guarantee competition, 2021",
    parameters: &[
        MatcherParameter {
            name: "strength",
            explanation: "0 holds every neighbour to one threshold, 1 makes answers as large as the groups",
            default: Some(0.5),
            range: (0.0, 1.0),
            choices: &[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0],
        },
        WEIGHT,
        MIN_MATCHES,
    ],
    fixed_threshold: None,
    reads_rows: true,
    keeps_scores: false,
    learn: None,
    apply: |ground, setting| {
        if setting.group_shares.is_empty() {
            return Err(MatcherError::NeedsGroups { id: SPEC.id });
        }
        Ok(with_prior(&ground.weighted(setting.get(WEIGHT.name)), setting))
    },
};

fn with_prior(ground: &MatchGround<'_>, setting: &Setting) -> Neighbors {
    let mut neighbors = ground.neighbors.clone().into_owned();
    let strength = setting.value("strength") as f32;
    let bars = bars(&neighbors, &setting.group_shares);
    let first_bar = bars.first().copied().unwrap_or_default();
    for row in 0..neighbors.n_rows() {
        let (Some(&start), Some(&end)) = (neighbors.offsets.get(row), neighbors.offsets.get(row + 1)) else {
            continue;
        };
        let mut place = 0;
        let mut lowest = f32::INFINITY;
        for at in start..end {
            let is_itself = neighbors.rows.get(at).is_some_and(|other| *other as usize == row);
            let Some(score) = neighbors.scores.get_mut(at).filter(|_| !is_itself) else { continue };
            let bar = bars.get(place).or(bars.last()).copied().unwrap_or_default();
            // The score's own range is kept, where thresholds are looked for.
            lowest = lowest.min((*score - strength * (bar - first_bar)).clamp(-1.0, 1.0));
            *score = lowest;
            place += 1;
        }
    }
    neighbors
}

/// For the second, third... best (the row itself is the first): the score that the known share of rows reaches.
fn bars(neighbors: &Neighbors, shares: &[f64]) -> Vec<f32> {
    let mut of_place: Vec<Vec<f32>> = Vec::new();
    let mut n_there = 0;
    for row in 0..neighbors.n_rows() {
        let (others, scores) = neighbors.list(row);
        n_there += usize::from(!others.is_empty());
        let others = others.iter().zip(scores).filter(|(other, _)| **other as usize != row);
        for (place, (_, score)) in others.enumerate() {
            if place == of_place.len() {
                of_place.push(Vec::new());
            }
            if let Some(scores) = of_place.get_mut(place) {
                scores.push(*score);
            }
        }
    }
    let bar = |(place, mut scores): (usize, Vec<f32>)| {
        scores.sort_unstable_by(|a, b| b.total_cmp(a));
        let share = shares.get(place).copied().unwrap_or(0.0);
        let n_reached = (share * n_there as f64).round() as usize;
        // The last that is still let in; where nobody is, the best of all, which then is the only one.
        let last = n_reached.saturating_sub(1).min(scores.len().saturating_sub(1));
        scores.get(last).copied().unwrap_or_default()
    };
    of_place.into_iter().enumerate().map(bar).collect()
}
