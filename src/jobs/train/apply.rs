//! A trained head put to work: neighbours of the whole catalogue as the head sees it, kept in the project's cache under the head's
//! digest and the names of the rows it read.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use candle_core::Device;

use super::super::{Context, JobError, Meter, Workbench};
use super::beside::Beside;
use super::features::FeatureSet;
use super::network::tuned_side;
use super::prepared::sides_of;
use super::{SharedNeighbors, TrainedReceipt};
use crate::encode::Embeddings;
use crate::index::{Metric, Neighbors, exact_scores};
use crate::matching::{FittedMatcher, MatcherRecipe};
use crate::nn::open_device;
use crate::project::{CacheKey, TrainedFiles};
use crate::train::heads::Head;
use crate::train::mixture::{CohortMember, MixturePlan, MixtureTable};
use crate::train::{
    Labels, MatcherPlan, Part, Pool, TrainError, TrainingData, Unreviewed, head_neighbors, head_pair_scores,
    tower_embeddings, weighed,
};

/// A trained model as it was read.
#[derive(Clone, Debug)]
pub struct TrainedModel {
    /// The recipe's id.
    pub id: String,
    /// Its receipt.
    pub receipt: TrainedReceipt,
    head_path: PathBuf,
    head: Vec<u8>,
    /// Weights of the network that was trained with the head, and where they lie.
    backbone: Option<(PathBuf, Vec<u8>)>,
}

impl TrainedModel {
    /// From its files.
    ///
    /// # Errors
    /// [`JobError::Refused`] when receipt and head do not belong together or the receipt cannot be read.
    pub fn new(files: TrainedFiles) -> Result<Self, JobError> {
        let receipt = TrainedReceipt::from_ron(&files.id, &files.receipt)?;
        let is_digest = |bytes: &[u8], digest: &str| blake3::hash(bytes).to_hex().as_str() == digest;
        let is_network_right = match (&files.backbone, &receipt.network) {
            (Some((_, bytes)), Some(facts)) => is_digest(bytes, &facts.digest),
            (found, told) => found.is_none() && told.is_none(),
        };
        if !is_digest(&files.head, &receipt.head_digest) || !is_network_right {
            return Err(JobError::Refused(format!(
                "the trained model is damaged, or another than its receipt speaks of. Train it again: {}",
                files.head_path.display()
            )));
        }
        Ok(Self {
            id: files.id,
            receipt,
            head_path: files.head_path,
            head: files.head,
            backbone: files.backbone,
        })
    }

    /// The rows the head reads: of the frozen encoders, or of the network that was trained with it.
    pub(super) fn features(&self, bench: &Workbench, context: &Context<'_>) -> Result<FeatureSet, JobError> {
        let (image, text) = (self.receipt.image_encoder.as_deref(), self.receipt.text_encoder.as_deref());
        let more = &self.receipt.more_image_encoders;
        let (Some((path, bytes)), Some(image)) = (&self.backbone, image) else {
            return FeatureSet::of(bench, image, more, text, context);
        };
        let side = tuned_side(bench, &self.id, image, path, bytes, context)?;
        Ok(FeatureSet::of(bench, None, more, text, context)?.with_image(side))
    }

    /// Fewest matches a posting, itself included, as its matcher was fitted.
    pub fn min_matches(&self) -> usize {
        self.receipt.result.matcher_after.as_ref().map_or(1, FittedMatcher::min_matches)
    }

    /// Its head, on a device.
    pub(super) fn head(&self, device: &Device) -> Result<Head, JobError> {
        Ok(Head::from_safetensors(&self.head_path, self.head.clone(), device)?)
    }
}

