//! One query against the catalogue: a title or a picture, and its nearest postings.

use super::corpus::embed_query;
use super::translation::Reading;
use super::{Context, Embedded, JobError, SearchQuery, Workbench};
use crate::catalog::{DecodeLimits, ImageSource};
use crate::encode::{EmbeddingRows, Embeddings, Encoder};
use crate::index::{Hit, Metric, query};

/// The catalogue's rows that a query is compared with.
#[derive(Clone, Copy, Debug)]
pub struct SearchRows<'a> {
    /// The encoder that made them.
    pub encoder: &'a str,
    /// The translation model the titles passed first; a title that is searched for passes it too.
    pub translate: Option<&'a str>,
    /// One row a posting.
    pub embeddings: &'a Embeddings,
}

/// The `k` postings nearest to `what`, by the encoder of `embedded` (the catalogue's rows), best first.
///
/// # Errors
/// [`JobError::Refused`] when the encoder reads the other modality or the picture cannot be decoded; else the encoder's errors.
pub fn search(
    bench: &Workbench,
    embedded: SearchRows<'_>,
    what: &SearchQuery,
    k: usize,
    metric: Metric,
    context: &Context<'_>,
) -> Result<Vec<Hit>, JobError> {
    let SearchRows { encoder: encoder_id, translate, embeddings } = embedded;
    let encoder = bench.open(encoder_id)?;
    let (reading, title) = match what {
        SearchQuery::Title(title) => (Reading::open(bench, translate)?, title.as_str()),
        SearchQuery::Picture(_) => (Reading::plain(), ""),
    };
    let title = &*reading.query(title)?;
    let rows = match (&*encoder, what) {
        (Encoder::Image(image), SearchQuery::Picture(path)) => {
            let picture = ImageSource::File(path.clone())
                .decode_at_least(&DecodeLimits::default(), &|full_size| image.least_size(full_size))
                .map_err(|error| JobError::Refused(error.to_string()))?;
            image.embed(&[image.prepare(&picture.picture)])?
        }
        (Encoder::Text(text), SearchQuery::Title(_)) => EmbeddingRows::Dense(text.embed(&[title])?),
        (Encoder::Fits(fits), SearchQuery::Title(_)) => {
            let fitted = bench.recall_or_fit(encoder_id, &**fits, &reading, context)?;
            EmbeddingRows::Sparse(fitted.embed(&[title]))
        }
        (Encoder::FitsDense(fits), SearchQuery::Title(_)) => {
            let fitted = bench.recall_or_fit_dense(encoder_id, &**fits, &reading, context)?;
            EmbeddingRows::Dense(fitted.embed(&[title])?)
        }
        (Encoder::Mixed(mixed), SearchQuery::Title(_)) => {
            EmbeddingRows::Sparse(embed_query(bench, encoder_id, mixed, title, &reading, context)?)
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
    pub fn for_search(&self) -> SearchRows<'_> {
        SearchRows {
            encoder: &self.encoder,
            translate: self.translate.as_deref(),
            embeddings: &self.embeddings,
        }
    }
}
