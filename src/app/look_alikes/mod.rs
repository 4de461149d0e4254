//! The Look-alikes station: one posting against many, which of them look like it; and the studio of hard negatives. Files:
//! `asking` (where questions come from), `question` (the open one), `order` (moving on, repeats, undo), `answers` (what Enter
//! records), `ranking` (ranks, warnings, hard negatives of a question), `known` (what the log says, kept up to date),
//! `studio` (candidates wrongly ranked above a match), `actions`. Nothing here ranks: jobs do.

mod actions;
mod answers;
mod asking;
mod known;
mod order;
mod question;
mod ranking;
mod studio;

use std::path::PathBuf;
use std::sync::Arc;

use super::{AppState, ArenaState, Effect, PickFor};
use crate::jobs::RankedQuestions;
use crate::project::{CandidatesLie, LookAlikesSettings, PickRecords};
use crate::review::{CandidateVerdict, EntryId};

pub(super) use actions::ACTIONS;
pub use answers::{AnswerPreview, answer_preview};
pub use asking::AskAbout;
pub(super) use asking::{cancelled, failed, opened, ranked, recall};
pub use known::{Known, PlayScore};
pub(super) use order::show_change;
pub use question::{Asked, OpenQuestion, PER_PAGE, Phase};
pub use ranking::Warning;
pub use studio::{HardNegative, Studio};

/// The pages of the station.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LookAlikesSection {
    /// One posting and its candidates.
    #[default]
    Grid,
    /// Candidates the model wrongly ranks above a match.
    HardNegatives,
    /// Where questions come from, and how they are asked.
    Questions,
}

impl LookAlikesSection {
    /// All, in the order of their tabs.
    pub const ALL: [Self; 3] = [Self::Grid, Self::HardNegatives, Self::Questions];

    /// Name on the tab.
    pub fn label(self) -> &'static str {
        match self {
            Self::Grid => "One against many",
            Self::HardNegatives => "Hard negatives",
            Self::Questions => "Questions",
        }
    }
}

/// What an answer is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LookAlikesMode {
    /// Labels are made; blind unless switched.
    #[default]
    Annotate,
    /// You against the model; the truth is shown after each answer.
    Play,
    /// The truth is shown at once; nothing is recorded.
    Demo,
}

impl LookAlikesMode {
    /// All, in the order in which the key goes through them.
    pub const ALL: [Self; 3] = [Self::Annotate, Self::Play, Self::Demo];

    /// Name shown to people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Annotate => "Annotate",
            Self::Play => "Play",
            Self::Demo => "Demo",
        }
    }

    fn next(self) -> Self {
        let at = Self::ALL.iter().position(|mode| *mode == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}

/// Whether two pictures are shown side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SideBySide {
    /// The key went down.
    Show,
    /// The key was let go.
    Hide,
}

/// Where the cursor goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// One tile to the left.
    Left,
    /// One tile to the right.
    Right,
    /// One row up.
    Up,
    /// One row down.
    Down,
}

/// State of the station.
#[derive(Clone, Debug, Default)]
pub struct LookAlikesState {
    /// The page in view.
    pub section: LookAlikesSection,
    /// What an answer is for.
    pub mode: LookAlikesMode,
    /// The questions with their candidates' scores; the previous ones stay while new ones are ranked.
    pub questions: Option<Arc<RankedQuestions>>,
    /// Since when questions are being ranked ([`super::Now::secs`]).
    pub asking_since: Option<f64>,
    /// Why the last asking failed.
    pub refused: Option<String>,
    /// What the Questions page asks about.
    pub about: AskAbout,
    /// The open question; `None` once all are answered.
    pub item: Option<OpenQuestion>,
    /// Whether the posting and the candidate under the cursor are shown side by side (Space held).
    pub is_side_by_side: bool,
    /// Whether titles and columns of the two are shown.
    pub shows_info: bool,
    /// Whether scores are hidden where the order is not blind.
    pub hides_scores: bool,
    /// Whether play is blind; a project remembers only how candidates lie while labels are made.
    pub is_play_blind: bool,
    /// What the log says of these questions.
    pub known: Known,
    /// The hard-negative studio.
    pub studio: Studio,
    /// The same questions by several strategies.
    pub arena: ArenaState,
    /// Candidates changed by the last undo or redo, outlined until the next gesture.
    pub outlined: Vec<usize>,
    /// Questions one will probably see next, nearest first, and those just left.
    pub nearby: Vec<usize>,
    /// Answers of this session, whether they still count or not.
    session: Vec<EntryId>,
    /// Fresh questions answered since one came back.
    n_since_repeat: usize,
    /// Where one goes on after a question that came back.
    resume_at: Option<usize>,
    /// Counts showings, so that a late word about one is not taken for the next.
    n_showings: u64,
    generation: u64,
    /// Requests that were not answered yet.
    n_pending: usize,
    /// What was asked for last.
    asked: Option<crate::jobs::QuestionSource>,
    remembered_key: Option<String>,
}

