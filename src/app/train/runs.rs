//! The table of receipts: in which order, which one is under the cursor, which is held beside the one in view.

use std::cmp::Ordering;

use super::super::{AppState, Effect};
use crate::jobs::{LabelSource, TrainedReceipt, TrainedRun};

/// Names a run: when it ended, and its head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunId {
    at_millis: i64,
    digest: String,
}

impl RunId {
    /// The run that left this receipt.
    pub fn of(receipt: &TrainedReceipt) -> Self {
        Self { at_millis: receipt.at_millis, digest: receipt.head_digest.clone() }
    }
}

/// A column of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunColumn {
    /// When it was trained.
    #[default]
    Time,
    /// The recipe.
    Recipe,
    /// Where labels came from.
    Labels,
    /// The seed.
    Seed,
    /// Test F1 of the frozen embeddings.
    Before,
    /// Test F1 of the trained head.
    After,
    /// Their difference.
    Gain,
    /// Pairs fixed.
    Fixed,
    /// Pairs broken.
    Broken,
    /// Seconds.
    Took,
}

impl RunColumn {
    /// All, from left to right.
    pub const ALL: [Self; 10] = [
        Self::Time,
        Self::Recipe,
        Self::Labels,
        Self::Seed,
        Self::Before,
        Self::After,
        Self::Gain,
        Self::Fixed,
        Self::Broken,
        Self::Took,
    ];

    /// Its header.
    pub fn label(self) -> &'static str {
        match self {
            Self::Time => "Trained",
            Self::Recipe => "Recipe",
            Self::Labels => "Labels",
            Self::Seed => "Seed",
            Self::Before => "F1 before",
            Self::After => "F1 after",
            Self::Gain => "Gain",
            Self::Fixed => "Fixed",
            Self::Broken => "Broken",
            Self::Took => "Took",
        }
    }

    /// The one to the right.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|column| *column == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }

    fn compare(self, a: &TrainedReceipt, b: &TrainedReceipt) -> Ordering {
        let labels = |receipt: &TrainedReceipt| match receipt.labels {
            LabelSource::Both => 0,
            LabelSource::Catalogue => 1,
            LabelSource::Decisions => 2,
            LabelSource::LookAlikes => 3,
        };
        match self {
            Self::Time => a.at_millis.cmp(&b.at_millis),
            Self::Recipe => a.recipe.label.cmp(&b.recipe.label),
            Self::Labels => labels(a).cmp(&labels(b)),
            Self::Seed => a.recipe.training.seed.cmp(&b.recipe.training.seed),
            Self::Before => a.result.before.mean_f1.total_cmp(&b.result.before.mean_f1),
            Self::After => a.result.after.mean_f1.total_cmp(&b.result.after.mean_f1),
            Self::Gain => a.result.gain.total_cmp(&b.result.gain),
            Self::Fixed => a.n_fixed.cmp(&b.n_fixed),
            Self::Broken => a.n_broken.cmp(&b.n_broken),
            Self::Took => a.secs.total_cmp(&b.secs),
        }
    }
}

/// The table.
#[derive(Clone, Debug, Default)]
pub struct RunList {
    /// Runs in the order of the lines.
    pub order: Vec<RunId>,
    /// The column they are sorted by.
    pub column: RunColumn,
    /// Whether the smallest stands first; the newest and the best stand first otherwise.
    pub is_ascending: bool,
    /// The line under the cursor.
    pub cursor: usize,
    /// A run held beside the one under the cursor.
    pub held: Option<RunId>,
    newest: Option<RunId>,
}

impl RunList {
    /// The run under the cursor.
    pub fn under_cursor(&self) -> Option<RunId> {
        self.order.get(self.cursor).cloned()
    }

    /// The run that ended last.
    pub fn newest(&self) -> Option<RunId> {
        self.newest.clone()
    }

    /// Puts the cursor on a run.
    pub(super) fn go_to(&mut self, id: &RunId) {
        self.cursor = self.order.iter().position(|listed| listed == id).unwrap_or(self.cursor);
    }

    /// Puts the runs in order; the cursor stays on its run.
    pub(super) fn arrange(&mut self, runs: &[TrainedRun]) {
        let under = self.under_cursor();
        let mut sorted: Vec<&TrainedRun> = runs.iter().collect();
        // Of equals the newest stands first.
        sorted.reverse();
        sorted.sort_by(|a, b| {
            let order = self.column.compare(&a.receipt, &b.receipt);
            if self.is_ascending { order } else { order.reverse() }
        });
        self.order = sorted.into_iter().map(|run| RunId::of(&run.receipt)).collect();
        self.newest = runs.last().map(|run| RunId::of(&run.receipt));
        let at = self.order.iter().position(|id| Some(id) == under.as_ref());
        self.cursor = at.unwrap_or(self.cursor).min(self.order.len().saturating_sub(1));
        if self.held.as_ref().is_some_and(|held| !self.order.contains(held)) {
            self.held = None;
        }
    }
}

pub(super) fn sort(state: &mut AppState, column: RunColumn) {
    let train = &mut state.train;
    let is_same = train.list.column == column;
    train.list.is_ascending = is_same && !train.list.is_ascending;
    train.list.column = column;
    train.list.arrange(&train.trained.runs);
}

/// Holds the run under the cursor, so that the next one is compared with it; again on the same run lets go.
pub(super) fn compare(state: &mut AppState) -> Vec<Effect> {
    let Some(id) = state.train.list.under_cursor() else {
        return state.chrome.refuse(state.now, "There is no receipt under the cursor");
    };
    let list = &mut state.train.list;
    list.held = if list.held.as_ref() == Some(&id) { None } else { Some(id) };
    Vec::new()
}
