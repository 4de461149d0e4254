//! Lets the autoencoder learn a catalogue's pictures: decodes them small, shuffles, steps in units of well under 100 ms, keeps
//! the weights with the smallest error on pictures it does not learn from. Seeded: the same pictures give the same weights,
//! in whatever order the catalogue names them. Cancelled after its first round it keeps the best weights so far.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use serde::Serialize;

use super::timings::Timings;
use super::{Context, JobError, Meter, Workbench, pictures};
use crate::catalog::PostingIdx;
use crate::encode::{AutoencoderLearning, EncoderWeights, Modality, SmallPicture, autoencoder};
use crate::nn::Random;
use crate::project::write_atomic;

/// Seed of the first weights and of every shuffle.
const SEED: u64 = 20_060_728;
/// Rounds over the pictures, fewer where there are so many that [`MAX_STEPS`] is reached.
const N_ROUNDS: usize = 12;
/// Pictures a step; a step takes well under 100 ms.
const BATCH: usize = 16;
/// Steps at most in whole rounds (but one round always): about two minutes on two cores.
const MAX_STEPS: usize = 560;
/// Pictures at most, 12 KiB of memory each; of more, a seeded sample is learnt from.
const MAX_PICTURES: usize = 8_192;
/// Pictures at least: of fewer there is nothing to learn.
const MIN_PICTURES: usize = 8;
/// One picture in so many is held out to measure the error on.
const HELD_OUT: usize = 10;
/// Pictures decoded between two turns.
const PIECE: usize = 64;

/// What was learnt; written beside the weights as `receipt.ron`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Receipt {
    /// Encoder id.
    pub encoder: String,
    /// Seed of the first weights and of every shuffle.
    pub seed: u64,
    /// Pictures learnt from.
    pub n_pictures: usize,
    /// Pictures the error was measured on.
    pub n_held_out: usize,
    /// Rounds that were finished.
    pub n_rounds: usize,
    /// The round whose weights were kept, from 1.
    pub best_round: usize,
    /// Mean squared error on the held-out pictures (pixels from -1 to 1) before learning.
    pub error_before: f32,
    /// And with the weights kept.
    pub error_after: f32,
    /// Whether it was stopped before its last round.
    pub is_stopped_early: bool,
}

/// Learns the bench's pictures into `folder` (`trained/autoencoder` of the project); what was there is replaced.
///
/// # Errors
/// [`JobError::Refused`] when there are too few pictures or the error is no number; when the device fails, the project cannot
/// be written, or the job is cancelled (the best weights so far are kept once a round is finished).
pub fn learn(bench: &Workbench, folder: &Path, context: &Context<'_>) -> Result<Receipt, JobError> {
    let pictures = decode_small(bench, context)?;
    if pictures.len() < MIN_PICTURES {
        return Err(JobError::Refused(format!(
            "the autoencoder learns from at least {MIN_PICTURES} different pictures, and the catalogue has {} that can be decoded. Choose another image encoder",
            pictures.len()
        )));
    }
    let n_held_out = pictures.len().div_ceil(HELD_OUT);
    // The pictures come shuffled.
    let (held_out, learnt_from) = pictures.split_at(n_held_out);
    let n_steps_a_round = learnt_from.len().div_ceil(BATCH);
    let n_rounds = N_ROUNDS.min((MAX_STEPS / n_steps_a_round).max(1));

    let mut learning = AutoencoderLearning::new(bench.encoders.device(), SEED)?;
    let total = (n_rounds * learnt_from.len()) as u64;
    let mut meter = Meter::new(context.reporter, "Learning the pictures (autoencoder)", 0, total);
    let error_before = mean_error(&learning, held_out, context)?;
    let mut best: Option<(EncoderWeights, Vec<f32>, Receipt)> = None;
    let mut order: Vec<&SmallPicture> = learnt_from.iter().collect();
    let mut random = Random::named(SEED, "order of learning");
    let mut ended = Ok(());
    for round in 1..=n_rounds {
        shuffle(&mut order, &mut random);
        ended = one_round(&mut learning, &order, &mut meter, context);
        if ended.is_err() {
            break;
        }
        let error = mean_error(&learning, held_out, context)?;
        if !error.is_finite() {
            return Err(JobError::Refused(
                "the autoencoder's error grew beyond all numbers. Choose another image encoder".to_owned(),
            ));
        }
        let is_better = best.as_ref().is_none_or(|(_, _, receipt)| error < receipt.error_after);
        let receipt = Receipt {
            encoder: autoencoder::ID.to_owned(),
            seed: SEED,
            n_pictures: learnt_from.len(),
            n_held_out,
            n_rounds: round,
            best_round: round,
            error_before,
            error_after: error,
            is_stopped_early: round < n_rounds,
        };
        match &mut best {
            Some((_, _, kept)) if !is_better => {
                *kept =
                    Receipt { n_rounds: round, is_stopped_early: receipt.is_stopped_early, ..kept.clone() };
            }
            _ => best = Some((learning.encoder_weights()?, codes(&learning, learnt_from)?, receipt)),
        }
    }
    // Only a job that was stopped in its first round has nothing to keep.
    let Some((weights, codes, receipt)) = best else {
        return Err(ended.err().unwrap_or(JobError::Cancelled));
    };
    save(folder, weights.to_safetensors(&codes)?, &receipt)?;
    bench.encoders.forget(folder);
    ended?;
    meter.finish();
    Ok(receipt)
}

