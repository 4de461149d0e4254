//! The pairs of a pool with their similarity in each part: the cached ground on which weights are tried. Candidates of a row are
//! the union of its nearest in every part, each scored exactly in all of them; its wrong neighbours in the cohort likewise.
//!
//! A pair scores `sum_p w_p cos_p(a, b) - (r(a) + r(b)) / 2`, weights shared out anew among the parts both rows have, where r(x)
//! is the mean score of x with its nearest wrong neighbours in the training part: scores in crowded surroundings count less.
//! After Conneau et al., "Word Translation Without Parallel Data", ICLR 2018, section 2.3 (cross-domain similarity local
//! scaling), with the cohort of speaker verification (Matějka et al., "Analysis of Score Normalization in Multilingual Speaker
//! Recognition", Interspeech 2017) in place of the pool, so that a score does not hang on what else is in the pool.

use std::borrow::Cow;

use rayon::prelude::*;

use crate::encode::Embeddings;
use crate::index::{Hit, JoinOptions, Metric, Neighbors, exact_scores, self_join};

/// Neighbours a row and part, the row itself counted; also the longest list that is made.
const N_NEIGHBORS: usize = 50;

/// A posting of the training part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CohortMember {
    /// Its row in the catalogue.
    pub row: u32,
    /// Its group; rows of one group are no wrong neighbours of each other.
    pub group: u32,
}

/// Pairs of one pool. Places are positions in the pool.
#[derive(Debug)]
pub struct MixtureTable {
    n_parts: usize,
    candidates: Pairs,
    wrong: Pairs,
}

/// Lists of others with their similarities, NaN where a part is absent.
#[derive(Debug, Default)]
struct Pairs {
    /// n + 1 starts.
    offsets: Vec<usize>,
    others: Vec<u32>,
    /// `n_parts` a pair.
    similarities: Vec<f32>,
}

impl MixtureTable {
    /// The table of `pool` (rows of the catalogue) over `parts` (all rows of the catalogue each). The cohort is looked at only
    /// for what is wrong in it: a member finds nobody of its own group.
    pub fn new(parts: &[Cow<'_, Embeddings>], pool: &[u32], cohort: &[CohortMember]) -> Self {
        let n_parts = parts.len();
        let candidates = Pairs::new(parts, pool, pool.len(), &|place, other| place != other);
        let group_of: std::collections::HashMap<u32, u32> =
            cohort.iter().map(|member| (member.row, member.group)).collect();
        // The pool, then the members outside it.
        let in_pool: std::collections::HashSet<u32> = pool.iter().copied().collect();
        let mut all = pool.to_vec();
        all.extend(cohort.iter().map(|member| member.row).filter(|row| !in_pool.contains(row)));
        let group = |place: usize| all.get(place).and_then(|row| group_of.get(row));
        let is_wrong = |place: usize, other: usize| {
            group(other).is_some_and(|of_other| group(place) != Some(of_other)) && place != other
        };
        let wrong = if cohort.is_empty() {
            Pairs { offsets: vec![0; pool.len() + 1], ..Pairs::default() }
        } else {
            Pairs::new(parts, &all, pool.len(), &is_wrong)
        };
        Self { n_parts, candidates, wrong }
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.candidates.offsets.len().saturating_sub(1)
    }

    /// Number of parts.
    pub fn n_parts(&self) -> usize {
        self.n_parts
    }

    /// Ranked lists under `weights` (one a part), the row itself first with score 1; ties in order of place.
    pub fn lists(&self, weights: &[f32], cohort_neighbors: usize) -> Neighbors {
        let n_rows = self.n_rows();
        let crowding: Vec<f32> = (0..n_rows)
            .into_par_iter()
            .with_min_len(32)
            .map(|row| {
                let mut scores: Vec<f32> =
                    self.wrong.scored(row, weights, self.n_parts).map(|(_, score)| score).collect();
                scores.sort_unstable_by(|a, b| b.total_cmp(a));
                scores.truncate(cohort_neighbors);
                scores.iter().sum::<f32>() / scores.len().max(1) as f32
            })
            .collect();
        let of = |row: usize| crowding.get(row).copied().unwrap_or_default();
        let list = |row: usize| {
            let mut hits: Vec<Hit> = self
                .candidates
                .scored(row, weights, self.n_parts)
                .map(|(other, score)| {
                    let score = score - 0.5 * (of(row) + of(other as usize));
                    Hit { row: other, score: score.clamp(-1.0, 1.0) }
                })
                .collect();
            hits.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.row.cmp(&b.row)));
            hits.truncate(N_NEIGHBORS - 1);
            hits.insert(0, Hit { row: row as u32, score: 1.0 });
            hits
        };
        Neighbors::from_lists((0..n_rows).into_par_iter().with_min_len(32).map(list).collect())
    }
}

