//! The frame around the stations: rail, palette, dialogs, toasts, the running job.

use super::{ActionSpec, AppState, Command, Context, Effect};
use crate::jobs::Progress;

/// The stations that exist, in the order of the rail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Station {
    /// What there is to compare.
    Catalogue,
    /// The queue of look-alikes to decide.
    #[default]
    Duplicates,
    /// The log of decisions.
    History,
}

impl Station {
    /// All, in the order of the rail and of Ctrl+1, Ctrl+2, ...
    pub const ALL: [Self; 3] = [Self::Catalogue, Self::Duplicates, Self::History];

    /// Name on the rail.
    pub fn label(self) -> &'static str {
        match self {
            Self::Catalogue => "Catalogue",
            Self::Duplicates => "Duplicates",
            Self::History => "History",
        }
    }
}

/// An overlay that takes the keyboard; Esc closes one layer and never decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialog {
    /// The command palette (also takes a typed path).
    Palette,
    /// All keys valid now.
    Keys,
    /// Settings and the key editor.
    Settings,
    /// Choosing an export format.
    Export,
    /// Search by title or picture.
    Search,
}

/// How serious a toast is; errors stay until dismissed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToastKind {
    /// Something happened.
    Info,
    /// Something went well.
    Success,
    /// Something was refused.
    Warning,
    /// Something failed.
    Error,
}

/// A short message.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    /// Number for dismissing it.
    pub id: u64,
    /// How serious.
    pub kind: ToastKind,
    /// The message: what happened, to which file, what to do.
    pub text: String,
    /// [`super::Now::secs`] when it appeared.
    pub since_secs: f64,
}

/// State of the frame.
#[derive(Clone, Debug, Default)]
pub struct ChromeState {
    /// The station in view.
    pub station: Station,
    /// The open overlay.
    pub dialog: Option<Dialog>,
    /// Text typed into the palette or the search field.
    pub typed: String,
    /// Messages on screen.
    pub toasts: Vec<Toast>,
    /// The running long job, with its progress.
    pub job: Option<Progress>,
    /// [`super::Now::secs`] of the last refusal, for the visible flash.
    pub flash_secs: Option<f64>,
    next_toast: u64,
}

/// Commands of this area.
#[derive(Clone, Debug, PartialEq)]
pub enum ChromeCommand {
    /// Goes to a station.
    Go(Station),
    /// Opens an overlay.
    Open(Dialog),
    /// Closes the innermost overlay or mode.
    Escape,
    /// Changes the typed text of an overlay.
    Type(String),
    /// Removes a toast.
    Dismiss(u64),
    /// Shows or hides the queue.
    ToggleQueue,
    /// Shows or hides the details pane.
    ToggleDetails,
    /// Light, dark, system in turn.
    NextTheme,
    /// Presentation mode on or off.
    TogglePresentation,
    /// Full screen on or off.
    ToggleFullScreen,
    /// Stops the running job; what is finished stays.
    CancelJob,
    /// Replaces the preferences (the settings dialog).
    SetPreferences(Box<super::Preferences>),
    /// Undoes the reviewer's latest gesture.
    Undo,
    /// Redoes what was just undone.
    Redo,
}

