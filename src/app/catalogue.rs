//! The Catalogue station: opening, column map, problems, statistics, browsing.

use std::path::PathBuf;

use super::{ActionSpec, AppState, Effect};
use crate::catalog::{ColumnPreview, Problem};
use crate::jobs::Statistics;

/// State of the station.
#[derive(Clone, Debug, Default)]
pub struct CatalogueState {
    /// Problems found after loading, such as undecodable pictures.
    pub late_problems: Vec<Problem>,
    /// Counts over the catalogue.
    pub statistics: Option<Statistics>,
    /// The table whose columns are being mapped, before it is opened.
    pub preview: Option<(PathBuf, ColumnPreview)>,
    /// Generation of the latest preview asked for.
    pub preview_generation: u64,
}

/// Commands of this area.
#[derive(Clone, Debug, PartialEq)]
pub enum CatalogueCommand {}

/// What keys and the palette offer.
pub(super) const ACTIONS: &[ActionSpec] = &[];

pub(super) fn apply(state: &mut AppState, command: CatalogueCommand) -> Vec<Effect> {
    let _ = state;
    match command {}
}

/// The first rows of a table are there.
pub(super) fn previewed(
    state: &mut AppState,
    path: PathBuf,
    preview: Option<ColumnPreview>,
    generation: u64,
) {
    if generation == state.catalogue.preview_generation {
        state.catalogue.preview = preview.map(|preview| (path, preview));
    }
}
