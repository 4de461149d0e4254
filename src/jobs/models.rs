//! Jobs on model files: list, get, add, remove, verify. The window and the command line call the same functions; a download
//! reports bytes, stops when told and keeps what arrived.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{Context, JobError, JobKind, Meter};
use crate::encode::{
    AddFiles, DownloadWatch, Hub, ModelEntry, ModelError, ModelStatus, ModelStore, Verification, add_model,
    download_model, verify_model,
};

/// Number the window gives what it asks of one model; events carry it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelTicket(pub u32);

/// What is done to a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ModelAction {
    /// Download it.
    Get,
    /// Check its files.
    Verify,
    /// Take files the user picked.
    Add,
    /// Delete its files from the models folder.
    Remove,
}

impl ModelAction {
    /// What is said while it runs.
    pub fn label(self) -> &'static str {
        match self {
            Self::Get => "Getting a model",
            Self::Verify => "Verifying a model",
            Self::Add => "Adding a model",
            Self::Remove => "Removing a model",
        }
    }
}

/// Whether anything may be downloaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Network {
    /// Yes, unless `LOOKALIKE_OFFLINE` or `HF_HUB_OFFLINE` says otherwise.
    #[default]
    Allowed,
    /// The user's setting says no.
    Off,
}

impl Network {
    /// What switched downloads off, where something did.
    pub fn is_off_by(self) -> Option<&'static str> {
        let says_so = |name: &str| {
            let value = std::env::var(name).unwrap_or_default().to_lowercase();
            !matches!(value.as_str(), "" | "0" | "false" | "no" | "off")
        };
        match self {
            Self::Off => Some("by the setting \u{201c}Work offline\u{201d}"),
            Self::Allowed if says_so("LOOKALIKE_OFFLINE") => Some("by LOOKALIKE_OFFLINE"),
            Self::Allowed if says_so("HF_HUB_OFFLINE") => Some("by HF_HUB_OFFLINE"),
            Self::Allowed => None,
        }
    }
}

/// What is asked about models.
#[derive(Clone, Debug)]
pub enum ModelTask {
    /// Which there are.
    List,
    /// Download one.
    Get {
        /// Its id.
        id: String,
        /// The window's number.
        ticket: ModelTicket,
        /// Whether that is allowed.
        network: Network,
    },
    /// Check one's files.
    Verify {
        /// Its id.
        id: String,
        /// The window's number.
        ticket: ModelTicket,
    },
    /// Take files.
    Add {
        /// Which, and as what.
        files: AddFiles,
        /// The window's number.
        ticket: ModelTicket,
    },
    /// Delete one's files from the models folder.
    Remove {
        /// Its id.
        id: String,
        /// The window's number.
        ticket: ModelTicket,
    },
}

impl ModelTask {
    /// The kind of job.
    pub fn kind(&self) -> JobKind {
        match self {
            Self::List => JobKind::ListModels,
            Self::Get { ticket, .. } => JobKind::Model(ModelAction::Get, *ticket),
            Self::Verify { ticket, .. } => JobKind::Model(ModelAction::Verify, *ticket),
            Self::Add { ticket, .. } => JobKind::Model(ModelAction::Add, *ticket),
            Self::Remove { ticket, .. } => JobKind::Model(ModelAction::Remove, *ticket),
        }
    }
}

/// What was done.
#[derive(Clone, Debug)]
pub enum ModelDone {
    /// It is there; so many files came.
    Got {
        /// The model.
        entry: ModelEntry,
        /// How many files came, 0 where all were there.
        n_files: usize,
        /// Tensors that were checked.
        n_tensors: usize,
    },
    /// Nothing is wrong with it.
    Verified {
        /// The model.
        entry: ModelEntry,
        /// What was looked at.
        verification: Verification,
    },
    /// It is one of the models now.
    Added {
        /// The model.
        entry: ModelEntry,
    },
    /// Its files are gone.
    Removed {
        /// Its id.
        id: String,
        /// Bytes that became free.
        n_bytes: u64,
    },
}