/// What keys and the palette offer.
pub(super) const ACTIONS: &[ActionSpec] = &[
    ActionSpec::press(
        "chrome.palette",
        Context::Everywhere,
        "Palette",
        "Finds any command, or opens a typed path",
        &["Ctrl+K"],
        || Command::Chrome(ChromeCommand::Open(Dialog::Palette)),
    ),
    ActionSpec::press(
        "chrome.catalogue",
        Context::Everywhere,
        "Catalogue",
        "Goes to the catalogue",
        &["Ctrl+1"],
        || Command::Chrome(ChromeCommand::Go(Station::Catalogue)),
    )
    .quiet(),
    ActionSpec::press(
        "chrome.duplicates",
        Context::Everywhere,
        "Duplicates",
        "Goes to the queue of duplicates",
        &["Ctrl+2"],
        || Command::Chrome(ChromeCommand::Go(Station::Duplicates)),
    )
    .quiet(),
    ActionSpec::press(
        "chrome.history",
        Context::Everywhere,
        "History",
        "Goes to the log of decisions",
        &["Ctrl+3"],
        || Command::Chrome(ChromeCommand::Go(Station::History)),
    )
    .quiet(),
    ActionSpec::press(
        "chrome.undo",
        Context::Everywhere,
        "Undo",
        "Takes back the latest decision",
        &["Ctrl+Z"],
        || Command::Chrome(ChromeCommand::Undo),
    )
    .quiet(),
    ActionSpec::press(
        "chrome.redo",
        Context::Everywhere,
        "Redo",
        "Decides again what was just taken back",
        &["Ctrl+Shift+Z", "Ctrl+Y"],
        || Command::Chrome(ChromeCommand::Redo),
    )
    .quiet(),
    ActionSpec::press(
        "chrome.export",
        Context::Everywhere,
        "Export…",
        "Writes decisions or matches to a file",
        &["Ctrl+E"],
        || Command::Chrome(ChromeCommand::Open(Dialog::Export)),
    )
    .quiet(),
    ActionSpec::press(
        "chrome.search",
        Context::Everywhere,
        "Search…",
        "Finds postings by title or by a picture",
        &["Ctrl+F"],
        || Command::Chrome(ChromeCommand::Open(Dialog::Search)),
    )
    .quiet(),
    ActionSpec::press(
        "chrome.settings",
        Context::Everywhere,
        "Settings…",
        "Theme, text size, reviewer, keys",
        &["Ctrl+,"],
        || Command::Chrome(ChromeCommand::Open(Dialog::Settings)),
    )
    .quiet(),
    ActionSpec::press(
        "chrome.keys",
        Context::Everywhere,
        "Keys",
        "Shows every key that works here",
        &["F1", "?"],
        || Command::Chrome(ChromeCommand::Open(Dialog::Keys)),
    ),
    ActionSpec::press(
        "chrome.queue",
        Context::Everywhere,
        "Queue",
        "Shows or hides the queue",
        &["Ctrl+B"],
        || Command::Chrome(ChromeCommand::ToggleQueue),
    )
    .quiet(),
    ActionSpec::press(
        "chrome.full_screen",
        Context::Everywhere,
        "Full screen",
        "Fills the screen with the window",
        &["F11"],
        || Command::Chrome(ChromeCommand::ToggleFullScreen),
    )
    .quiet(),
    ActionSpec::press(
        "chrome.theme",
        Context::Everywhere,
        "Switch theme",
        "Light, dark, or as the system says",
        &[],
        || Command::Chrome(ChromeCommand::NextTheme),
    )
    .quiet(),
    ActionSpec::press(
        "chrome.presentation",
        Context::Everywhere,
        "Presentation mode",
        "Large text; ids, paths and sellers hidden",
        &[],
        || Command::Chrome(ChromeCommand::TogglePresentation),
    )
    .quiet(),
    ActionSpec::press(
        "chrome.cancel_job",
        Context::Everywhere,
        "Stop the running job",
        "Stops it; what is finished stays",
        &[],
        || Command::Chrome(ChromeCommand::CancelJob),
    )
    .quiet(),
    ActionSpec::press(
        "chrome.escape",
        Context::Everywhere,
        "Back",
        "Closes one layer; never decides anything",
        &["Esc"],
        || Command::Chrome(ChromeCommand::Escape),
    )
    .quiet(),
];

impl ChromeState {
    /// Shows a message.
    pub fn toast(&mut self, now: super::Now, kind: ToastKind, text: impl Into<String>) {
        self.next_toast += 1;
        self.toasts.push(Toast { id: self.next_toast, kind, text: text.into(), since_secs: now.secs });
    }
}

pub(super) fn apply(state: &mut AppState, command: ChromeCommand) -> Vec<Effect> {
    let _ = (state, command);
    Vec::new()
}
