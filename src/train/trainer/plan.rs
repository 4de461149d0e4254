//! The batches of an epoch: which rows, pairs or triplets each step reads. A function of recipe, data and epoch alone.

use std::collections::{BTreeMap, HashSet};

use super::super::losses::LossNeeds;
use super::super::miners::{
    FoilPool, MinerRecipe, Triplet, foils, nearest_share, nearest_wrong, random_negatives, rejected_pairs,
};
use super::super::{Labels, Part, Random, Relation, TrainError, Unreviewed};
use super::{TrainingData, TrainingRecipe};

/// What one step reads; rows of the catalogue.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Batch {
    /// Pairs with 1 (same) or 0 (different).
    Pairs(Vec<(u32, u32, f32)>),
    /// Mined before the epoch.
    Triplets(Vec<Triplet>),
    /// Anchors with as many candidates each, the positive first.
    Ranked { left: Vec<u32>, right: Vec<Vec<u32>> },
    /// Rows, to be related or mined within the batch.
    Rows(Vec<u32>),
    /// Positive pairs that are each other's negatives.
    Positives(Vec<(u32, u32)>),
}

/// What stays the same in all epochs.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    needs: LossNeeds,
    recipe: &'a TrainingRecipe,
    data: &'a TrainingData<'a>,
    /// All rows that are learned from, and those among them that decisions speak of.
    rows: Vec<u32>,
    decided_rows: Vec<u32>,
    /// Class of each group of the training part.
    class_of_group: BTreeMap<u32, u32>,
    class_sizes: Vec<f32>,
}

impl<'a> Plan<'a> {
    /// Looks whether there is anything to learn.
    pub fn new(
        needs: LossNeeds,
        recipe: &'a TrainingRecipe,
        data: &'a TrainingData<'a>,
    ) -> Result<Self, TrainError> {
        let labels = data.labels;
        let rows = data.trainable_rows(Part::Train, recipe.head.towers);
        let members = labels.members(&rows);
        if needs == LossNeeds::Classes {
            if members.len() < 2 {
                return Err(TrainError::OneClass { n_classes: members.len() });
            }
            if labels.unreviewed() == Unreviewed::Unknown {
                return Err(TrainError::GroupsIncomplete { loss: recipe.loss.clone() });
            }
        }
        if members.values().all(|rows| rows.len() < 2) {
            return Err(TrainError::NoPositives);
        }
        if !knows_negatives(labels, &rows, members.len()) {
            return Err(TrainError::NoNegatives);
        }
        if recipe.miner.reads_neighbors() && data.neighbors.is_none() {
            return Err(TrainError::Data(
                "the miner needs the neighbours of the frozen embeddings".to_owned(),
            ));
        }
        let decided_rows = rows.iter().copied().filter(|row| labels.is_decided(*row)).collect();
        let class_of_group = members.keys().zip(0..).map(|(group, class)| (*group, class)).collect();
        let class_sizes = members.values().map(|rows| rows.len() as f32).collect();
        Ok(Self { needs, recipe, data, rows, decided_rows, class_of_group, class_sizes })
    }

    /// Number of learned class vectors.
    pub fn n_classes(&self) -> usize {
        if self.needs == LossNeeds::Classes { self.class_sizes.len() } else { 0 }
    }

    /// Rows of each class.
    pub fn class_sizes(&self) -> &[f32] {
        &self.class_sizes
    }

    /// The class of a row with a group of the training part.
    pub fn class(&self, row: u32) -> Option<u32> {
        self.data.labels.group(row).and_then(|group| self.class_of_group.get(&group).copied())
    }

    /// The batches of `epoch`.
    pub fn batches(&self, epoch: usize) -> Result<Vec<Batch>, TrainError> {
        let mut random = Random::new(self.recipe.seed, &format!("epoch/{epoch}"));
        let random = &mut random;
        let mut batches = self.batches_over(&self.rows, epoch, random)?;
        let n_of_all = batches.len();
        for _ in 1..self.recipe.decided_passes {
            match self.batches_over(&self.decided_rows, epoch, random) {
                Ok(more) => batches.extend(more),
                // Decisions that join nothing, or part nothing, have taken their part among all the rest.
                Err(TrainError::NoNegatives | TrainError::NoPositives) => break,
                Err(error) => return Err(error),
            }
        }
        if batches.len() > n_of_all {
            random.shuffle(&mut batches);
        }
        Ok(batches)
    }

