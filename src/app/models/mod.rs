//! The Models panel: what models there are, what is there of each, what is being done to which. The files themselves are the
//! jobs' business; here is only what was reported.

mod actions;
mod listing;

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{AppState, Cause, Dialog, Effect, PickFor, Politeness, ToastKind};
use crate::encode::{AddFiles, ModelStatus, bytes_in_words};
use crate::jobs::{
    JobId, ModelAction, ModelDone, ModelTask, ModelTicket, ModelsAnswer, Network, Progress, Request,
};

pub(super) use actions::ACTIONS;
pub use listing::reads_label;

/// State of the panel.
#[derive(Clone, Debug, Default)]
pub struct ModelsState {
    /// Every model as last reported; `None` before the first report.
    pub statuses: Option<Vec<ModelStatus>>,
    /// The models folder as last reported.
    pub folder: PathBuf,
    /// Sentences about what cannot be read in it.
    pub problems: Vec<String>,
    /// Only models with these words are listed.
    pub filter: String,
    /// Positions in `statuses` of the listed models.
    pub shown: Vec<usize>,
    /// The line under the cursor.
    pub cursor: usize,
    /// What is being done, by model id.
    pub running: BTreeMap<String, RunningModel>,
    /// What was last said about a model, by id.
    pub said: BTreeMap<String, Said>,
    /// Counts how often the filter was asked for; the view moves the keyboard there when it changes.
    pub n_filter_calls: u32,
    next_ticket: u32,
}

/// Something that is being done to a model.
#[derive(Clone, Debug, PartialEq)]
pub struct RunningModel {
    /// The number it was asked under.
    pub ticket: ModelTicket,
    /// What is done.
    pub action: ModelAction,
    /// The job, once it is known.
    pub job: Option<JobId>,
    /// Where it stands.
    pub progress: Progress,
    /// Whether it was asked to stop.
    pub is_stopping: bool,
}

/// The last word on a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It went well.
    Good(String),
    /// What went wrong, and what to do.
    Bad(String),
}

/// Which model a command is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one under the cursor.
    Selected,
    /// By id.
    Id(String),
}

/// Commands of this area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelsCommand {
    /// Opens the panel, with the cursor on a model where one is named.
    Open(Option<String>),
    /// Looks again at what is there.
    Refresh,
    /// Lists only models with these words.
    Filter(String),
    /// Moves the keyboard to the filter.
    FocusFilter,
    /// Moves the cursor.
    Move(i64),
    /// Puts the cursor on a line.
    SetCursor(usize),
    /// Downloads a model.
    Get(Which),
    /// Stops what is being done to a model; what arrived stays.
    Cancel(Which),
    /// Checks a model's files.
    Verify(Which),
    /// Deletes a model's files from the models folder.
    Remove(Which),
    /// Asks for the files of the selected model, or of a new one.
    PickFiles(Option<String>),
    /// Takes files that were picked or dropped.
    Add {
        /// Weights, or a folder with them.
        path: PathBuf,
        /// A known model, or `None` for a new one.
        id: Option<String>,
    },
    /// Allows downloads, or not.
    ToggleOffline,
}

impl ModelsState {
    /// The model under the cursor.
    pub fn selected(&self) -> Option<&ModelStatus> {
        self.status_at(self.cursor)
    }

    /// The model on a line.
    pub fn status_at(&self, line: usize) -> Option<&ModelStatus> {
        self.statuses.as_ref()?.get(*self.shown.get(line)?)
    }

    /// What is there of a model; `None` before the first report or for one nobody knows.
    pub fn status(&self, id: &str) -> Option<&ModelStatus> {
        self.statuses.as_ref()?.iter().find(|status| status.entry.id == id)
    }

    fn id_of(&self, which: Which) -> Option<String> {
        match which {
            Which::Selected => Some(self.selected()?.entry.id.clone()),
            Which::Id(id) => Some(id),
        }
    }

    fn running_by_ticket(&mut self, ticket: ModelTicket) -> Option<&mut RunningModel> {
        self.running.values_mut().find(|running| running.ticket == ticket)
    }

    fn end(&mut self, ticket: ModelTicket) -> Option<String> {
        let id = self.running.iter().find(|(_, running)| running.ticket == ticket)?.0.clone();
        self.running.remove(&id);
        Some(id)
    }
}

