//! Training of a network of pictures beside the head: decodes and changes pictures, computes what the network's first part makes of
//! them, trains the rest, and embeds the catalogue anew with what came out. The trained network is an encoder like any other: its
//! rows lie in the project's cache under the digest of its weights.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::Device;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use serde::{Deserialize, Serialize};

use super::super::embed::embed_pictures_with;
use super::super::timings::Timings;
use super::super::{CancelToken, Context, JobError, Meter, Workbench, pictures};
use super::features::{FeatureSet, Side};
use crate::catalog::PostingIdx;
use crate::encode::{Backbone, Stem};
use crate::train::{
    BackboneRecipe, Checkpoint, Ended, Flow, Maps, NamedRecipe, Tail, TrainingData, TrainingOutcome,
    TrainingReport, TrainingReporter, View, train_with, views,
};

/// Pictures decoded between two turns.
const PIECE: usize = 32;

/// What a receipt says about the network that was trained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkFacts {
    /// BLAKE3 of backbone.safetensors, hexadecimal.
    pub digest: String,
    /// BLAKE3 of the weights it started from.
    pub started_from: String,
    /// Numbers that were trained.
    pub n_trained: usize,
    /// Views of pictures it learned from and was chosen by.
    pub n_maps: usize,
}

/// A network that was trained, and its rows of the catalogue.
pub(super) struct TunedNetwork {
    /// backbone.safetensors.
    pub bytes: Vec<u8>,
    pub facts: NetworkFacts,
    pub side: Side,
}

/// What is trained, on what.
pub(super) struct NetworkPlan<'a> {
    pub bench: &'a Workbench,
    pub recipe: &'a NamedRecipe,
    pub backbone: &'a BackboneRecipe,
    pub features: &'a FeatureSet,
}

/// Trains the recipe's network and head; the network's rows of the whole catalogue come with it. There is none of a run that was
/// stopped in its first epoch or whose loss was no number.
pub(super) fn train_network(
    plan: &NetworkPlan<'_>,
    data: &TrainingData<'_>,
    checkpoint: Option<&Checkpoint>,
    device: &Device,
    reporter: &mut dyn TrainingReporter,
    context: &Context<'_>,
) -> Result<(TrainingOutcome, Option<TunedNetwork>), JobError> {
    let NetworkPlan { bench, recipe, backbone, features } = *plan;
    let Some(image) = &features.image else {
        return Err(JobError::Refused(format!(
            "the recipe `{}` trains a network of pictures, and the catalogue has none. Choose a recipe that reads titles",
            recipe.id
        )));
    };
    // What cannot be trained is told before any picture is opened.
    data.check()?;
    let network = bench.table().spec(&image.encoder)?.backbone(&bench.encoders.models)?;
    let (stem, tail) = network.split(backbone.first_block(), device, bench.options.precision)?;
    let seed = recipe.training.seed;
    let views = views(backbone, data, network.preprocess().size as usize, seed);
    let maps = compute_maps(bench, &network, &stem, backbone, &views, context)?;
    let tail = Tail::new(tail, &maps, backbone, network.width(), seed);
    let n_trained = tail.parameters().n_values();
    let stop = AtomicBool::new(false);
    let cancel = &context.cancel;
    // A step over many pictures takes seconds; a click must not wait for it.
    let outcome = context.aside_telling(
        |tell| {
            let mut relay = Relay { tell, stop: &stop, cancel };
            train_with(data, &recipe.training, Some(&tail), checkpoint, device, &mut relay)
        },
        |report| {
            if reporter.report(&report) == Flow::Stop {
                stop.store(true, Ordering::Relaxed);
            }
        },
    )?;
    let is_of_use = match outcome.ended {
        Ended::Diverged { .. } => false,
        Ended::Stopped => outcome.has_finished_epoch(),
        Ended::Finished | Ended::EarlyStopped => true,
    };
    if !is_of_use {
        return Ok((outcome, None));
    }
    let bytes = network.to_safetensors(&tail.weights()?)?;
    let facts = NetworkFacts {
        digest: blake3::hash(&bytes).to_hex().to_string(),
        started_from: network.digest(),
        n_trained,
        n_maps: views.iter().map(|view| view.rows.len()).sum(),
    };
    drop(tail);
    drop(maps);
    // The best of a stopped run is kept, and judged by what the finished encoder gives; that alone a stop waits for.
    let patient =
        Context { reporter: context.reporter, cancel: CancelToken::default(), between: context.between };
    let context = if outcome.ended == Ended::Stopped { &patient } else { context };
    let side =
        tuned_side(bench, &recipe.id, &image.encoder, Path::new("the network in memory"), &bytes, context)?;
    Ok((outcome, Some(TunedNetwork { bytes, facts, side })))
}

