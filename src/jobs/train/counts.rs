//! What labels can feed a training, before anything is embedded: pairs, triplets, classes of each part, and what is missing.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{JobError, Workbench};
use super::TrainPlan;
use super::labels::LabelSet;
use crate::train::losses::LossNeeds;
use crate::train::{Labels, Part, SplitShares, TrainError, Unreviewed};

/// What some rows can feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Feed {
    /// Postings with a group.
    pub n_rows: u64,
    /// Groups.
    pub n_classes: u64,
    /// Groups of at least two postings.
    pub n_groups: u64,
    /// Pairs known to be the same.
    pub n_same: u64,
    /// Pairs known to be different.
    pub n_different: u64,
    /// A posting, one known to be the same and one known to be different.
    pub n_triplets: u64,
}

/// What the labels of a plan can feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelCounts {
    /// All postings.
    pub all: Feed,
    /// The training, validation and test part.
    pub parts: [Feed; 3],
    /// Whether postings of two groups count as different although nobody said so.
    pub unreviewed: Unreviewed,
    /// What was left out, and why.
    pub notes: Vec<String>,
    /// Why training would be refused, each with what to do; empty where nothing is missing.
    pub missing: Vec<String>,
}

/// Counts what `plan` can learn from. Encoders are not asked: a posting whose picture is broken is counted all the same.
///
/// # Errors
/// [`JobError::Refused`] when the labels asked for do not exist, or the recipe cannot be trained.
pub fn count_labels(bench: &Workbench, plan: &TrainPlan<'_>) -> Result<LabelCounts, JobError> {
    let set = LabelSet::new(bench, plan)?;
    let labels = &set.labels;
    let parts_of_rows = set.parts(plan.recipe.training.seed, SplitShares::default());
    let rows_of = |part: Part| -> Vec<u32> {
        let rows = (0..).zip(&parts_of_rows).filter(|(_, found)| **found == part);
        rows.map(|(row, _)| row).collect()
    };
    let parts = [Part::Train, Part::Validation, Part::Test].map(|part| Feed::of(labels, &rows_of(part)));
    let all_rows: Vec<u32> = (0..labels.n_rows() as u32).collect();
    let needs = plan.recipe.training.check()?.needs;
    let unreviewed = labels.unreviewed();
    let missing = missing(&parts, needs, unreviewed, &plan.recipe.training.loss);
    Ok(LabelCounts { all: Feed::of(labels, &all_rows), parts, unreviewed, notes: set.notes, missing })
}

fn missing(parts: &[Feed; 3], needs: LossNeeds, unreviewed: Unreviewed, loss: &str) -> Vec<String> {
    let [train, validation, test] = parts;
    let mut missing = Vec::new();
    if needs == LossNeeds::Classes {
        if train.n_classes < 2 {
            missing.push(TrainError::OneClass { n_classes: train.n_classes as usize });
        }
        if unreviewed == Unreviewed::Unknown {
            missing.push(TrainError::GroupsIncomplete { loss: loss.to_owned() });
        }
    }
    if train.n_same == 0 {
        missing.push(TrainError::NoPositives);
    }
    if train.n_different == 0 {
        missing.push(TrainError::NoNegatives);
    }
    if validation.n_rows == 0 {
        missing.push(TrainError::EmptyValidation);
    }
    if test.n_rows == 0 {
        missing.push(TrainError::EmptyTest);
    }
    missing.into_iter().map(|error| error.to_string()).collect()
}

/// A group, or a posting without one.
type Side = (Option<u32>, Option<u32>);

