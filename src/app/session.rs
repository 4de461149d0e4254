//! The open project: its folder, catalogue and settings; opening, closing, taking over.

use std::path::PathBuf;
use std::sync::Arc;

use super::{ActionSpec, AppState, Command, Context, Effect};
use crate::catalog::{Catalog, OpenOptions};
use crate::project::{Access, ProjectSettings};

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
    /// Shows the open dialog.
    Pick,
    /// Opens the built-in demo.
    OpenDemo,
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
    let _ = (state, command);
    Vec::new()
}
