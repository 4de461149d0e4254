//! One query against the catalogue: a title or a picture, and its nearest postings.

use std::sync::{Arc, PoisonError};

use super::{Context, Embedded, JobError, SearchQuery, Workbench, embed::fitted};
use crate::catalog::{DecodeLimits, ImageSource};
use crate::encode::{EmbeddingRows, Embeddings, Encoder, FittedText};
use crate::index::{Hit, Metric, query};

/// The `k` postings nearest to `what`, by the encoder of `embedded` (the catalogue's rows), best first.
///
/// # Errors
/// [`JobError::Refused`] when the encoder reads the other modality or the picture cannot be decoded; else the encoder's errors.
pub fn search(
    bench: &Workbench,
    embedded: (&str, &Embeddings),
    what: &SearchQuery,
    k: usize,
    metric: Metric,
    context: &Context<'_>,
) -> Result<Vec<Hit>, JobError> {
    let (encoder_id, embeddings) = embedded;
    let encoder = bench.encoders.open(encoder_id, &bench.options)?;
    let rows = match (&*encoder, what) {
        (Encoder::Image(image), SearchQuery::Picture(path)) => {
            let picture = ImageSource::File(path.clone())
                .decode(&DecodeLimits::default())
                .map_err(|error| JobError::Refused(error.to_string()))?;
            image.embed(&[image.prepare(&picture)])?
        }
        (Encoder::Text(text), SearchQuery::Title(title)) => EmbeddingRows::Dense(text.embed(&[title])?),
        (Encoder::Fits(fits), SearchQuery::Title(title)) => {
            let model = match bench.recall_fitted(encoder_id) {
                Some(model) => model,
                None => {
                    let (model, _) = fitted(bench, &**fits, context);
                    bench.remember_fitted(encoder_id, model.clone());
                    model
                }
            };
            EmbeddingRows::Sparse(model.embed(&[title]))
        }
        (Encoder::Image(_), SearchQuery::Title(_))
        | (Encoder::Text(_) | Encoder::Fits(_), SearchQuery::Picture(_)) => {
            return Err(JobError::Refused(format!(
                "`{encoder_id}` cannot read this kind of query. Choose another encoder"
            )));
        }
    };
    let needle = Embeddings { rows, present: vec![true] };
    Ok(query(embeddings, &needle, bench.catalog.key_ranks(), k, metric))
}

impl Workbench {
    /// Keeps a fitted encoder for queries.
    pub(super) fn remember_fitted(&self, encoder: &str, model: Arc<dyn FittedText>) {
        self.fitted.lock().unwrap_or_else(PoisonError::into_inner).insert(encoder.to_owned(), model);
    }

    fn recall_fitted(&self, encoder: &str) -> Option<Arc<dyn FittedText>> {
        self.fitted.lock().unwrap_or_else(PoisonError::into_inner).get(encoder).cloned()
    }
}

impl Embedded {
    /// As [`search`] takes it.
    pub fn for_search(&self) -> (&str, &Embeddings) {
        (&self.encoder, &self.embeddings)
    }
}