/// The answer to every request about models.
#[derive(Clone, Debug)]
pub struct ModelsAnswer {
    /// Every model, after what was done.
    pub statuses: Vec<ModelStatus>,
    /// The models folder.
    pub folder: PathBuf,
    /// Sentences about what cannot be read in it.
    pub problems: Vec<String>,
    /// The window's number, where it gave one.
    pub ticket: Option<ModelTicket>,
    /// What was done; `None` for a list.
    pub done: Option<ModelDone>,
}

/// What there is in a store, after something was done.
pub fn models_answer(
    store: &ModelStore,
    ticket: Option<ModelTicket>,
    done: Option<ModelDone>,
) -> ModelsAnswer {
    ModelsAnswer {
        statuses: store.statuses(),
        folder: store.folder().to_owned(),
        problems: store.problems(),
        ticket,
        done,
    }
}

/// Does what is asked.
///
/// # Errors
/// Why it could not be done, in words.
pub fn do_model_task(
    store: &ModelStore,
    hub: &Hub,
    task: &ModelTask,
    context: &Context<'_>,
) -> Result<Option<ModelDone>, JobError> {
    let is_cancelled = || context.turn().is_err();
    match task {
        ModelTask::List => Ok(None),
        ModelTask::Get { id, network, .. } => {
            let entry = known(store, id)?;
            if let (Some(by), false) = (network.is_off_by(), store.is_present(&entry)) {
                return Err(ModelError::Offline { by }.into());
            }
            let watch = Watch { context, label: entry.label.clone(), meter: RefCell::new(None) };
            let n_files = download_model(store, &entry, hub, &watch)?;
            // A file whose digest is right may still be of another architecture than the manifest says.
            let n_tensors = crate::encode::check_tensors(store, &entry)?;
            Ok(Some(ModelDone::Got { entry, n_files, n_tensors }))
        }
        ModelTask::Verify { id, .. } => {
            let entry = known(store, id)?;
            let verification = verify_model(store, &entry, &is_cancelled)?;
            Ok(Some(ModelDone::Verified { entry, verification }))
        }
        ModelTask::Add { files, .. } => {
            let entry = add_model(store, files, &is_cancelled)?;
            Ok(Some(ModelDone::Added { entry }))
        }
        ModelTask::Remove { id, .. } => {
            let n_bytes = store.remove(id)?;
            Ok(Some(ModelDone::Removed { id: id.clone(), n_bytes }))
        }
    }
}

fn known(store: &ModelStore, id: &str) -> Result<ModelEntry, JobError> {
    store.entry(id).ok_or_else(|| ModelError::Unknown(id.to_owned()).into())
}

/// Tells a job's surroundings how far a download is.
struct Watch<'a> {
    context: &'a Context<'a>,
    label: String,
    meter: RefCell<Option<Meter<'a>>>,
}

impl DownloadWatch for Watch<'_> {
    fn begin(&self, n_done: u64, n_total: Option<u64>) {
        let stage = format!("Getting {}", self.label);
        let meter = Meter::of_bytes(self.context.reporter, stage, n_done, n_total.unwrap_or(0));
        *self.meter.borrow_mut() = Some(meter);
    }

    fn advance(&self, n_bytes: u64) {
        if let Some(meter) = &mut *self.meter.borrow_mut() {
            meter.advance(n_bytes);
        }
    }

    fn retreat(&self, n_bytes: u64) {
        if let Some(meter) = &mut *self.meter.borrow_mut() {
            meter.retreat(n_bytes);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.context.turn().is_err()
    }

    fn pause(&self, time: Duration) {
        const TURN: Duration = Duration::from_millis(50);
        let end = Instant::now() + time;
        self.context.reporter.note(&format!("{}: the connection broke; trying again", self.label));
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            if self.is_cancelled() {
                return;
            }
            std::thread::sleep(left.min(TURN));
        }
    }
}
