//! The frame around the stations: rail, palette, dialogs, toasts, the running job.

use std::path::PathBuf;
use std::sync::Arc;

use super::{ActionSpec, AppState, Command, Context, DuplicatesMode, Effect, PickFor, ThemeChoice};
use crate::index::Hit;
use crate::jobs::{JobId, JobKind, Progress, Request, SearchQuery};
use crate::nn::DeviceChoice;
use crate::review::{EntryId, Gesture, Seen, View};

/// How long a message that is no error stays.
const TOAST_SECS: f64 = 6.0;

/// The stations that exist, in the order of the rail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Station {
    /// What there is to compare.
    Catalogue,
    /// The queue of look-alikes to decide.
    #[default]
    Duplicates,
    /// One posting against many, and hard negatives.
    LookAlikes,
    /// Strategies side by side.
    Arena,
    /// Learning from decisions, and its receipts.
    Train,
    /// The log of decisions.
    History,
}

impl Station {
    /// All, in the order of the rail and of Ctrl+1, Ctrl+2, ...
    pub const ALL: [Self; 6] =
        [Self::Catalogue, Self::Duplicates, Self::LookAlikes, Self::Arena, Self::Train, Self::History];

    /// Name on the rail.
    pub fn label(self) -> &'static str {
        match self {
            Self::Catalogue => "Catalogue",
            Self::Duplicates => "Duplicates",
            Self::LookAlikes => "Look-alikes",
            Self::Arena => "Arena",
            Self::Train => "Train",
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
    /// Models: what is there, getting and adding them.
    Models,
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
    /// The jobs that run, latest last.
    pub jobs: Vec<RunningJob>,
    /// Sentences the jobs left behind.
    pub notes: Vec<String>,
    /// The device that computes, in words.
    pub device: String,
    /// The device asked for on the command line.
    pub device_choice: DeviceChoice,
    /// The models folder of the command line.
    pub models_given: Option<PathBuf>,
    /// What the last search found, best first.
    pub hits: Vec<Hit>,
    /// Generation of the last search; older answers are dropped.
    pub search_generation: u64,
    /// [`super::Now::secs`] of the last refusal, for the visible flash.
    pub flash_secs: Option<f64>,
    next_toast: u64,
}

/// A job that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct RunningJob {
    /// Which.
    pub job: JobId,
    /// Of what kind.
    pub kind: JobKind,
    /// Where it stands.
    pub progress: Progress,
    /// [`super::Now::secs`] when it started.
    pub since_secs: f64,
}

