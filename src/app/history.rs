//! The History station: the log, filters, undoing any gesture.

use std::path::Path;

use super::{ActionSpec, AppState, Effect, ToastKind};
use crate::catalog::Problem;
use crate::review::{Gesture, Seen, View};

/// State of the station.
#[derive(Clone, Debug, Default)]
pub struct HistoryState {}

/// Commands of this area.
#[derive(Clone, Debug, PartialEq)]
pub enum HistoryCommand {}

/// What keys and the palette offer.
pub(super) const ACTIONS: &[ActionSpec] = &[];

pub(super) fn apply(state: &mut AppState, command: HistoryCommand) -> Vec<Effect> {
    let _ = state;
    match command {}
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
