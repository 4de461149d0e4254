//! The Train station: what labels can feed, the recipe and its settings, the run and its curves, receipts, promoting and rolling
//! back. Files: `asked` (counts and drawn groups), `run` (a run from its start to its receipt), `recipe` (choosing and changing
//! one), `runs` (the table of receipts), `in_use` (which model matches), `actions`.

mod actions;
mod asked;
mod in_use;
mod recipe;
mod run;
mod runs;

use std::path::PathBuf;
use std::sync::Arc;

use super::{AppState, Effect, Said};
use crate::catalog::PostingIdx;
use crate::jobs::{GroupMap, LabelCounts, LabelSource, Request, TrainedAnswer, TrainedReceipt, TrainedTask};

pub(super) use actions::ACTIONS;
use asked::{Counted, count, map};
pub(super) use asked::{counted, mapped, not_counted, not_mapped};
pub(super) use in_use::{answered, by_promoted};
pub use recipe::RecipeDraft;
pub use run::{Run, StoredCurve};
pub(super) use run::{cancelled, failed, learned, moment, progress, started};
pub use runs::{RunColumn, RunId, RunList};

/// The pages of the station, in the order of their digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TrainSection {
    /// Labels, recipe, the run.
    #[default]
    Learn,
    /// One receipt.
    Receipt,
    /// All of them.
    Receipts,
}

impl TrainSection {
    /// All, in the order of their tabs.
    pub const ALL: [Self; 3] = [Self::Learn, Self::Receipt, Self::Receipts];

    /// Name on the tab.
    pub fn label(self) -> &'static str {
        match self {
            Self::Learn => "Learn",
            Self::Receipt => "Receipt",
            Self::Receipts => "All receipts",
        }
    }
}

/// Which changed pairs a receipt shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PairKind {
    /// Wrong before, right now.
    #[default]
    Fixed,
    /// Right before, wrong now.
    Broken,
}

/// State of the station.
#[derive(Clone, Debug, Default)]
pub struct TrainState {
    /// The page in view.
    pub section: TrainSection,
    /// The recipe and its settings.
    pub draft: RecipeDraft,
    /// Where labels come from.
    pub labels: LabelSource,
    /// What they can feed, as last counted.
    pub counts: Option<LabelCounts>,
    /// Why they cannot be counted.
    pub counts_refused: Option<String>,
    /// The run under way.
    pub running: Option<Run>,
    /// The last word on a run, a promotion, an export.
    pub said: Option<Said>,
    /// What has been trained, and which model matches.
    pub trained: TrainedAnswer,
    /// The receipt in view.
    pub shown: Option<RunId>,
    /// Which of its pairs are shown.
    pub pairs: PairKind,
    /// The pair under the cursor.
    pub pair_cursor: usize,
    /// Pictures of groups, by the head's digest.
    pub maps: Vec<Arc<GroupMap>>,
    /// Why the groups of a digest cannot be drawn.
    pub map_refused: Option<(String, String)>,
    /// The table of receipts.
    pub list: RunList,
    /// Lines the page was scrolled by with keys, all together; the view follows.
    pub n_scrolled: i64,
    counted: Option<Counted>,
    generation: u64,
    mapping: Option<String>,
}

