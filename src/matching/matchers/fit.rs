//! Chooses what a matcher's recipe leaves open, on labelled rows: one parameter after the other, each at its best with the others
//! as they are, until nothing gets better (coordinate ascent), the threshold anew each time. Equal scores keep what came first,
//! so that the result does not hang on chance.

use std::collections::HashMap;

use super::spec::{Known, MatcherError, MatcherSpec, Setting};
use super::{FittedMatcher, MatchGround, MatcherRecipe, threshold};
use crate::matching::{Tuned, tune};
use crate::metrics::threshold_curve_of_rows;

/// Rounds over the parameters; few are ever needed.
const MOST_ROUNDS: usize = 3;
/// Gains below this are rounding.
const LEAST_GAIN: f64 = 1e-9;

/// Share of the labelled rows of `groups` whose group has at least two, three... members; ends where none has.
pub fn shares_of_group_sizes(groups: &[Option<u32>]) -> Vec<f64> {
    let mut sizes: HashMap<u32, usize> = HashMap::new();
    for group in groups.iter().flatten() {
        *sizes.entry(*group).or_default() += 1;
    }
    let n_rows: usize = sizes.values().sum();
    let largest = sizes.values().copied().max().unwrap_or(0);
    let share = |least: usize| {
        let n_in: usize = sizes.values().filter(|size| **size >= least).sum();
        n_in as f64 / n_rows.max(1) as f64
    };
    // One past the largest, so that a catalogue of single postings says so too.
    (2..=largest + 1).filter(|_| n_rows > 0).map(share).collect()
}

impl MatcherRecipe {
    /// Fits the matcher to the labelled rows of `ground`, with what is `known` from others. At most `max_matches` a row. `None`
    /// when no row has a label.
    ///
    /// # Errors
    /// [`MatcherError`] when the recipe is wrong or the ground is not enough for it.
    pub fn fit(
        &self,
        ground: &MatchGround<'_>,
        groups: &[Option<u32>],
        known: &Known<'_>,
        max_matches: usize,
    ) -> Result<Option<(FittedMatcher, Tuned)>, MatcherError> {
        let spec = self.check()?;
        let score = |setting: &Setting| scored(spec, ground, setting, groups, max_matches);
        let mut best = Setting { group_shares: known.group_shares.clone(), ..self.setting(spec) };
        if let Some(learn) = spec.learn {
            best.learned = learn(&known.pools, &best)?;
        }
        let Some(mut tuned) = score(&best)? else { return Ok(None) };
        let has_two_sides = ground
            .rows
            .as_ref()
            .is_some_and(|rows| rows.sides.iter().all(Option::is_some) && rows.fusion.uses_weight);
        let open = spec.parameters.iter().filter(|parameter| {
            !self.values.contains_key(parameter.name)
                && (parameter.name != threshold::WEIGHT.name || has_two_sides)
        });
        let open: Vec<_> = open.collect();
        for _ in 0..MOST_ROUNDS {
            let before = tuned.scores.mean_f1;
            for parameter in &open {
                for choice in parameter.choices {
                    if best.get(parameter.name) == Some(*choice) || !matters(spec, &best, parameter.name) {
                        continue;
                    }
                    let mut other = best.clone();
                    other.values.insert(parameter.name.to_owned(), *choice);
                    if let Some(found) = score(&other)?
                        && found.scores.mean_f1 > tuned.scores.mean_f1 + LEAST_GAIN
                    {
                        (best, tuned) = (other, found);
                    }
                }
            }
            if tuned.scores.mean_f1 <= before + LEAST_GAIN {
                break;
            }
        }
        let fitted = FittedMatcher {
            id: self.id.clone(),
            values: best.values,
            threshold: tuned.threshold,
            group_shares: best.group_shares,
            learned: best.learned,
        };
        Ok(Some((fitted, tuned)))
    }
}

/// Whether a parameter is read at all with the others as they are: the threshold of a stage that is not run is not.
fn matters(spec: &MatcherSpec, setting: &Setting, name: &str) -> bool {
    let stage = name.strip_prefix("threshold").and_then(|stage| stage.parse::<usize>().ok());
    match stage {
        Some(stage) if spec.parameter("stages").is_some() => stage <= setting.count("stages"),
        _ => true,
    }
}

/// The best threshold after the matcher, or its own.
fn scored(
    spec: &MatcherSpec,
    ground: &MatchGround<'_>,
    setting: &Setting,
    groups: &[Option<u32>],
    max_matches: usize,
) -> Result<Option<Tuned>, MatcherError> {
    let lists = (spec.apply)(ground, setting)?;
    let min_matches = setting.count(threshold::MIN_MATCHES.name).max(1);
    let Some(fixed) = spec.fixed_threshold else {
        return Ok(tune(&lists, groups, min_matches, max_matches));
    };
    let labelled: Vec<u32> =
        (0..).zip(groups).filter(|(_, group)| group.is_some()).map(|(row, _)| row).collect();
    let curve = threshold_curve_of_rows(
        &labelled,
        &lists.offsets,
        &lists.rows,
        &lists.scores,
        groups,
        &[fixed],
        min_matches,
        max_matches,
    );
    let point = curve.first().copied().filter(|_| !labelled.is_empty());
    Ok(point.map(|point| Tuned {
        threshold: fixed,
        scores: point.scores,
        curve,
        n_labelled_rows: labelled.len(),
    }))
}
