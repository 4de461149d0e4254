//! The Catalogue station: opening, browsing, column map, problems, statistics, encoders. Files: `browse` (filtering and
//! moving about a million postings), `columns` (the map editor), `problems` (sorting and filtering), `actions`.

mod actions;
mod browse;
mod columns;
mod problems;

use std::path::PathBuf;

use super::{AppState, Effect, ModelsState, PickFor};
use crate::catalog::{CatalogSource, ColumnPreview, OpenOptions, Problem, ProblemKind, Role, TitleMode};
use crate::jobs::{Request, Statistics};

pub(super) use actions::{ACTIONS, PAGE};
pub use browse::Browse;
pub(super) use browse::Needle;
pub use columns::ColumnDraft;
pub use problems::{ProblemColumn, ProblemList};

/// The pages of the station, in the order of their digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CatalogueSection {
    /// Every posting.
    #[default]
    Postings,
    /// Which column plays which role.
    Columns,
    /// What went wrong while loading.
    Problems,
    /// Counts.
    Statistics,
    /// Which encoders compare the postings.
    Matching,
}

impl CatalogueSection {
    /// All, in the order of their tabs.
    pub const ALL: [Self; 5] =
        [Self::Postings, Self::Columns, Self::Problems, Self::Statistics, Self::Matching];

    /// Name on the tab.
    pub fn label(self) -> &'static str {
        match self {
            Self::Postings => "Postings",
            Self::Columns => "Column map",
            Self::Problems => "Problems",
            Self::Statistics => "Statistics",
            Self::Matching => "Matching",
        }
    }
}

/// State of the station.
#[derive(Clone, Debug, Default)]
pub struct CatalogueState {
    /// The page in view.
    pub section: CatalogueSection,
    /// The table of postings.
    pub browse: Browse,
    /// The table of problems.
    pub problems: ProblemList,
    /// Problems found after loading, such as undecodable pictures.
    pub late_problems: Vec<Problem>,
    /// Counts over the catalogue.
    pub statistics: Option<Statistics>,
    /// The table whose columns are being mapped, before it is opened.
    pub preview: Option<(PathBuf, ColumnPreview)>,
    /// Generation of the latest preview asked for.
    pub preview_generation: u64,
    /// The column map being edited.
    pub draft: ColumnDraft,
    /// A path that could not be opened; its columns can be named by hand.
    pub refused: Option<PathBuf>,
    /// Counts how often the filter was asked for; the view moves the keyboard there when it changes.
    pub n_filter_calls: u32,
    /// The Models panel, which does not depend on the catalogue that is open.
    pub models: ModelsState,
}

/// Commands of this area.
#[derive(Clone, Debug, PartialEq)]
pub enum CatalogueCommand {
    /// Shows a page.
    Section(CatalogueSection),
    /// Moves the cursor of the table in view.
    Move(i64),
    /// Puts the cursor of the table in view on a line.
    SetCursor(usize),
    /// Moves the keyboard to the filter field.
    FocusFilter,
    /// Lists only postings with this text in title, id or group.
    Filter(String),
    /// Filters the next slice of postings; the view asks once a frame while [`Browse::is_scanning`].
    ScanOn,
    /// Shows the posting under the cursor in the queue of duplicates.
    ShowInQueue,
    /// Sorts the problems by a column; the same column again turns the order round.
    SortProblems(ProblemColumn),
    /// Lists only problems of this kind (`None`: all).
    ProblemKind(Option<ProblemKind>),
    /// Takes in problems found since.
    RefreshProblems,
    /// Reads the first rows of this table, to map its columns.
    Preview(PathBuf),
    /// Lets a column play a role, or none.
    MapRole(Role, Option<String>),
    /// How titles are read.
    MapTitles(TitleMode),
    /// The folder of pictures, as typed; empty for none.
    MapImages(String),
    /// Opens the previewed table with the map as edited.
    OpenWithMap,
    /// Looks missing pictures up in this folder too, and opens the catalogue again.
    ImagesFolder(PathBuf),
    /// Writes the table of problems.
    SaveProblems(PathBuf),
    /// Asks where pictures are looked up.
    FindImagesFolder,
}

pub(super) fn apply(state: &mut AppState, command: CatalogueCommand) -> Vec<Effect> {
    use CatalogueCommand as C;
    match command {
        C::Section(section) => return open_section(state, section),
        C::Move(by) => move_cursor(state, by),
        C::SetCursor(line) => match state.catalogue.section {
            CatalogueSection::Problems => state.catalogue.problems.cursor = line,
            _ => state.catalogue.browse.cursor = line,
        },
        C::FocusFilter => {
            state.catalogue.section = CatalogueSection::Postings;
            state.catalogue.n_filter_calls += 1;
        }
        C::Filter(filter) => state.catalogue.browse.set_filter(filter),
        C::ScanOn => {
            if let Some(session) = &state.session.open {
                state.catalogue.browse.scan_on(&session.catalog);
            }
        }
        C::ShowInQueue => return show_in_queue(state),
        C::SortProblems(column) => {
            state.catalogue.problems.sort_by(column);
            refresh_problems(state);
        }
        C::ProblemKind(kind) => {
            state.catalogue.problems.kind = kind;
            refresh_problems(state);
        }
        C::RefreshProblems => refresh_problems(state),
        C::Preview(path) => {
            state.catalogue.section = CatalogueSection::Columns;
            return preview(state, path);
        }
        C::MapRole(role, column) => state.catalogue.draft.map.set(role, column),
        C::MapTitles(mode) => state.catalogue.draft.titles = mode,
        C::MapImages(folder) => state.catalogue.draft.images_dir = folder,
        C::OpenWithMap => return open_with_map(state),
        C::ImagesFolder(folder) => return images_folder(state, folder),
        C::SaveProblems(path) => return vec![Effect::SaveProblems(path)],
        C::FindImagesFolder => return vec![Effect::PickPath(PickFor::ImagesFolder)],
    }
    Vec::new()
}