impl Feed {
    /// Counts among `rows`.
    fn of(labels: &Labels, rows: &[u32]) -> Self {
        let members = labels.members(rows);
        let sizes: BTreeMap<u32, u64> =
            members.iter().map(|(group, rows)| (*group, rows.len() as u64)).collect();
        let n_rows: u64 = sizes.values().sum();
        let n_same: u64 = sizes.values().map(|n| n * n.saturating_sub(1) / 2).sum();
        let is_complete = labels.unreviewed() == Unreviewed::Different;
        let here: BTreeSet<u32> = rows.iter().copied().collect();
        let side = |row: u32| -> Side {
            let group = labels.group(row);
            (group, group.is_none().then_some(row))
        };
        let size = |side: Side| match side {
            (Some(group), _) => sizes.get(&group).copied().unwrap_or_default(),
            (None, Some(row)) => u64::from(here.contains(&row)),
            (None, None) => 0,
        };
        let rejected: BTreeSet<(Side, Side)> = labels
            .rejected_rows()
            .iter()
            .map(|&(a, b)| (side(a).min(side(b)), side(a).max(side(b))))
            // Where the labels are complete two groups are different anyway.
            .filter(|(a, b)| !(is_complete && a.0.is_some() && b.0.is_some()))
            .collect();
        let mut n_different = 0;
        let mut n_negatives: BTreeMap<u32, u64> = BTreeMap::new();
        for (a, b) in rejected {
            n_different += size(a) * size(b);
            for (own, other) in [(a, b), (b, a)] {
                if let Some(group) = own.0 {
                    *n_negatives.entry(group).or_default() += size(other);
                }
            }
        }
        if is_complete {
            n_different += n_rows * n_rows.saturating_sub(1) / 2 - n_same;
        }
        let triplets = sizes.iter().map(|(group, n)| {
            let of_groups = if is_complete { n_rows - n } else { 0 };
            let negatives = n_negatives.get(group).copied().unwrap_or_default() + of_groups;
            n * n.saturating_sub(1) * negatives
        });
        Self {
            n_rows,
            n_classes: sizes.len() as u64,
            n_groups: sizes.values().filter(|n| **n > 1).count() as u64,
            n_same,
            n_different,
            n_triplets: triplets.sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Relation;

    /// The same by looking at every pair and triplet.
    fn naive(labels: &Labels, rows: &[u32]) -> [u64; 3] {
        let mut counts = [0; 3];
        for &a in rows {
            for &b in rows {
                match labels.relation(a, b) {
                    Relation::Same if a < b && labels.group(a).is_some() => counts[0] += 1,
                    Relation::Different if a < b => counts[1] += 1,
                    _ => {}
                }
                let is_pair = a != b && labels.relation(a, b) == Relation::Same;
                let is_wrong = |c: &&u32| labels.relation(a, **c) == Relation::Different;
                if is_pair {
                    counts[2] += rows.iter().filter(is_wrong).count() as u64;
                }
            }
        }
        counts
    }

    #[test]
    fn counts_are_those_of_every_pair_and_triplet() {
        let groups = vec![Some(1), Some(1), Some(1), Some(2), Some(2), None, Some(9), None];
        let rejected = [(0, 3), (1, 4), (2, 5), (6, 7), (5, 7)];
        for unreviewed in [Unreviewed::Unknown, Unreviewed::Different] {
            let labels = Labels::new(groups.clone(), &rejected, unreviewed);
            for rows in [&[0, 1, 2, 3, 4, 5, 6, 7][..], &[0, 1, 3, 5], &[5, 6, 7], &[]] {
                let found = Feed::of(&labels, rows);
                let counts = [found.n_same, found.n_different, found.n_triplets];
                assert_eq!(counts, naive(&labels, rows), "{unreviewed:?} {rows:?}");
            }
        }
        let labels = Labels::new(groups, &rejected, Unreviewed::Unknown);
        let all = Feed::of(&labels, &[0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!((all.n_rows, all.n_classes, all.n_groups), (6, 3, 2));
    }

    #[test]
    fn what_is_missing_is_named() {
        let rich = Feed { n_rows: 9, n_classes: 3, n_groups: 3, n_same: 9, n_different: 9, n_triplets: 9 };
        let none = Feed::default();
        let check = |parts: [Feed; 3], needs: LossNeeds, expected: &[&str]| {
            let found = missing(&parts, needs, Unreviewed::Unknown, "arcface");
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.contains(expected), "{found}");
            }
        };
        check([rich; 3], LossNeeds::Pairs, &[]);
        check(
            [none, rich, rich],
            LossNeeds::Pairs,
            &["no pair of postings known to be the same", "known to be different"],
        );
        check([rich, none, none], LossNeeds::Pairs, &["validation part", "test part"]);
        check([rich; 3], LossNeeds::Classes, &["takes all groups for different"]);
    }
}
