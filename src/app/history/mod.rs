//! The History station: the log newest first, filters, undoing and redoing any gesture. Files: `wording` (an entry in
//! words), `listing` (which entries are listed), `actions`.

mod actions;
mod listing;
mod wording;

use std::path::{Path, PathBuf};

use super::{AppState, Command, DuplicatesCommand, Effect, LookAlikesCommand, ToastKind};
use crate::catalog::{PostingIdx, Problem};
use crate::jobs::Request;
use crate::review::{Entry, Gesture, ReviewState, Seen, View};

pub(super) use actions::ACTIONS;
pub use listing::{HistoryFilter, HistoryKind, Listing};
pub use wording::{entry_postings, entry_verdict, entry_wording, view_label};

/// State of the station.
#[derive(Clone, Debug, Default)]
pub struct HistoryState {
    /// What is listed.
    pub filter: HistoryFilter,
    /// The entries listed.
    pub listing: Listing,
    /// The line the cursor is on.
    pub cursor: usize,
    /// Whether the details of the entry under the cursor are put away.
    pub hides_details: bool,
    /// Counts how often the filter was asked for; the view moves the keyboard there when it changes.
    pub n_filter_calls: u32,
}

/// Commands of this area.
#[derive(Clone, Debug, PartialEq)]
pub enum HistoryCommand {
    /// Asks for a file of decided pairs.
    PickImport,
    /// Reads decided pairs from a file and records them.
    Import(PathBuf),
    /// Moves the cursor.
    Move(i64),
    /// Puts the cursor on a line.
    SetCursor(usize),
    /// Shows or hides the details of the entry under the cursor.
    ToggleDetails,
    /// Moves the keyboard to the filter field.
    FocusFilter,
    /// Lists only such entries.
    Filter(HistoryFilter),
    /// Filters the next slice of the log; the view asks once a frame while [`Listing::is_outdated`].
    ScanOn,
    /// Takes back the gesture under the cursor, exactly that one.
    Undo,
    /// Lets the gesture under the cursor count again.
    Redo,
    /// Shows the postings of the gesture under the cursor in the queue.
    GoTo,
    /// Shows the contradictory decisions in the queue.
    GoToConflicts,
}

pub(super) fn apply(state: &mut AppState, command: HistoryCommand) -> Vec<Effect> {
    use HistoryCommand as C;
    match command {
        C::PickImport => return vec![Effect::PickPath(super::PickFor::ImportPairs)],
        C::Import(path) => {
            if let Some(reason) = super::saving::refusal(state) {
                return state.chrome.refuse(state.now, reason);
            }
            return vec![Effect::Job(Request::ImportPairs { path })];
        }
        C::Move(by) => {
            let n_lines = state.history.listing.n_lines(state.saving.review.entries().len());
            state.history.cursor = super::catalogue::moved(state.history.cursor, by, n_lines);
        }
        C::SetCursor(line) => state.history.cursor = line,
        C::ToggleDetails => state.history.hides_details = !state.history.hides_details,
        C::FocusFilter => state.history.n_filter_calls += 1,
        C::Filter(filter) => {
            state.history.cursor = 0;
            state.history.listing.restart(&filter);
            state.history.filter = filter;
        }
        C::ScanOn => scan_on(state),
        C::Undo => return undo(state),
        C::Redo => return redo(state),
        C::GoTo => return go_to(state),
        C::GoToConflicts => {
            state.chrome.station = super::Station::Duplicates;
            let tab = DuplicatesCommand::Tab(crate::review::QueueKind::Conflicts);
            return super::apply(state, Command::Duplicates(tab));
        }
    }
    Vec::new()
}

impl HistoryState {
    /// The entry on a line of the table.
    pub fn entry<'r>(&self, line: usize, review: &'r ReviewState) -> Option<&'r Entry> {
        let entries = review.entries();
        entries.get(self.listing.position(line, entries.len())?)
    }

    /// The entry under the cursor.
    pub fn current<'r>(&self, review: &'r ReviewState) -> Option<&'r Entry> {
        self.entry(self.cursor, review)
    }
}

