//! What subcommands that work on a project share: the open project, its catalogue, the surroundings of a job.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::exit;
use super::progress::Bar;
use crate::catalog::{Catalog, CatalogSource};
use crate::encode::ModelStore;
use crate::jobs::{CancelToken, Context, JobError, OpenEncoders, Workbench, load_catalog};
use crate::nn::DeviceChoice;
use crate::project::{Project, ProjectError};
use crate::review::ReviewState;

/// Where models lie and what computes.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct DeviceArgs {
    /// Folder with one sub-folder a model [default: $LOOKALIKE_MODELS, else `models` in the user's data folder].
    #[arg(long, value_name = "DIR")]
    pub(super) models: Option<PathBuf>,
    /// What computes: auto, cpu, cuda or metal.
    #[arg(long, value_name = "D", default_value = "auto", value_parser = parse_device)]
    pub(super) device: DeviceChoice,
}

impl DeviceArgs {
    pub(super) fn encoders(&self) -> Arc<OpenEncoders> {
        Arc::new(OpenEncoders::new(ModelStore::resolve(self.models.as_deref()), self.device))
    }
}

/// An open project with its catalogue.
pub(super) struct Session {
    pub(super) project: Project,
    pub(super) bench: Workbench,
}

impl Session {
    /// Opens the project in `folder` and loads its catalogue.
    pub(super) fn open(folder: &Path, device: &DeviceArgs, context: &Context<'_>) -> Result<Self, JobError> {
        let project = Project::open(folder)?;
        let settings = project.settings();
        let catalog = load_catalog(&settings.source, &settings.open, context)?;
        Ok(Self::with(project, catalog, device))
    }

    /// A session on what is open already.
    pub(super) fn with(project: Project, catalog: Arc<Catalog>, device: &DeviceArgs) -> Self {
        let bench = Workbench::of_project(&project, catalog, device.encoders());
        Self { project, bench }
    }

    /// The decisions so far.
    pub(super) fn review(&self) -> Result<ReviewState, ProjectError> {
        Ok(ReviewState::from_entries(self.project.review_store()?.entries()?))
    }
}

/// Runs a job with a progress bar; Ctrl-C asks it to stop, a second Ctrl-C ends the program at once (which loses nothing
/// that was finished either).
pub(super) fn with_context<T>(job: impl FnOnce(&Context<'_>) -> Result<T, JobError>) -> Result<T, JobError> {
    let bar = Bar::new();
    let context = Context::new(&bar, stop_on_ctrl_c());
    let result = job(&context);
    // What looks like a failure after Ctrl-C is its consequence.
    if context.cancel.is_cancelled() && result.is_err() { Err(JobError::Cancelled) } else { result }
}

fn stop_on_ctrl_c() -> CancelToken {
    static TOKEN: OnceLock<CancelToken> = OnceLock::new();
    TOKEN
        .get_or_init(|| {
            let token = CancelToken::default();
            let on_signal = token.clone();
            let handler = move || {
                if on_signal.is_cancelled() {
                    std::process::exit(i32::from(exit::STOPPED));
                }
                on_signal.cancel();
            };
            // Without a handler Ctrl-C ends the program at once, which is safe too.
            let _ = ctrlc::set_handler(handler);
            token
        })
        .clone()
}

/// A catalogue given as a path: absolute, so that its project opens from anywhere.
pub(super) fn source_at(path: &Path) -> CatalogSource {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    if absolute.is_dir() { CatalogSource::Folder(absolute) } else { CatalogSource::File(absolute) }
}

fn parse_device(text: &str) -> Result<DeviceChoice, String> {
    match text {
        "auto" => Ok(DeviceChoice::Auto),
        "cpu" => Ok(DeviceChoice::Cpu),
        "cuda" => Ok(DeviceChoice::Cuda),
        "metal" => Ok(DeviceChoice::Metal),
        _ => Err("choose auto, cpu, cuda or metal".to_owned()),
    }
}