/// Passes on what a run tells to the thread that serves others. What it answers is known at the next step.
struct Relay<'a> {
    tell: &'a (dyn Fn(TrainingReport) + Sync),
    stop: &'a AtomicBool,
    cancel: &'a CancelToken,
}

impl TrainingReporter for Relay<'_> {
    fn report(&mut self, report: &TrainingReport) -> Flow {
        (self.tell)(*report);
        if self.stop.load(Ordering::Relaxed) || self.cancel.is_cancelled() {
            Flow::Stop
        } else {
            Flow::Continue
        }
    }
}

/// The rows of the catalogue by the network `encoder` with the weights a recipe has trained; from the cache where they are there.
/// `path` is only named in errors.
pub(super) fn tuned_side(
    bench: &Workbench,
    recipe: &str,
    encoder: &str,
    path: &Path,
    bytes: &[u8],
    context: &Context<'_>,
) -> Result<Side, JobError> {
    let network = bench.table().spec(encoder)?.backbone(&bench.encoders.models)?;
    let opened = network.encoder(path, bytes.to_vec(), bench.encoders.device(), bench.options.precision)?;
    let embedded = embed_pictures_with(bench, &format!("{encoder}-{recipe}"), &*opened, context)?;
    Side::dense(encoder, embedded)
}

/// What the first part of the network gives for every view, decoded and changed on all cores, computed on the device in units of
/// well under 100 ms.
fn compute_maps(
    bench: &Workbench,
    network: &Backbone,
    stem: &Stem,
    recipe: &BackboneRecipe,
    views: &[View],
    context: &Context<'_>,
) -> Result<Maps, JobError> {
    let preprocess = network.preprocess();
    let side = preprocess.size as usize;
    let (_, shape) = stem.run(&[&vec![0.0; 3 * side * side]])?;
    let mut maps = Maps::new(shape, views)?;
    let total = views.iter().map(|view| view.rows.len() as u64).sum();
    let mut meter = Meter::new(context.reporter, "Looking at pictures to learn from", 0, total);
    let timings = Timings::default();
    let decode = |row: u32| {
        // At full size: a part of it may take the whole picture's place.
        pictures::decode(&bench.catalog, PostingIdx(row), &timings, &|size| size, image::RgbImage::clone)
            .map_err(JobError::Refused)
    };
    let make = |view: &View, row: u32| -> Result<Vec<f32>, JobError> {
        let (own, partner) = view.pictures_of(row);
        let partner = partner.map(decode).transpose()?;
        Ok(view.make(recipe, row, &decode(own)?, partner.as_ref(), |picture| preprocess.apply(picture)))
    };
    for view in views {
        maps.begin(view, bench.catalog.n_postings());
        for rows in view.rows.chunks(PIECE) {
            context.turn()?;
            let made =
                context.aside(|| rows.par_iter().map(|row| make(view, *row)).collect::<Result<Vec<_>, _>>());
            let made = made?;
            for (rows, made) in rows.chunks(stem.batch_size()).zip(made.chunks(stem.batch_size())) {
                context.turn()?;
                let made: Vec<&[f32]> = made.iter().map(Vec::as_slice).collect();
                let (features, _) = stem.run(&made)?;
                let each = features.len() / rows.len().max(1);
                for (row, features) in rows.iter().zip(features.chunks(each.max(1))) {
                    maps.add(*row, features)?;
                }
            }
            meter.advance(rows.len() as u64);
        }
    }
    meter.finish();
    Ok(maps)
}

impl FeatureSet {
    /// The same with other rows of pictures.
    pub(super) fn with_image(mut self, side: Side) -> Self {
        self.image = Some(side);
        self
    }
}

impl Side {
    /// Rows as they are.
    fn dense(encoder: &str, embedded: super::super::Embedded) -> Result<Self, JobError> {
        let embeddings = embedded.embeddings.clone();
        let matrix = match &embeddings.rows {
            crate::encode::EmbeddingRows::Dense(matrix) => Arc::new(matrix.clone()),
            _ => return Err(JobError::Refused(format!("the rows of {encoder} are not dense"))),
        };
        let name = format!("{}-{}-{}", encoder, embedded.key.digest, embedded.corpus);
        Ok(Self::new(encoder.to_owned(), name, matrix, embeddings, embedded))
    }
}
