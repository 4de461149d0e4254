//! What a matcher is: a line in the table, its parameters with what each may be, and the numbers it is run with.

use std::collections::BTreeMap;

use super::MatchGround;
use crate::index::Neighbors;

/// One number of a matcher.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MatcherParameter {
    /// Stable name.
    pub name: &'static str,
    /// What it does, one sentence.
    pub explanation: &'static str,
    /// The value nobody has chosen; `None` leaves what the settings say.
    pub default: Option<f64>,
    /// Smallest and largest value.
    pub range: (f64, f64),
    /// What is tried on labelled rows; empty where it stays as it is.
    pub choices: &'static [f64],
}

/// Numbers learned from labelled pools.
pub type LearnFunction = fn(&[LabelledPool<'_>], &Setting) -> Result<Vec<f32>, MatcherError>;

/// Rows to learn from.
#[derive(Clone, Debug)]
pub struct LabelledPool<'a> {
    /// Their lists.
    pub ground: MatchGround<'a>,
    /// Their groups.
    pub groups: Vec<Option<u32>>,
}

/// What is known before a matcher is fitted, from rows that it is not fitted to.
#[derive(Clone, Debug, Default)]
pub struct Known<'a> {
    /// See [`Setting::group_shares`].
    pub group_shares: Vec<f64>,
    /// Pools of training rows, for matchers that learn.
    pub pools: Vec<LabelledPool<'a>>,
}

/// One line of the table.
pub struct MatcherSpec {
    /// Stable id.
    pub id: &'static str,
    /// Name shown to people.
    pub label: &'static str,
    /// What it does and when it helps, one sentence.
    pub summary: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// Its numbers.
    pub parameters: &'static [MatcherParameter],
    /// Where its scores are cut by construction; `None` leaves the threshold to settings or tuning.
    pub fixed_threshold: Option<f32>,
    /// Whether it compares rows anew or reads modalities one by one, beyond the lists.
    pub reads_rows: bool,
    /// Whether it gives back the ground's lists as they are, and only says how they are cut.
    pub keeps_scores: bool,
    /// Learns numbers of its own from labelled pools; `None` where there are none to learn.
    pub learn: Option<LearnFunction>,
    /// New lists from the ground's, best first, the row itself first with score 1. Rows without a list keep none.
    pub apply: fn(&MatchGround<'_>, &Setting) -> Result<Neighbors, MatcherError>,
}

impl std::fmt::Debug for MatcherSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MatcherSpec").field("id", &self.id).finish_non_exhaustive()
    }
}

impl MatcherSpec {
    /// The parameter with this name.
    pub fn parameter(&self, name: &str) -> Option<&'static MatcherParameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }
}

/// The numbers a matcher runs with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Setting {
    /// Parameters by name; one that is absent is as the settings of matching say.
    pub values: BTreeMap<String, f64>,
    /// Share of the rows whose group has at least two, three... members, as known from labels; empty where unknown.
    pub group_shares: Vec<f64>,
    /// What the matcher has learned.
    pub learned: Vec<f32>,
}

impl Setting {
    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.values.get(name).copied()
    }

    /// The value of a parameter that has a default; the table's tests see to it that every one read so has.
    pub(super) fn value(&self, name: &str) -> f64 {
        self.get(name).unwrap_or_default()
    }

    /// As [`Setting::value`], as a whole number.
    pub(super) fn count(&self, name: &str) -> usize {
        self.value(name).max(0.0) as usize
    }
}

/// Why a matcher cannot be run. Every message says what to do.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MatcherError {
    /// No such line in the table.
    #[error("there is no matcher `{id}`. Choose one of: {known}")]
    Unknown {
        /// What was asked for.
        id: String,
        /// What there is.
        known: String,
    },
    /// No such parameter.
    #[error("the matcher `{id}` has no parameter `{name}`. Choose one of: {known}")]
    UnknownParameter {
        /// The matcher.
        id: String,
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// Not a value it can have.
    #[error("the matcher `{id}` needs a `{name}` from {low} to {high}, not {value}")]
    OutOfRange {
        /// The matcher.
        id: String,
        /// The parameter.
        name: String,
        /// Smallest.
        low: f64,
        /// Largest.
        high: f64,
        /// What was given.
        value: f64,
    },
    /// It compares modalities, and there is only the final score.
    #[error(
        "the matcher `{id}` reads pictures and titles one by one, but only one score of each pair is known here. Choose another matcher, such as threshold"
    )]
    NeedsRows {
        /// The matcher.
        id: &'static str,
    },
    /// It has learned nothing.
    #[error(
        "the matcher `{id}` learns from pairs that are known to be the same and pairs known to be different, and there are not both to learn from. It is fitted with `lookalike train` or by `evaluate --split`, on labelled groups; or choose another matcher"
    )]
    NothingToLearn {
        /// The matcher.
        id: &'static str,
    },
    /// It needs to know how large groups are.
    #[error(
        "the matcher `{id}` needs labelled groups to learn their sizes from. Tune it on a labelled catalogue, or choose another matcher"
    )]
    NeedsGroups {
        /// The matcher.
        id: &'static str,
    },
}
