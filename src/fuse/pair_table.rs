//! The cached ground of all late fusions: candidate pairs with their exact similarity in each modality.
//! Changing fusion, weight or threshold re-reads this table and computes no similarity again.

use rayon::prelude::*;

use super::Lone;
use crate::encode::Embeddings;
use crate::index::{Metric, Neighbors, exact_scores};

/// One modality's embeddings and neighbour lists.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Embeddings (n rows).
    pub embeddings: &'a Embeddings,
    /// Their neighbours.
    pub neighbors: &'a Neighbors,
    /// The metric the neighbours were scored with.
    pub metric: Metric,
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
    /// Which rows have an image embedding (n).
    pub has_image: Vec<bool>,
    /// Which rows have a text embedding (n).
    pub has_text: Vec<bool>,
}

impl PairTable {
    /// Number of lists.
    pub fn n_rows(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// The one modality that both rows have while only one of them has the other; `None` if they have the same.
    pub(super) fn lone(&self, a: usize, b: usize) -> Option<Lone> {
        let both = |has: &[bool]| has[a] && has[b];
        let differ = |has: &[bool]| has[a] != has[b];
        if both(&self.has_image) && differ(&self.has_text) {
            Some(Lone::Image)
        } else if both(&self.has_text) && differ(&self.has_image) {
            Some(Lone::Text)
        } else {
            None
        }
    }
}

/// Builds the table of `n_rows` rows from whichever sides there are. A pair already in a neighbour list keeps the list's
/// score; every other similarity is computed here, exactly.
///
/// # Panics
/// When a side has fewer than `n_rows` rows.
pub fn pair_table(n_rows: usize, image: Option<Side<'_>>, text: Option<Side<'_>>) -> PairTable {
    let presence = |side: Option<Side<'_>>| match side {
        Some(side) => side.embeddings.present[..n_rows].to_vec(),
        None => vec![false; n_rows],
    };
    let lists: Vec<List> = (0..n_rows)
        .into_par_iter()
        .with_min_len(64)
        .map_init(Desk::default, |desk, row| list_of(desk, row, image, text))
        .collect();
    let n_pairs = lists.iter().map(|list| list.rows.len()).sum();
    let mut table = PairTable {
        offsets: Vec::with_capacity(n_rows + 1),
        rows: Vec::with_capacity(n_pairs),
        image: Vec::with_capacity(n_pairs),
        text: Vec::with_capacity(n_pairs),
        has_image: presence(image),
        has_text: presence(text),
    };
    table.offsets.push(0);
    for list in lists {
        table.rows.extend_from_slice(&list.rows);
        table.image.extend_from_slice(&list.image);
        table.text.extend_from_slice(&list.text);
        table.offsets.push(table.rows.len());
    }
    table
}

/// One row's part of the table.
struct List {
    rows: Vec<u32>,
    image: Vec<f32>,
    text: Vec<f32>,
}

/// Memory a thread uses again for each row.
#[derive(Default)]
struct Desk {
    missing: Vec<u32>,
    missing_at: Vec<usize>,
    scores: Vec<f32>,
}

fn list_of(desk: &mut Desk, row: usize, image: Option<Side<'_>>, text: Option<Side<'_>>) -> List {
    let mut rows: Vec<u32> = [image, text]
        .iter()
        .flatten()
        .filter(|side| row < side.neighbors.n_rows())
        .flat_map(|side| side.neighbors.list(row).0.iter().copied())
        .collect();
    rows.push(row as u32);
    rows.sort_unstable();
    rows.dedup();
    let image = scores_of(desk, row, &rows, image);
    let text = scores_of(desk, row, &rows, text);
    List { rows, image, text }
}

/// Scores of `row` with each of `rows` (ascending) in one modality.
fn scores_of(desk: &mut Desk, row: usize, rows: &[u32], side: Option<Side<'_>>) -> Vec<f32> {
    let mut scores = vec![f32::NAN; rows.len()];
    let Some(side) = side.filter(|side| side.embeddings.present[row]) else { return scores };
    if row < side.neighbors.n_rows() {
        let (listed, listed_scores) = side.neighbors.list(row);
        for (other, &score) in listed.iter().zip(listed_scores) {
            if let Ok(at) = rows.binary_search(other) {
                scores[at] = score;
            }
        }
    }
    desk.missing.clear();
    desk.missing_at.clear();
    for (at, (&other, score)) in rows.iter().zip(&scores).enumerate() {
        if score.is_nan() && side.embeddings.present[other as usize] {
            desk.missing.push(other);
            desk.missing_at.push(at);
        }
    }
    desk.scores.clear();
    exact_scores(side.embeddings, side.metric, row, &desk.missing, &mut desk.scores);
    for (&at, &score) in desk.missing_at.iter().zip(&desk.scores) {
        scores[at] = score;
    }
    scores
}
