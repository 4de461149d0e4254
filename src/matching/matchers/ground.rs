//! What matchers stand on: the fused lists, and where they are known the rows and similarities behind them.

use std::borrow::Cow;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::blend::Blend;
use crate::encode::Embeddings;
use crate::fuse::{FusionParams, FusionSpec, PairTable, Side, fuse, pair_table};
use crate::index::{JoinOptions, Metric, Neighbors, RankOrder, exact_scores, self_join};

/// Lists to start from. Every list has the row itself first; ties stand in order of `key_ranks`.
#[derive(Clone, Debug)]
pub struct MatchGround<'a> {
    /// The fused lists of n rows.
    pub neighbors: Cow<'a, Neighbors>,
    /// The rows they come from; `None` where the score is no cosine of rows (a learned measure of pairs).
    pub rows: Option<GroundRows<'a>>,
    /// Decides ties (n).
    pub key_ranks: &'a [u32],
    /// Neighbours a row at most, the row itself counted.
    pub k: usize,
}

/// One or two embeddings of the same n rows and how their similarities become one: pictures and titles, or what a trained
/// head gives and frozen rows beside it.
#[derive(Clone, Debug)]
pub struct GroundRows<'a> {
    /// The embeddings, pictures (or the head) first.
    pub sides: [Option<&'a Embeddings>; 2],
    /// By which they are compared.
    pub metric: Metric,
    /// Candidate pairs with the similarity of each side.
    pub table: Cow<'a, PairTable>,
    /// How both become one.
    pub fusion: &'static FusionSpec,
    /// Its numbers.
    pub params: FusionParams,
}

impl<'a> MatchGround<'a> {
    /// Lists alone.
    pub fn of_lists(neighbors: &'a Neighbors, key_ranks: &'a [u32], k: usize) -> Self {
        Self { neighbors: Cow::Borrowed(neighbors), rows: None, key_ranks, k }
    }

    /// Lists from rows: joins each side, scores the candidates of either in both, fuses.
    ///
    /// # Panics
    /// When a side has another number of rows than `key_ranks`.
    pub fn of_rows(
        sides: [Option<&'a Embeddings>; 2],
        metric: Metric,
        fusion: &'static FusionSpec,
        params: FusionParams,
        key_ranks: &'a [u32],
        k: usize,
    ) -> Self {
        let table = joined_table(sides, metric, key_ranks, k);
        let neighbors = fuse(&table, fusion, &params, key_ranks, k);
        let rows = GroundRows { sides, metric, table: Cow::Owned(table), fusion, params };
        Self { neighbors: Cow::Owned(neighbors), rows: Some(rows), key_ranks, k }
    }

    /// The same ground with another share of the first side; the same ground where `weight` is `None` or there is one side.
    pub(super) fn weighted(&self, weight: Option<f64>) -> Cow<'_, Self> {
        match (&self.rows, weight) {
            (Some(rows), Some(weight)) if rows.sides.iter().all(Option::is_some) => {
                let params = FusionParams { image_weight: weight as f32, ..rows.params };
                let neighbors = fuse(&rows.table, rows.fusion, &params, self.key_ranks, self.k);
                Cow::Owned(Self {
                    neighbors: Cow::Owned(neighbors),
                    rows: Some(GroundRows { params, ..rows.clone() }),
                    ..*self
                })
            }
            _ => Cow::Borrowed(self),
        }
    }

    /// Each row becomes the weighted sum of what `blends` names (one for each side), and all are compared anew. `None` where
    /// rows cannot be summed: there are none, or they are bits.
    pub(super) fn reblended(&self, blends: [&Blend; 2]) -> Option<Blended> {
        let rows = self.rows.as_ref()?;
        let [first, second] = rows.sides;
        let [of_first, of_second] = blends;
        let blended = |side: Option<&Embeddings>, blend: &Blend| match side {
            Some(side) => blend.rows(side).map(Some),
            None => Some(None),
        };
        Some(Blended { sides: [blended(first, of_first)?, blended(second, of_second)?] })
    }

    /// Lists of `queries` (one a row, sides as here) against the rows as they are. Compared with are each row's own
    /// neighbours and those of the rows `blend` names for it, every one exactly.
    pub(super) fn against(&self, queries: &Blended, blend: &Blend) -> Option<Neighbors> {
        let rows = self.rows.as_ref()?;
        let n_rows = self.neighbors.n_rows();
        let candidates: Vec<Vec<u32>> = (0..n_rows)
            .into_par_iter()
            .map(|row| {
                let of_others = blend.row(row).flat_map(|(other, _)| self.neighbors.list(other as usize).0);
                let mut all: Vec<u32> = self.neighbors.list(row).0.iter().chain(of_others).copied().collect();
                all.push(row as u32);
                all.sort_unstable();
                all.dedup();
                all
            })
            .collect();
        let scores = |place: usize| -> Option<Vec<f32>> {
            let (Some(here), Some(query)) = (rows.sides.get(place)?, queries.sides.get(place)?) else {
                return Some(vec![f32::NAN; candidates.iter().map(Vec::len).sum()]);
            };
            // Rows and queries one behind the other, so that the index's own exact scores serve.
            let mut both = here.rows.clone();
            if !both.append(&query.rows) {
                return None;
            }
            let present = [here.present.as_slice(), query.present.as_slice()].concat();
            let both = Embeddings { rows: both, present };
            let mut all = Vec::new();
            for (row, of_row) in candidates.iter().enumerate() {
                exact_scores(&both, rows.metric, n_rows + row, of_row, &mut all);
            }
            Some(all)
        };
        let has = |place: usize| {
            rows.sides
                .get(place)
                .copied()
                .flatten()
                .map_or_else(|| vec![false; n_rows], |side| side.present.clone())
        };
        let mut table = PairTable {
            offsets: vec![0],
            image: scores(0)?,
            text: scores(1)?,
            has_image: has(0),
            has_text: has(1),
            rows: Vec::new(),
        };
        for of_row in &candidates {
            table.rows.extend_from_slice(of_row);
            table.offsets.push(table.rows.len());
        }
        Some(fuse(&table, rows.fusion, &rows.params, self.key_ranks, self.k))
    }

    /// Positions of rows in the order of ties.
    pub(super) fn order(&self) -> RankOrder {
        RankOrder::new(self.neighbors.n_rows(), self.key_ranks, |_| true)
    }
}

/// Rows made by a matcher.
#[derive(Debug)]
pub(super) struct Blended {
    sides: [Option<Embeddings>; 2],
}

impl Blended {
    /// The ground these rows are, fused as `before` was.
    pub(super) fn ground<'a>(&'a self, before: &MatchGround<'a>) -> Option<MatchGround<'a>> {
        let rows = before.rows.as_ref()?;
        let [first, second] = &self.sides;
        let sides = [first.as_ref(), second.as_ref()];
        Some(MatchGround::of_rows(sides, rows.metric, rows.fusion, rows.params, before.key_ranks, before.k))
    }
}

fn joined_table(sides: [Option<&Embeddings>; 2], metric: Metric, key_ranks: &[u32], k: usize) -> PairTable {
    let options = JoinOptions { k, metric };
    // The join is only ever stopped by its own question, which is answered with yes.
    let lists =
        sides.map(|side| side.map(|side| self_join(side, key_ranks, options, &|_| true).unwrap_or_default()));
    let [first, second] = [0, 1].map(|place: usize| {
        let embeddings = sides.get(place).copied().flatten()?;
        let neighbors = lists.get(place)?.as_ref()?;
        Some(Side { embeddings, neighbors, metric })
    });
    pair_table(key_ranks.len(), first, second)
}
