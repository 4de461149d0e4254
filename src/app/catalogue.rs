//! The Catalogue station: opening, column map, problems, statistics, browsing.

use super::{ActionSpec, AppState, Effect};

/// State of the station.
#[derive(Clone, Debug, Default)]
pub struct CatalogueState {}

/// Commands of this area.
#[derive(Clone, Debug, PartialEq)]
pub enum CatalogueCommand {}

/// What keys and the palette offer.
pub(super) const ACTIONS: &[ActionSpec] = &[];

pub(super) fn apply(state: &mut AppState, command: CatalogueCommand) -> Vec<Effect> {
    let _ = state;
    match command {}
}
