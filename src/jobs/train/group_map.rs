//! The largest groups in two dimensions, before and after: of the training part, where a head can learn by heart, and of the
//! validation part, where it cannot.

use std::cmp::Reverse;

use candle_core::Device;
use serde::Serialize;

use super::super::{Context, JobError, Meter, Workbench};
use super::features::FeatureSet;
use super::labels::LabelSet;
use super::prepared::sides_of;
use super::receipts::model_of;
use super::{TrainPlan, TrainedReceipt};
use crate::catalog::PostingIdx;
use crate::encode::{DenseMatrix, EmbeddingRows};
use crate::nn::open_device;
use crate::project::TrainedModels;
use crate::review::ReviewState;
use crate::train::heads::Head;
use crate::train::{Part, TrainError, TrainingData, frozen_head, head_embeddings, tsne};

/// Groups drawn of each part.
pub const N_MAP_GROUPS: usize = 10;
/// Postings drawn of a group at most.
const MOST_MEMBERS: usize = 20;

/// One part's picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartMap {
    /// The postings drawn.
    pub postings: Vec<PostingIdx>,
    /// The group of each, 0 to 9, the largest first.
    pub groups: Vec<usize>,
    /// Where each stands by the frozen embeddings.
    pub before: Vec<[f64; 2]>,
    /// Where each stands by the trained head.
    pub after: Vec<[f64; 2]>,
    /// Share of the postings whose nearest in the picture is of their own group, before and after.
    pub kept: [f64; 2],
}

/// The pictures of a trained model.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupMap {
    /// The head's digest, as in its receipt.
    pub digest: String,
    /// What was learned from.
    pub training: PartMap,
    /// What was not.
    pub validation: PartMap,
}

/// Draws the ten largest groups of either part by t-SNE, with the labels as they stood when the model was trained.
///
/// # Errors
/// [`JobError::Refused`] when the model's weights are gone or do not fit; when embedding fails.
pub fn map_groups(
    bench: &Workbench,
    receipt: &TrainedReceipt,
    review: &ReviewState,
    models: &TrainedModels,
    context: &Context<'_>,
) -> Result<GroupMap, JobError> {
    let model = model_of(models, receipt)?;
    let n_entries = usize::try_from(receipt.result.data.log_position).unwrap_or(usize::MAX);
    let then = ReviewState::from_entries(review.entries().iter().take(n_entries).cloned());
    let plan = TrainPlan { recipe: &receipt.recipe, labels: receipt.labels, review: &then, models };
    let labels = LabelSet::new(bench, &plan)?;
    let parts = labels.parts(receipt.result.split_seed, receipt.result.split_shares);
    let (image, text) = (receipt.image_encoder.as_deref(), receipt.text_encoder.as_deref());
    let features = FeatureSet::of(bench, image, &receipt.more_image_encoders, text, context)?;
    let sides = sides_of(&bench.catalog);
    let data = TrainingData {
        modalities: features.features(),
        labels: &labels.labels,
        parts: &parts,
        neighbors: None,
        sides: sides.as_deref(),
    };
    // A network that was trained with the head gives other rows for pictures.
    let tuned_features = model.features(bench, context)?;
    let tuned = TrainingData { modalities: tuned_features.features(), ..data.clone() };
    tuned.check()?;
    let device = open_device(bench.encoders.device()).map_err(TrainError::from)?;
    let trained = model.head(&device)?;
    if tuned.modality_widths() != trained.shape().modality_widths {
        return Err(super::apply::does_not_fit(&model.id));
    }
    let frozen = frozen_head(&data, &device)?;
    let mut meter = Meter::new(context.reporter, "Drawing groups", 0, 4);
    let mut part_map = |part: Part| -> Result<PartMap, JobError> {
        let (rows, groups) = largest_groups(&data, part);
        let mut draw = |head: &Head, data: &TrainingData<'_>| -> Result<Vec<[f64; 2]>, JobError> {
            let places = places(head, data, &rows, receipt.recipe.training.seed, &device, context)?;
            meter.advance(1);
            Ok(places)
        };
        let (before, after) = (draw(&frozen, &data)?, draw(&trained, &tuned)?);
        Ok(PartMap {
            postings: rows.iter().map(|row| PostingIdx(*row)).collect(),
            kept: [kept_together(&before, &groups), kept_together(&after, &groups)],
            groups,
            before,
            after,
        })
    };
    let (training, validation) = (part_map(Part::Train)?, part_map(Part::Validation)?);
    meter.finish();
    Ok(GroupMap { digest: receipt.head_digest.clone(), training, validation })
}

