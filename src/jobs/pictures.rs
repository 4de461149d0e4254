//! Pictures to rows, as the encoder's processor wants it. On the CPU each thread takes a few pictures all the way from file to
//! row, so that nobody waits for anybody; for a graphics processor threads decode and preprocess, a bounded queue holds what is
//! ready, and the calling thread embeds. In both cases the calling thread writes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use super::embed::{Content, ShardBuilder};
use super::timings::Timings;
use super::{Context, JobError, Meter, Workbench};
use crate::catalog::{Catalog, DecodeLimits, LeastSize, PostingIdx};
use crate::encode::{EmbeddingRows, EncodeError, ImageEncoder, Prepared, Processor};
use crate::project::CacheKey;

/// Failures told one by one; more are in the table of problems anyway.
const MAX_NOTES: usize = 20;

/// Embeds the pictures of `missing` into the cache; what cannot be embedded is recorded with its reason.
///
/// # Errors
/// As [`super::embed()`].
pub(super) fn embed_pictures(
    bench: &Workbench,
    id: &str,
    encoder: &dyn ImageEncoder,
    key: &CacheKey,
    missing: Vec<(PostingIdx, Content)>,
    timings: &Timings,
    context: &Context<'_>,
) -> Result<(), JobError> {
    if missing.is_empty() {
        return Ok(());
    }
    let n_workers = std::thread::available_parallelism().map_or(2, usize::from).min(missing.len());
    let batch_size = encoder.batch_size().max(1);
    let line = Line {
        catalog: &bench.catalog,
        encoder,
        timings,
        missing: &missing,
        next: AtomicUsize::new(0),
        is_stopped: AtomicBool::new(false),
    };
    let (ready, made) = sync_channel::<Made>(2 * batch_size.max(n_workers));
    let line = &line;

    std::thread::scope(|scope| {
        for worker in 0..n_workers {
            let ready = ready.clone();
            let work = move || match encoder.processor() {
                // Small enough that the threads end at about the same time.
                Processor::Cpu => line.embed(batch_size.min(line.share(n_workers)), &ready),
                Processor::Accelerator => line.prepare(&ready),
            };
            let named = std::thread::Builder::new().name(format!("pictures-{worker}"));
            if let Err(error) = named.spawn_scoped(scope, work) {
                if worker == 0 {
                    return Err(JobError::Refused(format!(
                        "no thread can be started to decode pictures: {error}. Close other programs"
                    )));
                }
                break;
            }
        }
        drop(ready);

        let mut sink = Sink {
            encoder,
            timings,
            batch_size,
            batch: Vec::with_capacity(batch_size),
            shard: ShardBuilder::new(bench.cache.writer(key)?, timings),
            meter: Meter::new(
                context.reporter,
                format!("Embedding pictures ({id})"),
                0,
                missing.len() as u64,
            ),
            n_failed: 0,
        };
        let result = sink.drain(&made, context);
        line.is_stopped.store(true, Ordering::Relaxed);
        // Unblocks workers that wait for room in the queue.
        drop(made);
        result?;
        sink.meter.finish();
        Ok(())
    })
}

/// What a thread has made.
enum Made {
    Prepared(Content, Prepared),
    Embedded(Vec<Content>, EmbeddingRows),
    /// The picture cannot be embedded, and why.
    Unusable(Content, String),
    /// The encoder has failed.
    Broken(EncodeError),
}

/// What the threads share.
struct Line<'a> {
    catalog: &'a Catalog,
    encoder: &'a dyn ImageEncoder,
    timings: &'a Timings,
    missing: &'a [(PostingIdx, Content)],
    /// The first of `missing` that no thread has taken.
    next: AtomicUsize,
    is_stopped: AtomicBool,
}

