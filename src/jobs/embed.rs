//! One encoder's embeddings of a catalogue: what the project's cache lacks is computed in shards that are each written once
//! and never lost, so that a killed job goes on where it stopped. A picture that cannot be decoded is noted, recorded as
//! failed, and not tried again until it changes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::timings::{TimeSpent, Timings};
use super::translation::Reading;
use super::workbench::Contents;
use super::{Context, JobError, Meter, Workbench, corpus, learning, pictures};
use crate::catalog::{Catalog, ImageSource, PostingIdx, Problem, ProblemKind};
use crate::encode::{
    BitMatrix, DenseMatrix, EmbeddingRows, Embeddings, Encoder, ImageEncoder, Modality, TextEncoder,
};
use crate::project::{CacheKey, ShardWriter};

/// A shard is written after this many rows...
const SHARD_ROWS: usize = 256;
/// ...or this long after the last one, so that a kill loses little.
const SHARD_EVERY: Duration = Duration::from_secs(5);

/// The content hash of a picture or title.
pub(super) type Content = [u8; 32];

/// One encoder's embeddings and how they came to be.
#[derive(Clone, Debug)]
pub struct Embedded {
    /// Encoder id.
    pub encoder: String,
    /// The translation model its titles passed first.
    pub translate: Option<String>,
    /// One row a posting, absent where it lacks the modality or could not be decoded.
    pub embeddings: Arc<Embeddings>,
    /// Their name in the cache.
    pub key: CacheKey,
    /// Digest of all contents in catalogue order; with `key` it names the matrix.
    pub corpus: String,
    /// Postings that have a picture which could not be embedded.
    pub n_failed: usize,
    /// Those postings, for the table of problems.
    pub problems: Vec<Problem>,
    /// Contents embedded now, not taken from the cache.
    pub n_new: usize,
    /// Seconds it took.
    pub secs: f64,
    /// Where they went.
    pub timings: TimeSpent,
}

/// Embeds the bench's catalogue with the encoder `id`; an encoder of titles reads what the translation model `translate` makes
/// of them, where one is given.
///
/// # Errors
/// When there is no such encoder or translation model, its files are missing, the device fails, the project cannot be read or written, or the
/// job is cancelled (finished shards are kept, the unfinished one is written too).
pub fn embed(
    bench: &Workbench,
    id: &str,
    translate: Option<&str>,
    context: &Context<'_>,
) -> Result<Embedded, JobError> {
    let start = Instant::now();
    let spec = bench.table().spec(id)?;
    let translate = translate.filter(|_| spec.modality == Modality::Text);
    // A translator that is not there is told of before anything is computed.
    let reading = Reading::open(bench, translate)?;
    let contents = bench.contents(spec.modality, context)?;
    let corpus = corpus_digest(&contents);
    if let Some(folder) = spec.must_learn() {
        learning::learn(bench, folder, context)?;
    }
    let encoder = bench.open(id)?;
    context.turn()?;
    let timings = Timings::default();
    let (key, embeddings, n_new) = match &*encoder {
        Encoder::Fits(fits) => {
            let key = reading.key(id, &[&fits.fingerprint(), &format!("{:?}", bench.options), &corpus]);
            let (embeddings, n_new) = corpus::fit(bench, &**fits, &key, &contents, &reading, context)?;
            (key, embeddings, n_new)
        }
        Encoder::FitsDense(fits) => {
            let key = reading.key(id, &[&fits.fingerprint(), &corpus]);
            let (embeddings, n_new) = corpus::fit_dense(bench, &**fits, &key, &contents, &reading, context)?;
            (key, embeddings, n_new)
        }
        Encoder::Mixed(mixed) => {
            let key = reading.key(id, &[&mixed.fingerprint(), &format!("{:?}", bench.options), &corpus]);
            let (embeddings, n_new) =
                corpus::fit_mixed(bench, mixed, &key, &contents, &reading, &timings, context)?;
            (key, embeddings, n_new)
        }
        Encoder::Text(text) => {
            let key = reading.key(id, &[&text.fingerprint()]);
            let (embeddings, n_new) = complete(bench, &key, &contents, context, |missing| {
                embed_titles(bench, &**text, &key, missing, &reading, &timings, context)
            })?;
            (key, embeddings, n_new)
        }
        Encoder::Image(image) => {
            let key = CacheKey::new(id, &[&image.fingerprint()]);
            let (embeddings, n_new) = complete(bench, &key, &contents, context, |missing| {
                pictures::embed_pictures(bench, id, &**image, &key, missing, &timings, context)
            })?;
            (key, embeddings, n_new)
        }
    };
    let problems = match spec.modality {
        Modality::Image => {
            let reasons = bench.cache.failed(&key)?.into_iter().collect();
            picture_problems(&bench.catalog, &contents, &embeddings, &reasons)
        }
        Modality::Text => Vec::new(),
    };
    Ok(Embedded {
        encoder: id.to_owned(),
        translate: translate.map(str::to_owned),
        embeddings: Arc::new(embeddings),
        key,
        corpus,
        n_failed: problems.len(),
        problems,
        n_new,
        secs: start.elapsed().as_secs_f64(),
        timings: timings.spent(),
    })
}

