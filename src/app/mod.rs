//! Floor 6: the brain of the window: state, commands, effects. No pixel, no thread, no file; of egui only the keys.
//!
//! `apply(state, command) -> effects` and `absorb(state, event) -> effects` are the only ways in. Each area of the
//! window has one file with its state, its commands, its actions (what keys and the palette offer) and its `apply`.

mod actions;
mod arena;
mod catalogue;
mod chrome;
mod compare;
mod duplicates;
mod effects;
mod events;
mod history;
mod keymap;
mod look_alikes;
mod matching;
mod models;
mod preferences;
mod saving;
mod session;
mod train;

pub use actions::{ActionSpec, Context, Trigger, action, actions, available};
pub use arena::{ArenaCommand, ArenaOrder, ArenaPage, ArenaState, StrategyChoice, strategy_choices};
pub use catalogue::{
    Browse, CatalogueCommand, CatalogueSection, CatalogueState, ColumnDraft, ProblemColumn, ProblemList,
};
pub use chrome::{ChromeCommand, ChromeState, Dialog, Focus, RunningJob, Station, Toast, ToastKind};
pub use compare::{CompareCommand, CompareMode, CompareState, Flip, Look, Purpose, Scale, Side, ZoomLock};
pub use duplicates::{
    BATCH_SIZE, BatchState, Card, CutState, DuplicatesCommand, DuplicatesMode, DuplicatesState, Judgement,
    Large, Manner, Mark, OpenItem, PendingQueue, Stopwatch, judgement,
};
pub use effects::{Effect, PickFor, Politeness};
pub use events::absorb;
pub use history::{
    HistoryCommand, HistoryFilter, HistoryKind, HistoryState, Listing, entry_postings, entry_verdict,
    entry_wording, view_label,
};
pub use keymap::{Binding, Clash, KeyBy, KeyEvent, Keymap};
pub use look_alikes::{
    AnswerPreview, AskAbout, Asked, HardNegative, LookAlikesCommand, LookAlikesMode, LookAlikesSection,
    LookAlikesState, Move, OpenQuestion, PER_PAGE, Phase, PlayScore, SideBySide, Studio, Warning,
    answer_preview, is_blind, page as look_alikes_page, shows_ranks, shows_scores, shows_truth,
};
pub use matching::{Cause, Change, MatchCommand, MatchState, strategies};
pub use models::{ModelsCommand, ModelsState, RunningModel, Said, Which, reads_label};
pub use preferences::{Preferences, ThemeChoice};
pub use saving::{SaveStatus, SavingState};
pub use session::{Session, SessionCommand, SessionState};
pub use train::{
    PairKind, RecipeDraft, Run, RunColumn, RunId, RunList, StoredCurve, TrainCommand, TrainSection,
    TrainState,
};

/// The time, given by the shell at the start of each frame, so that everything that depends on it can be tested.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Now {
    /// Seconds since the window opened; never goes back.
    pub secs: f64,
    /// Wall clock, milliseconds since 1970 UTC.
    pub wall_millis: i64,
}

/// Everything the window knows. At most twelve fields; an area's own state lives in its file.
#[derive(Debug, Default)]
pub struct AppState {
    /// This frame's time.
    pub now: Now,
    /// What the user likes: theme, text size, keys, reviewer name; saved across projects.
    pub preferences: Preferences,
    /// The open project and catalogue.
    pub session: SessionState,
    /// Match settings and their current outcome.
    pub matching: MatchState,
    /// The decision log as seen from here, and whether it is on disk.
    pub saving: SavingState,
    /// The Duplicates station.
    pub duplicates: DuplicatesState,
    /// The Look-alikes station.
    pub look_alikes: LookAlikesState,
    /// The compare overlay.
    pub compare: CompareState,
    /// The Catalogue station, and the Models panel that its matching reads from.
    pub catalogue: CatalogueState,
    /// The Train station.
    pub train: TrainState,
    /// The History station.
    pub history: HistoryState,
    /// Rail, palette, dialogs, toasts, running job.
    pub chrome: ChromeState,
}

/// Everything that can be done, by key, click, palette or test.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Opening and closing projects.
    Session(SessionCommand),
    /// Threshold, weight, fusion.
    Match(MatchCommand),
    /// The Duplicates station.
    Duplicates(DuplicatesCommand),
    /// The Look-alikes station.
    LookAlikes(LookAlikesCommand),
    /// The Arena.
    Arena(ArenaCommand),
    /// The compare overlay.
    Compare(CompareCommand),
    /// The Catalogue station.
    Catalogue(CatalogueCommand),
    /// The Models panel.
    Models(ModelsCommand),
    /// The Train station.
    Train(TrainCommand),
    /// The History station.
    History(HistoryCommand),
    /// Rail, palette, dialogs, toasts.
    Chrome(ChromeCommand),
}

impl AppState {
    /// The models folder in force: the command line's, else the user's; `None` leaves it to
    /// [`crate::encode::ModelStore::resolve`].
    pub fn models_folder(&self) -> Option<std::path::PathBuf> {
        self.chrome.models_given.clone().or_else(|| self.preferences.models_dir.clone())
    }
}

/// Applies one command. Pure: what must happen outside the state is returned.
pub fn apply(state: &mut AppState, command: Command) -> Vec<Effect> {
    match command {
        Command::Session(command) => session::apply(state, command),
        Command::Match(command) => matching::apply(state, command),
        Command::Duplicates(command) => duplicates::apply(state, command),
        Command::LookAlikes(command) => look_alikes::apply(state, command),
        Command::Arena(command) => arena::apply(state, command),
        Command::Compare(command) => compare::apply(state, command),
        Command::Catalogue(command) => catalogue::apply(state, command),
        Command::Models(command) => models::apply(state, command),
        Command::Train(command) => train::apply(state, command),
        Command::History(command) => history::apply(state, command),
        Command::Chrome(command) => chrome::apply(state, command),
    }
}
