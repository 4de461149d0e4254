//! Training, validation and test, split by group and never by pair, by a hash of the group's name: a group keeps its
//! part however the catalogue grows, on every machine.

use serde::{Deserialize, Serialize};

use super::random::place_of;

/// One of three parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Part {
    /// Learned from.
    Train,
    /// Chosen by: checkpoints, thresholds.
    Validation,
    /// Looked at once, for the receipt.
    Test,
}

/// Shares of the groups; the test part gets the rest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitShares {
    /// Share of the training part in [0, 1].
    pub train: f64,
    /// Share of the validation part in [0, 1].
    pub validation: f64,
}

impl Default for SplitShares {
    /// 60 %, 20 %, 20 %.
    fn default() -> Self {
        Self { train: 0.6, validation: 0.2 }
    }
}

/// The part of the group called `name` (of a posting without a group, its own key).
pub fn part_of(seed: u64, name: &str, shares: SplitShares) -> Part {
    let place = place_of(seed, name);
    if place < shares.train {
        Part::Train
    } else if place < shares.train + shares.validation {
        Part::Validation
    } else {
        Part::Test
    }
}

/// The part of each row from the name of its group.
pub fn split_by_group<'a>(
    seed: u64,
    names: impl IntoIterator<Item = &'a str>,
    shares: SplitShares,
) -> Vec<Part> {
    names.into_iter().map(|name| part_of(seed, name, shares)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::{any, prop, prop_assert_eq, proptest};

    use super::{Part, SplitShares, part_of, split_by_group};

    proptest! {
        #[test]
        fn no_group_lies_in_two_parts(seed in any::<u64>(), groups in prop::collection::vec(0_u32..40, 1..200)) {
            let names: Vec<String> = groups.iter().map(u32::to_string).collect();
            let parts = split_by_group(seed, names.iter().map(String::as_str), SplitShares::default());
            let mut part_of_group = HashMap::new();
            for (group, part) in groups.iter().zip(&parts) {
                prop_assert_eq!(part_of_group.entry(*group).or_insert(*part), part);
            }
            // More rows change nobody's part.
            let fewer = split_by_group(seed, names.iter().skip(1).map(String::as_str), SplitShares::default());
            prop_assert_eq!(&fewer[..], &parts[1..]);
        }
    }

    #[test]
    fn shares_are_kept() {
        let mut counts: HashMap<Part, u32> = HashMap::new();
        for group in 0..10_000 {
            *counts.entry(part_of(7, &group.to_string(), SplitShares::default())).or_default() += 1;
        }
        assert!((5_800..6_200).contains(&counts[&Part::Train]), "{counts:?}");
        assert!((1_850..2_150).contains(&counts[&Part::Validation]), "{counts:?}");
        let moved = (0..1_000).map(|group| group.to_string());
        let moved = moved.filter(|name| {
            part_of(1, name, SplitShares::default()) != part_of(2, name, SplitShares::default())
        });
        assert!(moved.count() > 300, "another seed is another split");
    }
}