fn scan_on(state: &mut AppState) {
    let catalog = state.session.open.as_ref().map(|session| &*session.catalog);
    state.history.listing.scan_on(&state.history.filter, &state.saving.review, catalog);
}

fn undo(state: &mut AppState) -> Vec<Effect> {
    let Some(id) = state.history.current(&state.saving.review).map(|entry| entry.id) else {
        return state.chrome.refuse(state.now, "There is no entry under the cursor");
    };
    if !state.saving.review.is_active(id) {
        return state.chrome.refuse(state.now, "This one is undone already; redo lets it count again");
    }
    retract(state, id)
}

/// Retracts the retraction that keeps the entry under the cursor from counting.
fn redo(state: &mut AppState) -> Vec<Effect> {
    let review = &state.saving.review;
    let Some(id) = state.history.current(review).map(|entry| entry.id) else {
        return state.chrome.refuse(state.now, "There is no entry under the cursor");
    };
    let retraction = review
        .entries()
        .iter()
        .rev()
        .find(|entry| entry.gesture.retracts() == Some(id) && review.is_active(entry.id))
        .map(|entry| entry.id);
    match retraction {
        Some(retraction) => retract(state, retraction),
        None => state.chrome.refuse(state.now, "This one counts already; there is nothing to redo"),
    }
}

/// Retracts an entry and keeps the cursor on the line's entry, which the new entry moves down by one.
fn retract(state: &mut AppState, entry: crate::review::EntryId) -> Vec<Effect> {
    let n_before = state.saving.review.entries().len();
    let effects = super::chrome::retract(state, entry);
    if state.history.filter.is_blank() && state.saving.review.entries().len() > n_before {
        state.history.cursor += 1;
    }
    effects
}

fn go_to(state: &mut AppState) -> Vec<Effect> {
    let review = &state.saving.review;
    let Some((entry, session)) = state.history.current(review).zip(state.session.open.as_ref()) else {
        return Vec::new();
    };
    let target = review.entry(super::chrome::target_of(state, entry.id)).map(|entry| &entry.gesture);
    if let Some(Gesture::LookAlike { query, .. } | Gesture::Candidate { query, .. }) = target {
        let to = LookAlikesCommand::GoTo(query.to_string());
        return super::apply(state, Command::LookAlikes(to));
    }
    let postings: Vec<PostingIdx> =
        entry_postings(entry, review).iter().filter_map(|key| session.catalog.find(key)).collect();
    let listed = postings.iter().find(|posting| {
        let queue = state.duplicates.queue.as_ref();
        queue.is_some_and(|queue| queue.items.iter().any(|item| item.members.contains(&posting.0)))
    });
    match listed.or(postings.first()).copied() {
        Some(posting) => super::apply(state, Command::Duplicates(DuplicatesCommand::GoTo(posting))),
        None => state.chrome.refuse(state.now, "Its postings are not in this catalogue"),
    }
}

/// Another project is open: the table starts at its newest entry.
pub(super) fn opened(state: &mut AppState) {
    let hides_details = state.history.hides_details;
    state.history = HistoryState { hides_details, ..HistoryState::default() };
}

/// Decided pairs were read from a file: records them as one gesture.
pub(super) fn imported(
    state: &mut AppState,
    gesture: Option<Gesture>,
    problems: &[Problem],
    path: &Path,
) -> Vec<Effect> {
    let file = path.display();
    let Some(gesture) = gesture else {
        return super::events::fail(
            state,
            format!("No decided pair was found. Columns needed: two posting ids and a verdict: {file}"),
        );
    };
    if let Some(reason) = super::saving::refusal(state) {
        return state.chrome.refuse(state.now, reason);
    }
    let seen = Seen { view: View::Import, ..Seen::default() };
    let (_, effects) = super::saving::record(state, gesture, seen);
    let text = match problems.len() {
        0 => format!("Imported the decisions of {file}"),
        n => format!("Imported the decisions of {file}; {n} rows were not understood"),
    };
    state.chrome.toast(state.now, ToastKind::Success, text);
    effects
}

#[cfg(test)]
mod tests;