impl Line<'_> {
    /// Pictures a thread takes at once so that all end at about the same time.
    fn share(&self, n_workers: usize) -> usize {
        self.missing.len().div_ceil(4 * n_workers).max(1)
    }

    /// The next `n` pictures, now this thread's; `None` when there is nothing left to do.
    fn take(&self, n: usize) -> Option<&[(PostingIdx, Content)]> {
        let first = self.next.fetch_add(n, Ordering::Relaxed);
        let rest = self.missing.get(first..).filter(|rest| !rest.is_empty())?;
        (!self.is_stopped.load(Ordering::Relaxed)).then(|| &rest[..n.min(rest.len())])
    }

    /// Prepares pictures one by one until none is left or nobody listens.
    fn prepare(&self, ready: &SyncSender<Made>) {
        while let Some(pictures) = self.take(1) {
            for (posting, content) in pictures {
                let made = match self.prepared(*posting) {
                    Ok(picture) => Made::Prepared(*content, picture),
                    Err(reason) => Made::Unusable(*content, reason),
                };
                if ready.send(made).is_err() {
                    return;
                }
            }
        }
    }

    /// Embeds `n_each` pictures at once on a single thread until none is left or nobody listens.
    fn embed(&self, n_each: usize, ready: &SyncSender<Made>) {
        let work = || {
            while let Some(pictures) = self.take(n_each) {
                if self.embed_some(pictures, ready).is_none() {
                    return;
                }
            }
        };
        // A pool of one thread keeps the encoder from sharing its work out to threads that have their own.
        match rayon::ThreadPoolBuilder::new().num_threads(1).build() {
            Ok(pool) => pool.install(work),
            Err(_) => work(),
        }
    }

    /// Embeds pictures and sends what came of it; `None` when nobody listens.
    fn embed_some(&self, pictures: &[(PostingIdx, Content)], ready: &SyncSender<Made>) -> Option<()> {
        let (mut contents, mut batch) = (Vec::new(), Vec::new());
        for (posting, content) in pictures {
            match self.prepared(*posting) {
                Ok(picture) => {
                    contents.push(*content);
                    batch.push(picture);
                }
                Err(reason) => ready.send(Made::Unusable(*content, reason)).ok()?,
            }
        }
        if batch.is_empty() {
            return Some(());
        }
        let made = match self.timings.inference.time(|| self.encoder.embed(&batch)) {
            Ok(rows) => Made::Embedded(contents, rows),
            Err(error) => Made::Broken(error),
        };
        ready.send(made).ok()
    }

    /// Decodes and preprocesses one picture.
    fn prepared(&self, posting: PostingIdx) -> Result<Prepared, String> {
        let Self { catalog, encoder, timings, .. } = self;
        decode(catalog, posting, timings, &|full_size| encoder.least_size(full_size), |picture| {
            timings.preparing.time(|| encoder.prepare(picture))
        })
    }
}

/// The end of the pipeline: embeds what is only prepared, and writes.
struct Sink<'a> {
    encoder: &'a dyn ImageEncoder,
    timings: &'a Timings,
    batch_size: usize,
    batch: Vec<(Content, Prepared)>,
    shard: ShardBuilder<'a>,
    meter: Meter<'a>,
    n_failed: usize,
}

impl Sink<'_> {
    fn drain(&mut self, made: &Receiver<Made>, context: &Context<'_>) -> Result<(), JobError> {
        loop {
            if let Err(stopped) = context.turn() {
                self.shard.flush()?;
                return Err(stopped);
            }
            match made.recv_timeout(Duration::from_millis(10)) {
                Ok(Made::Prepared(content, picture)) => {
                    self.batch.push((content, picture));
                    if self.batch.len() >= self.batch_size {
                        self.embed_batch()?;
                    }
                }
                Ok(Made::Embedded(contents, rows)) => {
                    self.shard.add(&contents, rows)?;
                    self.meter.advance(contents.len() as u64);
                }
                Ok(Made::Unusable(content, reason)) => {
                    if self.n_failed < MAX_NOTES {
                        context.reporter.note(&reason);
                    }
                    self.shard.fail(content, reason)?;
                    self.n_failed += 1;
                    self.meter.advance(1);
                }
                Ok(Made::Broken(error)) => {
                    self.shard.flush()?;
                    return Err(error.into());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    self.embed_batch()?;
                    return self.shard.flush();
                }
            }
        }
    }

    fn embed_batch(&mut self) -> Result<(), JobError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let (contents, pictures): (Vec<Content>, Vec<Prepared>) = self.batch.drain(..).unzip();
        let rows = self.timings.inference.time(|| self.encoder.embed(&pictures))?;
        self.shard.add(&contents, rows)?;
        self.meter.advance(contents.len() as u64);
        Ok(())
    }
}

/// Decodes one picture, at `least_size`, and makes something of it; a panic of a decoder is that picture's failure.
pub(super) fn decode<T>(
    catalog: &Catalog,
    posting: PostingIdx,
    timings: &Timings,
    least_size: &LeastSize<'_>,
    make: impl Fn(&image::RgbImage) -> T,
) -> Result<T, String> {
    let source = catalog.image(posting);
    let attempt = catch_unwind(AssertUnwindSafe(|| {
        let picture = timings.decoding.time(|| source.decode_at_least(&DecodeLimits::default(), least_size));
        let picture = picture.map_err(|error| error.to_string())?.picture;
        if picture.width() == 0 || picture.height() == 0 {
            return Err("the picture is empty. Replace the file".to_owned());
        }
        Ok(make(&picture))
    }));
    attempt.unwrap_or_else(|_| {
        let name =
            source.path().map_or_else(|| catalog.key(posting).to_owned(), |path| path.display().to_string());
        Err(format!("the picture made its decoder fail. Replace the file: {name}"))
    })
}
