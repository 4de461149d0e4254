//! What a fusion strategy is, and its application to a [`PairTable`].

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{FUSIONS, PairTable};
use crate::index::{Neighbors, RankOrder, ScoreKey};

/// Parameters of all strategies; each reads what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FusionParams {
    /// Share of the image similarity in [0, 1].
    pub image_weight: f32,
    /// Image threshold of `union`.
    pub image_threshold: f32,
    /// Text threshold of `union`.
    pub text_threshold: f32,
}

impl Default for FusionParams {
    fn default() -> Self {
        Self { image_weight: 0.5, image_threshold: 0.85, text_threshold: 0.5 }
    }
}

/// The only modality that both postings of a pair have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lone {
    /// Pictures; one posting has a title and the other has none.
    Image,
    /// Titles; one posting has a picture and the other has none.
    Text,
}

/// One line of the table.
pub struct FusionSpec {
    /// Stable id.
    pub id: &'static str,
    /// Name shown to people.
    pub label: &'static str,
    /// Formula and when it helps, one sentence.
    pub summary: &'static str,
    /// Whether `image_weight` matters.
    pub uses_weight: bool,
    /// Whether the two thresholds matter (then the fused threshold is 0.5).
    pub uses_two_thresholds: bool,
    /// What happens where a modality is absent, one sentence.
    pub absent: &'static str,
    /// Fused score of one pair; inputs are NaN where the modality is absent, as is the output where no score exists.
    pub score: fn(image: f32, text: f32, params: &FusionParams) -> f32,
    /// Factor on `score` where just one of the two postings lacks a modality ([`Lone`] is the one both have); `score`
    /// alone holds where both lack it.
    pub lone_factor: fn(lone: Lone, params: &FusionParams) -> f32,
}

impl std::fmt::Debug for FusionSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FusionSpec").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The strategy with this id.
pub fn fusion_spec(id: &str) -> Option<&'static FusionSpec> {
    FUSIONS.iter().find(|spec| spec.id == id)
}

/// The fused score of one pair, NaN where there is none: `similarities` of pictures and titles, NaN where either posting lacks them,
/// and for both postings whether they have a picture and a title.
pub fn fused_score(
    spec: &FusionSpec,
    params: &FusionParams,
    [image, text]: [f32; 2],
    [a, b]: [[bool; 2]; 2],
) -> f32 {
    let score = (spec.score)(image, text, params);
    let lone = if a[0] && b[0] && a[1] != b[1] {
        Some(Lone::Image)
    } else if a[1] && b[1] && a[0] != b[0] {
        Some(Lone::Text)
    } else {
        None
    };
    score * lone.map_or(1.0, |lone| (spec.lone_factor)(lone, params))
}

/// Fused neighbour lists: every candidate of the table scored, best `k` kept, ties by `key_ranks`, the row itself first
/// with score 1. A row for which the strategy has no score at all, not even with itself, has an empty list.
///
/// # Panics
/// When `key_ranks` has fewer entries than the table has rows.
pub fn fuse(
    table: &PairTable,
    spec: &FusionSpec,
    params: &FusionParams,
    key_ranks: &[u32],
    k: usize,
) -> Neighbors {
    let n_rows = table.n_rows();
    let order = RankOrder::new(n_rows, key_ranks, |_| true);
    let positions = order.positions(n_rows);
    let lone_factors = [Lone::Image, Lone::Text].map(|lone| (spec.lone_factor)(lone, params));
    let list = |keys: &mut Vec<ScoreKey>, row: usize| {
        keys.clear();
        let mut has_itself = false;
        for at in table.offsets[row]..table.offsets[row + 1] {
            let (other, image, text) = (table.rows[at] as usize, table.image[at], table.text[at]);
            let mut score = (spec.score)(image, text, params);
            if score.is_nan() {
                continue;
            }
            if other == row {
                has_itself = true;
                continue;
            }
            if image.is_nan() || text.is_nan() {
                score *= table.lone(row, other).map_or(1.0, |lone| lone_factors[lone as usize]);
            }
            keys.push(ScoreKey::new(score, positions[other]));
        }
        if !has_itself || k == 0 {
            keys.clear();
            return Vec::new();
        }
        ScoreKey::keep_best(keys, k - 1);
        let mut hits = Vec::with_capacity(keys.len() + 1);
        hits.push((row as u32, 1.0));
        hits.extend(keys.iter().map(|key| (order.rows[key.position() as usize], key.score())));
        hits
    };
    let lists: Vec<Vec<(u32, f32)>> =
        (0..n_rows).into_par_iter().with_min_len(64).map_init(Vec::new, list).collect();
    let n_hits = lists.iter().map(Vec::len).sum();
    let mut neighbors = Neighbors {
        offsets: Vec::with_capacity(n_rows + 1),
        rows: Vec::with_capacity(n_hits),
        scores: Vec::with_capacity(n_hits),
    };
    neighbors.offsets.push(0);
    for list in lists {
        for (row, score) in list {
            neighbors.rows.push(row);
            neighbors.scores.push(score);
        }
        neighbors.offsets.push(neighbors.rows.len());
    }
    neighbors
}

/// The `lone_factor` of strategies that take a lone similarity as it is.
pub(super) fn keep_lone(_lone: Lone, _params: &FusionParams) -> f32 {
    1.0
}

/// `fused` of both where both are there, else whichever is there, else NaN.
pub(super) fn both_or_lone(image: f32, text: f32, fused: impl FnOnce(f32, f32) -> f32) -> f32 {
    match (image.is_nan(), text.is_nan()) {
        (false, false) => fused(image, text),
        (false, true) => image,
        (true, _) => text,
    }
}

/// w * image + (1 - w) * text, or whichever is there.
pub(super) fn weighted_mean(image: f32, text: f32, params: &FusionParams) -> f32 {
    let weight = params.image_weight.clamp(0.0, 1.0);
    both_or_lone(image, text, |image, text| weight * image + (1.0 - weight) * text)
}