/// Embeds the pictures of the bench's catalogue with an encoder that is not in the table; `name` stands for its id.
///
/// # Errors
/// As [`embed()`].
pub(super) fn embed_pictures_with(
    bench: &Workbench,
    name: &str,
    encoder: &dyn ImageEncoder,
    context: &Context<'_>,
) -> Result<Embedded, JobError> {
    let start = Instant::now();
    let contents = bench.contents(Modality::Image, context)?;
    let timings = Timings::default();
    let key = CacheKey::new(name, &[&encoder.fingerprint()]);
    let (embeddings, n_new) = complete(bench, &key, &contents, context, |missing| {
        pictures::embed_pictures(bench, name, encoder, &key, missing, &timings, context)
    })?;
    let reasons = bench.cache.failed(&key)?.into_iter().collect();
    let problems = picture_problems(&bench.catalog, &contents, &embeddings, &reasons);
    Ok(Embedded {
        encoder: name.to_owned(),
        translate: None,
        embeddings: Arc::new(embeddings),
        key,
        corpus: corpus_digest(&contents),
        n_failed: problems.len(),
        problems,
        n_new,
        secs: start.elapsed().as_secs_f64(),
        timings: timings.spent(),
    })
}

pub(super) fn embed_titles(
    bench: &Workbench,
    encoder: &dyn TextEncoder,
    key: &CacheKey,
    mut missing: Vec<(PostingIdx, Content)>,
    reading: &Reading,
    timings: &Timings,
    context: &Context<'_>,
) -> Result<(), JobError> {
    if missing.is_empty() {
        return Ok(());
    }
    let titles = reading.titles(bench, context)?;
    // Titles of like length in one batch waste no padding.
    missing.sort_by_key(|(posting, _)| (titles.of(*posting).len(), *posting));
    let stage = format!("Embedding titles ({})", key.encoder);
    let mut meter = Meter::new(context.reporter, stage, 0, missing.len() as u64);
    let mut shard = ShardBuilder::new(bench.cache.writer(key)?, timings);
    for batch in missing.chunks(encoder.batch_size().max(1)) {
        if let Err(stopped) = context.turn() {
            shard.flush()?;
            return Err(stopped);
        }
        let batch_titles: Vec<&str> = batch.iter().map(|(posting, _)| titles.of(*posting)).collect();
        let rows = timings.inference.time(|| encoder.embed(&batch_titles))?;
        let contents: Vec<Content> = batch.iter().map(|(_, content)| *content).collect();
        shard.add(&contents, EmbeddingRows::Dense(rows))?;
        meter.advance(batch.len() as u64);
    }
    shard.flush()?;
    meter.finish();
    Ok(())
}

/// Each content once that has no row yet, with a posting that has it.
fn missing_contents(
    bench: &Workbench,
    key: &CacheKey,
    contents: &Contents,
) -> Result<Vec<(PostingIdx, Content)>, JobError> {
    let mut first_with: HashMap<Content, PostingIdx> = HashMap::new();
    let mut distinct = Vec::new();
    for (row, content) in contents.iter().enumerate() {
        if let Some(content) = content {
            first_with.entry(*content).or_insert_with(|| {
                distinct.push(*content);
                PostingIdx::from_row(row)
            });
        }
    }
    let cached = bench.cache.cached(key, &distinct)?;
    Ok(distinct
        .into_iter()
        .zip(cached)
        .filter(|(_, is_cached)| !is_cached)
        .filter_map(|(content, _)| Some((*first_with.get(&content)?, content)))
        .collect())
}

/// Embeds what is missing and assembles all rows. A shard that proves damaged when it is read is set aside, and what was in
/// it embedded again.
pub(super) fn complete(
    bench: &Workbench,
    key: &CacheKey,
    contents: &Contents,
    context: &Context<'_>,
    embed_missing: impl Fn(Vec<(PostingIdx, Content)>) -> Result<(), JobError>,
) -> Result<(Embeddings, usize), JobError> {
    let n_damaged = bench.cache.damaged(key).len();
    let mut n_new = 0;
    for _attempt in 0..2 {
        let missing = missing_contents(bench, key, contents)?;
        n_new += missing.len();
        embed_missing(missing)?;
        let embeddings = bench.cache.load(key, contents)?;
        for damaged in bench.cache.damaged(key).iter().skip(n_damaged) {
            let path = damaged.path.display();
            context.reporter.note(&format!(
                "a shard of embeddings was damaged ({}) and is computed again: {path}",
                damaged.reason
            ));
        }
        if let Some(embeddings) = embeddings {
            return Ok((embeddings, n_new));
        }
    }
    Err(JobError::Refused(format!(
        "embeddings that were just written cannot be read back. Check the disk: {}",
        bench.cache.folder().display()
    )))
}

fn corpus_digest(contents: &Contents) -> String {
    let mut hasher = blake3::Hasher::new();
    for content in contents {
        match content {
            Some(content) => hasher.update(&[1]).update(content),
            None => hasher.update(&[0]),
        };
    }
    hasher.finalize().to_hex().to_string()
}