pub(super) fn apply(state: &mut AppState, command: ModelsCommand) -> Vec<Effect> {
    use ModelsCommand as C;
    match command {
        C::Open(id) => {
            state.chrome.typed.clear();
            state.chrome.dialog = Some(Dialog::Models);
            if let Some(id) = id {
                state.catalogue.models.filter.clear();
                state.catalogue.models.list();
                let at = (0..state.catalogue.models.shown.len()).find(|line| {
                    state.catalogue.models.status_at(*line).is_some_and(|status| status.entry.id == id)
                });
                state.catalogue.models.cursor = at.unwrap_or(state.catalogue.models.cursor);
            }
            return refresh(state);
        }
        C::Refresh => return refresh(state),
        C::Filter(filter) => {
            state.catalogue.models.filter = filter;
            state.catalogue.models.cursor = 0;
            state.catalogue.models.list();
        }
        C::FocusFilter => state.catalogue.models.n_filter_calls += 1,
        C::Move(by) => {
            state.catalogue.models.cursor = super::catalogue::moved(
                state.catalogue.models.cursor,
                by,
                state.catalogue.models.shown.len(),
            );
        }
        C::SetCursor(line) => state.catalogue.models.cursor = line,
        C::Get(which) => return get(state, which),
        C::Cancel(which) => return cancel(state, which),
        C::Verify(which) => {
            let Some(id) = state.catalogue.models.id_of(which) else { return Vec::new() };
            return start(state, id, ModelAction::Verify, |id, ticket| ModelTask::Verify { id, ticket });
        }
        C::Remove(which) => {
            let Some(id) = state.catalogue.models.id_of(which) else { return Vec::new() };
            return start(state, id, ModelAction::Remove, |id, ticket| ModelTask::Remove { id, ticket });
        }
        C::PickFiles(id) => return vec![Effect::PickPath(PickFor::ModelFiles(id))],
        C::Add { path, id } => {
            let name = id.clone().unwrap_or_else(|| {
                path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
            });
            let files = AddFiles { paths: vec![path], id, ..AddFiles::default() };
            state.chrome.dialog = Some(Dialog::Models);
            return start(state, name, ModelAction::Add, |_, ticket| ModelTask::Add { files, ticket });
        }
        C::ToggleOffline => {
            state.preferences.offline = !state.preferences.offline;
            return vec![Effect::SavePreferences];
        }
    }
    Vec::new()
}

/// Asks what there is.
pub(super) fn refresh(state: &AppState) -> Vec<Effect> {
    vec![Effect::Job(request(state, ModelTask::List))]
}

fn get(state: &mut AppState, which: Which) -> Vec<Effect> {
    let Some(id) = state.catalogue.models.id_of(which) else { return Vec::new() };
    if let Some(status) = state.catalogue.models.status(&id).filter(|status| status.is_ready()) {
        let text = format!("{} is there already", status.entry.label);
        return state.chrome.refuse(state.now, text);
    }
    let network = if state.preferences.offline { Network::Off } else { Network::Allowed };
    start(state, id, ModelAction::Get, |id, ticket| ModelTask::Get { id, ticket, network })
}

fn cancel(state: &mut AppState, which: Which) -> Vec<Effect> {
    let Some(id) = state.catalogue.models.id_of(which) else { return Vec::new() };
    let Some(running) = state.catalogue.models.running.get_mut(&id) else {
        return state.chrome.refuse(state.now, "Nothing is being done to this model");
    };
    running.is_stopping = true;
    running.job.map(Effect::CancelThis).into_iter().collect()
}

fn start(
    state: &mut AppState,
    id: String,
    action: ModelAction,
    task: impl FnOnce(String, ModelTicket) -> ModelTask,
) -> Vec<Effect> {
    if state.catalogue.models.running.contains_key(&id) {
        return state
            .chrome
            .refuse(state.now, "Something is being done to this model already; wait or cancel it");
    }
    state.catalogue.models.next_ticket += 1;
    let ticket = ModelTicket(state.catalogue.models.next_ticket);
    state.catalogue.models.said.remove(&id);
    let running =
        RunningModel { ticket, action, job: None, progress: Progress::default(), is_stopping: false };
    state.catalogue.models.running.insert(id.clone(), running);
    vec![Effect::Job(request(state, task(id, ticket)))]
}

