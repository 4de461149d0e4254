//! What a miner is: a line in the table; a recipe with its numbers; triplets; the distances within one batch.

use serde::{Deserialize, Serialize};

use crate::train::labels::{Labels, Relation};

/// A miner with its numbers, as recipes hold it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum MinerRecipe {
    /// Random rows that are known to be different, so many for each positive pair.
    RandomNegatives {
        /// Negatives for each positive pair; 1, 5 and 10 are usual.
        per_positive: usize,
    },
    /// The pairs people have told apart, again and again until there are so many for each positive pair.
    RejectedPairs {
        /// Negatives for each positive pair.
        per_positive: usize,
    },
    /// The nearest neighbours of the untrained embeddings that are known to be different.
    NearestWrong {
        /// Wrong neighbours used for each row.
        per_row: usize,
    },
    /// Wrong answers of a question each: random ones, the nearest ones of the untrained embeddings, or from the one to the other.
    /// Where rows have sides, the question's row stands left and its foils right.
    Foils {
        /// Wrong answers a question; 19 make twenty candidates.
        per_positive: usize,
        /// Share of the nearest ones in the first epoch, from 0 to 1.
        nearest_at_start: f64,
        /// And in the last.
        nearest_at_end: f64,
    },
    /// In each batch, negatives farther than the positive but within the margin.
    SemiHard {
        /// Width of the band, a distance between L2-normalised rows (0 to 2).
        margin: f64,
    },
    /// In each batch, the farthest positive and the nearest negative of each anchor.
    BatchHard,
}

impl MinerRecipe {
    /// Whether it looks at the neighbours of the untrained embeddings.
    pub fn reads_neighbors(&self) -> bool {
        match self {
            Self::NearestWrong { .. } => true,
            Self::Foils { nearest_at_start, nearest_at_end, .. } => {
                *nearest_at_start > 0.0 || *nearest_at_end > 0.0
            }
            _ => false,
        }
    }
}

/// One line of the table.
#[derive(Debug)]
pub struct MinerSpec {
    /// Stable id.
    pub id: &'static str,
    /// Name shown to people.
    pub label: &'static str,
    /// One sentence: what it picks and when it helps.
    pub summary: &'static str,
    /// The recipe to start with.
    pub default: MinerRecipe,
}

/// An anchor with a row of its group and one known to be different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Triplet {
    /// The row looked from.
    pub anchor: u32,
    /// Known to be the same.
    pub positive: u32,
    /// Known to be different.
    pub negative: u32,
}

/// Euclidean distances of all rows of one batch, L2-normalised, with their relations. Rows are places in the batch.
#[derive(Clone, Debug)]
pub struct BatchDistances {
    n_rows: usize,
    distances: Vec<f32>,
    relations: Vec<Relation>,
}

impl BatchDistances {
    /// From L2-normalised `embeddings` (n * width, row-major) of the catalogue's `rows` (n).
    pub fn new(embeddings: &[f32], width: usize, rows: &[u32], labels: &Labels) -> Self {
        let n_rows = rows.len();
        let row_of = |place: usize| embeddings.get(place * width..(place + 1) * width).unwrap_or(&[]);
        let mut distances = Vec::with_capacity(n_rows * n_rows);
        let mut relations = Vec::with_capacity(n_rows * n_rows);
        for (a, &row_a) in rows.iter().enumerate() {
            for (b, &row_b) in rows.iter().enumerate() {
                let squared: f32 = row_of(a).iter().zip(row_of(b)).map(|(x, y)| (x - y) * (x - y)).sum();
                distances.push(squared.sqrt());
                // A row drawn twice is no positive of itself.
                let relation = if row_a == row_b { Relation::Unknown } else { labels.relation(row_a, row_b) };
                relations.push(relation);
            }
        }
        Self { n_rows, distances, relations }
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Places with this relation to `anchor`, each with its distance, in order of place.
    pub fn related(&self, anchor: usize, relation: Relation) -> impl Iterator<Item = (usize, f32)> + '_ {
        let span = anchor * self.n_rows..(anchor + 1) * self.n_rows;
        let distances = self.distances.get(span.clone()).unwrap_or(&[]);
        let relations = self.relations.get(span).unwrap_or(&[]);
        let both = distances.iter().zip(relations).enumerate();
        both.filter(move |(_, (_, found))| **found == relation)
            .map(|(place, (distance, _))| (place, *distance))
    }
}