/// Every different picture once, small and shuffled; what cannot be decoded is left out (embedding tells about it).
fn decode_small(bench: &Workbench, context: &Context<'_>) -> Result<Vec<SmallPicture>, JobError> {
    let contents = bench.contents(Modality::Image, context)?;
    let mut by_content: BTreeMap<[u8; 32], PostingIdx> = BTreeMap::new();
    for (posting, content) in bench.catalog.postings().zip(contents.iter()) {
        if let Some(content) = content {
            by_content.entry(*content).or_insert(posting);
        }
    }
    // In order of content, which no catalogue's order changes.
    let mut postings: Vec<PostingIdx> = by_content.into_values().collect();
    shuffle(&mut postings, &mut Random::named(SEED, "which pictures"));
    postings.truncate(MAX_PICTURES);
    let mut meter = Meter::new(context.reporter, "Reading pictures to learn from", 0, postings.len() as u64);
    let timings = Timings::default();
    let small = |&posting: &PostingIdx| {
        let least_size = &SmallPicture::least_size;
        pictures::decode(&bench.catalog, posting, &timings, least_size, SmallPicture::new).ok()
    };
    let mut decoded = Vec::with_capacity(postings.len());
    for piece in postings.chunks(PIECE) {
        context.turn()?;
        decoded.extend(context.aside(|| piece.par_iter().filter_map(small).collect::<Vec<_>>()));
        meter.advance(piece.len() as u64);
    }
    meter.finish();
    Ok(decoded)
}

fn one_round(
    learning: &mut AutoencoderLearning,
    order: &[&SmallPicture],
    meter: &mut Meter<'_>,
    context: &Context<'_>,
) -> Result<(), JobError> {
    for batch in order.chunks(BATCH) {
        context.turn()?;
        learning.step(batch)?;
        meter.advance(batch.len() as u64);
    }
    Ok(())
}

/// Mean squared error over pictures.
fn mean_error(
    learning: &AutoencoderLearning,
    pictures: &[SmallPicture],
    context: &Context<'_>,
) -> Result<f32, JobError> {
    let mut sum = 0.0;
    for batch in pictures.chunks(BATCH) {
        // Not a place to stop: a finished round's weights are worth their error.
        (context.between)();
        let batch: Vec<&SmallPicture> = batch.iter().collect();
        sum += learning.loss(&batch)? * batch.len() as f32;
    }
    Ok(sum / pictures.len().max(1) as f32)
}

/// Codes (n, width) of all pictures; their mean is the centre.
fn codes(learning: &AutoencoderLearning, pictures: &[SmallPicture]) -> Result<Vec<f32>, JobError> {
    let mut codes = Vec::new();
    for batch in pictures.chunks(BATCH) {
        let batch: Vec<&SmallPicture> = batch.iter().collect();
        codes.extend(learning.codes(&batch)?);
    }
    Ok(codes)
}

fn save(folder: &Path, weights: Vec<u8>, receipt: &Receipt) -> Result<(), JobError> {
    std::fs::create_dir_all(folder).map_err(|error| {
        JobError::Refused(format!(
            "what was learnt cannot be kept: {error}. Check the folder: {}",
            folder.display()
        ))
    })?;
    let path = folder.join("receipt.ron");
    let text = ron::ser::to_string_pretty(receipt, ron::ser::PrettyConfig::default());
    let text = text.map_err(|error| JobError::Refused(format!("the receipt cannot be written: {error}")))?;
    // The weights last: they are what says that it has learnt.
    for (path, bytes) in [(path, text.into_bytes()), (folder.join(autoencoder::WEIGHTS), weights)] {
        write_atomic(&path, &bytes).map_err(|error| {
            JobError::Refused(format!(
                "what was learnt cannot be kept: {error}. Check the disk: {}",
                path.display()
            ))
        })?;
    }
    Ok(())
}