/// Commands of this area.
#[derive(Clone, Debug, PartialEq)]
pub enum LookAlikesCommand {
    /// Shows a page.
    Section(LookAlikesSection),
    /// Shows this page, or goes back to the grid where it is shown already.
    ToggleSection(LookAlikesSection),
    /// Asks for the questions the project names; the view sends it while [`LookAlikesState::wants_questions`].
    Load,
    /// What the Questions page asks about.
    About(AskAbout),
    /// Asks about it.
    Ask,
    /// Asks the same again, with what was decided and learned since.
    AskAgain,
    /// Shows the dialog that picks a candidates file.
    PickFile,
    /// Takes questions from this candidates file.
    OpenFile(PathBuf),
    /// Replaces the settings of the station.
    Set(Box<LookAlikesSettings>),
    /// Takes in what the log says; the view sends it while it is outdated.
    Refresh,
    /// Annotates, plays or demonstrates.
    Mode(LookAlikesMode),
    /// The next of these.
    NextMode,
    /// Hides scores and shuffles, or shows the model's order.
    ToggleBlind,
    /// One pick records, or Enter does.
    ToggleOnePick,
    /// Hides or shows scores (not when blind).
    ToggleScores,
    /// Shows or hides titles and columns.
    ToggleInfo,
    /// The view has drawn these, with their pictures or the reasons why there is none.
    Drawn {
        /// The showing ([`OpenQuestion::showing`]).
        showing: u64,
        /// Places on screen of the candidates.
        places: Vec<usize>,
        /// Whether the posting asked about was among them.
        has_query: bool,
    },
    /// Picks the candidate on this tile of the page, or takes the pick back.
    Pick(usize),
    /// Picks the candidate at this place of the screen order, or takes the pick back.
    PickAt(usize),
    /// Picks the candidate under the cursor, or takes the pick back.
    PickCursor,
    /// Records the picks and goes on; after an answer in play, goes on.
    Record,
    /// Records that none of the candidates looks alike.
    None,
    /// Next question without recording anything.
    Skip,
    /// Previous question.
    Previous,
    /// Takes back the latest answer.
    Undo,
    /// Moves the cursor.
    Cursor(Move),
    /// Puts the cursor at a place of the screen order.
    SetCursor(usize),
    /// Next (1) or previous (-1) page of candidates.
    Page(i32),
    /// Shows the two side by side, or stops.
    SideBySide(SideBySide),
    /// Opens the compare overlay on the two.
    Compare,
    /// Goes to the n-th open question of this key, if there is one.
    GoTo(String),
    /// In the studio: next (1) or previous (-1) candidate.
    StudioMove(i64),
    /// In the studio: this line.
    StudioCursor(usize),
    /// In the studio: the view has drawn the pictures of this line.
    StudioDrawn(usize),
    /// In the studio: says what the candidate is, and goes on.
    StudioJudge(CandidateVerdict),
    /// In the studio: takes back the latest word on a candidate.
    StudioUndo,
    /// In the studio: opens the compare overlay on the posting and the candidate.
    StudioCompare,
    /// In the studio: lists anew.
    StudioRefresh,
}