/// Whether the window has the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    /// It has.
    Gained,
    /// Another window has.
    Lost,
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
    /// Hides or shows scores.
    ToggleScores,
    /// Light, dark, system in turn.
    NextTheme,
    /// Presentation mode on or off.
    TogglePresentation,
    /// Full screen on or off.
    ToggleFullScreen,
    /// Gives the keyboard to the next pane.
    NextPane,
    /// Stops the running job; what is finished stays.
    CancelJob,
    /// Replaces the preferences (the settings dialog).
    SetPreferences(Box<super::Preferences>),
    /// Searches the catalogue by title or picture.
    Search(SearchQuery),
    /// The window got or lost the focus.
    Focus(Focus),
    /// Time has passed: removes messages that were up long enough.
    Tick,
    /// Tries to write again what the disk refused.
    RetryWrite,
    /// Writes the log, with what the disk refused, elsewhere.
    SaveCopy(PathBuf),
    /// Writes decisions or matches to a file.
    Export {
        /// Format id.
        format: String,
        /// The file.
        path: PathBuf,
    },
    /// Asks for a path.
    Pick(PickFor),
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
        "chrome.look_alikes",
        Context::Everywhere,
        "Look-alikes",
        "Goes to one posting against many",
        &["Ctrl+3"],
        || Command::Chrome(ChromeCommand::Go(Station::LookAlikes)),
    )
    .quiet(),
    ActionSpec::press(
        "chrome.arena",
        Context::Everywhere,
        "Arena",
        "Goes to strategies side by side",
        &["Ctrl+4"],
        || Command::Chrome(ChromeCommand::Go(Station::Arena)),
    )
    .quiet(),
    ActionSpec::press(
        "chrome.train",
        Context::Everywhere,
        "Train",
        "Goes to learning from decisions",
        &["Ctrl+5"],
        || Command::Chrome(ChromeCommand::Go(Station::Train)),
    )
    .quiet(),
    ActionSpec::press(
        "chrome.history",
        Context::Everywhere,
        "History",
        "Goes to the log of decisions",
        &["Ctrl+6"],
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
        "chrome.next_pane",
        Context::Everywhere,
        "Next pane",
        "Gives the keyboard to the next pane: centre, queue filter, rail",
        &["F6"],
        || Command::Chrome(ChromeCommand::NextPane),
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

    /// Refuses something visibly: a flash and the reason.
    pub(super) fn refuse(&mut self, now: super::Now, reason: impl Into<String>) -> Vec<Effect> {
        let reason = reason.into();
        self.flash_secs = Some(now.secs);
        self.toasts.retain(|toast| toast.text != reason);
        self.toast(now, ToastKind::Warning, reason.clone());
        vec![Effect::Announce(reason, super::Politeness::Assertive)]
    }

    pub(super) fn job_started(&mut self, job: JobId, kind: JobKind, now: super::Now) {
        let progress = Progress { stage: kind.label().to_owned(), ..Progress::default() };
        self.jobs.push(RunningJob { job, kind, progress, since_secs: now.secs });
    }

    pub(super) fn job_progress(&mut self, job: JobId, progress: Progress) {
        if let Some(running) = self.jobs.iter_mut().find(|running| running.job == job) {
            running.progress = progress;
        }
    }

    pub(super) fn job_ended(&mut self, job: JobId) {
        self.jobs.retain(|running| running.job != job);
    }

    pub(super) fn found(&mut self, hits: Vec<Hit>, generation: u64) {
        if generation == self.search_generation {
            self.hits = hits;
        }
    }
}

pub(super) fn apply(state: &mut AppState, command: ChromeCommand) -> Vec<Effect> {
    let before = state.preferences.clone();
    match command {
        ChromeCommand::Go(station) => {
            state.chrome.station = station;
            state.chrome.dialog = None;
            super::compare::close(state);
        }
        ChromeCommand::Open(dialog) => {
            state.chrome.typed.clear();
            state.chrome.dialog = Some(dialog);
        }
        ChromeCommand::Escape => return escape(state),
        ChromeCommand::Type(text) => state.chrome.typed = text,
        ChromeCommand::Search(query) => return search(state, query),
        ChromeCommand::Dismiss(id) => state.chrome.toasts.retain(|toast| toast.id != id),
        ChromeCommand::ToggleQueue => state.preferences.show_queue = !state.preferences.show_queue,
        ChromeCommand::ToggleDetails => state.preferences.show_details = !state.preferences.show_details,
        ChromeCommand::ToggleScores => state.preferences.hide_scores = !state.preferences.hide_scores,
        ChromeCommand::NextTheme => {
            state.preferences.theme = match state.preferences.theme {
                ThemeChoice::System => ThemeChoice::Light,
                ThemeChoice::Light => ThemeChoice::Dark,
                ThemeChoice::Dark => ThemeChoice::System,
            };
        }
        ChromeCommand::TogglePresentation => {
            state.preferences.presentation = !state.preferences.presentation;
        }
        ChromeCommand::ToggleFullScreen => return vec![Effect::ToggleFullScreen],
        ChromeCommand::NextPane => return vec![Effect::NextPane],
        ChromeCommand::CancelJob => return vec![Effect::CancelJob],
        ChromeCommand::SetPreferences(preferences) => {
            state.preferences = *preferences;
            if state.preferences.models_dir != before.models_dir {
                return models_moved(state);
            }
        }
        ChromeCommand::Focus(focus) => {
            if let Some(item) = &mut state.duplicates.item {
                item.watch.set_away(focus == Focus::Lost, state.now.secs);
            }
            state.compare.watch.set_away(focus == Focus::Lost, state.now.secs);
            super::look_alikes::set_away(state, focus == Focus::Lost);
            return Vec::new();
        }
        ChromeCommand::Tick => {
            let now = state.now.secs;
            let is_fresh =
                |toast: &Toast| toast.kind == ToastKind::Error || now - toast.since_secs < TOAST_SECS;
            state.chrome.toasts.retain(is_fresh);
            return Vec::new();
        }
        ChromeCommand::RetryWrite => return vec![Effect::Job(Request::RetryWrite)],
        ChromeCommand::SaveCopy(path) => return vec![Effect::Job(Request::SaveCopy(path))],
        ChromeCommand::Export { format, path } => {
            let matched = state.matching.outcome.clone();
            let review = Arc::new(state.saving.review.clone());
            return vec![Effect::Job(Request::Export { format, path, matched, review })];
        }
        ChromeCommand::Pick(what) => return vec![Effect::PickPath(what)],
        ChromeCommand::Undo => return undo(state),
        ChromeCommand::Redo => return redo(state),
    }
    if state.preferences == before { Vec::new() } else { vec![Effect::SavePreferences] }
}