/// The largest groups of the test part as one head sees them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeadMap {
    /// The group of each posting drawn, 0 to 9, the largest first.
    pub groups: Vec<usize>,
    /// Where each stands.
    pub places: Vec<[f64; 2]>,
    /// Share of the postings whose nearest in the picture is of their own group.
    pub kept: f64,
}

/// Draws the largest groups of the test part, which a head has not learned from.
///
/// # Errors
/// When cancelled or the device fails.
pub(super) fn map_test_groups(
    head: &Head,
    data: &TrainingData<'_>,
    seed: u64,
    device: &Device,
    context: &Context<'_>,
) -> Result<HeadMap, JobError> {
    let (rows, groups) = largest_groups(data, Part::Test);
    let places = places(head, data, &rows, seed, device, context)?;
    Ok(HeadMap { kept: kept_together(&places, &groups), groups, places })
}

/// Where rows stand in two dimensions by a head.
fn places(
    head: &Head,
    data: &TrainingData<'_>,
    rows: &[u32],
    seed: u64,
    device: &Device,
    context: &Context<'_>,
) -> Result<Vec<[f64; 2]>, JobError> {
    context.turn()?;
    let matrix = match head_embeddings(head, data, rows, device)?.rows {
        EmbeddingRows::Dense(matrix) => matrix,
        _ => DenseMatrix::default(),
    };
    let cancel = &context.cancel;
    let places = context.aside(|| tsne(&matrix, seed, &|| !cancel.is_cancelled()));
    places.ok_or(JobError::Cancelled)
}

/// Rows of the largest groups of a part, and the number of each row's group.
fn largest_groups(data: &TrainingData<'_>, part: Part) -> (Vec<u32>, Vec<usize>) {
    let members = data.labels.members(&data.embedded_rows(part));
    let mut groups: Vec<Vec<u32>> = members.into_values().filter(|rows| rows.len() > 1).collect();
    groups.sort_by_key(|rows| (Reverse(rows.len()), rows.first().copied()));
    let drawn = groups
        .into_iter()
        .take(N_MAP_GROUPS)
        .enumerate()
        .flat_map(|(number, rows)| rows.into_iter().take(MOST_MEMBERS).map(move |row| (row, number)));
    drawn.unzip()
}

/// Share of places whose nearest other is of the same group; 0 of none.
fn kept_together(places: &[[f64; 2]], groups: &[usize]) -> f64 {
    let far = |a: &[f64; 2], b: &[f64; 2]| (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2);
    let is_kept = |(at, (place, group)): (usize, (&[f64; 2], &usize))| {
        let others = places.iter().zip(groups).enumerate().filter(|(other, _)| *other != at);
        let nearest = others.min_by(|(_, (a, _)), (_, (b, _))| far(place, a).total_cmp(&far(place, b)));
        nearest.is_some_and(|(_, (_, nearest))| nearest == group)
    };
    let n_kept = places.iter().zip(groups).enumerate().filter(|it| is_kept(*it)).count();
    n_kept as f64 / places.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::kept_together;

    #[test]
    fn the_nearest_other_counts() {
        let places = [[0.0, 0.0], [1.0, 0.0], [1.5, 0.0], [9.0, 0.0], [9.0, 1.0]];
        assert_eq!(kept_together(&places, &[0, 0, 1, 2, 2]), 0.6);
        assert_eq!(kept_together(&[], &[]), 0.0);
    }
}
