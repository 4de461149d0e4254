//! Pictures to rows as a pipeline: threads decode and preprocess, a bounded queue holds what is ready, the calling thread
//! (which owns the device) embeds in units of well under 100 ms.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use super::embed::{Content, ShardBuilder};
use super::timings::Timings;
use super::{Context, JobError, Meter, Workbench};
use crate::catalog::{Catalog, DecodeLimits, LeastSize, PostingIdx};
use crate::encode::{ImageEncoder, Prepared};
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
    let (ready, prepared) =
        sync_channel::<(Content, Result<Prepared, String>)>(2 * batch_size.max(n_workers));
    let next = AtomicUsize::new(0);
    let stopped = AtomicBool::new(false);
    let (missing, next, stopped) = (&missing, &next, &stopped);

    std::thread::scope(|scope| {
        for worker in 0..n_workers {
            let ready = ready.clone();
            let work = move || {
                while let Some((posting, content)) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // A closed channel means that the embedding side gave up.
                    if stopped.load(Ordering::Relaxed)
                        || ready
                            .send((*content, prepare(&bench.catalog, *posting, encoder, timings)))
                            .is_err()
                    {
                        break;
                    }
                }
            };
            let named = std::thread::Builder::new().name(format!("decode-{worker}"));
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
        let result = sink.drain(&prepared, context);
        stopped.store(true, Ordering::Relaxed);
        // Unblocks workers that wait for room in the queue.
        drop(prepared);
        result?;
        sink.meter.finish();
        Ok(())
    })
}

/// The embedding end of the pipeline.
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
    fn drain(
        &mut self,
        prepared: &std::sync::mpsc::Receiver<(Content, Result<Prepared, String>)>,
        context: &Context<'_>,
    ) -> Result<(), JobError> {
        loop {
            if let Err(stopped) = context.turn() {
                self.shard.flush()?;
                return Err(stopped);
            }
            match prepared.recv_timeout(Duration::from_millis(10)) {
                Ok((content, Ok(picture))) => {
                    self.batch.push((content, picture));
                    if self.batch.len() >= self.batch_size {
                        self.embed_batch()?;
                    }
                }
                Ok((content, Err(reason))) => {
                    if self.n_failed < MAX_NOTES {
                        context.reporter.note(&reason);
                    }
                    self.shard.fail(content, reason)?;
                    self.n_failed += 1;
                    self.meter.advance(1);
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

/// Decodes and preprocesses one picture.
fn prepare(
    catalog: &Catalog,
    posting: PostingIdx,
    encoder: &dyn ImageEncoder,
    timings: &Timings,
) -> Result<Prepared, String> {
    decode(catalog, posting, timings, &|full_size| encoder.least_size(full_size), |picture| {
        timings.preparing.time(|| encoder.prepare(picture))
    })
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
