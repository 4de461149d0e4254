//! The open project: its folder, catalogue and settings; opening, closing, taking over.

use std::path::PathBuf;
use std::sync::Arc;

use super::{ActionSpec, AppState, Command, Context, Effect, PickFor, ToastKind};
use crate::catalog::{Catalog, CatalogSource, OpenOptions, demo};
use crate::jobs::{Opened, Request};
use crate::project::{Access, ProjectSettings};
use crate::review::ReviewState;

/// Name under which the reviewer's place in the queue is remembered.
pub(super) const PLACE: &str = "duplicates";

/// Name under which the reviewer's place among the questions about looks is remembered.
pub(super) const LOOK_ALIKES_PLACE: &str = "look-alikes";

/// An open project.
#[derive(Clone, Debug)]
pub struct Session {
    /// The project folder.
    pub folder: PathBuf,
    /// Its display name.
    pub name: String,
    /// Whether this window may write.
    pub access: Access,
    /// The catalogue.
    pub catalog: Arc<Catalog>,
    /// The settings as last saved.
    pub settings: ProjectSettings,
}

/// What is open, and what is being opened.
#[derive(Clone, Debug, Default)]
pub struct SessionState {
    /// The open project.
    pub open: Option<Session>,
    /// A path being opened; the old project stays on screen until it is there.
    pub opening: Option<PathBuf>,
}

/// Commands of this area.
#[derive(Clone, Debug, PartialEq)]
pub enum SessionCommand {
    /// Opens a catalogue file, a folder of pictures or a project folder, guessing what it is.
    OpenPath(PathBuf),
    /// Opens a catalogue with these options (column map, picture folder, titles).
    OpenWith {
        /// The catalogue.
        path: PathBuf,
        /// How to read it.
        options: OpenOptions,
    },
    /// Opens a catalogue with its project in a given folder.
    OpenSource {
        /// The catalogue.
        source: CatalogSource,
        /// The project folder.
        folder: PathBuf,
    },
    /// Shows the open dialog.
    Pick,
    /// Opens the built-in demo.
    OpenDemo,
    /// Opens the built-in demo of what looks like what, at the Look-alikes station.
    OpenLooksLikeDemo,
    /// Empties the demo's decisions and starts over.
    ResetDemo,
    /// Asks the other window to let this one write.
    TakeOver,
}

/// What keys and the palette offer.
pub(super) const ACTIONS: &[ActionSpec] = &[
    ActionSpec::press(
        "session.open",
        Context::Everywhere,
        "Open catalogue…",
        "Opens a catalogue file, a folder of pictures or a project",
        &["Ctrl+O"],
        || Command::Session(SessionCommand::Pick),
    )
    .quiet(),
    ActionSpec::press(
        "session.demo",
        Context::Everywhere,
        "Open demo",
        "Opens the built-in demo catalogue",
        &[],
        || Command::Session(SessionCommand::OpenDemo),
    )
    .quiet(),
    ActionSpec::press(
        "session.looks_like_demo",
        Context::Everywhere,
        "Open look-alikes demo",
        "Opens the built-in pairs of different things that look alike",
        &[],
        || Command::Session(SessionCommand::OpenLooksLikeDemo),
    )
    .quiet(),
    ActionSpec::press(
        "session.reset_demo",
        Context::Everywhere,
        "Reset demo",
        "Forgets every decision made on the demo catalogue",
        &[],
        || Command::Session(SessionCommand::ResetDemo),
    )
    .quiet(),
    ActionSpec::press(
        "session.take_over",
        Context::Everywhere,
        "Take over writing",
        "Asks the other window to become read-only, so that this one can record decisions",
        &[],
        || Command::Session(SessionCommand::TakeOver),
    )
    .quiet(),
];

pub(super) fn apply(state: &mut AppState, command: SessionCommand) -> Vec<Effect> {
    match command {
        SessionCommand::OpenPath(path) => open_path(state, path, OpenOptions::default()),
        SessionCommand::OpenWith { path, options } => open_path(state, path, options),
        SessionCommand::OpenSource { source, folder } => {
            state.session.opening = Some(folder.clone());
            let options = OpenOptions::default();
            vec![Effect::Job(Request::OpenCatalogue { source, options, folder: Some(folder) })]
        }
        SessionCommand::Pick => vec![Effect::PickPath(PickFor::Catalogue)],
        SessionCommand::OpenDemo => {
            state.session.opening = Some(PathBuf::from("Demo"));
            let source =
                CatalogSource::Demo { n_products: demo::DEFAULT_N_PRODUCTS, seed: demo::DEFAULT_SEED };
            let options = OpenOptions::default();
            vec![Effect::Job(Request::OpenCatalogue { source, options, folder: None })]
        }
        SessionCommand::OpenLooksLikeDemo => {
            state.session.opening = Some(PathBuf::from("Look-alikes demo"));
            state.chrome.station = super::Station::LookAlikes;
            let source =
                CatalogSource::DemoLooksLike { n_pairs: demo::DEFAULT_N_PAIRS, seed: demo::DEFAULT_SEED };
            let options = OpenOptions::default();
            vec![Effect::Job(Request::OpenCatalogue { source, options, folder: None })]
        }
        SessionCommand::ResetDemo => {
            let is_demo = state.session.open.as_ref().is_some_and(Session::is_demo);
            if is_demo {
                return vec![Effect::Job(Request::ResetDemo)];
            }
            state.chrome.toast(state.now, ToastKind::Warning, "Only the demo can be reset; open it first");
            Vec::new()
        }
        SessionCommand::TakeOver => vec![Effect::Job(Request::TakeOver)],
    }
}

fn open_path(state: &mut AppState, path: PathBuf, options: OpenOptions) -> Vec<Effect> {
    state.session.opening = Some(path.clone());
    vec![Effect::OpenPath { path, options }]
}

/// The project is there: shows it and asks for everything that follows from it.
pub(super) fn opened(state: &mut AppState, opened: Opened) -> Vec<Effect> {
    let Opened { name, folder, settings, access, catalog, entries } = opened;
    state.session.opening = None;
    state.preferences.remember_project(folder.clone());
    state.saving = super::SavingState { review: ReviewState::from_entries(entries), ..Default::default() };
    state.duplicates = super::DuplicatesState::default();
    state.compare = super::CompareState::default();
    super::catalogue::opened(state);
    super::history::opened(state);
    super::look_alikes::opened(state);
    state.matching = super::MatchState::for_project(&settings.matching, state.matching.generation);
    if access == Access::ReadOnly {
        let text = "The project is open in another window: this one is read-only. \u{201c}Take over writing\u{201d} lets it record decisions";
        state.chrome.toast(state.now, ToastKind::Warning, text);
    }
    let reviewer = state.preferences.reviewer.clone();
    state.session.open = Some(Session { folder, name, access, catalog, settings });
    let mut effects = vec![
        Effect::SavePreferences,
        Effect::Job(Request::RecallPlace { reviewer: reviewer.clone(), name: PLACE.to_owned() }),
        Effect::Job(Request::RecallPlace { reviewer, name: LOOK_ALIKES_PLACE.to_owned() }),
        Effect::Job(Request::CollectStatistics),
    ];
    effects.extend(super::train::opened(state));
    effects.extend(super::matching::rematch(state, super::matching::Cause::Opened));
    effects
}

impl Session {
    /// Whether this is the built-in demo.
    pub fn is_demo(&self) -> bool {
        self.catalog.source().is_demo()
    }
}
