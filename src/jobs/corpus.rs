//! Encoders that must see all titles before they can embed one: words weighed by their rarity in the catalogue, alone or beside
//! encoders that read titles one by one. Their rows are cached whole, by the whole corpus.

use std::sync::{Arc, PoisonError};

use super::embed::{complete, embed_titles};
use super::timings::Timings;
use super::workbench::Contents;
use super::{Context, JobError, Meter, Workbench};
use crate::encode::{
    CsrMatrix, DenseMatrix, EmbeddingRows, Embeddings, FitsDenseText, FitsText, FittedText, MixedText,
    TextEncoder,
};
use crate::project::CacheKey;

/// Fits an encoder to the bench's titles without touching the cache; for queries in the corpus's space.
pub(super) fn fitted(
    bench: &Workbench,
    fits: &dyn FitsText,
    context: &Context<'_>,
) -> (Arc<dyn FittedText>, CsrMatrix) {
    let catalog = &bench.catalog;
    let (model, rows) = context.aside(|| {
        let titles: Vec<&str> = catalog.postings().map(|posting| catalog.title(posting)).collect();
        fits.fit(&titles)
    });
    (Arc::from(model), rows)
}

/// Rows of the catalogue's titles and how many were embedded now.
pub(super) fn fit(
    bench: &Workbench,
    id: &str,
    fits: &dyn FitsText,
    key: &CacheKey,
    contents: &Contents,
    context: &Context<'_>,
) -> Result<(Embeddings, usize), JobError> {
    if let Some(embeddings) = cached(bench, key, contents)? {
        return Ok((embeddings, 0));
    }
    let meter = Meter::new(context.reporter, format!("Weighing words ({id})"), 0, 0);
    let (model, rows) = fitted(bench, fits, context);
    context.turn()?;
    let embeddings = save(bench, key, contents, EmbeddingRows::Sparse(rows))?;
    bench.remember_fitted(id, model);
    meter.finish();
    Ok((embeddings, contents.iter().flatten().count()))
}

/// [`fit`] for an encoder with dense rows.
pub(super) fn fit_dense(
    bench: &Workbench,
    id: &str,
    fits: &dyn FitsDenseText,
    key: &CacheKey,
    contents: &Contents,
    context: &Context<'_>,
) -> Result<(Embeddings, usize), JobError> {
    if let Some(embeddings) = cached(bench, key, contents)? {
        return Ok((embeddings, 0));
    }
    let meter = Meter::new(context.reporter, format!("Weighing words ({id})"), 0, 0);
    let (model, rows) = fitted_dense(bench, fits, context);
    context.turn()?;
    let embeddings = save(bench, key, contents, EmbeddingRows::Dense(rows))?;
    bench.fitted_dense.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), model);
    meter.finish();
    Ok((embeddings, contents.iter().flatten().count()))
}

/// [`fitted`] for an encoder with dense rows.
fn fitted_dense(
    bench: &Workbench,
    fits: &dyn FitsDenseText,
    context: &Context<'_>,
) -> (Arc<dyn TextEncoder>, DenseMatrix) {
    let catalog = &bench.catalog;
    let (model, rows) = context.aside(|| {
        let titles: Vec<&str> = catalog.postings().map(|posting| catalog.title(posting)).collect();
        fits.fit(&titles)
    });
    (Arc::from(model), rows)
}