impl Pairs {
    /// For each of the first `n_wanted` of `rows` the others that `counts` says count, nearest in any part.
    fn new(
        parts: &[Cow<'_, Embeddings>],
        rows: &[u32],
        n_wanted: usize,
        counts: &(dyn Fn(usize, usize) -> bool + Sync),
    ) -> Self {
        let places: Vec<usize> = rows.iter().map(|row| *row as usize).collect();
        let key_ranks: Vec<u32> = (0..rows.len() as u32).collect();
        let options = JoinOptions { k: N_NEIGHBORS, metric: Metric::Cosine };
        let parts: Vec<Embeddings> = parts.iter().map(|part| part.gather(&places)).collect();
        // The join is only ever stopped by its own question, which is answered with yes.
        let neighbors: Vec<Neighbors> = parts
            .iter()
            .map(|part| self_join(part, &key_ranks, options, &|_| true).unwrap_or_default())
            .collect();
        let list = |place: usize| {
            let near = neighbors.iter().filter(|near| place < near.n_rows());
            let mut others: Vec<u32> = near.flat_map(|near| near.list(place).0.iter().copied()).collect();
            others.retain(|other| counts(place, *other as usize));
            others.sort_unstable();
            others.dedup();
            let mut similarities = vec![f32::NAN; others.len() * parts.len()];
            let mut scores = Vec::with_capacity(others.len());
            for (at, part) in parts.iter().enumerate() {
                scores.clear();
                exact_scores(part, Metric::Cosine, place, &others, &mut scores);
                for (pair, score) in similarities.chunks_mut(parts.len()).zip(&scores) {
                    if let Some(slot) = pair.get_mut(at) {
                        *slot = *score;
                    }
                }
            }
            (others, similarities)
        };
        let lists: Vec<_> = (0..n_wanted).into_par_iter().with_min_len(16).map(list).collect();
        let mut pairs = Self { offsets: vec![0], ..Self::default() };
        for (others, similarities) in lists {
            pairs.others.extend(others);
            pairs.similarities.extend(similarities);
            pairs.offsets.push(pairs.others.len());
        }
        pairs
    }

    /// The others of a row with their weighed similarity; those that share no part with it are left out.
    fn scored<'a>(
        &'a self,
        row: usize,
        weights: &'a [f32],
        n_parts: usize,
    ) -> impl Iterator<Item = (u32, f32)> + 'a {
        let span = match (self.offsets.get(row), self.offsets.get(row + 1)) {
            (Some(&start), Some(&end)) => start..end,
            _ => 0..0,
        };
        let similarities =
            self.similarities.get(span.start * n_parts..span.end * n_parts).unwrap_or_default();
        let others = self.others.get(span).unwrap_or_default();
        others.iter().zip(similarities.chunks(n_parts.max(1))).filter_map(move |(other, similarities)| {
            let (mut sum, mut total) = (0.0, 0.0);
            for (similarity, weight) in similarities.iter().zip(weights) {
                if !similarity.is_nan() {
                    sum += weight * similarity;
                    total += weight;
                }
            }
            (total > 0.0).then(|| (*other, sum / total))
        })
    }
}