pub(super) fn apply(state: &mut AppState, command: LookAlikesCommand) -> Vec<Effect> {
    use LookAlikesCommand as C;
    let now = state.now.secs;
    if !matches!(command, C::Drawn { .. } | C::StudioDrawn(_) | C::Refresh | C::Load) {
        if let Some(item) = &mut state.look_alikes.item {
            item.watch.touch(now);
        }
        state.look_alikes.studio.watch.touch(now);
    }
    match command {
        C::Section(section) => return open_section(state, section),
        C::ToggleSection(section) => {
            let is_shown = page(state) == section;
            return open_section(state, if is_shown { LookAlikesSection::Grid } else { section });
        }
        C::Load => return asking::load(state),
        C::About(about) => state.look_alikes.about = about,
        C::Ask => return asking::ask(state),
        C::AskAgain => return asking::ask_again(state),
        C::PickFile => return vec![Effect::PickPath(PickFor::Candidates)],
        C::OpenFile(path) => return asking::open_file(state, path),
        C::Set(settings) => return asking::set(state, *settings),
        C::Refresh => known::refresh(state),
        C::Mode(mode) => return order::set_mode(state, mode),
        C::NextMode => return order::set_mode(state, state.look_alikes.mode.next()),
        C::ToggleBlind => return order::toggle_blind(state),
        C::ToggleOnePick => {
            let Some(mut settings) = settings(state).cloned() else { return Vec::new() };
            settings.records = match settings.records {
                PickRecords::OnEnter => PickRecords::AtOnce,
                PickRecords::AtOnce => PickRecords::OnEnter,
            };
            return asking::set(state, settings);
        }
        C::ToggleScores => {
            if is_blind(state) {
                return state.chrome.refuse(state.now, "Scores stay hidden while the order is blind");
            }
            state.look_alikes.hides_scores = !state.look_alikes.hides_scores;
        }
        C::ToggleInfo => state.look_alikes.shows_info = !state.look_alikes.shows_info,
        C::Drawn { showing, places, has_query } => question::drawn(state, showing, &places, has_query),
        C::Pick(tile) => return answers::pick_tile(state, tile),
        C::PickAt(place) => return answers::pick(state, place),
        C::PickCursor => {
            let cursor = state.look_alikes.item.as_ref().map(|item| item.cursor);
            return cursor.map_or_else(Vec::new, |cursor| answers::pick(state, cursor));
        }
        C::Record => return answers::record(state),
        C::None => return answers::none(state),
        C::Skip => return order::skip(state),
        C::Previous => return order::previous(state),
        C::Undo => return order::undo(state),
        C::Cursor(to) => question::move_cursor(state, to),
        C::SetCursor(place) => question::set_cursor(state, place),
        C::Page(by) => question::turn_page(state, by),
        C::SideBySide(side) => {
            state.look_alikes.is_side_by_side = side == SideBySide::Show && state.look_alikes.item.is_some();
        }
        C::Compare => return question::compare(state),
        C::GoTo(key) => return order::go_to_key(state, &key),
        C::StudioMove(by) => studio::move_cursor(state, by),
        C::StudioCursor(line) => studio::set_cursor(state, line),
        C::StudioDrawn(line) => studio::drawn(state, line),
        C::StudioJudge(verdict) => return studio::judge(state, verdict),
        C::StudioUndo => return studio::undo(state),
        C::StudioCompare => return studio::compare(state),
        C::StudioRefresh => studio::rebuild(state),
    }
    Vec::new()
}

/// The page in view: without questions, the one that says how to get some.
pub fn page(state: &AppState) -> LookAlikesSection {
    let look_alikes = &state.look_alikes;
    match &look_alikes.questions {
        Some(_) => look_alikes.section,
        None => LookAlikesSection::Questions,
    }
}

