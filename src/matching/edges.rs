//! The unordered pairs of ranked lists, each once, with the larger score of both directions.

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::Candidate;
use crate::index::Neighbors;

/// Rows a task looks at.
const ROWS_A_TASK: usize = 512;

/// Every unordered pair of different rows with score at least `floor`, in no promised order. A pair that both rows
/// list is yielded once with its larger score. NaN scores and rows that do not exist are left out.
pub(super) fn unordered_pairs(neighbors: &Neighbors, floor: f32) -> Vec<Candidate> {
    let n_rows = neighbors.n_rows();
    let tasks: Vec<Vec<Candidate>> = (0..n_rows.div_ceil(ROWS_A_TASK))
        .into_par_iter()
        .map(|task| {
            let mut pairs = Vec::new();
            for row in task * ROWS_A_TASK..((task + 1) * ROWS_A_TASK).min(n_rows) {
                pairs_of_row(neighbors, row, floor, &mut pairs);
            }
            pairs
        })
        .collect();
    tasks.concat()
}

fn pairs_of_row(neighbors: &Neighbors, row: usize, floor: f32, pairs: &mut Vec<Candidate>) {
    let n_rows = neighbors.n_rows();
    let (others, scores) = neighbors.list(row);
    for (&other, &score) in others.iter().zip(scores) {
        // Most of a list lies below the floor: it is left to the other row, should that one score the pair higher. NaN is
        // below every floor.
        let reaches = |score: f32| score >= floor;
        if other as usize >= n_rows || other as usize == row || !reaches(score) {
            continue;
        }
        let back = score_in_list(neighbors, other as usize, row as u32);
        // Where both lists reach the floor, the smaller row yields the pair.
        if row > other as usize && back.is_some_and(reaches) {
            continue;
        }
        let score = back.map_or(score, |back| score.max(back));
        pairs.push(Candidate { a: other.min(row as u32), b: other.max(row as u32), score });
    }
}

/// The score `row` has in the list of `of`; `None` when it is not listed or its score is NaN.
fn score_in_list(neighbors: &Neighbors, of: usize, row: u32) -> Option<f32> {
    let (rows, scores) = neighbors.list(of);
    let place = rows.iter().position(|other| *other == row)?;
    scores.get(place).copied().filter(|score| !score.is_nan())
}