impl TrainedModel {
    /// How alike two postings of the catalogue are in the eyes of the trained model, for each of `pairs` (who is asked about, who
    /// may be the answer; rows of the catalogue): a cosine, the shares of a mixture's cosines, or a score in (0, 1) of a learned
    /// measure. NaN where one of them has nothing to be compared by. A score hangs on its two postings alone: on no other pair and
    /// on no threshold. Any catalogue with the encoders' input will do, not only that the model has learned from.
    ///
    /// # Errors
    /// When embedding fails, the head does not fit the embeddings, or the device fails.
    pub fn pair_scores(
        &self,
        bench: &Workbench,
        pairs: &[(u32, u32)],
        context: &Context<'_>,
    ) -> Result<Vec<f32>, JobError> {
        let features = self.features(bench, context)?;
        let n_rows = bench.catalog.n_postings();
        let labels = Labels::new(vec![None; n_rows], &[], Unreviewed::Unknown);
        let (of_rows, sides) = (vec![Part::Test; n_rows], sides_of(&bench.catalog));
        let data = TrainingData {
            modalities: features.features(),
            labels: &labels,
            parts: &of_rows,
            neighbors: None,
            sides: sides.as_deref(),
        };
        data.check()?;
        let device = open_device(bench.encoders.device()).map_err(TrainError::from)?;
        let head = self.head(&device)?;
        if data.modality_widths() != head.shape().modality_widths {
            return Err(does_not_fit(&self.id));
        }
        let Some(mixture) = self.receipt.result.mixture_after.as_ref() else {
            let scores = context.aside(|| head_pair_scores(&head, &data, pairs, &device))?;
            return Ok(scores);
        };
        let companions: Vec<Beside> = self
            .receipt
            .companions
            .iter()
            .map(|id| Beside::of(bench, id, context))
            .collect::<Result<_, _>>()?;
        let mut parts = context.aside(|| tower_embeddings(&head, &data, &device))?;
        parts.extend(companions.iter().map(|companion| companion.embeddings.as_ref().clone()));
        if parts.len() != mixture.weights.len() {
            return Err(does_not_fit(&self.id));
        }
        let similarities: Vec<Vec<f32>> = parts.iter().map(|part| similarities(part, pairs)).collect();
        Ok(weighed(&similarities, &mixture.weights))
    }
}

/// Cosines of pairs of rows; NaN where one is absent.
fn similarities(rows: &Embeddings, pairs: &[(u32, u32)]) -> Vec<f32> {
    let is_there = |row: u32| rows.present.get(row as usize) == Some(&true);
    let mut scores = Vec::with_capacity(pairs.len());
    for &(a, b) in pairs {
        if is_there(a) && is_there(b) {
            exact_scores(rows, Metric::Cosine, a as usize, &[b], &mut scores);
        } else {
            scores.push(f32::NAN);
        }
    }
    scores
}

/// What is said when a head was made for other embeddings.
pub(super) fn does_not_fit(id: &str) -> JobError {
    JobError::Refused(format!(
        "the trained model `{id}` was made for other embeddings than this catalogue has. Train it again"
    ))
}

/// The 50 nearest of each posting by the head's own measure and the receipt's matcher, the posting itself counted; from the cache
/// where they are there.
///
/// # Errors
/// When embedding fails, the head does not fit the embeddings, or the device fails.
pub fn trained_neighbors(
    bench: &Workbench,
    model: &TrainedModel,
    context: &Context<'_>,
) -> Result<SharedNeighbors, JobError> {
    let receipt = &model.receipt;
    let features = model.features(bench, context)?;
    let beside = receipt.beside_encoder.as_deref().map(|id| Beside::of(bench, id, context)).transpose()?;
    let companions: Vec<Beside> =
        receipt.companions.iter().map(|id| Beside::of(bench, id, context)).collect::<Result<_, _>>()?;
    let mixture = receipt.result.mixture_after.as_ref();
    let mixture_text = mixture.map(|mixture| format!("{mixture:?}{:?}", receipt.cohort)).unwrap_or_default();
    let matcher = receipt.result.matcher_after.as_ref();
    let matcher_text = matcher.map(|matcher| format!("{matcher:?}")).unwrap_or_default();
    let mut parts = vec![receipt.head_digest.as_str(), &matcher_text, &mixture_text];
    parts.extend(beside.as_ref().into_iter().chain(&companions).map(|beside| beside.name.as_str()));
    parts.extend(features.sides().map(|side| side.name.as_str()));
    let key = CacheKey::new(&format!("trained-{}-neighbors", model.id), &parts);
    let n_rows = bench.catalog.n_postings();
    if let Some(neighbors) = bench.cache.load_neighbors(&key)?
        && neighbors.n_rows() == n_rows
    {
        return Ok(Arc::new(neighbors));
    }
    let device = open_device(bench.encoders.device()).map_err(TrainError::from)?;
    let head = model.head(&device)?;
    let labels = Labels::new(vec![None; n_rows], &[], Unreviewed::Unknown);
    let of_rows = vec![Part::Test; n_rows];
    let sides = sides_of(&bench.catalog);
    let data = TrainingData {
        modalities: features.features(),
        labels: &labels,
        parts: &of_rows,
        neighbors: None,
        sides: sides.as_deref(),
    };
    data.check()?;
    if data.modality_widths() != head.shape().modality_widths {
        return Err(does_not_fit(&model.id));
    }
    let meter = Meter::new(context.reporter, format!("Finding neighbours ({})", model.id), 0, 0);
    // Only what has an embedding is looked at; the others have themselves alone.
    let is_there = |row: &u32| {
        let own = features.sides().map(|side| &side.embeddings);
        let mut all = own.chain(companions.iter().map(|companion| &companion.embeddings));
        all.any(|embeddings| embeddings.present.get(*row as usize) == Some(&true))
    };
    let pool: Vec<u32> = (0..n_rows as u32).filter(is_there).collect();
    let rows = Mixed { features: &features, companions: &companions, receipt };
    let found = match matcher {
        _ if mixture.is_some() => rows.neighbors(bench, &head, &data, &pool, &device)?,
        None => head_neighbors(&head, &data, &pool, &device)?,
        Some(fitted) => {
            let recipe = MatcherRecipe { id: fitted.id.clone(), ..MatcherRecipe::default() };
            let plan = MatcherPlan {
                recipe: &recipe,
                beside: beside.as_ref().map(|beside| beside.embeddings.as_ref()),
                mixture: None,
            };
            let of_pool = Pool::new(&head, &data, pool.clone(), plan, &device)?;
            fitted.apply(&of_pool.ground()?).map_err(TrainError::from)?
        }
    };
    context.turn()?;
    let neighbors = spread(&found, &pool, n_rows);
    bench.cache.save_neighbors(&key, &neighbors)?;
    meter.finish();
    Ok(Arc::new(neighbors))
}

