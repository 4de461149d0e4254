//! What a trained model came from and what it is worth: recipe, seed, data, split, and the frozen test part's F1 before
//! and after with confidence intervals. Plain data, written as RON; nothing here opens a file.
//!
//! Intervals are percentile bootstraps over groups (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993,
//! chapter 13): postings of one group are right or wrong together, so that groups are drawn, never postings.

use std::collections::BTreeMap;

use candle_core::Device;
use serde::{Deserialize, Serialize};

use super::curve::ThresholdCurves;
use super::heads::{Depth, Head, HeadRecipe, HeadShape, Towers};
use super::mixture::FittedMixture;
use super::pool::MatcherPlan;
use super::trainer::{EpochRecord, Evaluation, TrainingData, TrainingOutcome, TrainingRecipe};
use super::{Part, Random, SplitShares, System, TrainError, on_test};
use crate::index::Neighbors;
use crate::matching::FittedMatcher;

/// Draws of a bootstrap.
const N_RESAMPLES: usize = 1000;
/// Version of the receipt's layout.
const VERSION: u32 = 1;

/// A 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// 2.5th percentile.
    pub low: f64,
    /// 97.5th percentile.
    pub high: f64,
}

/// What the run was trained on; the caller knows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataFacts {
    /// Name of the catalogue.
    pub catalog: String,
    /// Ids of the encoders, pictures first.
    pub encoders: Vec<String>,
    /// Entries of the decision log that were taken in.
    pub log_position: u64,
}

/// Scores on the test part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// Chosen on the validation part.
    pub threshold: f32,
    /// Mean per-row F1.
    pub mean_f1: f64,
    /// Of the mean F1.
    pub interval: Interval,
    /// Mean per-row precision.
    pub precision: f64,
    /// Mean per-row recall.
    pub recall: f64,
}

/// All that is said about a trained model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Layout of this receipt.
    pub version: u32,
    /// How it was trained, seed included.
    pub recipe: TrainingRecipe,
    /// On what.
    pub data: DataFacts,
    /// Seed of the split.
    pub split_seed: u64,
    /// Shares of the parts.
    pub split_shares: SplitShares,
    /// Postings with an embedding in the training, validation and test part.
    pub n_rows: [usize; 3],
    /// Labelled groups among them.
    pub n_groups: [usize; 3],
    /// The frozen embeddings on the test part.
    pub before: Judgement,
    /// The trained head on the test part.
    pub after: Judgement,
    /// The matcher as it was fitted to the frozen embeddings on the validation part; absent from older receipts.
    #[serde(default)]
    pub matcher_before: Option<FittedMatcher>,
    /// And to the trained head.
    #[serde(default)]
    pub matcher_after: Option<FittedMatcher>,
    /// Weights of the frozen encoders, chosen on the validation part, where the recipe mixes several.
    #[serde(default)]
    pub mixture_before: Option<FittedMixture>,
    /// And of the trained head among them.
    #[serde(default)]
    pub mixture_after: Option<FittedMixture>,
    /// Mean gain in F1 a row.
    pub gain: f64,
    /// Of the gain, the same groups drawn for both: when it holds 0, the gain may be chance.
    pub gain_interval: Interval,
    /// The epoch that was kept.
    pub best: EpochRecord,
    /// The curve.
    pub history: Vec<EpochRecord>,
}

impl Receipt {
    /// As RON, to be read by people.
    ///
    /// # Errors
    /// When a number cannot be written down.
    pub fn to_ron(&self) -> Result<String, TrainError> {
        ron::ser::to_string_pretty(self, ron::ser::PrettyConfig::default())
            .map_err(|error| TrainError::Data(error.to_string()))
    }

    /// Reads a receipt.
    ///
    /// # Errors
    /// [`TrainError::Data`] when the text is no receipt, or one of a later version.
    pub fn from_ron(text: &str) -> Result<Self, TrainError> {
        let receipt: Self = ron::from_str(text)
            .map_err(|error| TrainError::Data(format!("the receipt cannot be read: {error}")))?;
        if receipt.version > VERSION {
            let found = receipt.version;
            return Err(TrainError::Data(format!(
                "the receipt has version {found}, newer than this program"
            )));
        }
        Ok(receipt)
    }
}

/// A receipt, and the answers it speaks of.
#[derive(Debug)]
pub struct Judged {
    /// What is said.
    pub receipt: Receipt,
    /// Rows of the test part; the matches below are places in it.
    pub rows: Vec<u32>,
    /// Matches of the frozen embeddings.
    pub before: Neighbors,
    /// Matches of the trained head.
    pub after: Neighbors,
    /// What other thresholds would have given.
    pub curves: ThresholdCurves,
}