/// The same for an encoder with parts of both kinds. The part that reads titles one by one has its own rows in the cache, so
/// that it is not run again when a title is added.
pub(super) fn fit_mixed(
    bench: &Workbench,
    id: &str,
    mixed: &MixedText,
    key: &CacheKey,
    contents: &Contents,
    timings: &Timings,
    context: &Context<'_>,
) -> Result<(Embeddings, usize), JobError> {
    if let Some(embeddings) = cached(bench, key, contents)? {
        return Ok((embeddings, 0));
    }
    let dense = match mixed.dense() {
        Some(part) => {
            let key = CacheKey::new(&part.id, &[&part.encoder.fingerprint()]);
            let rows = complete(bench, &key, contents, context, |missing| {
                embed_titles(bench, &part.id, &*part.encoder, &key, missing, timings, context)
            })?;
            Some(rows.0)
        }
        None => None,
    };
    let meter = Meter::new(context.reporter, format!("Weighing words ({id})"), 0, 0);
    let mut parts = Vec::with_capacity(mixed.fitted().len());
    for (place, part) in mixed.fitted().iter().enumerate() {
        let (model, rows) = fitted(bench, &*part.encoder, context);
        context.turn()?;
        bench.remember_fitted(&part_name(id, place), model);
        parts.push(rows);
    }
    let rows = context.aside(|| mixed.join(&parts, dense.as_ref()));
    context.turn()?;
    let embeddings = save(bench, key, contents, EmbeddingRows::Sparse(rows))?;
    meter.finish();
    Ok((embeddings, contents.iter().flatten().count()))
}

/// The row of one title in the space of the catalogue.
pub(super) fn embed_query(
    bench: &Workbench,
    id: &str,
    mixed: &MixedText,
    title: &str,
    context: &Context<'_>,
) -> Result<CsrMatrix, JobError> {
    let parts = mixed.fitted().iter().enumerate();
    let parts: Vec<CsrMatrix> = parts
        .map(|(place, part)| {
            bench.recall_or_fit(&part_name(id, place), &*part.encoder, context).embed(&[title])
        })
        .collect();
    let dense = match mixed.dense() {
        Some(part) => Some(Embeddings {
            rows: EmbeddingRows::Dense(part.encoder.embed(&[title])?),
            present: vec![true],
        }),
        None => None,
    };
    Ok(mixed.join(&parts, dense.as_ref()))
}

impl Workbench {
    /// Keeps a fitted encoder for queries.
    fn remember_fitted(&self, name: &str, model: Arc<dyn FittedText>) {
        self.fitted.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), model);
    }

    /// The fitted encoder kept under this name, fitted now where there is none.
    pub(super) fn recall_or_fit(
        &self,
        name: &str,
        fits: &dyn FitsText,
        context: &Context<'_>,
    ) -> Arc<dyn FittedText> {
        let known = self.fitted.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        known.unwrap_or_else(|| {
            let (model, _) = fitted(self, fits, context);
            self.remember_fitted(name, model.clone());
            model
        })
    }
}

impl Workbench {
    /// [`Self::recall_or_fit`] for an encoder with dense rows.
    pub(super) fn recall_or_fit_dense(
        &self,
        id: &str,
        fits: &dyn FitsDenseText,
        context: &Context<'_>,
    ) -> Arc<dyn TextEncoder> {
        let known = self.fitted_dense.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        known.unwrap_or_else(|| {
            let (model, _) = fitted_dense(self, fits, context);
            let mut kept = self.fitted_dense.lock().unwrap_or_else(PoisonError::into_inner);
            kept.insert(id.to_owned(), model.clone());
            model
        })
    }
}

/// What a fitted part of a mixed encoder is remembered as; no encoder's id holds a slash.
fn part_name(id: &str, place: usize) -> String {
    format!("{id}/{place}")
}

fn cached(bench: &Workbench, key: &CacheKey, contents: &Contents) -> Result<Option<Embeddings>, JobError> {
    Ok(bench.cache.load_whole(key)?.filter(|embeddings| embeddings.n_rows() == contents.len()))
}

fn save(
    bench: &Workbench,
    key: &CacheKey,
    contents: &Contents,
    rows: EmbeddingRows,
) -> Result<Embeddings, JobError> {
    let embeddings = Embeddings { rows, present: contents.iter().map(Option::is_some).collect() };
    bench.cache.save_whole(key, &embeddings)?;
    Ok(embeddings)
}
