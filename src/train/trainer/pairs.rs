//! How well a head tells pairs of one part apart: the part's positive pairs and random known negatives, called same or different at
//! the loss's own threshold. What siamese networks are reported by; never used to choose anything.

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::super::heads::{Head, Mode, PairMeasure};
use super::super::losses::{LossBatch, LossNeeds, LossSpec};
use super::super::miners::{MinerRecipe, random_negatives};
use super::super::{Part, Random, TrainError};
use super::objective::joined;
use super::{TrainingData, TrainingRecipe, score_from_log_odds};
use crate::metrics::{average_precision, binary_scores, roc_auc};

/// Pairs scored at once.
const PAIRS_A_PASS: usize = 2048;
/// Negatives of each positive where the recipe's miner does not say.
const PER_POSITIVE: usize = 5;

/// Pairs of one part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PairReport {
    /// Pairs of one group.
    pub n_same: usize,
    /// Pairs of two groups.
    pub n_different: usize,
    /// Mean loss over the pairs; `None` for losses that read no pairs.
    pub loss: Option<f64>,
    /// Pairs that score at least this are called the same: the margin of a cosine embedding loss, else even odds.
    pub threshold: f32,
    /// Share of right calls.
    pub accuracy: f64,
    /// True ones among those called the same.
    pub precision: f64,
    /// Called the same among the true ones.
    pub recall: f64,
    /// Of both.
    pub f1: f64,
    /// Area under the ROC curve, at no threshold.
    pub roc_auc: f64,
    /// Average precision, likewise.
    pub average_precision: f64,
}

/// Calls the pairs of `part`, as many negatives for each positive as `recipe` trains with.
///
/// # Errors
/// [`TrainError::NoPositives`] or [`TrainError::NoNegatives`] when the part holds none; or the device fails.
pub fn pair_report(
    head: &Head,
    data: &TrainingData<'_>,
    part: Part,
    recipe: &TrainingRecipe,
    device: &Device,
) -> Result<PairReport, TrainError> {
    let loss = recipe.check()?;
    let rows = data.trainable_rows(part, head.shape().recipe.towers);
    let positives = data.labels.positive_pairs(&rows, recipe.pairs_per_group);
    let per_positive = match recipe.miner {
        MinerRecipe::RandomNegatives { per_positive }
        | MinerRecipe::RejectedPairs { per_positive }
        | MinerRecipe::Foils { per_positive, .. } => per_positive,
        _ => PER_POSITIVE,
    };
    let mut random = Random::new(recipe.seed, &format!("pairs of {part:?}"));
    let negatives = random_negatives(&positives, per_positive, &rows, data.labels, &mut random);
    if positives.is_empty() {
        return Err(TrainError::NoPositives);
    }
    if negatives.is_empty() {
        return Err(TrainError::NoNegatives);
    }
    let pairs: Vec<(u32, u32)> = positives.iter().chain(&negatives).copied().collect();
    let is_same: Vec<bool> = (0..pairs.len()).map(|place| place < positives.len()).collect();
    let (mut scores, mut loss_sum) = (Vec::with_capacity(pairs.len()), Some(0.0));
    for (chunk, same) in pairs.chunks(PAIRS_A_PASS).zip(is_same.chunks(PAIRS_A_PASS)) {
        let towers = |side: fn(&(u32, u32)) -> u32| {
            let rows: Vec<u32> = chunk.iter().map(side).collect();
            head.towers(&data.tensors(&rows, device)?, data.sides_of(&rows).as_deref(), Mode::Evaluate)
        };
        let (a, b) = (towers(|pair| pair.0)?, towers(|pair| pair.1)?);
        let same: Vec<f32> = same.iter().map(|same| f32::from(*same)).collect();
        let same = Tensor::from_vec(same, chunk.len(), device)?;
        let raw = head.pair_scores(&a, &b)?.detach();
        let of_chunk = pair_loss(loss, recipe, &a, &b, &raw, &same)?;
        loss_sum = loss_sum.zip(of_chunk).map(|(sum, mean)| sum + mean * chunk.len() as f64);
        scores.extend(raw.to_vec1::<f32>()?);
    }
    let is_cosine = head.shape().recipe.measure == PairMeasure::Cosine;
    if !is_cosine {
        scores.iter_mut().for_each(|score| *score = score_from_log_odds(*score));
    }
    let threshold = match is_cosine && loss.id == "cosine-embedding" {
        true => recipe.loss_params.margin as f32,
        false => 0.5,
    };
    let called = binary_scores(&scores, &is_same, threshold);
    Ok(PairReport {
        n_same: positives.len(),
        n_different: negatives.len(),
        loss: loss_sum.map(|sum| sum / pairs.len() as f64),
        threshold,
        accuracy: called.accuracy,
        precision: called.precision,
        recall: called.recall,
        f1: called.f1,
        roc_auc: roc_auc(&scores, &is_same).unwrap_or_default(),
        average_precision: average_precision(&scores, &is_same).unwrap_or_default(),
    })
}

/// The mean loss over pairs; `None` for a loss that reads something else.
fn pair_loss(
    loss: &LossSpec,
    recipe: &TrainingRecipe,
    a: &[Tensor],
    b: &[Tensor],
    logits: &Tensor,
    same: &Tensor,
) -> Result<Option<f64>, TrainError> {
    let mean = |batch: &LossBatch<'_>| -> Result<Option<f64>, TrainError> {
        let loss = (loss.compute)(batch, &recipe.loss_params)?.detach();
        Ok(Some(f64::from(loss.to_scalar::<f32>()?)))
    };
    match (loss.needs, a, b) {
        (LossNeeds::Pairs, _, _) => mean(&LossBatch::Pairs { a: &joined(a)?, b: &joined(b)?, same }),
        (LossNeeds::PairLogits, _, _) => mean(&LossBatch::PairLogits { logits, same }),
        (LossNeeds::TwoModalities, [image_a, text_a], [image_b, text_b]) => {
            mean(&LossBatch::TwoModalities { a: (image_a, text_a), b: (image_b, text_b), logits, same })
        }
        (LossNeeds::TwoTowers, [image_a, text_a], [image_b, text_b]) => {
            mean(&LossBatch::TwoTowers { a: (image_a, text_a), b: (image_b, text_b), same })
        }
        _ => Ok(None),
    }
}
