//! The loss of one batch: embeds what the batch names and hands it to the loss in the shape it needs.

use candle_core::{Device, Tensor};

use super::super::backbone::Tail;
use super::super::heads::{Head, Mode};
use super::super::losses::{LossBatch, LossNeeds, LossSpec};
use super::super::miners::{BatchDistances, MinerRecipe, Triplet, batch_hard, semi_hard};
use super::super::{Relation, TrainError};
use super::plan::{Batch, Plan};
use super::{TrainingData, TrainingRecipe};

/// What is the same for all batches.
#[derive(Debug)]
pub(super) struct Objective<'a> {
    pub loss: &'static LossSpec,
    pub recipe: &'a TrainingRecipe,
    pub data: &'a TrainingData<'a>,
    pub plan: &'a Plan<'a>,
    pub device: Device,
    /// What gives pictures' embeddings, where a network is trained with the head; else the data do.
    pub tail: Option<&'a Tail<'a>>,
}

impl Objective<'_> {
    /// The mean loss of a batch; `None` where the batch has nothing to teach (no triplet in it).
    pub fn of_batch(&self, head: &Head, batch: &Batch, step: usize) -> Result<Option<Tensor>, TrainError> {
        match batch {
            Batch::Pairs(pairs) => self.of_pairs(head, pairs, step).map(Some),
            Batch::Triplets(triplets) => {
                let rows: Vec<u32> = [
                    triplets.iter().map(|triplet| triplet.anchor).collect::<Vec<_>>(),
                    triplets.iter().map(|triplet| triplet.positive).collect(),
                    triplets.iter().map(|triplet| triplet.negative).collect(),
                ]
                .concat();
                let embeddings = self.embed(head, &rows, step)?;
                let third = |place: usize| embeddings.narrow(0, place * triplets.len(), triplets.len());
                self.compute(&LossBatch::Triplets {
                    anchor: &third(0)?,
                    positive: &third(1)?,
                    negative: &third(2)?,
                })
                .map(Some)
            }
            Batch::Ranked { left, right } => {
                let n_candidates = right.first().map_or(0, Vec::len);
                let rows: Vec<u32> = left.iter().copied().chain(right.iter().flatten().copied()).collect();
                let embeddings = self.embed(head, &rows, step)?;
                let anchors = embeddings.narrow(0, 0, left.len())?;
                let candidates = embeddings.narrow(0, left.len(), left.len() * n_candidates)?;
                let candidates = candidates.reshape((left.len(), n_candidates, ()))?;
                self.compute(&LossBatch::Ranked { left: &anchors, right: &candidates }).map(Some)
            }
            Batch::Positives(pairs) => {
                let (left, right): (Vec<u32>, Vec<u32>) = pairs.iter().copied().unzip();
                let different = self.relations(&left, &right, Relation::Different)?;
                let embeddings = self.embed(head, &[left, right].concat(), step)?;
                let a = embeddings.narrow(0, 0, pairs.len())?;
                let b = embeddings.narrow(0, pairs.len(), pairs.len())?;
                self.compute(&LossBatch::PairsInBatch { a: &a, b: &b, different: &different }).map(Some)
            }
            Batch::Rows(rows) => self.of_rows(head, rows, step),
        }
    }

    fn of_pairs(&self, head: &Head, pairs: &[(u32, u32, f32)], step: usize) -> Result<Tensor, TrainError> {
        let n_pairs = pairs.len();
        let rows: Vec<u32> = pairs.iter().map(|pair| pair.0).chain(pairs.iter().map(|pair| pair.1)).collect();
        let same: Vec<f32> = pairs.iter().map(|pair| pair.2).collect();
        let same = Tensor::from_vec(same, n_pairs, &self.device)?;
        let towers =
            head.towers(&self.tensors(&rows, step)?, self.data.sides_of(&rows).as_deref(), Mode::Train)?;
        // One pass for both sides, so that batch norm sees them as one batch.
        let side = |place: usize| -> Result<Vec<Tensor>, TrainError> {
            towers.iter().map(|tower| Ok(tower.narrow(0, place * n_pairs, n_pairs)?)).collect()
        };
        let (a, b) = (side(0)?, side(1)?);
        match (self.loss.needs, a.as_slice(), b.as_slice()) {
            (LossNeeds::PairLogits, _, _) => {
                let logits = head.pair_scores(&a, &b)?;
                self.compute(&LossBatch::PairLogits { logits: &logits, same: &same })
            }
            (LossNeeds::TwoModalities, [image_a, text_a], [image_b, text_b]) => {
                let logits = head.pair_scores(&a, &b)?;
                let (a, b) = ((image_a, text_a), (image_b, text_b));
                self.compute(&LossBatch::TwoModalities { a, b, logits: &logits, same: &same })
            }
            (LossNeeds::TwoTowers, [image_a, text_a], [image_b, text_b]) => {
                let (a, b) = ((image_a, text_a), (image_b, text_b));
                self.compute(&LossBatch::TwoTowers { a, b, same: &same })
            }
            (LossNeeds::TwoModalities | LossNeeds::TwoTowers, _, _) => Err(TrainError::Recipe(format!(
                "the loss `{}` needs embeddings of both pictures and titles",
                self.loss.id
            ))),
            _ => self.compute(&LossBatch::Pairs { a: &joined(&a)?, b: &joined(&b)?, same: &same }),
        }
    }

    /// Where pictures are mixed both their groups count, by their shares (CutMix).
    fn of_rows(&self, head: &Head, rows: &[u32], step: usize) -> Result<Option<Tensor>, TrainError> {
        let embeddings = self.embed(head, rows, step)?;
        let own = self.of_embedded(head, &embeddings, rows, step)?;
        let Some((share, partners)) = self.tail.and_then(|tail| tail.mixed(rows, step)) else {
            return Ok(own);
        };
        Ok(match (own, self.of_embedded(head, &embeddings, &partners, step)?) {
            (Some(own), Some(other)) => Some(((own * share)? + (other * (1.0 - share))?)?),
            (own, other) => own.or(other),
        })
    }

    /// The loss of embeddings taken for those of `rows`.
    fn of_embedded(
        &self,
        head: &Head,
        embeddings: &Tensor,
        rows: &[u32],
        step: usize,
    ) -> Result<Option<Tensor>, TrainError> {
        match self.loss.needs {
            LossNeeds::Classes => {
                let classes: Vec<u32> = rows.iter().filter_map(|row| self.plan.class(*row)).collect();
                let classes = Tensor::new(classes, &self.device)?;
                let sizes = Tensor::new(self.plan.class_sizes(), &self.device)?;
                let batch = LossBatch::Classes {
                    embeddings,
                    classes: &classes,
                    weight: head.parameters().get("classes")?,
                    class_sizes: &sizes,
                    step,
                };
                self.compute(&batch).map(Some)
            }
            LossNeeds::Triplets => {
                let triplets = self.mined(embeddings, rows)?;
                if triplets.is_empty() {
                    return Ok(None);
                }
                let at = |place: fn(&Triplet) -> u32| -> Result<Tensor, TrainError> {
                    let places: Vec<u32> = triplets.iter().map(place).collect();
                    Ok(embeddings.index_select(&Tensor::new(places, &self.device)?, 0)?)
                };
                let (anchor, positive) = (at(|triplet| triplet.anchor)?, at(|triplet| triplet.positive)?);
                let negative = at(|triplet| triplet.negative)?;
                let batch = LossBatch::Triplets { anchor: &anchor, positive: &positive, negative: &negative };
                self.compute(&batch).map(Some)
            }
            _ => {
                let same = self.relations(rows, rows, Relation::Same)?;
                let different = self.relations(rows, rows, Relation::Different)?;
                let batch = LossBatch::Relations { embeddings, same: &same, different: &different };
                self.compute(&batch).map(Some)
            }
        }
    }

    /// Triplets of places within the batch.
    fn mined(&self, embeddings: &Tensor, rows: &[u32]) -> Result<Vec<Triplet>, TrainError> {
        let values: Vec<f32> = embeddings.detach().flatten_all()?.to_vec1()?;
        let batch = BatchDistances::new(&values, embeddings.dim(1)?, rows, self.data.labels);
        Ok(match self.recipe.miner {
            MinerRecipe::SemiHard { margin } => semi_hard(&batch, margin),
            _ => batch_hard(&batch),
        })
    }

    /// (n, m), 1 where row i of `left` and row j of `right` have this relation; a row and itself have none.
    fn relations(&self, left: &[u32], right: &[u32], relation: Relation) -> Result<Tensor, TrainError> {
        let labels = self.data.labels;
        let holds = |a: u32, b: u32| f32::from(a != b && labels.relation(a, b) == relation);
        let mut values = Vec::with_capacity(left.len() * right.len());
        for &a in left {
            values.extend(right.iter().map(|&b| holds(a, b)));
        }
        Ok(Tensor::from_vec(values, (left.len(), right.len()), &self.device)?)
    }

    /// L2-normalised embeddings of rows, all towers side by side.
    fn embed(&self, head: &Head, rows: &[u32], step: usize) -> Result<Tensor, TrainError> {
        joined(&head.towers(&self.tensors(rows, step)?, self.data.sides_of(rows).as_deref(), Mode::Train)?)
    }

    /// What the head reads of `rows`, a tensor a modality.
    fn tensors(&self, rows: &[u32], step: usize) -> Result<Vec<Tensor>, TrainError> {
        let Some(tail) = self.tail else { return self.data.tensors(rows, &self.device) };
        let mut tensors = vec![tail.embed(rows, step)?];
        tensors.extend(self.data.after_the_first().tensors(rows, &self.device)?);
        Ok(tensors)
    }

    fn compute(&self, batch: &LossBatch<'_>) -> Result<Tensor, TrainError> {
        Ok((self.loss.compute)(batch, &self.recipe.loss_params)?)
    }
}

/// Towers side by side, of length 1 together: the cosine is the mean of the towers' cosines.
pub(super) fn joined(towers: &[Tensor]) -> Result<Tensor, TrainError> {
    Ok((Tensor::cat(towers, 1)? / (towers.len().max(1) as f64).sqrt())?)
}
