//! Opens projects and catalogues on the compute thread and hands the project over to the writer thread.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use super::compute::Compute;
use super::writer::{LogOrder, open_log};
use crate::catalog::{Catalog, CatalogSource, OpenOptions};
use crate::jobs::{Context, JobError, Opened, Outcome, Workbench, load_catalog, open_catalog_project};
use crate::project::{Project, ProjectSettings};

/// What is opened.
pub(super) enum OpenWhat {
    Project(PathBuf),
    Catalogue { source: CatalogSource, options: OpenOptions, folder: PathBuf },
}

impl OpenWhat {
    fn folder(&self) -> &Path {
        match self {
            Self::Project(folder) | Self::Catalogue { folder, .. } => folder,
        }
    }
}

impl Compute {
    /// Opens a project or a catalogue and makes it the open one.
    pub(super) fn open(&self, what: OpenWhat, context: &Context<'_>) -> Result<Outcome, JobError> {
        self.refuse_while_unsaved()?;
        let folder = what.folder();
        // The project that is open already keeps its lock; a second handle in this process would be read-only.
        let mine = self.ask_log(|answer| LogOrder::Release(folder.to_path_buf(), answer)).flatten();
        match (what, mine) {
            (OpenWhat::Project(_), Some(project)) => {
                let settings = project.settings().clone();
                self.reload(*project, settings, context)
            }
            (OpenWhat::Project(folder), None) => {
                let project = Project::open(&folder)?;
                let catalog = load_catalog(&project.settings().source, &project.settings().open, context)?;
                self.install(project, catalog)
            }
            (OpenWhat::Catalogue { source, options, .. }, Some(project)) => {
                let settings = ProjectSettings { source, open: options, ..project.settings().clone() };
                self.reload(*project, settings, context)
            }
            (OpenWhat::Catalogue { source, options, folder }, None) => {
                // Loaded before a folder is made for it, so that a mistyped path leaves nothing behind.
                let catalog = load_catalog(&source, &options, context)?;
                let project = open_catalog_project(&source, &options, Some(&folder))?;
                self.install(project, catalog)
            }
        }
    }

    /// Loads the catalogue of the project that is open anew; when that fails, what was open stays open.
    fn reload(
        &self,
        mut project: Project,
        settings: ProjectSettings,
        context: &Context<'_>,
    ) -> Result<Outcome, JobError> {
        match load_catalog(&settings.source, &settings.open, context) {
            Ok(catalog) => {
                // Work goes on when this cannot be saved; the window hears why.
                if *project.settings() != settings
                    && let Err(error) = project.save_settings(settings)
                {
                    context.reporter.note(&error.to_string());
                }
                self.install(project, catalog)
            }
            Err(error) => {
                let (store, _) = open_log(&project)?;
                // A writer that is gone has told so itself.
                let _ = self.log.send(LogOrder::Adopt(Box::new(project), Box::new(store)));
                Err(error)
            }
        }
    }

    fn install(&self, project: Project, catalog: Arc<Catalog>) -> Result<Outcome, JobError> {
        let (store, entries) = open_log(&project)?;
        let opened = Opened {
            name: project.name(),
            folder: project.folder().to_path_buf(),
            settings: project.settings().clone(),
            access: project.access(),
            catalog: catalog.clone(),
            entries,
        };
        {
            let mut state = self.state.borrow_mut();
            let bench = Workbench::of_project(&project, catalog, state.encoders.clone());
            state.bench = Some(Arc::new(bench));
            state.grounds.clear();
            state.by_trained = None;
        }
        if self.log.send(LogOrder::Adopt(Box::new(project), Box::new(store))).is_err() {
            return Err(JobError::Refused(
                "the decision log cannot be written. Start the program again".to_owned(),
            ));
        }
        Ok(Outcome::Opened(Box::new(opened)))
    }

    fn refuse_while_unsaved(&self) -> Result<(), JobError> {
        match self.ask_log(LogOrder::CountWaiting) {
            Some(n_waiting) if n_waiting > 0 => Err(JobError::Refused(format!(
                "{n_waiting} decisions of the open project are not saved yet. Retry or save a copy first"
            ))),
            _ => Ok(()),
        }
    }

    fn ask_log<T>(&self, order: impl FnOnce(Sender<T>) -> LogOrder) -> Option<T> {
        let (answer, answered) = channel();
        self.log.send(order(answer)).ok()?;
        answered.recv().ok()
    }
}
