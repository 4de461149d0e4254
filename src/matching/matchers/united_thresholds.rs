//! A pair is a match when its pictures, its titles or both together are alike enough, each by a threshold of its own.
//!
//! Used by nearly every leading solution of the Shopee Price Match Guarantee competition (2021): the union of the matches by
//! image, by text and by both. A score of 0.5 is exactly at the threshold of the surest of the three. Ties: by posting key.

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::spec::{MatcherError, MatcherParameter, MatcherSpec};
use super::threshold::MIN_MATCHES;
use super::{MatchGround, Setting};
use crate::fuse::{around_threshold, fuse};
use crate::index::{Neighbors, ScoreKey};

/// Cosines never reach it: a threshold that is switched off.
const OFF: f64 = 1.05;

const CHOICES: &[f64] = &[
    0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.525, 0.55, 0.575, 0.6, 0.625, 0.65, 0.675, 0.7, 0.725,
    0.75, 0.775, 0.8, 0.825, 0.85, 0.875, 0.9, 0.925, 0.95, 0.975, OFF,
];

/// The line in the table.
pub const SPEC: MatcherSpec = MatcherSpec {
    id: "united-thresholds",
    label: "United thresholds",
    summary: "A match by picture, by title or by both together, each with its own threshold, chosen jointly.",
    source: "the leading solutions of the Shopee Price Match Guarantee competition, 2021",
    parameters: &[
        MatcherParameter {
            name: "fused_threshold",
            explanation: "Smallest score of both together; 1.05 switches it off",
            default: Some(0.5),
            range: (-1.0, OFF),
            choices: CHOICES,
        },
        MatcherParameter {
            name: "text_threshold",
            explanation: "Smallest similarity of titles (or of frozen rows beside a trained head); 1.05 switches it off",
            default: Some(OFF),
            range: (-1.0, OFF),
            choices: CHOICES,
        },
        MatcherParameter {
            name: "image_threshold",
            explanation: "Smallest similarity of pictures (or by the trained head); 1.05 switches it off",
            default: Some(OFF),
            range: (-1.0, OFF),
            choices: CHOICES,
        },
        MIN_MATCHES,
    ],
    fixed_threshold: Some(0.5),
    reads_rows: true,
    keeps_scores: false,
    learn: None,
    apply: united,
};

fn united(ground: &MatchGround<'_>, setting: &Setting) -> Result<Neighbors, MatcherError> {
    let rows = ground.rows.as_ref().ok_or(MatcherError::NeedsRows { id: SPEC.id })?;
    let table = &rows.table;
    let n_rows = table.n_rows();
    // Every candidate with its fused score, not only the best k.
    let widest = table.offsets.windows(2).map(|span| span[1] - span[0]).max().unwrap_or(0) + 1;
    let fused = fuse(table, rows.fusion, &rows.params, ground.key_ranks, widest);
    let [by_fused, by_text, by_image] =
        ["fused_threshold", "text_threshold", "image_threshold"].map(|name| setting.value(name));
    let around = |similarity: f32, threshold: f64| {
        if threshold > 1.0 { f32::NAN } else { around_threshold(similarity, threshold as f32) }
    };
    let order = ground.order();
    let positions = order.positions(n_rows);
    let list = |row: usize| -> Vec<(u32, f32)> {
        let (Some(&start), Some(&end)) = (table.offsets.get(row), table.offsets.get(row + 1)) else {
            return Vec::new();
        };
        let is_there = [&table.has_image, &table.has_text].iter().any(|has| has.get(row) == Some(&true));
        if !is_there || ground.k == 0 {
            return Vec::new();
        }
        let (others, scores) = fused.list(row);
        let mut fused: Vec<(u32, f32)> = others.iter().copied().zip(scores.iter().copied()).collect();
        fused.sort_unstable_by_key(|(other, _)| *other);
        let fused = |other: u32| {
            let place = fused.binary_search_by_key(&other, |(listed, _)| *listed).ok()?;
            fused.get(place).map(|(_, score)| *score)
        };
        let mut keys: Vec<ScoreKey> = (start..end)
            .filter_map(|at| {
                let other = *table.rows.get(at)?;
                // f32::max passes over what is not a number.
                let score = around(fused(other).unwrap_or(f32::NAN), by_fused)
                    .max(around(*table.text.get(at)?, by_text))
                    .max(around(*table.image.get(at)?, by_image));
                let position = positions.get(other as usize)?;
                (other as usize != row && !score.is_nan()).then(|| ScoreKey::new(score, *position))
            })
            .collect();
        ScoreKey::keep_best(&mut keys, ground.k - 1);
        let hit = |key: &ScoreKey| Some((*order.rows.get(key.position() as usize)?, key.score()));
        std::iter::once((row as u32, 1.0)).chain(keys.iter().filter_map(hit)).collect()
    };
    let lists: Vec<Vec<(u32, f32)>> = (0..n_rows).into_par_iter().map(list).collect();
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
