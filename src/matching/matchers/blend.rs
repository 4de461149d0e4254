//! Weights by which rows are blended with their neighbours, applied to rows (dense or sparse) or, where there are none, to the
//! lists themselves. For rows of length 1 both are the same thing: with weights B and similarities S, the blended rows B E have
//! the similarities B S Bᵀ, divided by the lengths. Memory is that of the lists and the rows; no n x n matrix is ever made.

use rayon::prelude::*;

use super::MatchGround;
use crate::encode::{CsrMatrix, DenseMatrix, EmbeddingRows, Embeddings};
use crate::index::{Neighbors, ScoreKey};

/// Which neighbours are blended in.
#[derive(Clone, Copy, Debug)]
pub(super) struct BlendRule {
    /// Most rows in a blend, the row itself counted.
    pub n_most: usize,
    /// Smallest score of a neighbour.
    pub threshold: f32,
    /// A neighbour's weight is its score to this power; 0 weighs all alike.
    pub alpha: f32,
}

/// For each row the rows it is made of and their weights: itself first with weight 1. A row without a list is made of nothing.
#[derive(Clone, Debug)]
pub(super) struct Blend {
    offsets: Vec<usize>,
    rows: Vec<u32>,
    weights: Vec<f32>,
}

/// Which side of a comparison is blended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blended {
    /// The row that asks.
    Queries,
    /// Both.
    Both,
}

impl Blend {
    /// Neighbours in order of their lists; scores of 0 and below never count.
    pub fn new(neighbors: &Neighbors, rule: BlendRule) -> Self {
        let mut blend = Self { offsets: vec![0], rows: Vec::new(), weights: Vec::new() };
        for row in 0..neighbors.n_rows() {
            let (others, scores) = neighbors.list(row);
            if !others.is_empty() {
                blend.rows.push(row as u32);
                blend.weights.push(1.0);
            }
            let others = others.iter().zip(scores).filter(|(other, _)| **other as usize != row);
            let near = others.filter(|(_, score)| **score >= rule.threshold && **score > 0.0);
            for (&other, &score) in near.take(rule.n_most.saturating_sub(1)) {
                blend.rows.push(other);
                blend.weights.push(score.powf(rule.alpha));
            }
            blend.offsets.push(blend.rows.len());
        }
        blend
    }

    /// Rows and weights of a row.
    pub fn row(&self, row: usize) -> impl Iterator<Item = (u32, f32)> {
        let span = match (self.offsets.get(row), self.offsets.get(row + 1)) {
            (Some(&start), Some(&end)) => start..end,
            _ => 0..0,
        };
        let rows = self.rows.get(span.clone()).unwrap_or_default();
        let weights = self.weights.get(span).unwrap_or_default();
        rows.iter().copied().zip(weights.iter().copied())
    }

    /// The blended rows, of length 1. An absent row stays absent and is blended into none. `None` for bits, which have no sum.
    pub fn rows(&self, embeddings: &Embeddings) -> Option<Embeddings> {
        let n_rows = embeddings.present.len();
        let is_present = |row: u32| embeddings.present.get(row as usize) == Some(&true);
        let parts = |row: usize| {
            let is_there = is_present(row as u32);
            self.row(row).filter(move |(other, _)| is_there && is_present(*other))
        };
        let rows = match &embeddings.rows {
            EmbeddingRows::Bits(_) => return None,
            EmbeddingRows::Dense(matrix) => {
                let width = matrix.width;
                let mut values = vec![0.0_f32; n_rows * width];
                values.par_chunks_mut(width.max(1)).enumerate().for_each(|(row, into)| {
                    for (other, weight) in parts(row) {
                        let from = matrix.row(other as usize);
                        into.iter_mut().zip(from).for_each(|(sum, value)| *sum += weight * value);
                    }
                    normalise(into);
                });
                EmbeddingRows::Dense(DenseMatrix { width, values })
            }
            EmbeddingRows::Sparse(matrix) => {
                let blended: Vec<Vec<(u32, f32)>> = (0..n_rows)
                    .into_par_iter()
                    .map(|row| {
                        let entries = parts(row).flat_map(|(other, weight)| {
                            let (columns, values) = matrix.row(other as usize);
                            columns.iter().zip(values).map(move |(column, value)| (*column, weight * value))
                        });
                        summed(entries.collect())
                    })
                    .collect();
                let mut sums = CsrMatrix::new(matrix.width);
                for entries in blended {
                    let (columns, mut values): (Vec<u32>, Vec<f32>) = entries.into_iter().unzip();
                    normalise(&mut values);
                    sums.push_row(&columns, &values);
                }
                EmbeddingRows::Sparse(sums)
            }
        };
        Some(Embeddings { rows, present: embeddings.present.clone() })
    }