/// One problem a posting that has a picture file without a row.
fn picture_problems(
    catalog: &Catalog,
    contents: &Contents,
    embeddings: &Embeddings,
    reasons: &HashMap<Content, String>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (posting, (content, is_present)) in catalog.postings().zip(contents.iter().zip(&embeddings.present)) {
        let source = catalog.image(posting);
        if *is_present || matches!(source, ImageSource::None | ImageSource::Missing(_)) {
            continue;
        }
        let reason = content.as_ref().and_then(|content| reasons.get(content)).cloned();
        let message =
            reason.unwrap_or_else(|| "The picture could not be read or decoded. Replace the file".to_owned());
        problems.push(Problem {
            kind: ProblemKind::UndecodableImage,
            row: Some(posting.at() as u64 + 1),
            n_rows: 1,
            file: source
                .path()
                .map_or_else(|| catalog.key(posting).to_owned(), |path| path.display().to_string()),
            message,
        });
    }
    problems
}

/// Collects rows until a shard is due.
pub(super) struct ShardBuilder<'a> {
    timings: &'a Timings,
    writer: ShardWriter,
    contents: Vec<Content>,
    rows: Option<EmbeddingRows>,
    failed: Vec<(Content, String)>,
    last_write: Instant,
}

impl<'a> ShardBuilder<'a> {
    pub(super) fn new(writer: ShardWriter, timings: &'a Timings) -> Self {
        Self {
            timings,
            writer,
            contents: Vec::new(),
            rows: None,
            failed: Vec::new(),
            last_write: Instant::now(),
        }
    }

    /// Adds finished rows; writes the shard when it is due.
    pub(super) fn add(&mut self, contents: &[Content], rows: EmbeddingRows) -> Result<(), JobError> {
        self.contents.extend_from_slice(contents);
        match &mut self.rows {
            None => self.rows = Some(rows),
            Some(so_far) => append_rows(so_far, rows),
        }
        self.write_if_due()
    }

    /// Adds a content that cannot be embedded.
    pub(super) fn fail(&mut self, content: Content, reason: String) -> Result<(), JobError> {
        self.failed.push((content, reason));
        self.write_if_due()
    }

    fn write_if_due(&mut self) -> Result<(), JobError> {
        let n_waiting = self.contents.len() + self.failed.len();
        if n_waiting >= SHARD_ROWS || self.last_write.elapsed() >= SHARD_EVERY {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// Writes what is there.
    pub(super) fn flush(&mut self) -> Result<(), JobError> {
        self.last_write = Instant::now();
        if self.contents.is_empty() && self.failed.is_empty() {
            return Ok(());
        }
        let rows = self.rows.take().unwrap_or_else(|| EmbeddingRows::Dense(DenseMatrix::default()));
        self.timings.writing.time(|| self.writer.write(&self.contents, &rows, &self.failed))?;
        self.contents.clear();
        self.failed.clear();
        Ok(())
    }
}

/// Appends rows of the same storage; rows of another one replace nothing (an encoder has one storage).
fn append_rows(rows: &mut EmbeddingRows, more: EmbeddingRows) {
    match (rows, more) {
        (EmbeddingRows::Dense(DenseMatrix { values, .. }), EmbeddingRows::Dense(more)) => {
            values.extend(more.values)
        }
        (EmbeddingRows::Bits(BitMatrix { words, .. }), EmbeddingRows::Bits(more)) => words.extend(more.words),
        (EmbeddingRows::Sparse(matrix), EmbeddingRows::Sparse(more)) => {
            let n_before = matrix.columns.len();
            matrix.offsets.extend(more.offsets.iter().skip(1).map(|end| end + n_before));
            matrix.columns.extend(more.columns);
            matrix.values.extend(more.values);
            matrix.width = matrix.width.max(more.width);
        }
        _ => debug_assert!(false, "an encoder has one storage"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparse_batches_join_into_one() {
        let row = |columns: &[u32], values: &[f32]| {
            EmbeddingRows::Sparse(crate::encode::CsrMatrix {
                width: 9,
                offsets: vec![0, columns.len()],
                columns: columns.to_vec(),
                values: values.to_vec(),
            })
        };
        let mut rows = row(&[1, 4], &[0.6, 0.8]);
        append_rows(&mut rows, row(&[2], &[1.0]));
        let EmbeddingRows::Sparse(matrix) = rows else { panic!("storage changed") };
        assert_eq!(matrix.offsets, [0, 2, 3]);
        assert_eq!(matrix.row(1), (&[2_u32][..], &[1.0_f32][..]));
    }

    #[test]
    fn the_corpus_is_order_and_gaps() {
        let (a, b) = (Some([1; 32]), Some([2; 32]));
        let digests = [vec![a, b], vec![b, a], vec![a, None, b], vec![a, b, None]]
            .map(|contents| corpus_digest(&contents));
        for (i, digest) in digests.iter().enumerate() {
            assert!(!digests.iter().skip(i + 1).any(|other| other == digest), "case {i}");
        }
    }
}
