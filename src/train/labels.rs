//! What is known about pairs of rows. "Unreviewed" is not "different": an unknown pair is never a negative, unless the
//! labels themselves are said to be complete.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

/// What may be said about two rows of different groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unreviewed {
    /// Nothing: only rejected pairs are different.
    #[default]
    Unknown,
    /// They are different: the labels cover the whole catalogue, or the user says so.
    Different,
}

/// The relation of two rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Known to be the same product.
    Same,
    /// Known to be different products.
    Different,
    /// Nobody has said.
    Unknown,
}

/// Groups, rejected pairs, and what follows from both.
#[derive(Clone, Debug)]
pub struct Labels {
    groups: Vec<Option<u32>>,
    unreviewed: Unreviewed,
    /// Pairs of sides, smaller first; rejecting two rows rejects their whole groups.
    rejected: HashSet<(Side, Side)>,
    rejected_rows: Vec<(u32, u32)>,
    /// Rows that a person has decided about, ascending.
    decided: Vec<u32>,
}

/// A group, or a row without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Side {
    Group(u32),
    Row(u32),
}

impl Labels {
    /// `groups[row]` is the group of a row, `None` where it has none; `rejected` are pairs of rows a person has told
    /// apart. Pairs of rows that do not exist, or of one group, are left out.
    pub fn new(groups: Vec<Option<u32>>, rejected: &[(u32, u32)], unreviewed: Unreviewed) -> Self {
        let (rejected_rows, decided) = (Vec::new(), Vec::new());
        let mut labels = Self { groups, unreviewed, rejected: HashSet::new(), rejected_rows, decided };
        for &(a, b) in rejected {
            if let (Some(side_a), Some(side_b)) = (labels.side(a), labels.side(b))
                && side_a != side_b
            {
                labels.rejected.insert((side_a.min(side_b), side_a.max(side_b)));
                labels.rejected_rows.push((a, b));
            }
        }
        labels
    }

    /// The same with the rows that a person has decided about, ascending, among those that a catalogue's own groups speak of.
    pub fn with_decided(self, decided: Vec<u32>) -> Self {
        Self { decided, ..self }
    }

    /// Whether a person has decided about a row.
    pub fn is_decided(&self, row: u32) -> bool {
        self.decided.binary_search(&row).is_ok()
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.groups.len()
    }

    /// Group of each row.
    pub fn groups(&self) -> &[Option<u32>] {
        &self.groups
    }

    /// Group of a row; `None` without one.
    pub fn group(&self, row: u32) -> Option<u32> {
        self.groups.get(row as usize).copied().flatten()
    }

    /// What is said about rows of different groups.
    pub fn unreviewed(&self) -> Unreviewed {
        self.unreviewed
    }

    /// The pairs of rows a person has told apart, as they were given.
    pub fn rejected_rows(&self) -> &[(u32, u32)] {
        &self.rejected_rows
    }

    /// What is known about two rows. A row is the same as itself; a row that does not exist is unknown to all.
    pub fn relation(&self, a: u32, b: u32) -> Relation {
        let (Some(side_a), Some(side_b)) = (self.side(a), self.side(b)) else { return Relation::Unknown };
        if side_a == side_b {
            return Relation::Same;
        }
        let both_labelled = matches!((side_a, side_b), (Side::Group(_), Side::Group(_)));
        if (both_labelled && self.unreviewed == Unreviewed::Different)
            || self.rejected.contains(&(side_a.min(side_b), side_a.max(side_b)))
        {
            Relation::Different
        } else {
            Relation::Unknown
        }
    }

    /// Those of `rows` that belong to each group, groups ascending.
    pub fn members(&self, rows: &[u32]) -> BTreeMap<u32, Vec<u32>> {
        let mut members: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for &row in rows {
            if let Some(group) = self.group(row) {
                members.entry(group).or_default().push(row);
            }
        }
        members
    }

    /// All unordered pairs of `rows` that are the same, at most `most_per_group` of one group (the first in order of
    /// the rows), so that one huge group does not outweigh all others.
    pub fn positive_pairs(&self, rows: &[u32], most_per_group: usize) -> Vec<(u32, u32)> {
        let mut pairs = Vec::new();
        for members in self.members(rows).values() {
            let of_group = members
                .iter()
                .enumerate()
                .flat_map(|(place, &a)| members.iter().skip(place + 1).map(move |&b| (a, b)));
            pairs.extend(of_group.take(most_per_group));
        }
        pairs
    }

    fn side(&self, row: u32) -> Option<Side> {
        self.groups.get(row as usize).map(|group| group.map_or(Side::Row(row), Side::Group))
    }
}

#[cfg(test)]
mod tests {
    use super::{Labels, Relation, Unreviewed};

    const GROUPS: [Option<u32>; 6] = [Some(1), Some(1), Some(2), Some(2), None, None];

    fn check(unreviewed: Unreviewed, a: u32, b: u32, expected: Relation) {
        let labels = Labels::new(GROUPS.to_vec(), &[(0, 2), (1, 4), (0, 99), (0, 1)], unreviewed);
        for found in [labels.relation(a, b), labels.relation(b, a)] {
            assert_eq!(found, expected, "{a} {b} {unreviewed:?}");
        }
    }

    #[test]
    fn a_rejection_holds_between_whole_groups() {
        check(Unreviewed::Unknown, 0, 1, Relation::Same);
        check(Unreviewed::Unknown, 1, 3, Relation::Different);
        check(Unreviewed::Unknown, 0, 4, Relation::Different);
    }

    #[test]
    fn unreviewed_is_not_different() {
        let labels = Labels::new(GROUPS.to_vec(), &[], Unreviewed::Unknown);
        assert_eq!(labels.relation(0, 2), Relation::Unknown);
        check(Unreviewed::Unknown, 2, 4, Relation::Unknown);
        check(Unreviewed::Unknown, 4, 5, Relation::Unknown);
        check(Unreviewed::Unknown, 0, 99, Relation::Unknown);
        // Even complete groups say nothing about a row without one.
        check(Unreviewed::Different, 2, 4, Relation::Unknown);
        check(Unreviewed::Different, 1, 3, Relation::Different);
    }

    #[test]
    fn positive_pairs_are_capped_by_group() {
        let labels =
            Labels::new(vec![Some(1), Some(1), Some(1), Some(2), Some(2), None], &[], Unreviewed::Unknown);
        assert_eq!(labels.positive_pairs(&[0, 1, 2, 3, 4, 5], 2), [(0, 1), (0, 2), (3, 4)]);
        assert_eq!(labels.positive_pairs(&[0, 3, 4], 9), [(3, 4)]);
    }
}