fn request(state: &AppState, task: ModelTask) -> Request {
    let (folder, hub) = (state.models_folder(), state.preferences.hub.clone());
    Request::Models { folder, hub, task }
}

/// A job about a model is known by its name; one that was cancelled before is stopped now.
pub(super) fn started(state: &mut AppState, job: JobId, ticket: ModelTicket) -> Vec<Effect> {
    let Some(running) = state.catalogue.models.running_by_ticket(ticket) else { return Vec::new() };
    running.job = Some(job);
    if running.is_stopping { vec![Effect::CancelThis(job)] } else { Vec::new() }
}

/// A job about a model tells where it stands.
pub(super) fn progress(state: &mut AppState, job: JobId, progress: &Progress) {
    if let Some(running) =
        state.catalogue.models.running.values_mut().find(|running| running.job == Some(job))
    {
        running.progress.clone_from(progress);
    }
}

/// A job about a model failed: the sentence stays on its row.
pub(super) fn failed(state: &mut AppState, ticket: ModelTicket, message: String) -> Vec<Effect> {
    if let Some(id) = state.catalogue.models.end(ticket) {
        state.catalogue.models.said.insert(id, Said::Bad(message.clone()));
    }
    let mut effects = refresh(state);
    if state.chrome.dialog == Some(Dialog::Models) {
        // The row shows it; a toast would say it twice.
        effects.push(Effect::Announce(message, Politeness::Assertive));
    } else {
        effects.extend(super::events::fail(state, message));
    }
    effects
}

/// A job about a model was stopped.
pub(super) fn cancelled(state: &mut AppState, ticket: ModelTicket) -> Vec<Effect> {
    if let Some(id) = state.catalogue.models.end(ticket) {
        state.catalogue.models.said.insert(id, Said::Good("Stopped; what arrived is kept".to_owned()));
    }
    refresh(state)
}

/// The models as they are now, after something was done to one of them.
pub(super) fn answered(state: &mut AppState, answer: ModelsAnswer) -> Vec<Effect> {
    let ModelsAnswer { statuses, folder, problems, ticket, done } = answer;
    let selected = state.catalogue.models.selected().map(|status| status.entry.id.clone());
    state.catalogue.models.statuses = Some(statuses);
    (state.catalogue.models.folder, state.catalogue.models.problems) = (folder, problems);
    state.catalogue.models.list();
    if let Some(at) = (0..state.catalogue.models.shown.len()).find(|line| {
        state.catalogue.models.status_at(*line).map(|status| &status.entry.id) == selected.as_ref()
    }) {
        state.catalogue.models.cursor = at;
    }
    if let Some(ticket) = ticket {
        state.catalogue.models.end(ticket);
    }
    let Some(done) = done else { return Vec::new() };
    let (id, said, is_there_now) = match done {
        ModelDone::Got { entry, n_tensors, .. } => {
            let said =
                format!("{} is ready: {n_tensors} tensors are there with the right shapes", entry.label);
            (entry.id, said, true)
        }
        ModelDone::Verified { entry, verification } => {
            let said = format!("{}: {}", entry.label, verification.summary());
            (entry.id, said, false)
        }
        ModelDone::Added { entry } => (entry.id, format!("{} is ready", entry.label), true),
        ModelDone::Removed { id, n_bytes } => {
            let said = format!("Removed; {} became free", bytes_in_words(n_bytes));
            (id, said, false)
        }
    };
    if state.chrome.dialog != Some(Dialog::Models) {
        state.chrome.toast(state.now, ToastKind::Success, said.clone());
    }
    state.catalogue.models.said.insert(id.clone(), Said::Good(said.clone()));
    let mut effects = vec![Effect::Announce(said, Politeness::Polite)];
    if is_there_now {
        effects.extend(use_it(state, &id));
    }
    effects
}

/// What waits for this model's files is matched now that they are there.
fn use_it(state: &mut AppState, id: &str) -> Vec<Effect> {
    let settings = &state.matching.settings;
    let chosen = [&settings.image_encoder, &settings.text_encoder, &settings.translate];
    let is_chosen = chosen.into_iter().flatten().any(|chosen| chosen == id);
    if !is_chosen || state.session.open.is_none() || state.matching.updating_since.is_some() {
        return Vec::new();
    }
    super::matching::rematch(state, Cause::Control)
}

#[cfg(test)]
mod tests;
