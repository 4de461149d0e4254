//! The neighbours of every posting under one encoder, computed once and kept in the project.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Context, Embedded, JobError, Meter, Workbench};
use crate::index::{JoinOptions, Metric, Neighbors, self_join};
use crate::project::CacheKey;

/// The `options.k` nearest of each posting, the posting itself counted; from the cache where they are there.
///
/// # Errors
/// When cancelled, or the project cannot be read or written.
pub fn neighbors_of(
    bench: &Workbench,
    embedded: &Embedded,
    options: JoinOptions,
    context: &Context<'_>,
) -> Result<Arc<Neighbors>, JobError> {
    let key = neighbors_key(bench, embedded, options);
    if let Some(neighbors) = bench.cache.load_neighbors(&key)?
        && neighbors.n_rows() == embedded.embeddings.n_rows()
    {
        return Ok(Arc::new(neighbors));
    }
    let stage = format!("Finding neighbours ({})", embedded.encoder);
    let meter = Mutex::new(Meter::new(context.reporter, stage, 0, bench.catalog.n_postings() as u64));
    let cancel = &context.cancel;
    let keep_going = |fraction: f32| {
        meter.lock().unwrap_or_else(PoisonError::into_inner).fraction(fraction);
        !cancel.is_cancelled()
    };
    let neighbors = join_aside(bench, embedded, options, context, &keep_going).ok_or(JobError::Cancelled)?;
    bench.cache.save_neighbors(&key, &neighbors)?;
    Ok(Arc::new(neighbors))
}

fn join_aside(
    bench: &Workbench,
    embedded: &Embedded,
    options: JoinOptions,
    context: &Context<'_>,
    keep_going: &(dyn Fn(f32) -> bool + Sync),
) -> Option<Neighbors> {
    let embeddings = &*embedded.embeddings;
    let ranks = bench.catalog.key_ranks();
    context.aside(|| self_join(embeddings, ranks, options, keep_going))
}

/// Neighbours belong to the rows (encoder and contents in catalogue order), their number, the metric and the order of keys,
/// which breaks ties.
fn neighbors_key(bench: &Workbench, embedded: &Embedded, options: JoinOptions) -> CacheKey {
    let metric = match options.metric {
        Metric::Cosine => "cosine",
        Metric::Euclidean => "euclidean",
    };
    let mut order = blake3::Hasher::new();
    for rank in bench.catalog.key_ranks() {
        order.update(&rank.to_le_bytes());
    }
    let order = order.finalize().to_hex();
    CacheKey::new(
        &format!("{}-neighbors", embedded.encoder),
        &[&embedded.key.digest, &embedded.corpus, order.as_str(), metric, &options.k.to_string()],
    )
}
