//! What a loss is: a line in the table, the batch it reads and the numbers it is tuned with.

use candle_core::{Result, Tensor, bail};
use serde::{Deserialize, Serialize};

use super::LOSSES;

/// Numbers of all losses; each reads what it needs ([`LossSpec::uses`]).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LossParams {
    /// Margin; its unit is the loss's own (cosine, distance, radians).
    pub margin: f64,
    /// ArcFace: factor on the cosines.
    pub scale: f64,
    /// InfoNCE, supervised contrastive: divisor of the cosines.
    pub temperature: f64,
    /// Multi-similarity: sharpness for positives.
    pub alpha: f64,
    /// Multi-similarity: sharpness for negatives.
    pub beta: f64,
    /// Multi-similarity: the similarity both pull towards. Gated: the cosine from which a modality says "same".
    pub base: f64,
    /// ArcFace: steps over which the margin rises from 0 to its value; 0 starts with all of it.
    pub margin_ramp_steps: usize,
    /// ArcFace: exponent of the class size in the adaptive margin; 0 gives every class the same margin.
    pub margin_exponent: f64,
    /// ArcFace: the adaptive margin of an infinitely large class.
    pub margin_floor: f64,
}

impl Default for LossParams {
    fn default() -> Self {
        Self {
            margin: 0.5,
            scale: 30.0,
            temperature: 0.05,
            alpha: 2.0,
            beta: 50.0,
            base: 0.5,
            margin_ramp_steps: 0,
            margin_exponent: 0.0,
            margin_floor: 0.05,
        }
    }
}

/// What kind of batch a loss reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossNeeds {
    /// Pairs known to be the same or different.
    Pairs,
    /// Anchor, a positive and a negative.
    Triplets,
    /// An anchor with one positive and several negatives.
    Ranked,
    /// Rows with a class among all classes, and a learned vector a class.
    Classes,
    /// Rows of a batch with all their relations.
    Relations,
    /// Positive pairs that are each other's negatives.
    PairsInBatch,
    /// A learned score of pairs.
    PairLogits,
    /// Pairs in two modalities, each with a tower of its own, and a learned score of them together.
    TwoModalities,
    /// Pairs in two modalities, each with a tower of its own.
    TwoTowers,
}

/// Embeddings and labels of one batch. `same` is 1 for a positive and 0 for a negative pair.
#[derive(Clone, Debug)]
pub enum LossBatch<'a> {
    /// For [`LossNeeds::Pairs`]: (n, d), (n, d), (n).
    Pairs {
        /// One side.
        a: &'a Tensor,
        /// The other side.
        b: &'a Tensor,
        /// 1 or 0.
        same: &'a Tensor,
    },
    /// For [`LossNeeds::Triplets`]: (n, d) each.
    Triplets {
        /// The row looked from.
        anchor: &'a Tensor,
        /// Known to be the same.
        positive: &'a Tensor,
        /// Known to be different.
        negative: &'a Tensor,
    },
    /// For [`LossNeeds::Ranked`]: (n, d) and (n, k, d), of which the first of k is the positive.
    Ranked {
        /// The anchors.
        left: &'a Tensor,
        /// Their candidates.
        right: &'a Tensor,
    },
    /// For [`LossNeeds::Classes`].
    Classes {
        /// (n, d).
        embeddings: &'a Tensor,
        /// (n), u32 below c.
        classes: &'a Tensor,
        /// Learned class vectors (c, d).
        weight: &'a Tensor,
        /// Rows of each class in the training part (c), f32.
        class_sizes: &'a Tensor,
        /// Steps taken before this one.
        step: usize,
    },
    /// For [`LossNeeds::Relations`]; a pair that is in neither matrix counts for nothing.
    Relations {
        /// (n, d).
        embeddings: &'a Tensor,
        /// (n, n), 1 where two different rows are known to be the same.
        same: &'a Tensor,
        /// (n, n), 1 where two rows are known to be different.
        different: &'a Tensor,
    },
    /// For [`LossNeeds::PairsInBatch`]: row i of `a` belongs to row i of `b`.
    PairsInBatch {
        /// (n, d).
        a: &'a Tensor,
        /// (n, d).
        b: &'a Tensor,
        /// (n, n), 1 where row i of `a` and row j of `b` are known to be different.
        different: &'a Tensor,
    },
    /// For [`LossNeeds::PairLogits`]: (n) each.
    PairLogits {
        /// Learned scores.
        logits: &'a Tensor,
        /// 1 or 0.
        same: &'a Tensor,
    },
    /// For [`LossNeeds::TwoModalities`]: towers (n, d_image) and (n, d_text), logits and labels (n).
    TwoModalities {
        /// Picture and title of one side.
        a: (&'a Tensor, &'a Tensor),
        /// Picture and title of the other side.
        b: (&'a Tensor, &'a Tensor),
        /// Learned scores of the pairs.
        logits: &'a Tensor,
        /// 1 or 0.
        same: &'a Tensor,
    },
    /// For [`LossNeeds::TwoTowers`]: towers (n, d_image) and (n, d_text), labels (n).
    TwoTowers {
        /// Picture and title of one side.
        a: (&'a Tensor, &'a Tensor),
        /// Picture and title of the other side.
        b: (&'a Tensor, &'a Tensor),
        /// 1 or 0.
        same: &'a Tensor,
    },
}

/// One line of the table.
pub struct LossSpec {
    /// Stable id; goes into recipes.
    pub id: &'static str,
    /// Name shown to people.
    pub label: &'static str,
    /// What it does and when it helps, one sentence.
    pub summary: &'static str,
    /// The formula of one item, in plain characters.
    pub formula: &'static str,
    /// Where it was published.
    pub reference: &'static str,
    /// What it reads.
    pub needs: LossNeeds,
    /// Names of the [`LossParams`] that matter.
    pub uses: &'static [&'static str],
    /// Numbers to start with.
    pub defaults: fn() -> LossParams,
    /// The mean loss, a scalar.
    pub compute: fn(&LossBatch<'_>, &LossParams) -> Result<Tensor>,
}

impl std::fmt::Debug for LossSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LossSpec").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The loss with this id.
pub fn loss_spec(id: &str) -> Option<&'static LossSpec> {
    LOSSES.iter().find(|spec| spec.id == id)
}

/// The error of a loss that was given another batch than it needs.
pub(super) fn wrong_batch<T>(id: &str) -> Result<T> {
    bail!("the loss `{id}` was given a batch of another kind")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::LOSSES;
    use super::loss_spec;

    #[test]
    fn the_table_is_complete() {
        let ids: HashSet<&str> = LOSSES.iter().map(|spec| spec.id).collect();
        assert_eq!(ids.len(), LOSSES.len(), "ids differ");
        for spec in LOSSES {
            assert!(loss_spec(spec.id).is_some_and(|found| found.label == spec.label));
            for text in [spec.summary, spec.formula, spec.reference] {
                assert!(!text.is_empty(), "{} is not described", spec.id);
            }
        }
        assert!(loss_spec("no such loss").is_none());
    }
}