fn open_section(state: &mut AppState, section: CatalogueSection) -> Vec<Effect> {
    state.catalogue.section = section;
    match section {
        CatalogueSection::Problems => refresh_problems(state),
        CatalogueSection::Columns => {
            let wanted = state.session.open.as_ref().and_then(|session| match session.catalog.source() {
                CatalogSource::File(path) => Some(path.clone()),
                _ => None,
            });
            let known = state.catalogue.preview.is_some();
            if let Some(path) = wanted.filter(|_| !known) {
                return preview(state, path);
            }
        }
        _ => {}
    }
    Vec::new()
}

fn move_cursor(state: &mut AppState, by: i64) {
    let n_postings = state.session.open.as_ref().map_or(0, |session| session.catalog.n_postings());
    let catalogue = &mut state.catalogue;
    let (cursor, n_lines) = match catalogue.section {
        CatalogueSection::Postings => (&mut catalogue.browse.cursor, catalogue.browse.shown.as_ref()),
        CatalogueSection::Problems => (&mut catalogue.problems.cursor, Some(&catalogue.problems.order)),
        _ => return,
    };
    let n_lines = n_lines.map_or(n_postings, Vec::len);
    *cursor = moved(*cursor, by, n_lines);
}

/// A cursor moved by so many lines, kept inside the list.
pub(super) fn moved(cursor: usize, by: i64, n_lines: usize) -> usize {
    let by = isize::try_from(by).unwrap_or(if by < 0 { isize::MIN } else { isize::MAX });
    cursor.saturating_add_signed(by).min(n_lines.saturating_sub(1))
}

fn show_in_queue(state: &mut AppState) -> Vec<Effect> {
    if state.session.open.is_none() || state.catalogue.section != CatalogueSection::Postings {
        return Vec::new();
    }
    let n_postings = state.session.open.as_ref().map_or(0, |session| session.catalog.n_postings());
    match state.catalogue.browse.posting(state.catalogue.browse.cursor, n_postings) {
        Some(posting) => super::duplicates::apply(state, super::DuplicatesCommand::GoTo(posting)),
        None => Vec::new(),
    }
}

fn refresh_problems(state: &mut AppState) {
    let loaded = state.session.open.as_ref().map_or(&[][..], |session| session.catalog.problems());
    state.catalogue.problems.refresh(loaded, &state.catalogue.late_problems);
}

fn preview(state: &mut AppState, path: PathBuf) -> Vec<Effect> {
    state.catalogue.preview_generation += 1;
    state.catalogue.preview = None;
    let generation = state.catalogue.preview_generation;
    vec![Effect::Job(Request::Preview { path, generation })]
}

/// The first rows of a table are there.
pub(super) fn previewed(
    state: &mut AppState,
    path: PathBuf,
    preview: Option<ColumnPreview>,
    generation: u64,
) {
    if generation != state.catalogue.preview_generation {
        return;
    }
    if let Some(preview) = &preview {
        let open = state.session.open.as_ref().filter(|session| is_source(session.catalog.source(), &path));
        state.catalogue.draft = match open {
            Some(session) => {
                ColumnDraft::of_open(&session.settings.open, session.catalog.column_map(), &preview.guess)
            }
            None => ColumnDraft::guessed(preview.guess.clone()),
        };
    }
    state.catalogue.preview = preview.map(|preview| (path, preview));
}

fn is_source(source: &CatalogSource, wanted: &std::path::Path) -> bool {
    source.path() == Some(wanted)
}

fn open_with_map(state: &mut AppState) -> Vec<Effect> {
    let Some((path, _)) = state.catalogue.preview.clone() else { return Vec::new() };
    if let Some(reason) = state.catalogue.draft.refusal() {
        return state.chrome.refuse(state.now, reason);
    }
    let options = state.catalogue.draft.options();
    let is_open =
        state.session.open.as_ref().is_some_and(|session| is_source(session.catalog.source(), &path));
    if is_open {
        return reopen(state, options);
    }
    super::session::apply(state, super::SessionCommand::OpenWith { path, options })
}

fn images_folder(state: &mut AppState, folder: PathBuf) -> Vec<Effect> {
    let Some(session) = &state.session.open else {
        return state.chrome.refuse(state.now, "Open a catalogue first");
    };
    if session.is_demo() {
        return state.chrome.refuse(state.now, "The demo draws its own pictures; it has no folder");
    }
    let options = OpenOptions { images_dir: Some(folder), ..session.settings.open.clone() };
    reopen(state, options)
}

/// Reads the open catalogue again into the same project, so that every decision stays.
fn reopen(state: &mut AppState, options: OpenOptions) -> Vec<Effect> {
    let Some(session) = &state.session.open else { return Vec::new() };
    let source = session.catalog.source().clone();
    let folder = Some(session.folder.clone());
    state.session.opening = Some(session.folder.clone());
    vec![Effect::Job(Request::OpenCatalogue { source, options, folder })]
}

/// Another catalogue is open now: what was known of the last one goes; the page stays.
pub(super) fn opened(state: &mut AppState) {
    let last = std::mem::take(&mut state.catalogue);
    state.catalogue = CatalogueState {
        section: last.section,
        preview_generation: last.preview_generation + 1,
        n_filter_calls: last.n_filter_calls,
        models: last.models,
        ..CatalogueState::default()
    };
}

#[cfg(test)]
mod tests;
