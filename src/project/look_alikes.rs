//! How the look-alikes station asks, as it stands in project.ron.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::matching::Drawing;

/// Questions, how they are shown and how they are answered. Unknown fields are refused with their name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LookAlikesSettings {
    /// Candidate file; without one questions are drawn from the catalogue's pairs.
    pub candidates: Option<PathBuf>,
    /// Candidates of a drawn question.
    pub n_candidates: usize,
    /// Share of a drawn question's foils taken from the nearest, 0 to 1.
    pub nearest_share: f32,
    /// Of the drawing and of the shuffles.
    pub seed: u64,
    /// Strategies that score the candidates, the ranking one first; empty takes the encoder of pictures in use, else that of titles.
    pub strategies: Vec<String>,
    /// How candidates lie while annotating.
    pub lie: CandidatesLie,
    /// When a pick is recorded.
    pub records: PickRecords,
    /// Which keys pick.
    pub keys: PickKeys,
    /// Answers a session aims at.
    pub goal: usize,
    /// One question in so many is an answered one, asked again; 0 never.
    pub repeat_every: usize,
}

impl LookAlikesSettings {
    /// How questions are drawn.
    pub fn drawing(&self) -> Drawing {
        let Self { n_candidates, nearest_share, seed, .. } = *self;
        Drawing { n_candidates, nearest_share, seed }
    }
}

/// How candidates lie on screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CandidatesLie {
    /// Shuffled, scores hidden.
    #[default]
    Blind,
    /// Best first, with scores.
    Ranked,
}

/// When a pick is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PickRecords {
    /// Picks toggle, Enter records them.
    #[default]
    OnEnter,
    /// The first pick records.
    AtOnce,
}

/// Which keys pick tiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PickKeys {
    /// 1 to 0 for the first ten, with Shift for the next ten.
    #[default]
    Digits,
    /// Four rows under the left hand, by position: 1-5, Q-T, A-G, Z-B.
    LeftHand,
}

impl Default for LookAlikesSettings {
    fn default() -> Self {
        Self {
            candidates: None,
            n_candidates: 20,
            nearest_share: 0.5,
            seed: 0,
            strategies: Vec::new(),
            lie: CandidatesLie::default(),
            records: PickRecords::default(),
            keys: PickKeys::default(),
            goal: 100,
            repeat_every: 10,
        }
    }
}
