//! One queue item from a set of rows: order, stacks, weakest link, what an answer settles, near misses.

use std::collections::{BTreeMap, BTreeSet};

use super::{MAX_NEAR_MISSES, NEAR_MISS_MARGIN, QueueItem};
use crate::index::Neighbors;
use crate::review::rows::Rows;
use crate::review::{PairStanding, ReviewState};

/// What no row is.
const NOWHERE: u32 = u32::MAX;

/// Builds items; holds what is the same for all of them.
pub(super) struct ItemBuilder<'a, R> {
    /// The catalogue.
    pub rows: &'a R,
    /// Ranked lists.
    pub neighbors: &'a Neighbors,
    /// The decisions.
    pub state: &'a ReviewState,
    /// Threshold in force.
    pub threshold: f32,
    group_of: Vec<Option<u32>>,
    /// Position of each row among the members of the item being built.
    position: Vec<u32>,
}

/// A scored pair of positions among the members, smaller first.
#[derive(Clone, Copy)]
struct Edge {
    a: u32,
    b: u32,
    score: f32,
}

impl<'a, R: Rows> ItemBuilder<'a, R> {
    /// A builder for these inputs.
    pub fn new(rows: &'a R, neighbors: &'a Neighbors, state: &'a ReviewState, threshold: f32) -> Self {
        let n_rows = rows.n_rows();
        let group_of = if state.entries().is_empty() {
            vec![None; n_rows]
        } else {
            (0..n_rows as u32).map(|row| state.group_number(rows.key(row))).collect()
        };
        Self { rows, neighbors, state, threshold, group_of, position: vec![NOWHERE; n_rows] }
    }

    /// Number of rows that have a list and a key.
    pub fn n_rows(&self) -> usize {
        self.neighbors.n_rows().min(self.rows.n_rows())
    }

    /// Number of the united group a row belongs to; `None` when nothing was said of it.
    pub fn group(&self, row: u32) -> Option<u32> {
        self.group_of.get(row as usize).copied().flatten()
    }

    /// Whether nothing is known of the pair.
    pub fn is_open(&self, a: u32, b: u32) -> bool {
        match (self.group(a), self.group(b)) {
            (Some(_), Some(_)) => {
                self.state.standing(self.rows.key(a), self.rows.key(b)) == PairStanding::Open
            }
            _ => a != b,
        }
    }

