//! A small network scores each pair anew from what surrounds it: the similarities of each modality, the pair's rank on either
//! side, how far each posting's best neighbour is, how many neighbours they share, and the score after neighbourhood blending. It
//! learns from the training groups which of that tells a pair of one group from a pair of two.
//!
//! After the second stage of leading solutions of the Shopee Price Match Guarantee competition (2021), which re-score candidate
//! pairs from their neighbourhoods. Learned from pools as large as the one it is used on, because ranks and distances depend on how
//! many postings there are. Scores are probabilities; ties stand in order of posting key.

mod features;
mod network;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use self::features::{Surroundings, WIDTH};
use self::network::{Network, Schooling};
use super::spec::{LabelledPool, MatcherError, MatcherParameter, MatcherSpec};
use super::threshold::{MIN_MATCHES, WEIGHT};
use super::{MatchGround, Setting};
use crate::index::{Neighbors, ScoreKey};

/// The line in the table.
pub const SPEC: MatcherSpec = MatcherSpec {
    id: "pair-network",
    label: "Learned pair scores",
    summary: "A small network learns from the training groups to score a pair by its whole neighbourhood.",
    source: "second-stage models of the Shopee Price Match Guarantee competition, 2021",
    parameters: &[
        MatcherParameter {
            name: "blend",
            explanation: "Smallest score of a neighbour blended in, for the score after blending that the network reads",
            default: Some(0.55),
            range: (-1.0, 1.0),
            choices: &[],
        },
        MatcherParameter {
            name: "k",
            explanation: "Candidates of a posting that are scored anew",
            default: Some(15.0),
            range: (1.0, 1000.0),
            choices: &[],
        },
        MatcherParameter {
            name: "hidden",
            explanation: "Numbers in the network's middle layer",
            default: Some(32.0),
            range: (1.0, 1024.0),
            choices: &[],
        },
        MatcherParameter {
            name: "rounds",
            explanation: "Rounds over all pairs while it learns",
            default: Some(12.0),
            range: (1.0, 1000.0),
            choices: &[],
        },
        MatcherParameter { choices: &[], ..WEIGHT },
        MIN_MATCHES,
    ],
    fixed_threshold: None,
    reads_rows: true,
    keeps_scores: false,
    learn: Some(learn),
    apply: rescored,
};

fn surroundings(ground: &MatchGround<'_>, setting: &Setting) -> Surroundings {
    let ground = ground.weighted(setting.get(WEIGHT.name));
    Surroundings::new(&ground, setting.value("blend") as f32, setting.count("k").max(1))
}

fn learn(pools: &[LabelledPool<'_>], setting: &Setting) -> Result<Vec<f32>, MatcherError> {
    let (mut rows, mut targets) = (Vec::new(), Vec::new());
    for pool in pools {
        let around = surroundings(&pool.ground, setting);
        let group = |row: u32| pool.groups.get(row as usize).copied().flatten();
        for row in 0..around.n_rows() as u32 {
            // A row without a label says nothing.
            let Some(mine) = group(row) else { continue };
            for other in around.candidates(row) {
                let Some(theirs) = group(other) else { continue };
                rows.extend_from_slice(&around.features(row, other));
                targets.push(f32::from(mine == theirs));
            }
        }
    }
    let has_both = targets.contains(&0.0) && targets.contains(&1.0);
    if !has_both {
        return Err(MatcherError::NothingToLearn { id: SPEC.id });
    }
    let schooling =
        Schooling { hidden: setting.count("hidden").max(1), n_rounds: setting.count("rounds").max(1) };
    Ok(Network::learned(&rows, &targets, schooling).to_numbers())
}

fn rescored(ground: &MatchGround<'_>, setting: &Setting) -> Result<Neighbors, MatcherError> {
    let network =
        Network::from_numbers(&setting.learned, WIDTH).ok_or(MatcherError::NothingToLearn { id: SPEC.id })?;
    let around = surroundings(ground, setting);
    let order = ground.order();
    let positions = order.positions(around.n_rows());
    let list = |row: usize| -> Vec<(u32, f32)> {
        if ground.neighbors.list(row).0.is_empty() || ground.k == 0 {
            return Vec::new();
        }
        let row = row as u32;
        let mut keys: Vec<ScoreKey> = around
            .candidates(row)
            .into_iter()
            .filter_map(|other| {
                let score = network.probability(&around.features(row, other));
                positions.get(other as usize).map(|position| ScoreKey::new(score, *position))
            })
            .collect();
        ScoreKey::keep_best(&mut keys, ground.k - 1);
        let hit = |key: &ScoreKey| Some((*order.rows.get(key.position() as usize)?, key.score()));
        std::iter::once((row, 1.0)).chain(keys.iter().filter_map(hit)).collect()
    };
    let lists: Vec<Vec<(u32, f32)>> = (0..around.n_rows()).into_par_iter().map(list).collect();
    let mut found = Neighbors { offsets: vec![0], rows: Vec::new(), scores: Vec::new() };
    for list in lists {
        for (row, score) in list {
            found.rows.push(row);
            found.scores.push(score);
        }
        found.offsets.push(found.rows.len());
    }
    Ok(found)
}
