//! Foils of one-against-many questions: for each anchor so many wrong answers, a share of them the nearest ones, the rest random.
//! The share may rise from epoch to epoch, so that a run begins with easy questions and ends with hard ones (Bengio et al.,
//! "Curriculum Learning", ICML 2009). Each question's foils differ from each other; they are never known to match.

use std::collections::HashSet;

use super::{MinerRecipe, MinerSpec};
use crate::index::Neighbors;
use crate::train::Random;

/// Draws for each foil wanted before all candidates are looked at.
const DRAWS_A_FOIL: usize = 8;

/// The line in the table.
pub const SPEC: MinerSpec = MinerSpec {
    id: "foils",
    label: "Foils of a question",
    summary: "One right among many: wrong answers for each anchor, from random ones to the nearest as the epochs go by.",
    default: MinerRecipe::Foils { per_positive: 19, nearest_at_start: 0.0, nearest_at_end: 0.5 },
};

/// The share of nearest foils in `epoch` (from 1) of `n_epochs`, on the straight line from the first epoch to the last.
pub fn nearest_share(nearest_at_start: f64, nearest_at_end: f64, epoch: usize, n_epochs: usize) -> f64 {
    let way = epoch.saturating_sub(1) as f64 / n_epochs.saturating_sub(1).max(1) as f64;
    (nearest_at_start + (nearest_at_end - nearest_at_start) * way.min(1.0)).clamp(0.0, 1.0)
}

/// Who may be a foil.
#[derive(Clone, Copy)]
pub struct FoilPool<'a> {
    /// Rows that may answer.
    pub candidates: &'a [u32],
    /// Whether the second row is a foil of the first.
    pub is_foil: &'a dyn Fn(u32, u32) -> bool,
    /// Neighbours of the untrained embeddings; without them all foils are random.
    pub neighbors: Option<&'a Neighbors>,
}

impl std::fmt::Debug for FoilPool<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FoilPool").field("n_candidates", &self.candidates.len()).finish_non_exhaustive()
    }
}

/// `n_foils` foils of `anchor`, `nearest_share` of them the nearest, each once; fewer where the pool holds fewer.
pub fn foils(
    anchor: u32,
    n_foils: usize,
    nearest_share: f64,
    pool: &FoilPool<'_>,
    among: &HashSet<u32>,
    random: &mut Random,
) -> Vec<u32> {
    let n_nearest = (n_foils as f64 * nearest_share).round() as usize;
    let near = pool.neighbors.filter(|neighbors| (anchor as usize) < neighbors.n_rows());
    let near = near.map_or(&[][..], |neighbors| neighbors.list(anchor as usize).0);
    let is_foil = |row: u32| row != anchor && (pool.is_foil)(anchor, row);
    let nearest = near.iter().copied().filter(|row| among.contains(row) && is_foil(*row));
    let mut found: Vec<u32> = nearest.take(n_nearest).collect();
    let mut n_draws = n_foils * DRAWS_A_FOIL;
    while found.len() < n_foils && n_draws > 0 {
        n_draws -= 1;
        let Some(&row) = random.choose(pool.candidates) else { break };
        if is_foil(row) && !found.contains(&row) {
            found.push(row);
        }
    }
    if found.len() < n_foils {
        // Few are left: look at all of them once instead of drawing for ever.
        let is_left = |row: &u32| is_foil(*row) && !found.contains(row);
        let mut left: Vec<u32> = pool.candidates.iter().copied().filter(is_left).collect();
        random.shuffle(&mut left);
        found.extend(left.into_iter().take(n_foils - found.len()));
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{FoilPool, foils, nearest_share};
    use crate::index::{Hit, Neighbors};
    use crate::train::Random;

    /// Rows 0 to 29 ask, 30 to 59 answer; row r matches r + 30. The answers nearest to r are r + 30 to r + 39, best first.
    fn drawn(anchor: u32, n_foils: usize, share: f64, seed: u64) -> Vec<u32> {
        let near = |row: u32| -> Vec<Hit> {
            let others = (0..10).map(|step| 30 + (row % 30 + step) % 30);
            others.map(|row| Hit { row, score: 1.0 }).collect()
        };
        let neighbors = Neighbors::from_lists((0..60).map(near).collect());
        let candidates: Vec<u32> = (30..60).collect();
        let among: HashSet<u32> = candidates.iter().copied().collect();
        let is_foil = |anchor: u32, row: u32| row >= 30 && row != anchor + 30;
        let pool = FoilPool { candidates: &candidates, is_foil: &is_foil, neighbors: Some(&neighbors) };
        foils(anchor, n_foils, share, &pool, &among, &mut Random::new(seed, "foils"))
    }

    #[test]
    fn foils_never_match_and_come_once() {
        for anchor in 0..30 {
            for share in [0.0, 0.5, 1.0] {
                let found = drawn(anchor, 19, share, u64::from(anchor));
                assert_eq!(found.iter().collect::<HashSet<_>>().len(), 19, "{found:?}");
                assert!(found.iter().all(|row| *row >= 30 && *row != anchor + 30), "{found:?}");
            }
        }
        // The pool holds 29.
        assert_eq!(drawn(3, 50, 0.0, 1).len(), 29);
    }

    #[test]
    fn the_nearest_are_taken_in_their_share() {
        assert_eq!(drawn(4, 5, 1.0, 1), [35, 36, 37, 38, 39]);
        assert_eq!(drawn(4, 4, 0.5, 1)[..2], [35, 36]);
        assert_eq!(drawn(4, 9, 0.3, 8), drawn(4, 9, 0.3, 8));
        assert_ne!(drawn(4, 9, 0.0, 8), drawn(4, 9, 0.0, 9));
    }

    #[test]
    fn the_curriculum_moves_from_its_start_to_its_end() {
        let shares: Vec<f64> = (1..=5).map(|epoch| nearest_share(0.0, 1.0, epoch, 5)).collect();
        assert_eq!(shares, [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(nearest_share(0.2, 0.2, 9, 3), 0.2);
        assert_eq!(nearest_share(0.3, 1.0, 1, 1), 0.3);
    }
}
