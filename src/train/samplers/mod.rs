//! In which order rows come: one file a sampler. Each gives the batches of one epoch from a seeded generator.

mod classes_by_items;
mod shuffled;
mod weighted;

use serde::{Deserialize, Serialize};

use super::Random;
use super::labels::Labels;

pub use classes_by_items::classes_by_items;
pub use shuffled::shuffled;
pub use weighted::weighted;

/// A sampler with its numbers, as recipes hold it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum SamplerRecipe {
    /// Every row once, in random order.
    #[default]
    Shuffled,
    /// As many draws as rows, rare groups as often as common ones.
    Weighted {
        /// A row is drawn with weight (size of its group)^-power: 0 is even over rows, 1 even over groups.
        power: f64,
    },
    /// Each batch holds the same number of groups, with the same number of rows each.
    ClassesByItems {
        /// Groups a batch (P).
        classes: usize,
        /// Rows a group (K).
        items: usize,
    },
}

/// A line for pickers.
#[derive(Debug)]
pub struct SamplerSpec {
    /// Stable id.
    pub id: &'static str,
    /// Name shown to people.
    pub label: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// The recipe to start with.
    pub default: SamplerRecipe,
}

/// Every sampler, in the order pickers show them.
pub const SAMPLERS: &[SamplerSpec] = &[shuffled::SPEC, weighted::SPEC, classes_by_items::SPEC];

impl SamplerRecipe {
    /// The batches of one epoch over `rows`, `batch_size` rows each (the last may be smaller, and P x K batches have
    /// their own size).
    pub fn batches(
        &self,
        rows: &[u32],
        batch_size: usize,
        labels: &Labels,
        random: &mut Random,
    ) -> Vec<Vec<u32>> {
        let in_order = |order: Vec<u32>| order.chunks(batch_size.max(1)).map(<[u32]>::to_vec).collect();
        match *self {
            Self::Shuffled => in_order(shuffled(rows, random)),
            Self::Weighted { power } => in_order(weighted(rows, labels, power, random)),
            Self::ClassesByItems { classes, items } => classes_by_items(rows, labels, classes, items, random),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::{SAMPLERS, SamplerRecipe};
    use crate::train::Random;
    use crate::train::labels::{Labels, Unreviewed};

    /// One group of 90, ten groups of 2, five rows without a group.
    fn labels() -> (Labels, Vec<u32>) {
        let groups: Vec<Option<u32>> = (0..115)
            .map(|row| {
                if row < 90 {
                    Some(0)
                } else if row < 110 {
                    Some(1 + (row - 90) / 2)
                } else {
                    None
                }
            })
            .collect();
        (Labels::new(groups, &[], Unreviewed::Unknown), (0..115).collect())
    }

    fn batches(recipe: SamplerRecipe, seed: u64) -> Vec<Vec<u32>> {
        let (labels, rows) = labels();
        recipe.batches(&rows, 16, &labels, &mut Random::new(seed, "test"))
    }

    #[test]
    fn shuffling_names_every_row_once() {
        let batches = batches(SamplerRecipe::Shuffled, 1);
        assert!(batches.iter().rev().skip(1).all(|batch| batch.len() == 16));
        let mut all = batches.concat();
        all.sort_unstable();
        assert_eq!(all, (0..115).collect::<Vec<_>>());
    }

    #[test]
    fn rare_groups_come_as_often_as_common_ones() {
        let (labels, _) = labels();
        let mut counts: HashMap<Option<u32>, usize> = HashMap::new();
        for seed in 0..200 {
            for row in batches(SamplerRecipe::Weighted { power: 1.0 }, seed).concat() {
                *counts.entry(labels.group(row)).or_default() += 1;
            }
        }
        assert!(!counts.contains_key(&None), "a row without a group has no class");
        let mean = counts.values().sum::<usize>() as f64 / 11.0;
        assert!(counts.values().all(|&count| (0.85..1.15).contains(&(count as f64 / mean))), "{counts:?}");
    }

    #[test]
    fn batches_of_classes_by_items_hold_both() {
        let (labels, _) = labels();
        let batches = batches(SamplerRecipe::ClassesByItems { classes: 4, items: 3 }, 1);
        let mut seen = HashSet::new();
        for batch in &batches {
            let mut counts: HashMap<Option<u32>, usize> = HashMap::new();
            for &row in batch {
                *counts.entry(labels.group(row)).or_default() += 1;
            }
            assert!(counts.len() >= 2 && counts.len() <= 5, "{counts:?}");
            assert!(counts.iter().all(|(group, &count)| group.is_some() && (count == 3 || count == 2)));
            seen.extend(batch.iter().copied());
        }
        assert!((90..110).all(|row| seen.contains(&row)), "every small group comes");
    }

    #[test]
    fn the_seed_decides() {
        for spec in SAMPLERS {
            assert_eq!(batches(spec.default, 3), batches(spec.default, 3), "{}", spec.id);
            assert_ne!(batches(spec.default, 3), batches(spec.default, 4), "{}", spec.id);
        }
    }
}
