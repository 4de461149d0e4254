//! Which matcher, with which numbers: as data in a recipe, and as it was fitted in a receipt.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::spec::{MatcherError, MatcherParameter, MatcherSpec, Setting};
use super::{MATCHERS, MatchGround, matcher_spec, threshold};
use crate::index::Neighbors;
use crate::matching::MatchOptions;

/// A matcher as a recipe names it. Parameters that are not given are chosen on labelled groups where there are any to choose
/// on, and else are the table's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MatcherRecipe {
    /// Id in the table.
    pub id: String,
    /// Parameters that stay as they are.
    pub values: BTreeMap<String, f64>,
    /// Encoders whose frozen rows are compared beside a trained head's, the wanted one first; empty for none.
    pub beside: Vec<String>,
}

impl Default for MatcherRecipe {
    /// The plain threshold.
    fn default() -> Self {
        Self { id: threshold::SPEC.id.to_owned(), values: BTreeMap::new(), beside: Vec::new() }
    }
}

/// A matcher with nothing left open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FittedMatcher {
    /// Id in the table.
    pub id: String,
    /// Every parameter that is not as the settings say.
    pub values: BTreeMap<String, f64>,
    /// Smallest score of a match, after the matcher.
    pub threshold: f32,
    /// See [`Setting::group_shares`].
    #[serde(default)]
    pub group_shares: Vec<f64>,
    /// See [`Setting::learned`].
    #[serde(default)]
    pub learned: Vec<f32>,
}

impl MatcherRecipe {
    /// The table's line, if the recipe's numbers are ones it can have.
    ///
    /// # Errors
    /// [`MatcherError`] with what is wrong.
    pub fn check(&self) -> Result<&'static MatcherSpec, MatcherError> {
        checked(&self.id, &self.values)
    }

    /// The numbers it starts with: those given, else the table's defaults.
    pub(super) fn setting(&self, spec: &MatcherSpec) -> Setting {
        let defaults = spec.parameters.iter().filter_map(|it| Some((it.name.to_owned(), it.default?)));
        let mut values: BTreeMap<String, f64> = defaults.collect();
        values.extend(self.values.iter().map(|(name, value)| (name.clone(), *value)));
        Setting { values, ..Setting::default() }
    }

    /// The matcher as it stands, with nothing chosen on labels: cut at `threshold` unless it has one by construction.
    ///
    /// # Errors
    /// As [`MatcherRecipe::check`].
    pub fn unfitted(&self, threshold: f32, group_shares: Vec<f64>) -> Result<FittedMatcher, MatcherError> {
        let spec = self.check()?;
        let values = self.setting(spec).values;
        let threshold = spec.fixed_threshold.unwrap_or(threshold);
        Ok(FittedMatcher { id: self.id.clone(), values, threshold, group_shares, learned: Vec::new() })
    }
}

impl FittedMatcher {
    /// The lists of `ground` with the matcher's scores.
    ///
    /// # Errors
    /// [`MatcherError`] when the matcher does not exist or the ground is not enough for it.
    pub fn apply(&self, ground: &MatchGround<'_>) -> Result<Neighbors, MatcherError> {
        let spec = checked(&self.id, &self.values)?;
        let setting = Setting {
            values: self.values.clone(),
            group_shares: self.group_shares.clone(),
            learned: self.learned.clone(),
        };
        (spec.apply)(ground, &setting)
    }

    /// Whether [`FittedMatcher::apply`] would give the ground's lists as they are.
    pub fn keeps_scores(&self) -> bool {
        matcher_spec(&self.id).is_some_and(|spec| spec.keeps_scores)
    }

    /// How its lists are cut, at most `max_matches` a row.
    pub fn options(&self, max_matches: usize) -> MatchOptions {
        MatchOptions { threshold: Some(self.threshold), min_matches: self.min_matches(), max_matches }
    }

    /// Fewest matches a row, itself included.
    pub fn min_matches(&self) -> usize {
        self.values.get(threshold::MIN_MATCHES.name).map_or(1, |value| (*value).max(1.0) as usize)
    }
}

fn checked(id: &str, values: &BTreeMap<String, f64>) -> Result<&'static MatcherSpec, MatcherError> {
    let spec = matcher_spec(id).ok_or_else(|| {
        let known: Vec<&str> = MATCHERS.iter().map(|spec| spec.id).collect();
        MatcherError::Unknown { id: id.to_owned(), known: known.join(", ") }
    })?;
    for (name, value) in values {
        let Some(MatcherParameter { range: (low, high), .. }) = spec.parameter(name) else {
            let known: Vec<&str> = spec.parameters.iter().map(|it| it.name).collect();
            return Err(MatcherError::UnknownParameter {
                id: id.to_owned(),
                name: name.clone(),
                known: known.join(", "),
            });
        };
        if !(*low..=*high).contains(value) {
            return Err(MatcherError::OutOfRange {
                id: id.to_owned(),
                name: name.clone(),
                low: *low,
                high: *high,
                value: *value,
            });
        }
    }
    Ok(spec)
}
