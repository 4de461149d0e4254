//! The History station: the log, filters, undoing any gesture.

use super::{ActionSpec, AppState, Effect};

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