/// A mixture as its receipt has it, over today's catalogue.
struct Mixed<'a> {
    features: &'a FeatureSet,
    companions: &'a [Beside],
    receipt: &'a TrainedReceipt,
}

impl Mixed<'_> {
    /// Lists of the pool by the mixture and the receipt's matcher. Members of the cohort that left the catalogue are missed.
    fn neighbors(
        &self,
        bench: &Workbench,
        head: &Head,
        data: &TrainingData<'_>,
        pool: &[u32],
        device: &Device,
    ) -> Result<Neighbors, JobError> {
        let result = &self.receipt.result;
        let (Some(fitted), Some(matcher)) = (&result.mixture_after, &result.matcher_after) else {
            return Err(JobError::Refused(
                "the receipt of the trained model lacks its matcher. Train it again".to_owned(),
            ));
        };
        let own: Vec<Cow<'_, Embeddings>> =
            self.features.sides().map(|side| Cow::Borrowed(side.embeddings.as_ref())).collect();
        let companions: Vec<Cow<'_, Embeddings>> =
            self.companions.iter().map(|it| Cow::Borrowed(it.embeddings.as_ref())).collect();
        let recipe = self.receipt.recipe.mixture.clone().unwrap_or_default();
        let plan = MixturePlan { recipe: &recipe, own: &own, companions: &companions };
        let parts = plan.head_parts(head, data, device)?;
        if parts.len() != fitted.weights.len() {
            return Err(JobError::Refused(
                "the trained model was made for other encoders than this catalogue has. Train it again"
                    .to_owned(),
            ));
        }
        let member = |(key, group): &(String, u32)| {
            Some(CohortMember { row: bench.catalog.find(key)?.0, group: *group })
        };
        let cohort: Vec<CohortMember> = self.receipt.cohort.iter().filter_map(member).collect();
        let table = MixtureTable::new(&parts, pool, &cohort);
        let lists = table.lists(&fitted.weights, fitted.cohort_neighbors);
        let of_pool = Pool::of_lists(pool.to_vec(), lists);
        Ok(matcher.apply(&of_pool.ground()?).map_err(TrainError::from)?)
    }
}

/// Lists over places of the pool as lists over rows; a row outside the pool has none.
fn spread(found: &Neighbors, pool: &[u32], n_rows: usize) -> Neighbors {
    let mut neighbors = Neighbors { offsets: vec![0], rows: Vec::new(), scores: Vec::new() };
    let mut places = pool.iter().enumerate().peekable();
    for row in 0..n_rows as u32 {
        if let Some((place, _)) = places.next_if(|(_, pooled)| **pooled == row) {
            let (others, scores) = found.list(place);
            for (other, score) in others.iter().zip(scores) {
                if let Some(&other) = pool.get(*other as usize) {
                    neighbors.rows.push(other);
                    neighbors.scores.push(*score);
                }
            }
        }
        neighbors.offsets.push(neighbors.rows.len());
    }
    neighbors
}

#[cfg(test)]
mod tests {
    use super::{Neighbors, spread};

    #[test]
    fn rows_outside_the_pool_have_no_neighbours() {
        let found = Neighbors { offsets: vec![0, 2, 3], rows: vec![0, 1, 1], scores: vec![1.0, 0.5, 1.0] };
        let all = spread(&found, &[1, 3], 4);
        assert_eq!(all.offsets, [0, 0, 2, 2, 3]);
        assert_eq!(all.rows, [1, 3, 3]);
    }
}
