//! What surrounds a pair, as numbers. Everything comes from ranked lists, so that memory stays that of the lists.

use super::super::MatchGround;
use super::super::blend::{Blend, BlendRule, Blended};
use crate::index::Neighbors;

/// Numbers a pair.
pub(super) const WIDTH: usize = 18;

/// Neighbours whose mean tells how crowded it is around a posting.
const N_CROWD: usize = 5;

/// The lists of a pool before and after blending, and each modality's own similarities.
#[derive(Debug)]
pub(super) struct Surroundings {
    fused: Ranked,
    blended: Ranked,
    sides: Sides,
    n_candidates: usize,
}

/// Similarities of the two sides; a side that is not there has none.
#[derive(Debug)]
struct Sides {
    offsets: Vec<usize>,
    rows: Vec<u32>,
    scores: [Vec<f32>; 2],
}

/// Lists without the rows themselves.
#[derive(Debug)]
struct Ranked {
    offsets: Vec<usize>,
    rows: Vec<u32>,
    scores: Vec<f32>,
}

impl Surroundings {
    pub fn new(ground: &MatchGround<'_>, threshold: f32, n_candidates: usize) -> Self {
        let blend = Blend::new(&ground.neighbors, BlendRule { n_most: ground.k, threshold, alpha: 1.0 });
        let rows = ground.reblended([&blend, &blend]);
        let blended = rows.as_ref().and_then(|rows| rows.ground(ground)).map_or_else(
            || Ranked::new(&blend.lists(ground, Blended::Both)),
            |next| Ranked::new(&next.neighbors),
        );
        let sides = ground.rows.as_ref().map_or_else(
            || Sides { offsets: Vec::new(), rows: Vec::new(), scores: [Vec::new(), Vec::new()] },
            |rows| Sides {
                offsets: rows.table.offsets.clone(),
                rows: rows.table.rows.clone(),
                scores: [rows.table.image.clone(), rows.table.text.clone()],
            },
        );
        Self { fused: Ranked::new(&ground.neighbors), blended, sides, n_candidates }
    }

    pub fn n_rows(&self) -> usize {
        self.fused.offsets.len().saturating_sub(1)
    }

    /// The best of both lists, ascending.
    pub fn candidates(&self, row: u32) -> Vec<u32> {
        let best = |ranked: &Ranked| -> Vec<u32> {
            ranked.list(row).0.iter().copied().take(self.n_candidates).collect()
        };
        let mut all = [best(&self.fused), best(&self.blended)].concat();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The numbers of `row` asking for `other`.
    pub fn features(&self, row: u32, other: u32) -> [f32; WIDTH] {
        let there = self.fused.place(row, other);
        let back = self.fused.place(other, row);
        let fused = there.or(back).map_or_else(|| self.fused.last(row), |(_, score)| score);
        let blended = self.blended.place(row, other).or_else(|| self.blended.place(other, row));
        let blended = blended.map_or_else(|| self.blended.last(row), |(_, score)| score);
        let n_candidates = self.n_candidates as f32;
        let rank = |place: Option<(usize, f32)>| {
            place.map_or(n_candidates, |(rank, _)| (rank as f32).min(n_candidates))
        };
        let [first, second] =
            self.sides.of(row, other).map(|similarity| if similarity.is_nan() { fused } else { similarity });
        let next = there.and_then(|(place, _)| self.fused.list(row).1.get(place + 1).copied());
        let (best, their_best) = (self.fused.best(row), self.fused.best(other));
        let (best_blended, their_best_blended) = (self.blended.best(row), self.blended.best(other));
        [
            fused,
            first,
            second,
            blended,
            rank(there),
            rank(back),
            fused - best,
            fused - their_best,
            best,
            their_best,
            self.fused.crowd(row),
            self.fused.crowd(other),
            next.map_or(0.0, |next| fused - next),
            self.fused.shared(row, other, self.n_candidates),
            blended - best_blended,
            blended - their_best_blended,
            best_blended,
            their_best_blended,
        ]
    }
}

impl Sides {
    fn of(&self, row: u32, other: u32) -> [f32; 2] {
        let lookup = |row: u32, other: u32| {
            let (start, end) = (*self.offsets.get(row as usize)?, *self.offsets.get(row as usize + 1)?);
            self.rows.get(start..end)?.binary_search(&other).ok().map(|place| start + place)
        };
        let at = lookup(row, other).or_else(|| lookup(other, row));
        let [first, second] = &self.scores;
        [first, second].map(|scores| at.and_then(|at| scores.get(at).copied()).unwrap_or(f32::NAN))
    }
}

impl Ranked {
    fn new(neighbors: &Neighbors) -> Self {
        let mut ranked = Self { offsets: vec![0], rows: Vec::new(), scores: Vec::new() };
        for row in 0..neighbors.n_rows() {
            let (others, scores) = neighbors.list(row);
            for (&other, &score) in others.iter().zip(scores).filter(|(other, _)| **other as usize != row) {
                ranked.rows.push(other);
                ranked.scores.push(score);
            }
            ranked.offsets.push(ranked.rows.len());
        }
        ranked
    }

    fn list(&self, row: u32) -> (&[u32], &[f32]) {
        let span = match (self.offsets.get(row as usize), self.offsets.get(row as usize + 1)) {
            (Some(&start), Some(&end)) => start..end,
            _ => 0..0,
        };
        (self.rows.get(span.clone()).unwrap_or_default(), self.scores.get(span).unwrap_or_default())
    }

    /// Rank, from 0, and score of `other` in the list of `row`.
    fn place(&self, row: u32, other: u32) -> Option<(usize, f32)> {
        let (rows, scores) = self.list(row);
        let place = rows.iter().position(|listed| *listed == other)?;
        scores.get(place).map(|score| (place, *score))
    }

    fn best(&self, row: u32) -> f32 {
        self.list(row).1.first().copied().unwrap_or_default()
    }

    fn last(&self, row: u32) -> f32 {
        self.list(row).1.last().copied().unwrap_or_default()
    }

    fn crowd(&self, row: u32) -> f32 {
        let (_, scores) = self.list(row);
        let n_there = scores.len().min(N_CROWD);
        scores.iter().take(N_CROWD).sum::<f32>() / n_there.max(1) as f32
    }

    /// Sum over neighbours of both (and each other) of the product of both scores.
    fn shared(&self, row: u32, other: u32, n_most: usize) -> f32 {
        let (rows, scores) = self.list(row);
        let of_row = rows.iter().zip(scores).take(n_most).chain([(&row, &1.0)]);
        let (theirs, their_scores) = self.list(other);
        let of_other = |wanted: u32| {
            if wanted == other {
                return 1.0;
            }
            let place = theirs.iter().take(n_most).position(|listed| *listed == wanted);
            place.and_then(|place| their_scores.get(place)).copied().unwrap_or_default()
        };
        of_row.map(|(common, score)| score.max(0.0) * of_other(*common).max(0.0)).sum()
    }
}