/// Commands of this area.
#[derive(Clone, Debug, PartialEq)]
pub enum TrainCommand {
    /// Shows a page.
    Section(TrainSection),
    /// Counts the labels anew; the view asks while [`TrainState::is_outdated`].
    Count,
    /// Takes another recipe, by its id; what was set is forgotten.
    Recipe(String),
    /// Next (1) or previous (-1) recipe.
    StepRecipe(i32),
    /// Changes a parameter of the recipe; the value as typed.
    Set {
        /// Name, such as "max_epochs".
        name: String,
        /// JSON or a plain word.
        value: String,
    },
    /// Takes the parameter under the cursor back to the recipe's own value.
    ResetParameter,
    /// Takes every parameter back to the recipe's own value; the seed stays.
    ResetAll,
    /// Moves the keyboard to the field of the parameter under the cursor.
    EditParameter,
    /// Moves the keyboard to the field of the seed.
    EditSeed,
    /// Takes labels from elsewhere.
    Labels(LabelSource),
    /// The next source of labels.
    NextLabels,
    /// Learns.
    Start,
    /// Stops the run; the best so far is kept.
    Cancel,
    /// Moves the cursor of the page up and down.
    Move(i64),
    /// Moves the cursor of the page to the left and right.
    MoveAside(i64),
    /// Scrolls the page.
    Scroll(i64),
    /// Puts the cursor on a line of the page.
    SetCursor(usize),
    /// Opens what is under the cursor: the field of a parameter, a pair in Compare, a receipt.
    Open,
    /// Opens a changed pair in Compare.
    OpenPair(PostingIdx, PostingIdx),
    /// Shows these pairs of the receipt.
    Pairs(PairKind),
    /// Shows the other pairs of the receipt.
    OtherPairs,
    /// Shows the receipt of this run.
    Show(RunId),
    /// Holds the run under the cursor beside the one in view, or lets go of it.
    Compare,
    /// Sorts the receipts by a column; the same column again turns the order round.
    Sort(RunColumn),
    /// Sorts the receipts by the next column.
    NextSort,
    /// Turns the order of the receipts round.
    TurnSort,
    /// Lets the model of the receipt in view match.
    Promote,
    /// Goes back to the model promoted before, or to none.
    RollBack,
    /// Asks where the head of the receipt in view goes.
    PickExport,
    /// Writes a head to a file.
    Export {
        /// The recipe's id.
        id: String,
        /// The file.
        path: PathBuf,
    },
}

pub(super) fn apply(state: &mut AppState, command: TrainCommand) -> Vec<Effect> {
    use TrainCommand as C;
    match command {
        C::Section(section) => return open_section(state, section),
        C::Count => return count(state),
        C::Recipe(id) => return recipe::choose(state, &id),
        C::StepRecipe(by) => return recipe::step(state, by),
        C::Set { name, value } => return recipe::set(state, &name, &value),
        C::ResetParameter => return recipe::reset(state),
        C::ResetAll => {
            let id = state.train.draft.recipe.as_ref().map(|recipe| recipe.id.clone());
            return id.map_or_else(Vec::new, |id| recipe::choose(state, &id));
        }
        C::EditParameter => state.train.draft.n_edit_calls += 1,
        C::EditSeed => {
            state.train.section = TrainSection::Learn;
            state.train.draft.n_seed_calls += 1;
        }
        C::Labels(labels) => state.train.labels = labels,
        C::NextLabels => {
            state.train.labels = match state.train.labels {
                LabelSource::Both => LabelSource::Decisions,
                LabelSource::Decisions => LabelSource::Catalogue,
                LabelSource::Catalogue => LabelSource::LookAlikes,
                LabelSource::LookAlikes => LabelSource::Both,
            };
        }
        C::Start => return run::start(state),
        C::Cancel => return run::cancel(state),
        C::Move(by) => move_cursor(state, by),
        C::MoveAside(by) => move_aside(state, by),
        C::Scroll(by) => state.train.n_scrolled += by,
        C::SetCursor(line) => match state.train.section {
            TrainSection::Learn => state.train.draft.cursor = line,
            TrainSection::Receipt => state.train.pair_cursor = line,
            TrainSection::Receipts => state.train.list.cursor = line,
        },
        C::Open => return open(state),
        C::OpenPair(left, right) => return super::compare::open(state, left, right, vec![right]),
        C::Pairs(kind) => show_pairs(state, kind),
        C::OtherPairs => {
            let other = match state.train.pairs {
                PairKind::Fixed => PairKind::Broken,
                PairKind::Broken => PairKind::Fixed,
            };
            show_pairs(state, other);
        }
        C::Show(id) => return show(state, id),
        C::Compare => return runs::compare(state),
        C::Sort(column) => runs::sort(state, column),
        C::NextSort => runs::sort(state, state.train.list.column.next()),
        C::TurnSort => runs::sort(state, state.train.list.column),
        C::Promote => return in_use::promote(state),
        C::RollBack => return in_use::roll_back(state),
        C::PickExport => return in_use::pick_export(state),
        C::Export { id, path } => {
            return vec![Effect::Job(Request::Trained(TrainedTask::Export { id, path }))];
        }
    }
    Vec::new()
}