/// Closes the innermost layer; never decides anything.
fn escape(state: &mut AppState) -> Vec<Effect> {
    if state.chrome.dialog.take().is_some() {
        return Vec::new();
    }
    if state.compare.is_open() {
        return super::compare::apply(state, super::CompareCommand::Close);
    }
    if state.chrome.station == Station::LookAlikes && super::look_alikes::escape(state) {
        return Vec::new();
    }
    let duplicates = &mut state.duplicates;
    if duplicates.merge_query.take().is_some() || duplicates.note_draft.take().is_some() {
        return Vec::new();
    }
    if duplicates.is_why_open || duplicates.mode != DuplicatesMode::Review {
        duplicates.is_why_open = false;
        duplicates.mode = DuplicatesMode::Review;
        return Vec::new();
    }
    state.chrome.toasts.pop();
    Vec::new()
}

/// Models are looked up in another folder from now on.
fn models_moved(state: &AppState) -> Vec<Effect> {
    let (device, models) = (state.chrome.device_choice, state.models_folder());
    let mut effects = vec![Effect::SavePreferences, Effect::Job(Request::Configure { device, models })];
    effects.extend(super::models::refresh(state));
    effects
}

fn search(state: &mut AppState, query: SearchQuery) -> Vec<Effect> {
    const N_HITS: usize = 50;
    if state.session.open.is_none() {
        return state.chrome.refuse(state.now, "Open a catalogue first");
    }
    state.chrome.search_generation += 1;
    vec![Effect::Job(Request::Search { query, k: N_HITS, generation: state.chrome.search_generation })]
}

fn undo(state: &mut AppState) -> Vec<Effect> {
    match state.saving.review.undo_target(&state.preferences.reviewer) {
        Some(entry) => retract(state, entry),
        None => state.chrome.refuse(state.now, "There is nothing to undo"),
    }
}

fn redo(state: &mut AppState) -> Vec<Effect> {
    match state.saving.review.redo_target(&state.preferences.reviewer) {
        Some(entry) => retract(state, entry),
        None => state.chrome.refuse(state.now, "There is nothing to redo"),
    }
}

/// Retracts an entry and shows what that changes: jumps to its item and outlines its postings.
pub(super) fn retract(state: &mut AppState, entry: EntryId) -> Vec<Effect> {
    if let Some(reason) = super::saving::refusal(state) {
        return state.chrome.refuse(state.now, reason);
    }
    let seen = Seen { view: View::History, ..Seen::default() };
    let (_, mut effects) = super::saving::record(state, Gesture::Retract { entry }, seen);
    // Undo and redo of an answer about looks is shown where such answers are given.
    if !super::look_alikes::show_change(state, target_of(state, entry)) {
        effects.extend(super::duplicates::show_change(state, entry));
    }
    effects
}

/// The gesture that a chain of retractions is about in the end.
pub(super) fn target_of(state: &AppState, entry: EntryId) -> EntryId {
    let mut target = entry;
    while let Some(earlier) = state.saving.review.entry(target).and_then(|entry| entry.gesture.retracts()) {
        target = earlier;
    }
    target
}
