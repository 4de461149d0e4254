//! Sparse rows: naive stand-ins, to be replaced by the inverted index.

use super::collector::score;
use super::ranking::{RankOrder, ScoreKey};
use super::{Hit, JoinOptions, Metric, Neighbors};
use crate::encode::CsrMatrix;

/// Exact top-k self-join of sparse rows; only positive scores are listed.
pub(super) fn sparse_self_join(
    matrix: &CsrMatrix,
    present: &[bool],
    key_ranks: &[u32],
    options: JoinOptions,
    keep_going: &(dyn Fn(f32) -> bool + Sync),
) -> Option<Neighbors> {
    let mut lists = Vec::with_capacity(present.len());
    for (row, &is_present) in present.iter().enumerate() {
        if !keep_going(row as f32 / present.len() as f32) {
            return None;
        }
        let mut list = Vec::new();
        if is_present && options.k > 0 {
            let (columns, values) = matrix.row(row);
            list.push(Hit { row: row as u32, score: 1.0 });
            let found = sparse_query(
                matrix,
                present,
                (columns, values),
                key_ranks,
                options.k.saturating_add(1),
                options.metric,
            );
            list.extend(found.into_iter().filter(|hit| hit.row as usize != row).take(options.k - 1));
        }
        lists.push(list);
    }
    Some(Neighbors::from_lists(lists))
}

/// The best `k` rows for one sparse row; only positive scores are listed.
pub(super) fn sparse_query(
    matrix: &CsrMatrix,
    present: &[bool],
    (columns, values): (&[u32], &[f32]),
    key_ranks: &[u32],
    k: usize,
    metric: Metric,
) -> Vec<Hit> {
    let mut dense = vec![0.0_f32; matrix.width];
    for (&column, &value) in columns.iter().zip(values) {
        dense[column as usize] = value;
    }
    let order = RankOrder::new(present.len(), key_ranks, |row| present[row]);
    let mut keys = Vec::new();
    for (position, &row) in order.rows.iter().enumerate() {
        let (columns, values) = matrix.row(row as usize);
        let dot: f32 =
            columns.iter().zip(values).map(|(&column, value)| dense[column as usize] * value).sum();
        if dot > 0.0 {
            keys.push(ScoreKey::new(score(metric, dot), position as u32));
        }
    }
    ScoreKey::keep_best(&mut keys, k);
    keys.iter().map(|key| Hit { row: order.rows[key.position() as usize], score: key.score() }).collect()
}
