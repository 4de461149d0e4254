//! The cached ground of all late fusions: candidate pairs with their exact similarity in each modality.
//! Changing fusion, weight or threshold re-reads this table and computes no similarity again.

use crate::encode::Embeddings;
use crate::index::Neighbors;

/// One modality's embeddings and neighbour lists.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Embeddings (n rows).
    pub embeddings: &'a Embeddings,
    /// Their neighbours.
    pub neighbors: &'a Neighbors,
    /// The metric the neighbours were scored with.
    pub metric: crate::index::Metric,
}

/// For each row the union of both neighbour lists (symmetric closure not required), the row itself included;
/// `image` and `text` are exact scores, NaN where either posting lacks the modality.
#[derive(Clone, Debug, Default)]
pub struct PairTable {
    /// n + 1 starts.
    pub offsets: Vec<usize>,
    /// Candidate rows, ascending within a list.
    pub rows: Vec<u32>,
    /// Image similarity.
    pub image: Vec<f32>,
    /// Text similarity.
    pub text: Vec<f32>,
}

/// Builds the table of `n_rows` rows from whichever sides there are.
pub fn pair_table(n_rows: usize, image: Option<Side<'_>>, text: Option<Side<'_>>) -> PairTable {
    unimplemented!("{n_rows}{image:?}{text:?}")
}
