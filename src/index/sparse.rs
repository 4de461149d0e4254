//! Exact top-k over sparse rows by an inverted index: a row meets only the rows that share a term with it.
//! Nothing is approximated. Scores are summed term by term with the rarest first, whichever row asks, so that
//! a pair has one score and equal rows tie exactly.

mod best;
mod postings;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use super::{Hit, JoinOptions, Metric, Neighbors, score_from_distance};
use crate::encode::CsrMatrix;
use best::{Best, without_rounding};
use postings::Postings;

/// How often `keep_going` is asked.
const PAUSE: Duration = Duration::from_millis(50);

/// Rows handed to a thread at once.
const ROWS_AT_ONCE: usize = 64;

/// A row with fewer products than all rows divided by this remembers which rows it met.
const SHARE_OF_FEW: usize = 4;

/// Exact top-k self-join of the present rows of `matrix` (n, width), L2-normalised. As [`super::self_join`].
pub(super) fn sparse_self_join(
    matrix: &CsrMatrix,
    present: &[bool],
    key_ranks: &[u32],
    options: JoinOptions,
    keep_going: &(dyn Fn(f32) -> bool + Sync),
) -> Option<Neighbors> {
    let postings = Postings::new(matrix, present, key_ranks);
    let pace = Pace::new(postings.n_places(), keep_going);
    let shares: Vec<Vec<Vec<Hit>>> = (0..postings.n_places().div_ceil(ROWS_AT_ONCE))
        .into_par_iter()
        .map_init(
            || Search::new(&postings, options),
            |search, share| {
                let first = share * ROWS_AT_ONCE;
                let places = first..(first + ROWS_AT_ONCE).min(postings.n_places());
                places.map(|place| pace.one_more_row().then(|| search.neighbors_of(place))).collect()
            },
        )
        .collect::<Option<_>>()?;
    let mut lists = vec![Vec::new(); present.len()];
    for (list, &row) in shares.into_iter().flatten().zip(&postings.rows) {
        lists[row as usize] = list;
    }
    Some(Neighbors::from_lists(lists))
}

/// The `k` present rows of `matrix` nearest to the L2-normalised row with these `columns` (ascending) and `values`,
/// best first, ties by `key_ranks`. Rows that share no term with it are not listed.
pub(super) fn sparse_query(
    matrix: &CsrMatrix,
    present: &[bool],
    (columns, values): (&[u32], &[f32]),
    key_ranks: &[u32],
    k: usize,
    metric: Metric,
) -> Vec<Hit> {
    let mut weights = vec![0.0f32; matrix.width];
    for (&column, &value) in columns.iter().zip(values) {
        if let Some(weight) = weights.get_mut(column as usize) {
            *weight = value;
        }
    }
    let score_of = |row: usize| -> Option<Hit> {
        let (columns, values) = matrix.row(row);
        let cosine =
            columns.iter().zip(values).map(|(&column, value)| weights[column as usize] * value).sum();
        let score = match metric {
            Metric::Cosine => without_rounding(cosine),
            Metric::Euclidean => euclidean_score(without_rounding(cosine)),
        };
        (present[row] && cosine > 0.0).then_some(Hit { row: row as u32, score })
    };
    let mut hits: Vec<Hit> =
        (0..present.len()).into_par_iter().with_min_len(4096).filter_map(score_of).collect();
    let nearer = |a: &Hit, b: &Hit| {
        let rank = |hit: &Hit| (key_ranks[hit.row as usize], hit.row);
        b.score.total_cmp(&a.score).then_with(|| rank(a).cmp(&rank(b)))
    };
    if k < hits.len() {
        hits.select_nth_unstable_by(k, nearer);
        hits.truncate(k);
    }
    hits.sort_unstable_by(nearer);
    hits
}

/// One thread's search: sums of products by place, all zero between rows.
struct Search<'a> {
    postings: &'a Postings,
    options: JoinOptions,
    sums: Vec<f32>,
    touched: Vec<u32>,
    best: Best,
}

impl<'a> Search<'a> {
    fn new(postings: &'a Postings, options: JoinOptions) -> Self {
        let n_places = postings.n_places();
        Self {
            postings,
            options,
            sums: vec![0.0; n_places],
            touched: vec![0; n_places / SHARE_OF_FEW + 1],
            best: Best::new(options.k.saturating_sub(1)),
        }
    }

