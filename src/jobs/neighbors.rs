//! The neighbours of every posting under one encoder, computed once and kept in the project. Where a catalogue has grown at
//! its end, only the new postings are compared with all.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::{Context, Embedded, JobError, Meter, Workbench};
use crate::encode::{EmbeddingRows, Embeddings};
use crate::index::{
    Appended, JoinOptions, Joined, Metric, Neighbors, RankOrder, Search, SearchReport, append_join,
    nearest_neighbors,
};
use crate::project::CacheKey;

/// Appending pays while at most one row of this many is new.
const MOST_NEW: usize = 4;

/// Neighbours and how they were found.
#[derive(Clone, Debug)]
pub struct FoundNeighbors {
    /// One list a posting.
    pub neighbors: Arc<Neighbors>,
    /// How.
    pub search: SearchReport,
}

/// The last join of an encoder's rows with certain options, so that the next can go on from it.
#[derive(Serialize, Deserialize)]
struct LastJoin {
    /// Rows joined.
    n_rows: usize,
    /// Digest of those rows.
    rows: String,
    /// Digest of the order of their keys.
    order: String,
    /// Where the lists are.
    encoder: String,
    digest: String,
}

/// The `options.k` nearest of each posting, the posting itself counted; from the cache where they are there.
///
/// # Errors
/// When cancelled, or the project cannot be read or written.
pub fn neighbors_of(
    bench: &Workbench,
    embedded: &Embedded,
    options: JoinOptions,
    search: Search,
    context: &Context<'_>,
) -> Result<FoundNeighbors, JobError> {
    let join = Join { bench, embedded, options, search };
    let key = join.key();
    if let Some(joined) = bench.cache.load_joined(&key)?
        && joined.neighbors.n_rows() == embedded.embeddings.n_rows()
    {
        return Ok(found(joined));
    }
    let before = join.last()?;
    let stage = format!("Finding neighbours ({})", embedded.encoder);
    let meter = Mutex::new(Meter::new(context.reporter, stage, 0, bench.catalog.n_postings() as u64));
    let cancel = &context.cancel;
    let keep_going = |fraction: f32| {
        meter.lock().unwrap_or_else(PoisonError::into_inner).fraction(fraction);
        !cancel.is_cancelled()
    };
    let joined = context.aside(|| join.run(before, &keep_going)).ok_or(JobError::Cancelled)?;
    bench.cache.save_joined(&key, &joined)?;
    join.remember(&key)?;
    Ok(found(joined))
}

fn found(joined: Joined) -> FoundNeighbors {
    FoundNeighbors { neighbors: Arc::new(joined.neighbors), search: joined.search }
}

/// What is to be joined, and how.
struct Join<'a> {
    bench: &'a Workbench,
    embedded: &'a Embedded,
    options: JoinOptions,
    search: Search,
}

impl Join<'_> {
    /// Goes on from the lists of the first rows where there are some, else joins all.
    fn run(&self, before: Option<Joined>, keep_going: &(dyn Fn(f32) -> bool + Sync)) -> Option<Joined> {
        let (embeddings, ranks) = (&*self.embedded.embeddings, self.bench.catalog.key_ranks());
        if let Some(Joined { neighbors, search }) = before {
            match append_join(embeddings, &neighbors, ranks, self.options, keep_going) {
                Appended::Joined(neighbors) => return Some(Joined { neighbors, search }),
                Appended::Stopped => return None,
                Appended::NotPossible => {}
            }
        }
        nearest_neighbors(embeddings, ranks, self.options, self.search, keep_going)
    }

    /// Neighbours belong to the rows (encoder and contents in catalogue order), their number, the metric, the order of
    /// keys, which breaks ties, and the recall where the search is approximate.
    fn key(&self) -> CacheKey {
        let order = order_digest(self.bench.catalog.key_ranks(), self.bench.catalog.n_postings());
        let digest = &self.embedded.key.digest;
        self.named("neighbors", &[digest, &self.embedded.corpus, &order])
    }

    /// Names the last join, whatever the rows were.
    fn last_key(&self) -> CacheKey {
        self.named("last-neighbors", &[&self.embedded.key.digest])
    }

    fn named(&self, kind: &str, parts: &[&str]) -> CacheKey {
        let metric = match self.options.metric {
            Metric::Cosine => "cosine",
            Metric::Euclidean => "euclidean",
        };
        let k = self.options.k.to_string();
        let recall = self.recall().map(|recall| format!("recall {recall}"));
        let mut parts = parts.to_vec();
        parts.extend([metric, k.as_str()]);
        parts.extend(recall.as_deref());
        CacheKey::new(&format!("{}-{kind}", self.embedded.encoder), &parts)
    }

    /// The recall asked for; `None` where the search will be exact.
    fn recall(&self) -> Option<f32> {
        let embeddings = &self.embedded.embeddings;
        let n_present = embeddings.present.iter().filter(|&&is_present| is_present).count();
        self.search.recall(n_present).filter(|_| matches!(embeddings.rows, EmbeddingRows::Dense(_)))
    }

    /// The lists of the first rows, where the catalogue has only grown since, by little, and its rows and their order are
    /// as they were.
    fn last(&self) -> Result<Option<Joined>, JobError> {
        let Some(remark) = self.bench.cache.load_remark(&self.last_key()) else { return Ok(None) };
        let Ok(last) = serde_json::from_str::<LastJoin>(&remark) else { return Ok(None) };
        let (embeddings, ranks) = (&self.embedded.embeddings, self.bench.catalog.key_ranks());
        let n_rows = embeddings.n_rows();
        let has_grown = (1..n_rows).contains(&last.n_rows) && (n_rows - last.n_rows) * MOST_NEW <= n_rows;
        if !has_grown
            || last.order != order_digest(ranks, last.n_rows)
            || rows_digest(embeddings, last.n_rows).is_none_or(|rows| rows != last.rows)
        {
            return Ok(None);
        }
        let key = CacheKey { encoder: last.encoder, digest: last.digest };
        let joined = self.bench.cache.load_joined(&key)?;
        Ok(joined.filter(|joined| joined.neighbors.n_rows() == last.n_rows))
    }

    fn remember(&self, key: &CacheKey) -> Result<(), JobError> {
        let n_rows = self.embedded.embeddings.n_rows();
        let Some(rows) = rows_digest(&self.embedded.embeddings, n_rows) else { return Ok(()) };
        let order = order_digest(self.bench.catalog.key_ranks(), n_rows);
        let (encoder, digest) = (key.encoder.clone(), key.digest.clone());
        let last = LastJoin { n_rows, rows, order, encoder, digest };
        // Plain texts and a number can always be written.
        let text = serde_json::to_string(&last).unwrap_or_default();
        Ok(self.bench.cache.save_remark(&self.last_key(), &text)?)
    }
}