/// Another project is open: what was known of the last one goes.
pub(super) fn opened(state: &mut AppState) -> Vec<Effect> {
    let generation = state.train.generation + 1;
    state.train = TrainState { generation, ..TrainState::default() };
    let has_groups = state.session.open.as_ref().is_some_and(|session| session.catalog.has_groups());
    state.train.labels = if has_groups { LabelSource::Both } else { LabelSource::Decisions };
    vec![Effect::Job(Request::Trained(TrainedTask::List))]
}

fn open_section(state: &mut AppState, section: TrainSection) -> Vec<Effect> {
    state.train.section = section;
    match section {
        TrainSection::Receipt if state.train.shown.is_none() => match state.train.list.newest() {
            Some(id) => show(state, id),
            None => Vec::new(),
        },
        TrainSection::Receipt => map(state),
        _ => Vec::new(),
    }
}

impl TrainState {
    /// The run whose receipt is in view.
    pub fn shown_run(&self) -> Option<&crate::jobs::TrainedRun> {
        self.run(self.shown.as_ref()?)
    }

    /// A run.
    pub fn run(&self, id: &RunId) -> Option<&crate::jobs::TrainedRun> {
        self.trained.runs.iter().find(|run| RunId::of(&run.receipt) == *id)
    }

    /// Whether the model of this receipt is the one in use.
    pub fn is_promoted(&self, receipt: &TrainedReceipt) -> bool {
        let promoted = self.trained.promoted.as_ref();
        promoted.is_some_and(|promoted| promoted.receipt.head_digest == receipt.head_digest)
    }

    /// The pairs of a receipt that are shown.
    pub fn pairs_of<'r>(&self, receipt: &'r TrainedReceipt) -> &'r [(String, String)] {
        match self.pairs {
            PairKind::Fixed => &receipt.fixed,
            PairKind::Broken => &receipt.broken,
        }
    }
}

fn move_cursor(state: &mut AppState, by: i64) {
    let moved = super::catalogue::moved;
    let train = &mut state.train;
    match train.section {
        TrainSection::Learn => {
            train.draft.cursor = moved(train.draft.cursor, by, train.draft.parameters.len());
        }
        TrainSection::Receipt => {
            // First and last line mean the ends of the page.
            train.n_scrolled = train.n_scrolled.saturating_add(by.clamp(-1_000, 1_000));
        }
        TrainSection::Receipts => train.list.cursor = moved(train.list.cursor, by, train.trained.runs.len()),
    }
}

fn move_aside(state: &mut AppState, by: i64) {
    if state.train.section != TrainSection::Receipt {
        return;
    }
    let n_pairs = state.train.shown_run().map_or(0, |run| state.train.pairs_of(&run.receipt).len());
    state.train.pair_cursor = super::catalogue::moved(state.train.pair_cursor, by, n_pairs);
}

fn show_pairs(state: &mut AppState, kind: PairKind) {
    state.train.pairs = kind;
    state.train.pair_cursor = 0;
}

fn open(state: &mut AppState) -> Vec<Effect> {
    match state.train.section {
        TrainSection::Learn => state.train.draft.n_edit_calls += 1,
        TrainSection::Receipts => {
            if let Some(id) = state.train.list.under_cursor() {
                return show(state, id);
            }
        }
        TrainSection::Receipt => {
            let pair = state.train.shown_run().and_then(|run| {
                let (left, right) = state.train.pairs_of(&run.receipt).get(state.train.pair_cursor)?;
                let catalog = &state.session.open.as_ref()?.catalog;
                Some((catalog.find(left)?, catalog.find(right)?))
            });
            return match pair {
                Some((left, right)) => super::compare::open(state, left, right, vec![right]),
                None => state.chrome.refuse(state.now, "There is no pair of this catalogue under the cursor"),
            };
        }
    }
    Vec::new()
}

/// Shows a receipt.
fn show(state: &mut AppState, id: RunId) -> Vec<Effect> {
    if state.train.run(&id).is_none() {
        return Vec::new();
    }
    state.train.section = TrainSection::Receipt;
    if state.train.shown.as_ref() != Some(&id) {
        state.train.pair_cursor = 0;
        state.train.pairs = PairKind::Fixed;
        state.train.list.go_to(&id);
        state.train.shown = Some(id);
    }
    map(state)
}

#[cfg(test)]
mod tests;