/// Fisher and Yates.
fn shuffle<T>(items: &mut [T], random: &mut Random) {
    for last in (1..items.len()).rev() {
        items.swap(last, (random.next_bits() % (last as u64 + 1)) as usize);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::catalog::{Catalog, demo};
    use crate::encode::{EncoderOptions, ModelStore};
    use crate::jobs::{CancelToken, OpenEncoders, Progress, Reporter, SilentReporter, embed};
    use crate::nn::DeviceChoice;
    use crate::project::{EmbeddingCache, TranslationCache};

    fn bench(folder: &Path, catalog: Catalog) -> Workbench {
        let encoders = OpenEncoders::new(ModelStore::new(folder.join("models")), DeviceChoice::Cpu);
        let cache = EmbeddingCache::new(folder.join("embeddings"));
        let trained = folder.join("trained");
        let translations = TranslationCache::new(folder.join("translations"));
        let options = EncoderOptions::default();
        Workbench::new(Arc::new(catalog), cache, translations, &trained, Arc::new(encoders), options)
    }

    #[test]
    fn asked_for_it_learns_once_and_then_embeds() {
        let folder = tempfile::tempdir().unwrap();
        let bench = bench(folder.path(), demo::catalog(4, 1));
        let context = Context::new(&SilentReporter, CancelToken::default());
        let first = embed(&bench, autoencoder::ID, None, &context).unwrap();
        assert!(first.embeddings.present.iter().all(|&is_present| is_present));
        let weights = folder.path().join("trained").join(autoencoder::ID).join(autoencoder::WEIGHTS);
        let bytes = std::fs::read(&weights).unwrap();
        let receipt = std::fs::read_to_string(weights.with_file_name("receipt.ron")).unwrap();
        assert!(receipt.contains("is_stopped_early: false"), "{receipt}");

        let second = embed(&bench, autoencoder::ID, None, &context).unwrap();
        assert_eq!((second.n_new, &second.key), (0, &first.key), "it learnt again");
        // The same pictures, seed and machine give the same weights.
        let receipt = learn(&bench, weights.parent().unwrap(), &context).unwrap();
        assert_eq!(std::fs::read(&weights).unwrap(), bytes);
        assert!(receipt.error_after < receipt.error_before, "{receipt:?}");
    }

    /// Notices when learning itself begins.
    #[derive(Default)]
    struct Begun(AtomicBool);

    impl Reporter for Begun {
        fn progress(&self, progress: &Progress) {
            if progress.stage.starts_with("Learning") {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        fn note(&self, _message: &str) {}
    }

    #[test]
    fn stopped_after_a_round_it_keeps_the_best_and_before_it_nothing() {
        // From the beginning of learning on: the error before it, then a turn a step and the error of each round.
        for (n_turns, is_kept) in [(2, false), (12, true)] {
            let folder = tempfile::tempdir().unwrap();
            let bench = bench(folder.path(), demo::catalog(12, 1));
            let (cancel, begun, left) = (CancelToken::default(), Begun::default(), Cell::new(n_turns));
            let count = || {
                left.set(left.get() - i32::from(begun.0.load(Ordering::Relaxed)));
                if left.get() == 0 {
                    cancel.cancel();
                }
            };
            let context = Context { reporter: &begun, cancel: cancel.clone(), between: &count };
            let trained = folder.path().join("trained").join(autoencoder::ID);
            let result = learn(&bench, &trained, &context);
            assert!(matches!(result, Err(JobError::Cancelled)), "{result:?}");
            assert_eq!(trained.join(autoencoder::WEIGHTS).is_file(), is_kept, "after {n_turns} turns");
        }
    }

    #[test]
    fn too_few_pictures_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let bench = bench(folder.path(), demo::catalog(1, 1));
        let context = Context::new(&SilentReporter, CancelToken::default());
        let message = embed(&bench, autoencoder::ID, None, &context).unwrap_err().to_string();
        assert!(message.contains("at least 8 different pictures"), "{message}");
    }
}