    /// The list of the row at `place`: itself, then its neighbours.
    fn neighbors_of(&mut self, place: usize) -> Vec<Hit> {
        if self.options.k == 0 {
            return Vec::new();
        }
        let n_products: usize = self.holding_of(place).map(|(_, holding)| holding.len()).sum();
        if n_products <= self.sums.len() / SHARE_OF_FEW {
            self.sum_few(place);
        } else {
            self.sum_many(place);
        }
        let mut others: Vec<(u32, f32)> = self.best.drain().collect();
        if self.options.metric == Metric::Euclidean {
            others.iter_mut().for_each(|(_, score)| *score = euclidean_score(*score));
            // Cosines one step apart may become one score, whose ties go by place again.
            others.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        }
        let itself = std::iter::once((place as u32, 1.0));
        let hit = |(place, score)| Hit { row: self.postings.rows[place as usize], score };
        itself.chain(others).map(hit).collect()
    }

    /// The weights of the row at `place`, each with the rows that hold its term, rarest first.
    fn holding_of(&self, place: usize) -> impl Iterator<Item = (f32, &'a [(u32, f32)])> + use<'a> {
        let postings = self.postings;
        postings.weights(place).iter().map(|&(term, weight)| (weight, postings.holding(term)))
    }

    /// For a row of rare terms: remembers which rows it met, and looks at no others.
    fn sum_few(&mut self, place: usize) {
        let mut n_touched = 0;
        for (weight, holding) in self.holding_of(place) {
            for &(other, value) in holding {
                let sum = &mut self.sums[other as usize];
                // Written always, counted only if new: no branch to mispredict. A sum that came back to zero is
                // counted again, which the zero left by its first reading makes harmless.
                self.touched[n_touched] = other;
                n_touched += usize::from(*sum == 0.0);
                *sum += weight * value;
            }
        }
        self.sums[place] = 0.0;
        for &other in &self.touched[..n_touched] {
            let sum = std::mem::take(&mut self.sums[other as usize]);
            self.best.offer(other, sum);
        }
    }

    /// For a row of common terms: looks at all rows in the end, which costs less than remembering.
    fn sum_many(&mut self, place: usize) {
        for (weight, holding) in self.holding_of(place) {
            for &(other, value) in holding {
                self.sums[other as usize] += weight * value;
            }
        }
        self.sums[place] = 0.0;
        for (sum, other) in self.sums.iter_mut().zip(0..) {
            self.best.offer(other, std::mem::take(sum));
        }
    }
}

/// Counts finished rows and asks `keep_going` now and then.
struct Pace<'a> {
    keep_going: &'a (dyn Fn(f32) -> bool + Sync),
    n_rows: usize,
    n_done: AtomicUsize,
    stopped: AtomicBool,
    asked: Mutex<Instant>,
}

impl<'a> Pace<'a> {
    fn new(n_rows: usize, keep_going: &'a (dyn Fn(f32) -> bool + Sync)) -> Self {
        let stopped = AtomicBool::new(!keep_going(0.0));
        Self { keep_going, n_rows, n_done: AtomicUsize::new(0), stopped, asked: Mutex::new(Instant::now()) }
    }

    /// Whether to go on with one more row. A thread that finds another one asking does not wait for it.
    fn one_more_row(&self) -> bool {
        let n_done = self.n_done.fetch_add(1, Ordering::Relaxed);
        if let Ok(mut asked) = self.asked.try_lock()
            && asked.elapsed() >= PAUSE
        {
            *asked = Instant::now();
            if !(self.keep_going)(n_done as f32 / self.n_rows as f32) {
                self.stopped.store(true, Ordering::Relaxed);
            }
        }
        !self.stopped.load(Ordering::Relaxed)
    }
}

/// The score of the Euclidean distance between L2-normalised rows of this cosine.
fn euclidean_score(cosine: f32) -> f32 {
    score_from_distance((2.0 - 2.0 * cosine).max(0.0).sqrt())
}

#[cfg(test)]
mod tests;
