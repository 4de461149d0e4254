//! One query against the catalogue: a title or a picture, and its nearest postings.

use super::corpus::embed_query;
use super::{Context, Embedded, JobError, SearchQuery, Workbench};
use crate::catalog::{DecodeLimits, ImageSource};
use crate::encode::{EmbeddingRows, Embeddings, Encoder};
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
    let encoder = bench.open(encoder_id)?;
    let rows = match (&*encoder, what) {
        (Encoder::Image(image), SearchQuery::Picture(path)) => {
            let picture = ImageSource::File(path.clone())
                .decode(&DecodeLimits::default())
                .map_err(|error| JobError::Refused(error.to_string()))?;
            image.embed(&[image.prepare(&picture)])?
        }
        (Encoder::Text(text), SearchQuery::Title(title)) => EmbeddingRows::Dense(text.embed(&[title])?),
        (Encoder::Fits(fits), SearchQuery::Title(title)) => {
            EmbeddingRows::Sparse(bench.recall_or_fit(encoder_id, &**fits, context).embed(&[title]))
        }
        (Encoder::FitsDense(fits), SearchQuery::Title(title)) => {
            EmbeddingRows::Dense(bench.recall_or_fit_dense(encoder_id, &**fits, context).embed(&[title])?)
        }
        (Encoder::Mixed(mixed), SearchQuery::Title(title)) => {
            EmbeddingRows::Sparse(embed_query(bench, encoder_id, mixed, title, context)?)
        }
        (Encoder::Image(_), SearchQuery::Title(_))
        | (
            Encoder::Text(_) | Encoder::Fits(_) | Encoder::FitsDense(_) | Encoder::Mixed(_),
            SearchQuery::Picture(_),
        ) => {
            return Err(JobError::Refused(format!(
                "`{encoder_id}` cannot read this kind of query. Choose another encoder"
            )));
        }
    };
    let needle = Embeddings { rows, present: vec![true] };
    Ok(query(embeddings, &needle, bench.catalog.key_ranks(), k, metric))
}

impl Embedded {
    /// As [`search`] takes it.
    pub fn for_search(&self) -> (&str, &Embeddings) {
        (&self.encoder, &self.embeddings)
    }
}
