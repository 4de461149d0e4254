//! Cross-validation by group: every group lies in one fold, folds differ by one group at most, and the seed decides. Of the groups
//! outside a fold some are held back again, to choose by; the fold itself is never looked at while choosing.
//!
//! Stone, "Cross-Validatory Choice and Assessment of Statistical Predictions", JRSS B 1974; the inner split after Varma and Simon,
//! "Bias in error estimation when using cross-validation for model selection", BMC Bioinformatics 2006.

use std::collections::BTreeMap;

use super::Part;
use super::random::place_of;

/// Share of the groups outside a fold that is held back to choose by.
const INNER_SHARE: f64 = 0.2;

/// The fold of each row, from 0, by the name of its group: groups in the order of their hashes, dealt out in turn.
pub fn folds_by_group(seed: u64, names: &[&str], n_folds: usize) -> Vec<usize> {
    let order = ordered(seed, names.iter().copied());
    let fold_of: BTreeMap<&str, usize> =
        order.iter().enumerate().map(|(place, name)| (*name, place % n_folds.max(1))).collect();
    names.iter().map(|name| fold_of.get(name).copied().unwrap_or_default()).collect()
}

/// The part of each row when `fold` is held out: its own rows are the test part, a share of the other groups the validation part.
pub fn parts_of_fold(seed: u64, names: &[&str], folds: &[usize], fold: usize) -> Vec<Part> {
    let outside = names.iter().zip(folds).filter(|(_, found)| **found != fold).map(|(name, _)| *name);
    let order = ordered(seed ^ (fold as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15), outside);
    let n_inner = (order.len() as f64 * INNER_SHARE).round() as usize;
    let inner: std::collections::BTreeSet<&str> = order.into_iter().take(n_inner).collect();
    let part = |(name, found): (&&str, &usize)| match *found == fold {
        true => Part::Test,
        false if inner.contains(name) => Part::Validation,
        false => Part::Train,
    };
    names.iter().zip(folds).map(part).collect()
}

/// Each name once, in the order of their hashes under the seed.
fn ordered<'a>(seed: u64, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let once: std::collections::BTreeSet<&str> = names.collect();
    let mut placed: Vec<(f64, &str)> =
        once.into_iter().map(|name| (place_of(seed, &format!("fold/{name}")), name)).collect();
    placed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
    placed.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{folds_by_group, parts_of_fold};
    use crate::train::Part;

    fn names() -> Vec<String> {
        (0..400).map(|row| format!("group {}", row % 123)).collect()
    }

    #[test]
    fn folds_part_the_groups_evenly_and_share_none() {
        let names = names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for seed in 0..3 {
            let folds = folds_by_group(seed, &names, 5);
            let mut groups: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
            for (name, fold) in names.iter().zip(&folds) {
                groups.entry(*fold).or_default().insert(name);
            }
            let sizes: Vec<usize> = groups.values().map(BTreeSet::len).collect();
            assert_eq!(sizes, [25, 25, 25, 24, 24]);
            assert_eq!(groups.values().flatten().collect::<BTreeSet<_>>().len(), 123);
            assert_eq!(sizes.iter().sum::<usize>(), 123, "no group lies in two folds");
            assert_eq!(folds, folds_by_group(seed, &names, 5));
        }
        assert_ne!(folds_by_group(1, &names, 5), folds_by_group(2, &names, 5));
    }

    #[test]
    fn what_is_chosen_by_lies_outside_the_fold() {
        let names = names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let folds = folds_by_group(7, &names, 5);
        for fold in 0..5 {
            let parts = parts_of_fold(7, &names, &folds, fold);
            let of = |part: Part| -> BTreeSet<&str> {
                names.iter().zip(&parts).filter(|(_, found)| **found == part).map(|(name, _)| *name).collect()
            };
            let (train, validation, test) = (of(Part::Train), of(Part::Validation), of(Part::Test));
            assert!(
                train.is_disjoint(&validation) && train.is_disjoint(&test) && validation.is_disjoint(&test)
            );
            assert!((18..=21).contains(&validation.len()), "{}", validation.len());
            for (part, found) in parts.iter().zip(&folds) {
                assert_eq!(*part == Part::Test, *found == fold);
            }
        }
    }
}