    /// Neighbours of a row, itself and rows outside the catalogue left out.
    pub fn list(&self, row: u32) -> impl Iterator<Item = (u32, f32)> + use<'a, R> {
        let (rows, scores) = if (row as usize) < self.neighbors.n_rows() {
            self.neighbors.list(row as usize)
        } else {
            (&[][..], &[][..])
        };
        let n_rows = self.rows.n_rows();
        let hits = rows.iter().copied().zip(scores.iter().copied());
        hits.filter(move |&(other, _)| other != row && (other as usize) < n_rows)
    }

    /// The item of these distinct rows; `None` when it has no open pair. `weakest` is the known weakest link.
    pub fn open_item(&mut self, rows: &[u32], weakest: Option<(u32, u32, f32)>) -> Option<QueueItem> {
        if self.count_open(&self.stacks(rows)) == 0 {
            return None;
        }
        Some(self.item(rows, weakest))
    }

    /// The item of these distinct rows.
    pub fn item(&mut self, rows: &[u32], weakest: Option<(u32, u32, f32)>) -> QueueItem {
        for (position, &row) in rows.iter().enumerate() {
            if let Some(place) = self.position.get_mut(row as usize) {
                *place = position as u32;
            }
        }
        let edges = self.edges(rows);
        let members = self.most_typical_first(rows, &edges);
        let stacks = self.stacks(&members);
        let known = weakest.filter(|&(a, b, _)| self.is_open(a, b));
        let item = QueueItem {
            weakest: known.or_else(|| self.weakest_open(rows, edges)).or(weakest),
            n_settled: self.count_settled(&stacks),
            n_open: self.count_open(&stacks),
            near_misses: self.near_misses(rows),
            members,
            stacks,
        };
        for &row in rows {
            if let Some(place) = self.position.get_mut(row as usize) {
                *place = NOWHERE;
            }
        }
        item
    }

    fn position(&self, row: u32) -> Option<u32> {
        self.position.get(row as usize).copied().filter(|&position| position != NOWHERE)
    }

    /// Scored pairs among the rows, each once with the larger of its two scores.
    fn edges(&self, rows: &[u32]) -> Vec<Edge> {
        let mut edges = Vec::new();
        for (from, &row) in rows.iter().enumerate() {
            let from = from as u32;
            edges.extend(self.list(row).filter_map(|(other, score)| {
                let to = self.position(other)?;
                Some(Edge { a: from.min(to), b: from.max(to), score })
            }));
        }
        edges.sort_by(|x, y| (x.a, x.b).cmp(&(y.a, y.b)).then(y.score.total_cmp(&x.score)));
        edges.dedup_by_key(|edge| (edge.a, edge.b));
        edges
    }

    /// Highest mean similarity to the others first; a pair in no list counts as 0.
    fn most_typical_first(&self, rows: &[u32], edges: &[Edge]) -> Vec<u32> {
        let mut sums = vec![0.0_f64; rows.len()];
        for edge in edges {
            for end in [edge.a, edge.b] {
                if let Some(sum) = sums.get_mut(end as usize) {
                    *sum += f64::from(edge.score);
                }
            }
        }
        let mut ordered: Vec<(f64, u32)> = sums.into_iter().zip(rows.iter().copied()).collect();
        ordered.sort_by(|x, y| {
            y.0.total_cmp(&x.0).then_with(|| self.rows.key_rank(x.1).cmp(&self.rows.key_rank(y.1)))
        });
        ordered.into_iter().map(|(_, row)| row).collect()
    }

    /// United groups among the rows, in the order of the rows.
    fn stacks(&self, rows: &[u32]) -> Vec<Vec<u32>> {
        let mut stacks: Vec<Vec<u32>> = Vec::new();
        let mut stack_of_group = BTreeMap::new();
        for &row in rows {
            let stack = match self.group(row) {
                Some(group) => *stack_of_group.entry(group).or_insert(stacks.len()),
                None => stacks.len(),
            };
            match stacks.get_mut(stack) {
                Some(stack) => stack.push(row),
                None => stacks.push(vec![row]),
            }
        }
        stacks
    }

    fn stack_group(&self, stack: &[u32]) -> Option<u32> {
        stack.first().and_then(|&row| self.group(row))
    }

    /// Open pairs among the members.
    fn count_open(&self, stacks: &[Vec<u32>]) -> u64 {
        let mut n_open = 0;
        for (position, a) in stacks.iter().enumerate() {
            for b in stacks.iter().skip(position + 1) {
                let all = a.len() as u64 * b.len() as u64;
                n_open += match (self.stack_group(a), self.stack_group(b)) {
                    (Some(x), Some(y)) if self.state.between_groups(x, y) != PairStanding::Open => 0,
                    (Some(x), Some(y)) if self.state.n_unsure_between(x, y) > 0 => {
                        let pairs = a.iter().flat_map(|&a| b.iter().map(move |&b| (a, b)));
                        pairs.filter(|&(a, b)| self.is_open(a, b)).count() as u64
                    }
                    _ => all,
                };
            }
        }
        n_open
    }

    /// Open pairs, inside and outside the item, that are open no more once its members are all same.
    fn count_settled(&self, stacks: &[Vec<u32>]) -> u64 {
        let groups: Vec<Option<u32>> = stacks.iter().map(|stack| self.stack_group(stack)).collect();
        let mut n_settled = 0;
        for (position, &a) in groups.iter().enumerate() {
            n_settled += groups.iter().skip(position + 1).map(|&b| self.open_between(a, b)).sum::<u64>();
        }
        let inside: BTreeSet<u32> = groups.iter().flatten().copied().collect();
        let mut outside = BTreeSet::new();
        for &group in &inside {
            outside.extend(self.state.groups_apart_from(group));
        }
        for &other in outside.difference(&inside) {
            n_settled += groups.iter().map(|&group| self.open_between(group, Some(other))).sum::<u64>();
        }
        n_settled
    }

    /// Open pairs between two whole groups; `None` is a posting of which nothing was said.
    fn open_between(&self, a: Option<u32>, b: Option<u32>) -> u64 {
        let size = |group: Option<u32>| group.map_or(1, |group| self.state.group_size(group));
        match (a, b) {
            (Some(x), Some(y)) if self.state.between_groups(x, y) != PairStanding::Open => 0,
            (Some(x), Some(y)) => size(a) * size(b) - self.state.n_unsure_between(x, y),
            _ => size(a) * size(b),
        }
    }

    /// The weakest link of a maximum spanning tree over the stacks whose edges are open pairs.
    fn weakest_open(&self, rows: &[u32], mut edges: Vec<Edge>) -> Option<(u32, u32, f32)> {
        let row = |position: u32| rows.get(position as usize).copied();
        let rank = |position: u32| row(position).map(|row| self.rows.key_rank(row));
        let ranks = |edge: &Edge| {
            let (a, b) = (rank(edge.a), rank(edge.b));
            (a.min(b), a.max(b))
        };
        edges.sort_by(|x, y| y.score.total_cmp(&x.score).then_with(|| ranks(x).cmp(&ranks(y))));
        let mut part_of = vec![0_usize; rows.len()];
        for (part, stack) in self.stacks(rows).iter().enumerate() {
            for position in stack.iter().filter_map(|&row| self.position(row)) {
                if let Some(place) = part_of.get_mut(position as usize) {
                    *place = part;
                }
            }
        }
        let mut weakest = None;
        for edge in edges {
            let part = |position: u32| part_of.get(position as usize).copied();
            let (from, to) = (part(edge.a), part(edge.b));
            let (Some(a), Some(b)) = (row(edge.a), row(edge.b)) else {
                continue;
            };
            if from != to && self.is_open(a, b) {
                for place in part_of.iter_mut().filter(|place| Some(**place) == from) {
                    *place = to.unwrap_or_default();
                }
                weakest = Some((a, b, edge.score));
            }
        }
        weakest
    }

    fn near_misses(&self, rows: &[u32]) -> Vec<(u32, f32)> {
        let mut best: BTreeMap<u32, f32> = BTreeMap::new();
        for &row in rows {
            for (other, score) in self.list(row) {
                let is_near = score < self.threshold && score >= self.threshold - NEAR_MISS_MARGIN;
                if is_near && self.position(other).is_none() && self.is_open(row, other) {
                    let known = best.entry(other).or_insert(score);
                    *known = known.max(score);
                }
            }
        }
        let mut best: Vec<(u32, f32)> = best.into_iter().collect();
        best.sort_by(|x, y| {
            y.1.total_cmp(&x.1).then_with(|| self.rows.key_rank(x.0).cmp(&self.rows.key_rank(y.0)))
        });
        best.truncate(MAX_NEAR_MISSES);
        best
    }
}
