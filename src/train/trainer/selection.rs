//! By what the best epoch is known: the validation part's mean per-row F1, its one-among-many questions, or not at all.

use candle_core::Device;
use serde::{Deserialize, Serialize};

use super::super::heads::Head;
use super::super::questions::Questions;
use super::super::{Part, TrainError};
use super::{Cut, TrainingData, evaluate, head_pair_scores};

/// What is measured after every epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Selection {
    /// Mean per-row F1 on the validation part at its best threshold.
    #[default]
    RowF1,
    /// The share of the validation part's questions whose right answer is among the first `k` of `of` candidates, as drawing wrong
    /// ones again and again would give it.
    TopK {
        /// Places that count.
        k: usize,
        /// Candidates a question, the right one counted.
        of: usize,
    },
    /// Nothing: the last epoch is kept, and no validation part is needed.
    Last,
}

/// What a head is worth, and the threshold that belongs to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Worth {
    pub metric: f64,
    /// 0 where nothing is cut.
    pub threshold: f32,
}

impl Selection {
    /// Refuses numbers that measure nothing.
    pub(super) fn check(self) -> Result<(), TrainError> {
        match self {
            Self::TopK { k, of } if k == 0 || of <= k => Err(TrainError::Recipe(format!(
                "the first {k} of {of} candidates tell nothing; k must be at least 1 and below the candidates"
            ))),
            _ => Ok(()),
        }
    }

    /// The number by which epochs are compared: mean per-row F1, the share of questions answered right, or 0.
    ///
    /// # Errors
    /// [`TrainError::EmptyValidation`] when the validation part has nothing to measure by; or the device fails.
    pub fn measure(self, head: &Head, data: &TrainingData<'_>, device: &Device) -> Result<f64, TrainError> {
        Ok(self.of(head, data, device)?.metric)
    }

    /// Measures `head` on the validation part.
    pub(super) fn of(
        self,
        head: &Head,
        data: &TrainingData<'_>,
        device: &Device,
    ) -> Result<Worth, TrainError> {
        match self {
            Self::RowF1 => {
                let evaluation = evaluate(head, data, Part::Validation, Cut::Tuned, device)?;
                Ok(Worth { metric: evaluation.scores.mean_f1, threshold: evaluation.threshold })
            }
            Self::TopK { k, of } => {
                let questions = Questions::of(data, Part::Validation);
                if questions.queries.is_empty() {
                    return Err(TrainError::EmptyValidation);
                }
                let pairs: Vec<(u32, u32)> = questions.pairs().collect();
                let scores = head_pair_scores(head, data, &pairs, device)?;
                Ok(Worth { metric: questions.expected_top_k(&scores, k, of), threshold: 0.0 })
            }
            Self::Last => Ok(Worth { metric: 0.0, threshold: 0.0 }),
        }
    }
}
