//! Ranked neighbour lists of all rows, as one CSR.

use serde::{Deserialize, Serialize};

/// How similarity is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Metric {
    /// Cosine of L2-normalised rows.
    #[default]
    Cosine,
    /// Euclidean distance d of L2-normalised rows, as the score 1 - d / 2.
    Euclidean,
}

/// The score of a Euclidean distance between L2-normalised rows: 1 at distance 0, 0 at the largest distance 2.
pub fn score_from_distance(distance: f32) -> f32 {
    1.0 - distance / 2.0
}

/// One neighbour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Row of the neighbour.
    pub row: u32,
    /// Similarity, higher is closer.
    pub score: f32,
}

/// Neighbour lists: row r's are `offsets[r]..offsets[r + 1]`, best first, ties in order of posting key.
/// The row itself stands first with score 1 (a row that is absent from the modality has an empty list).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Neighbors {
    /// n + 1 starts.
    pub offsets: Vec<usize>,
    /// Rows of the neighbours.
    pub rows: Vec<u32>,
    /// Their scores.
    pub scores: Vec<f32>,
}

impl Neighbors {
    /// Number of lists.
    pub fn n_rows(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Rows and scores of list `row`.
    pub fn list(&self, row: usize) -> (&[u32], &[f32]) {
        let span = self.offsets[row]..self.offsets[row + 1];
        (&self.rows[span.clone()], &self.scores[span])
    }

    /// Builds from one list of hits a row.
    pub fn from_lists(lists: Vec<Vec<Hit>>) -> Self {
        let mut neighbors = Self { offsets: vec![0], rows: Vec::new(), scores: Vec::new() };
        for list in lists {
            neighbors.rows.extend(list.iter().map(|hit| hit.row));
            neighbors.scores.extend(list.iter().map(|hit| hit.score));
            neighbors.offsets.push(neighbors.rows.len());
        }
        neighbors
    }
}
