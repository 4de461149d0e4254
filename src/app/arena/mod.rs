//! The Arena: one question, one row a strategy: where each ranks the match, and how good each is over all questions. Asks the jobs
//! for rankings and decides nothing; nothing done here is recorded. Files: `asking` (strategies and questions), `moves` (in which
//! order questions stand), `actions`.

mod actions;
mod asking;
mod moves;

use std::sync::Arc;

use super::{AppState, Effect};
use crate::jobs::{RankedQuestions, StrategySummary};

pub(super) use actions::ACTIONS;
pub use asking::{StrategyChoice, strategy_choices};
pub(super) use asking::{cancelled, failed, opened, ranked};

/// The pages of the station.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ArenaPage {
    /// One question in rows.
    #[default]
    Rows,
    /// Every strategy over all questions.
    Summary,
}

impl ArenaPage {
    /// All, in the order of their tabs.
    pub const ALL: [Self; 2] = [Self::Rows, Self::Summary];

    /// Name on the tab.
    pub fn label(self) -> &'static str {
        match self {
            Self::Rows => "One question",
            Self::Summary => "All questions",
        }
    }
}

/// In which order questions stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ArenaOrder {
    /// Where the strategies differ most about the match first.
    #[default]
    MostMoved,
    /// Where the first strategy ranks the match lowest first.
    Worst,
    /// As they were asked.
    AsAsked,
}

impl ArenaOrder {
    /// All, in the order of the menu.
    pub const ALL: [Self; 3] = [Self::MostMoved, Self::Worst, Self::AsAsked];

    /// Name in the menu.
    pub fn label(self) -> &'static str {
        match self {
            Self::MostMoved => "Most moved",
            Self::Worst => "Worst of the first row",
            Self::AsAsked => "As asked",
        }
    }

    fn next(self) -> Self {
        let at = Self::ALL.iter().position(|order| *order == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}

/// State of the station.
#[derive(Clone, Debug, Default)]
pub struct ArenaState {
    /// The page in view.
    pub page: ArenaPage,
    /// Strategies in rows, first row first; `None` until the project's own are taken.
    pub strategies: Option<Vec<String>>,
    /// Questions and scores; the previous ones stay while new ones are ranked.
    pub ranked: Option<Arc<RankedQuestions>>,
    /// How good each strategy is, where matches are known.
    pub summaries: Vec<StrategySummary>,
    /// In which order questions stand.
    pub order: ArenaOrder,
    /// Place of the question in view, in that order.
    pub at: usize,
    /// Row under the cursor.
    pub row: usize,
    /// Rank, from 0, of the candidate under the cursor in that row.
    pub rank: usize,
    /// Since when rankings are waited for ([`super::Now::secs`]).
    pub asking_since: Option<f64>,
    /// Why the last asking failed.
    pub refused: Option<String>,
    /// Counts how often the field for another strategy was asked for.
    pub n_add_calls: u32,
    /// Questions in the order they stand.
    listed: Vec<u32>,
    generation: u64,
    /// Whether anything was asked for in this project.
    has_asked: bool,
}

/// Commands of this area.
#[derive(Clone, Debug, PartialEq)]
pub enum ArenaCommand {
    /// Shows a page.
    Page(ArenaPage),
    /// Asks for rankings the first time; the view sends it while [`ArenaState::wants_rankings`].
    Load,
    /// Asks anew, with the models in use now.
    AskAgain,
    /// Adds a strategy, or takes it away.
    Toggle(String),
    /// Moves the keyboard to the field for another strategy.
    FocusAdd,
    /// Takes questions in this order.
    Order(ArenaOrder),
    /// The next order.
    NextOrder,
    /// Goes so many questions on.
    Step(i64),
    /// Goes to the question about this posting, by its key or the end of it.
    GoTo(String),
    /// Moves the cursor along the ranks.
    Rank(i64),
    /// Moves the cursor between rows.
    Row(i64),
    /// Puts the cursor on a candidate.
    SetCursor {
        /// Row.
        row: usize,
        /// Rank, from 0.
        rank: usize,
    },
    /// Opens the query and the candidate under the cursor side by side.
    Compare,
}

pub(super) fn apply(state: &mut AppState, command: ArenaCommand) -> Vec<Effect> {
    use ArenaCommand as C;
    match command {
        C::Page(page) => state.look_alikes.arena.page = page,
        C::Load => return asking::load(state),
        C::AskAgain => return asking::ask(state),
        C::Toggle(id) => return asking::toggle(state, &id),
        C::FocusAdd => state.look_alikes.arena.n_add_calls += 1,
        C::Order(order) => moves::set_order(state, order),
        C::NextOrder => moves::set_order(state, state.look_alikes.arena.order.next()),
        C::Step(by) => moves::step(state, by),
        C::GoTo(key) => return moves::go_to(state, &key),
        C::Rank(by) => moves::move_rank(state, by),
        C::Row(by) => moves::move_row(state, by),
        C::SetCursor { row, rank } => {
            state.look_alikes.arena.row = row;
            state.look_alikes.arena.rank = rank;
        }
        C::Compare => return moves::compare(state),
    }
    Vec::new()
}

impl ArenaState {
    /// Number of the question in view.
    pub fn question(&self) -> Option<usize> {
        self.listed.get(self.at).map(|number| *number as usize)
    }

    /// Questions that are listed.
    pub fn n_listed(&self) -> usize {
        self.listed.len()
    }
}

#[cfg(test)]
mod tests;