/// Judges a finished run on the test part, against the frozen embeddings: the first of the data are those, the second what the head
/// reads, which is another only where a network was trained with it. Both are matched by the same matcher, each with
/// parameters and threshold chosen on the validation part.
///
/// # Errors
/// [`TrainError::EmptyTest`] when there is nothing to judge on; [`TrainError::Matcher`] when the matcher cannot be run on this
/// head; or the device fails.
pub fn judge(
    [data, tuned]: [&TrainingData<'_>; 2],
    recipe: &TrainingRecipe,
    outcome: &TrainingOutcome,
    facts: DataFacts,
    split: (u64, SplitShares),
    matching: MatcherPlan<'_>,
    device: &Device,
) -> Result<Judged, TrainError> {
    let before = match matching.mixture {
        Some(_) => on_test(System::FrozenMixture, data, matching, device)?,
        None => on_test(System::Head(&frozen_head(data, device)?), data, matching, device)?,
    };
    let after = on_test(System::Head(&outcome.head), tuned, matching, device)?;
    // The pool is the same, and so are its labelled rows.
    let gains: Vec<(u32, f64)> = before
        .evaluation
        .rows
        .iter()
        .zip(&after.evaluation.rows)
        .map(|((group, before), (_, after))| (*group, after - before))
        .collect();
    let judgement = |evaluation: &Evaluation| Judgement {
        threshold: evaluation.threshold,
        mean_f1: evaluation.scores.mean_f1,
        interval: bootstrap_by_group(&evaluation.rows, recipe.seed),
        precision: evaluation.scores.precision,
        recall: evaluation.scores.recall,
    };
    let parts = [Part::Train, Part::Validation, Part::Test].map(|part| matching.rows(data, part));
    let receipt = Receipt {
        version: VERSION,
        recipe: recipe.clone(),
        data: facts,
        split_seed: split.0,
        split_shares: split.1,
        n_rows: std::array::from_fn(|part| parts.get(part).map_or(0, Vec::len)),
        n_groups: std::array::from_fn(|part| {
            parts.get(part).map_or(0, |rows| data.labels.members(rows).len())
        }),
        before: judgement(&before.evaluation),
        after: judgement(&after.evaluation),
        matcher_before: Some(before.matcher),
        matcher_after: Some(after.matcher),
        mixture_before: before.mixture,
        mixture_after: after.mixture,
        gain: gains.iter().map(|(_, gain)| gain).sum::<f64>() / gains.len().max(1) as f64,
        gain_interval: bootstrap_by_group(&gains, recipe.seed),
        best: outcome.best,
        history: outcome.history.clone(),
    };
    let curves = ThresholdCurves { before: before.curve, after: after.curve };
    Ok(Judged { receipt, rows: before.rows, before: before.matches, after: after.matches, curves })
}

/// The head that changes nothing: each modality as it is, their cosines counting the same.
///
/// # Errors
/// When the device fails.
pub fn frozen_head(data: &TrainingData<'_>, device: &Device) -> Result<Head, TrainError> {
    let recipe = HeadRecipe { towers: Towers::PerModality, depth: Depth::Identity, ..HeadRecipe::default() };
    Head::new(HeadShape { recipe, modality_widths: data.modality_widths(), n_classes: 0 }, 0, device)
}

/// 95 % interval of the mean of `rows` (group, number), groups drawn with replacement. The seed decides the draws, so
/// that two systems with one seed are compared on the same ones. Of no rows it is 0 to 0.
pub fn bootstrap_by_group(rows: &[(u32, f64)], seed: u64) -> Interval {
    let mut sums: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for (group, number) in rows {
        let sum = sums.entry(*group).or_default();
        *sum = (sum.0 + number, sum.1 + 1.0);
    }
    let groups: Vec<(f64, f64)> = sums.into_values().collect();
    if groups.is_empty() {
        return Interval { low: 0.0, high: 0.0 };
    }
    let mut random = Random::new(seed, "bootstrap");
    let mut means: Vec<f64> = (0..N_RESAMPLES)
        .map(|_| {
            let (mut sum, mut n_rows) = (0.0, 0.0);
            for _ in 0..groups.len() {
                if let Some((of_group, n_of_group)) = random.choose(&groups) {
                    sum += of_group;
                    n_rows += n_of_group;
                }
            }
            sum / n_rows
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| means.get((share * N_RESAMPLES as f64) as usize).copied().unwrap_or_default();
    Interval { low: at(0.025), high: at(0.975) }
}

#[cfg(test)]
mod tests {
    use super::{Random, bootstrap_by_group};

    #[test]
    fn the_interval_is_that_of_the_groups_not_of_the_rows() {
        // 100 groups of 10 rows that are right or wrong together: the standard error is that of 100 draws.
        let mut random = Random::new(1, "test");
        let rows: Vec<(u32, f64)> = (0..100)
            .flat_map(|group| {
                let number = f64::from(random.unit() < 0.5);
                (0..10).map(move |_| (group, number))
            })
            .collect();
        let mean = rows.iter().map(|(_, number)| number).sum::<f64>() / 1000.0;
        let interval = bootstrap_by_group(&rows, 7);
        let half = (interval.high - interval.low) / 2.0;
        let expected = 1.96 * (mean * (1.0 - mean) / 100.0).sqrt();
        assert!((half / expected - 1.0).abs() < 0.15, "{half} {expected}");
        assert!(interval.low < mean && mean < interval.high);
        assert_eq!(interval, bootstrap_by_group(&rows, 7));
    }

    #[test]
    fn nothing_and_one_group_have_no_width() {
        assert_eq!(bootstrap_by_group(&[], 1).high, 0.0);
        let one = bootstrap_by_group(&[(3, 0.5), (3, 1.0)], 1);
        assert_eq!((one.low, one.high), (0.75, 0.75));
    }
}