    /// Lists after blending, from the ground's lists alone: pairs that no list names count as 0.
    pub fn lists(&self, ground: &MatchGround<'_>, blended: Blended) -> Neighbors {
        let neighbors = &ground.neighbors;
        let n_rows = neighbors.n_rows();
        // Row of B S.
        let product = |row: usize| {
            let entries = self.row(row).flat_map(|(other, weight)| {
                let (rows, scores) = neighbors.list(other as usize);
                let own = std::iter::once((other, weight));
                let others = rows.iter().zip(scores).filter(move |(listed, _)| **listed != other);
                own.chain(others.map(move |(listed, score)| (*listed, weight * score)))
            });
            summed(entries.filter(|(_, value)| value.is_finite()).collect())
        };
        let lengths: Vec<f32> = (0..n_rows)
            .into_par_iter()
            .map(|row| {
                let product = product(row);
                let of_row = |other: u32| {
                    let place = product.binary_search_by_key(&other, |(listed, _)| *listed).ok()?;
                    product.get(place).map(|(_, value)| *value)
                };
                let square: f32 = self.row(row).filter_map(|(o, w)| of_row(o).map(|value| w * value)).sum();
                square.max(0.0).sqrt()
            })
            .collect();
        let length = |row: usize| lengths.get(row).copied().unwrap_or_default();
        let backwards = self.transposed();
        let order = ground.order();
        let positions = order.positions(n_rows);
        let list = |row: usize| -> Vec<(u32, f32)> {
            if self.row(row).next().is_none() || ground.k == 0 {
                return Vec::new();
            }
            let scores = match blended {
                Blended::Queries => product(row),
                Blended::Both => {
                    let through = |(other, value): (u32, f32)| {
                        backwards.row(other as usize).map(move |(into, weight)| (into, value * weight))
                    };
                    summed(product(row).into_iter().flat_map(through).collect())
                }
            };
            let mut keys: Vec<ScoreKey> = scores
                .into_iter()
                .filter(|(other, _)| *other as usize != row)
                .filter_map(|(other, value)| {
                    let other_length = match blended {
                        Blended::Queries => 1.0,
                        Blended::Both => length(other as usize),
                    };
                    let lengths = length(row) * other_length;
                    let position = positions.get(other as usize)?;
                    (lengths > 0.0).then(|| ScoreKey::new((value / lengths).clamp(-1.0, 1.0), *position))
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
        found
    }

    /// For each row the rows that blend it in.
    fn transposed(&self) -> Self {
        let n_rows = self.offsets.len().saturating_sub(1);
        let mut entries: Vec<(u32, u32, f32)> = (0..n_rows)
            .flat_map(|row| self.row(row).map(move |(other, weight)| (other, row as u32, weight)))
            .collect();
        entries.sort_unstable_by_key(|(other, row, _)| (*other, *row));
        let mut turned = Self { offsets: vec![0], rows: Vec::new(), weights: Vec::new() };
        let mut rest = entries.into_iter().peekable();
        for row in 0..n_rows as u32 {
            while let Some((_, into, weight)) = rest.next_if(|(other, _, _)| *other == row) {
                turned.rows.push(into);
                turned.weights.push(weight);
            }
            turned.offsets.push(turned.rows.len());
        }
        turned
    }
}

/// Entries of one key added up in the order they came, keys ascending.
fn summed(mut entries: Vec<(u32, f32)>) -> Vec<(u32, f32)> {
    entries.sort_by_key(|(key, _)| *key);
    entries.dedup_by(|later, kept| {
        let same = later.0 == kept.0;
        if same {
            kept.1 += later.1;
        }
        same
    });
    entries
}

fn normalise(values: &mut [f32]) {
    let length = values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
    if length > 0.0 {
        values.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
    }
}