/// Digest of the first `n_rows` rows and which of them are there; `None` for sparse rows, whose neighbours are not
/// appended to: their weights come from the whole catalogue.
fn rows_digest(embeddings: &Embeddings, n_rows: usize) -> Option<String> {
    let mut hasher = blake3::Hasher::new();
    for &is_present in embeddings.present.get(..n_rows)? {
        hasher.update(&[u8::from(is_present)]);
    }
    match &embeddings.rows {
        EmbeddingRows::Sparse(_) => return None,
        EmbeddingRows::Dense(matrix) => {
            hasher.update(bytemuck::cast_slice(matrix.values.get(..n_rows * matrix.width)?));
        }
        EmbeddingRows::Bits(matrix) => {
            hasher.update(bytemuck::cast_slice(matrix.words.get(..n_rows * (matrix.n_bits / 64))?));
        }
    }
    Some(hasher.finalize().to_hex().to_string())
}

/// Digest of the order the keys of the first `n_rows` rows have among themselves.
fn order_digest(key_ranks: &[u32], n_rows: usize) -> String {
    let mut hasher = blake3::Hasher::new();
    for position in RankOrder::new(n_rows.min(key_ranks.len()), key_ranks, |_| true).positions(n_rows) {
        hasher.update(&position.to_le_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::{order_digest, rows_digest};
    use crate::encode::{CsrMatrix, DenseMatrix, EmbeddingRows, Embeddings};

    fn three() -> Embeddings {
        let values = vec![1.0, 0.0, 0.0, 1.0, 0.6, 0.8];
        let rows = EmbeddingRows::Dense(DenseMatrix { width: 2, values });
        Embeddings { rows, present: vec![true, false, true] }
    }

    #[test]
    fn grown_rows_begin_like_the_rows_before() {
        let (two, three) = (three().gather(&[0, 1]), three());
        assert_eq!(rows_digest(&three, 2), rows_digest(&two, 2));
        assert_ne!(rows_digest(&three, 3), rows_digest(&two, 2));
        let mut other = three.clone();
        other.present[1] = true;
        assert_ne!(rows_digest(&other, 2), rows_digest(&two, 2), "a row that is there now");
        if let EmbeddingRows::Dense(matrix) = &mut other.rows {
            matrix.values[3] = 0.5;
        }
        other.present[1] = false;
        assert_ne!(rows_digest(&other, 2), rows_digest(&two, 2), "a row that has changed");
    }

    #[test]
    fn what_cannot_be_continued_has_no_digest() {
        assert_eq!(rows_digest(&three(), 4), None);
        let mut words = CsrMatrix::new(2);
        words.push_row(&[1], &[1.0]);
        assert_eq!(rows_digest(&Embeddings::from_sparse(words), 1), None);
    }

    #[test]
    fn the_order_of_the_first_rows_does_not_hang_on_where_new_keys_sort() {
        assert_eq!(order_digest(&[2, 0, 4, 1, 3], 3), order_digest(&[1, 0, 2], 3));
        assert_ne!(order_digest(&[2, 4, 0, 1, 3], 3), order_digest(&[1, 0, 2], 3));
    }
}