    /// Batches that go once over `rows`.
    fn batches_over(
        &self,
        rows: &[u32],
        epoch: usize,
        random: &mut Random,
    ) -> Result<Vec<Batch>, TrainError> {
        let size = self.recipe.batch_size;
        let in_batch = matches!(self.recipe.miner, MinerRecipe::SemiHard { .. } | MinerRecipe::BatchHard);
        match self.needs {
            LossNeeds::Pairs | LossNeeds::PairLogits | LossNeeds::TwoModalities | LossNeeds::TwoTowers => {
                let positives = self.positives(rows, random);
                let negatives = self.negatives(rows, &positives, epoch, random)?;
                let mut pairs: Vec<(u32, u32, f32)> =
                    positives.into_iter().map(|(a, b)| (a, b, 1.0)).collect();
                pairs.extend(negatives.into_iter().map(|(a, b)| (a, b, 0.0)));
                random.shuffle(&mut pairs);
                Ok(pairs.chunks(size).map(|pairs| Batch::Pairs(pairs.to_vec())).collect())
            }
            LossNeeds::Triplets if !in_batch => {
                let mut triplets = self.triplets(rows, epoch, random)?;
                random.shuffle(&mut triplets);
                Ok(triplets.chunks(size).map(|triplets| Batch::Triplets(triplets.to_vec())).collect())
            }
            LossNeeds::Ranked => self.ranked(rows, epoch, random),
            LossNeeds::PairsInBatch => {
                let mut positives = self.positives(rows, random);
                random.shuffle(&mut positives);
                // A batch of one pair would have nothing to tell it from.
                let batches = positives.chunks(size.max(2)).filter(|pairs| pairs.len() > 1);
                Ok(batches.map(|pairs| Batch::Positives(pairs.to_vec())).collect())
            }
            LossNeeds::Triplets | LossNeeds::Classes | LossNeeds::Relations => {
                let labels = self.data.labels;
                let grouped: Vec<u32> =
                    rows.iter().copied().filter(|row| labels.group(*row).is_some()).collect();
                let batches = self.recipe.sampler.batches(&grouped, size, labels, random);
                Ok(batches.into_iter().map(Batch::Rows).collect())
            }
        }
    }

    /// Positive pairs of the epoch: of large groups another choice each time, sides at random, or who asks first where rows have
    /// sides.
    fn positives(&self, rows: &[u32], random: &mut Random) -> Vec<(u32, u32)> {
        let mut rows = rows.to_vec();
        random.shuffle(&mut rows);
        let pairs = self.data.labels.positive_pairs(&rows, self.recipe.pairs_per_group);
        pairs.into_iter().filter_map(|pair| self.data.question_of(pair)).collect()
    }

    /// Foils of each positive pair's first row, where the miner asks questions; where rows have sides a random negative is a foil
    /// too, so that nobody is compared within a side.
    fn questions(
        &self,
        positives: &[(u32, u32)],
        epoch: usize,
        random: &mut Random,
    ) -> Option<Vec<Vec<u32>>> {
        let (n_foils, share) = match self.recipe.miner {
            MinerRecipe::Foils { per_positive, nearest_at_start, nearest_at_end } => {
                (per_positive, nearest_share(nearest_at_start, nearest_at_end, epoch, self.recipe.max_epochs))
            }
            MinerRecipe::RandomNegatives { per_positive } if self.data.sides.is_some() => (per_positive, 0.0),
            _ => return None,
        };
        let candidates: Vec<u32> = self.rows.iter().copied().filter(|row| self.data.answers(*row)).collect();
        let among: HashSet<u32> = candidates.iter().copied().collect();
        let is_foil = |a: u32, b: u32| self.data.labels.relation(a, b) == Relation::Different;
        let pool = FoilPool { candidates: &candidates, is_foil: &is_foil, neighbors: self.data.neighbors };
        let of = |pair: &(u32, u32)| foils(pair.0, n_foils, share, &pool, &among, random);
        Some(positives.iter().map(of).collect())
    }

