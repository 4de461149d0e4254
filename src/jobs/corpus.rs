//! Encoders that must see all titles before they can embed one: words weighed by their rarity in the catalogue, alone or beside
//! encoders that read titles one by one. Their rows are cached whole, by the whole corpus.

use std::sync::{Arc, PoisonError};

use super::embed::{complete, embed_titles};
use super::timings::Timings;
use super::translation::Reading;
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
    reading: &Reading,
    context: &Context<'_>,
) -> Result<(Arc<dyn FittedText>, CsrMatrix), JobError> {
    let titles = reading.titles(bench, context)?;
    let (model, rows) = context.aside(|| fits.fit(&titles.all()));
    Ok((Arc::from(model), rows))
}

/// Rows of the catalogue's titles and how many were embedded now.
pub(super) fn fit(
    bench: &Workbench,
    fits: &dyn FitsText,
    key: &CacheKey,
    contents: &Contents,
    reading: &Reading,
    context: &Context<'_>,
) -> Result<(Embeddings, usize), JobError> {
    if let Some(embeddings) = cached(bench, key, contents)? {
        return Ok((embeddings, 0));
    }
    let meter = Meter::new(context.reporter, format!("Weighing words ({})", key.encoder), 0, 0);
    let (model, rows) = fitted(bench, fits, reading, context)?;
    context.turn()?;
    let embeddings = save(bench, key, contents, EmbeddingRows::Sparse(rows))?;
    bench.remember_fitted(&reading.name(&key.encoder), model);
    meter.finish();
    Ok((embeddings, contents.iter().flatten().count()))
}

/// [`fit`] for an encoder with dense rows.
pub(super) fn fit_dense(
    bench: &Workbench,
    fits: &dyn FitsDenseText,
    key: &CacheKey,
    contents: &Contents,
    reading: &Reading,
    context: &Context<'_>,
) -> Result<(Embeddings, usize), JobError> {
    if let Some(embeddings) = cached(bench, key, contents)? {
        return Ok((embeddings, 0));
    }
    let meter = Meter::new(context.reporter, format!("Weighing words ({})", key.encoder), 0, 0);
    let (model, rows) = fitted_dense(bench, fits, reading, context)?;
    context.turn()?;
    let embeddings = save(bench, key, contents, EmbeddingRows::Dense(rows))?;
    let name = reading.name(&key.encoder);
    bench.fitted_dense.lock().unwrap_or_else(PoisonError::into_inner).insert(name, model);
    meter.finish();
    Ok((embeddings, contents.iter().flatten().count()))
}

/// [`fitted`] for an encoder with dense rows.
fn fitted_dense(
    bench: &Workbench,
    fits: &dyn FitsDenseText,
    reading: &Reading,
    context: &Context<'_>,
) -> Result<(Arc<dyn TextEncoder>, DenseMatrix), JobError> {
    let titles = reading.titles(bench, context)?;
    let (model, rows) = context.aside(|| fits.fit(&titles.all()));
    Ok((Arc::from(model), rows))
}

/// The same for an encoder with parts of both kinds. The part that reads titles one by one has its own rows in the cache, so
/// that it is not run again when a title is added.
pub(super) fn fit_mixed(
    bench: &Workbench,
    mixed: &MixedText,
    key: &CacheKey,
    contents: &Contents,
    reading: &Reading,
    timings: &Timings,
    context: &Context<'_>,
) -> Result<(Embeddings, usize), JobError> {
    if let Some(embeddings) = cached(bench, key, contents)? {
        return Ok((embeddings, 0));
    }
    let dense = match mixed.dense() {
        Some(part) => {
            let key = reading.key(&part.id, &[&part.encoder.fingerprint()]);
            let rows = complete(bench, &key, contents, context, |missing| {
                embed_titles(bench, &*part.encoder, &key, missing, reading, timings, context)
            })?;
            Some(rows.0)
        }
        None => None,
    };
    let meter = Meter::new(context.reporter, format!("Weighing words ({})", key.encoder), 0, 0);
    let mut parts = Vec::with_capacity(mixed.fitted().len());
    for (place, part) in mixed.fitted().iter().enumerate() {
        let (model, rows) = fitted(bench, &*part.encoder, reading, context)?;
        context.turn()?;
        bench.remember_fitted(&reading.name(&part_name(&key.encoder, place)), model);
        parts.push(rows);
    }
    let rows = context.aside(|| mixed.join(&parts, dense.as_ref()));
    context.turn()?;
    let embeddings = save(bench, key, contents, EmbeddingRows::Sparse(rows))?;
    meter.finish();
    Ok((embeddings, contents.iter().flatten().count()))
}

/// The row of one title, as `reading` left it, in the space of the catalogue.
pub(super) fn embed_query(
    bench: &Workbench,
    id: &str,
    mixed: &MixedText,
    title: &str,
    reading: &Reading,
    context: &Context<'_>,
) -> Result<CsrMatrix, JobError> {
    let parts = mixed.fitted().iter().enumerate();
    let parts: Vec<CsrMatrix> = parts
        .map(|(place, part)| {
            let model = bench.recall_or_fit(&part_name(id, place), &*part.encoder, reading, context)?;
            Ok(model.embed(&[title]))
        })
        .collect::<Result<_, JobError>>()?;
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

    /// The encoder fitted to titles under this reading, fitted now where there is none.
    pub(super) fn recall_or_fit(
        &self,
        id: &str,
        fits: &dyn FitsText,
        reading: &Reading,
        context: &Context<'_>,
    ) -> Result<Arc<dyn FittedText>, JobError> {
        let name = reading.name(id);
        let known = self.fitted.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let (model, _) = fitted(self, fits, reading, context)?;
        self.remember_fitted(&name, model.clone());
        Ok(model)
    }
}

impl Workbench {
    /// [`Self::recall_or_fit`] for an encoder with dense rows.
    pub(super) fn recall_or_fit_dense(
        &self,
        id: &str,
        fits: &dyn FitsDenseText,
        reading: &Reading,
        context: &Context<'_>,
    ) -> Result<Arc<dyn TextEncoder>, JobError> {
        let name = reading.name(id);
        let known = self.fitted_dense.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let (model, _) = fitted_dense(self, fits, reading, context)?;
        let mut kept = self.fitted_dense.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(name, model.clone());
        Ok(model)
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