fn open_section(state: &mut AppState, section: LookAlikesSection) -> Vec<Effect> {
    if section != LookAlikesSection::Questions && state.look_alikes.questions.is_none() {
        return state.chrome.refuse(state.now, "There are no questions yet: ask about this catalogue first");
    }
    state.look_alikes.section = section;
    state.look_alikes.is_side_by_side = false;
    match section {
        LookAlikesSection::HardNegatives => studio::open(state),
        LookAlikesSection::Grid => order::come_back(state),
        LookAlikesSection::Questions => {}
    }
    Vec::new()
}

/// Closes one layer of the station; whether there was one.
pub(super) fn escape(state: &mut AppState) -> bool {
    let look_alikes = &mut state.look_alikes;
    if look_alikes.is_side_by_side || look_alikes.shows_info {
        look_alikes.is_side_by_side = false;
        look_alikes.shows_info = false;
        return true;
    }
    if look_alikes.questions.is_some() && look_alikes.section != LookAlikesSection::Grid {
        let _ = open_section(state, LookAlikesSection::Grid);
        return true;
    }
    false
}

/// The settings of the station, as the open project has them.
pub(super) fn settings(state: &AppState) -> Option<&LookAlikesSettings> {
    state.session.open.as_ref().map(|session| &session.settings.look_alikes)
}

/// Whether scores are hidden and the order is shuffled: only where labels are made or, when asked for, in play.
pub fn is_blind(state: &AppState) -> bool {
    let Some(settings) = settings(state) else { return true };
    match state.look_alikes.mode {
        LookAlikesMode::Annotate => settings.lie == CandidatesLie::Blind,
        LookAlikesMode::Play => state.look_alikes.is_play_blind,
        LookAlikesMode::Demo => false,
    }
}

/// Whether the truth of the open question is on screen: in the demo, and once it is answered.
pub fn shows_truth(state: &AppState) -> bool {
    let look_alikes = &state.look_alikes;
    look_alikes.item.as_ref().zip(look_alikes.questions.as_ref()).is_some_and(|(item, questions)| {
        questions.has_truth(item.number)
            && (look_alikes.mode == LookAlikesMode::Demo || item.phase == Phase::Revealed)
    })
}

/// Whether ranks are on screen.
pub fn shows_ranks(state: &AppState) -> bool {
    let is_revealed = state.look_alikes.item.as_ref().is_some_and(|item| item.phase == Phase::Revealed);
    !is_blind(state) || is_revealed
}

/// Whether scores are: never while an answer in play is awaited.
pub fn shows_scores(state: &AppState) -> bool {
    let is_revealed = state.look_alikes.item.as_ref().is_some_and(|item| item.phase == Phase::Revealed);
    let is_asked_in_play = state.look_alikes.mode == LookAlikesMode::Play && !is_revealed;
    let is_hidden = state.look_alikes.hides_scores || state.preferences.hide_scores;
    shows_ranks(state) && !is_asked_in_play && !is_hidden
}

/// Whether the window has lost the keyboard: time does not count.
pub(super) fn set_away(state: &mut AppState, is_away: bool) {
    let now = state.now.secs;
    if let Some(item) = &mut state.look_alikes.item {
        item.watch.set_away(is_away, now);
    }
    state.look_alikes.studio.watch.set_away(is_away, now);
}

impl LookAlikesState {
    /// Whether the open project names questions that were not asked for yet.
    pub fn wants_questions(&self, state: &AppState) -> bool {
        asking::source_of_project(state).is_some()
            && self.questions.is_none()
            && self.asking_since.is_none()
            && self.refused.is_none()
    }

    /// Whether the log has grown since it was last read, or somebody else reviews now.
    pub fn is_outdated(&self, state: &AppState) -> bool {
        self.questions.is_some() && self.known.is_outdated(&state.saving.review, &state.preferences.reviewer)
    }

    /// Answers of this session that count.
    pub fn n_session(&self, state: &AppState) -> usize {
        self.session.iter().filter(|entry| state.saving.review.is_active(**entry)).count()
    }
}

#[cfg(test)]
mod tests;