    /// Negative pairs of the epoch, anchors first.
    fn negatives(
        &self,
        rows: &[u32],
        positives: &[(u32, u32)],
        epoch: usize,
        random: &mut Random,
    ) -> Result<Vec<(u32, u32)>, TrainError> {
        let labels = self.data.labels;
        if let Some(questions) = self.questions(positives, epoch, random) {
            let anchored = positives.iter().zip(&questions);
            let pairs: Vec<(u32, u32)> =
                anchored.flat_map(|((anchor, _), foils)| foils.iter().map(|foil| (*anchor, *foil))).collect();
            return if pairs.is_empty() { Err(TrainError::NoNegatives) } else { Ok(pairs) };
        }
        let negatives = match (self.recipe.miner, self.data.neighbors) {
            (MinerRecipe::RandomNegatives { per_positive }, _) => {
                random_negatives(positives, per_positive, &self.rows, labels, random)
            }
            (MinerRecipe::RejectedPairs { per_positive }, _) => {
                let n_wanted = positives.len().saturating_mul(per_positive);
                rejected_pairs(n_wanted, rows, labels, random)
            }
            (MinerRecipe::NearestWrong { per_row }, Some(neighbors)) => {
                nearest_wrong(neighbors, per_row, rows, labels)
            }
            _ => Vec::new(),
        };
        if negatives.is_empty() { Err(TrainError::NoNegatives) } else { Ok(negatives) }
    }

    /// Each negative pair with a random positive of either side.
    fn triplets(&self, rows: &[u32], epoch: usize, random: &mut Random) -> Result<Vec<Triplet>, TrainError> {
        let members = self.data.labels.members(rows);
        let positives = self.positives(rows, random);
        let mut triplets = Vec::new();
        if let Some(questions) = self.questions(&positives, epoch, random) {
            for (&(anchor, positive), foils) in positives.iter().zip(&questions) {
                triplets.extend(foils.iter().map(|&negative| Triplet { anchor, positive, negative }));
            }
            return if triplets.is_empty() { Err(TrainError::NoNegatives) } else { Ok(triplets) };
        }
        for (a, b) in self.negatives(rows, &positives, epoch, random)? {
            for (anchor, negative) in [(a, b), (b, a)] {
                let group = self.data.labels.group(anchor).and_then(|group| members.get(&group));
                let others: Vec<u32> =
                    group.into_iter().flatten().copied().filter(|other| *other != anchor).collect();
                if let Some(&positive) = random.choose(&others) {
                    triplets.push(Triplet { anchor, positive, negative });
                    break;
                }
            }
        }
        if triplets.is_empty() { Err(TrainError::NoNegatives) } else { Ok(triplets) }
    }

    /// Each positive pair with the negatives of its first row; all anchors of a batch have as many, repeated where too
    /// few are known. Anchors without any are left out.
    fn ranked(&self, rows: &[u32], epoch: usize, random: &mut Random) -> Result<Vec<Batch>, TrainError> {
        let n_negatives = match self.recipe.miner {
            MinerRecipe::RandomNegatives { per_positive }
            | MinerRecipe::RejectedPairs { per_positive }
            | MinerRecipe::Foils { per_positive, .. } => per_positive,
            MinerRecipe::NearestWrong { per_row } => per_row,
            MinerRecipe::SemiHard { .. } | MinerRecipe::BatchHard => 1,
        }
        .max(1);
        let mut positives = self.positives(rows, random);
        random.shuffle(&mut positives);
        let mut wrong: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        match self.questions(&positives, epoch, random) {
            Some(questions) => {
                wrong.extend(
                    positives.iter().map(|pair| pair.0).zip(questions).filter(|(_, foils)| !foils.is_empty()),
                );
            }
            None => {
                for (a, b) in self.negatives(rows, &positives, epoch, random)? {
                    wrong.entry(a).or_default().push(b);
                    wrong.entry(b).or_default().push(a);
                }
            }
        }
        let anchored: Vec<(u32, Vec<u32>)> = positives
            .into_iter()
            .filter_map(|(anchor, positive)| {
                let wrong = wrong.get(&anchor)?;
                let candidates =
                    [positive].into_iter().chain(wrong.iter().copied().cycle().take(n_negatives));
                Some((anchor, candidates.collect()))
            })
            .collect();
        if anchored.is_empty() {
            return Err(TrainError::NoNegatives);
        }
        let batches = anchored.chunks(self.recipe.batch_size).map(|batch| {
            let (left, right) = batch.iter().cloned().unzip();
            Batch::Ranked { left, right }
        });
        Ok(batches.collect())
    }
}

/// Whether two of `rows` are known to be different.
fn knows_negatives(labels: &Labels, rows: &[u32], n_groups: usize) -> bool {
    if labels.unreviewed() == Unreviewed::Different && n_groups > 1 {
        return true;
    }
    // A rejection holds between whole groups: one row of each is enough.
    let sides = |row: u32| (labels.group(row), labels.group(row).is_none().then_some(row));
    let present: HashSet<_> = rows.iter().map(|row| sides(*row)).collect();
    labels.rejected_rows().iter().any(|&(a, b)| present.contains(&sides(a)) && present.contains(&sides(b)))
}
