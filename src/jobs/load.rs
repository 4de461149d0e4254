//! Opens a catalogue, and the project that belongs to it.

use std::path::Path;
use std::sync::Arc;

use super::{Context, JobError, Meter};
use crate::catalog::{Catalog, CatalogSource, OpenOptions, open};
use crate::project::{Project, ProjectSettings};

/// Loads a catalogue. Loading is one unit of work (seconds for a million rows), done aside.
///
/// # Errors
/// As [`open`], or cancelled.
pub fn load_catalog(
    source: &CatalogSource,
    options: &OpenOptions,
    context: &Context<'_>,
) -> Result<Arc<Catalog>, JobError> {
    let stage = match source {
        CatalogSource::File(path) | CatalogSource::Folder(path) => format!("Opening {}", path.display()),
        CatalogSource::Demo { .. } | CatalogSource::DemoLooksLike { .. } => "Opening the demo".to_owned(),
    };
    let meter = Meter::new(context.reporter, stage, 0, 0);
    let catalog = context.aside(|| open(source, options))?;
    meter.finish();
    context.turn()?;
    Ok(Arc::new(catalog))
}

/// The project of a catalogue in `folder` (`None`: its default folder), made or, where it exists, opened with its settings and
/// decisions. An existing project's source and reading options are replaced by these; everything else stays.
///
/// # Errors
/// When the folder cannot be opened or written.
pub fn open_catalog_project(
    source: &CatalogSource,
    options: &OpenOptions,
    folder: Option<&Path>,
) -> Result<Project, JobError> {
    let folder = folder.map_or_else(|| Project::default_folder(source), Path::to_path_buf);
    let mut settings = ProjectSettings::new(source.clone(), options.clone());
    if folder.join("project.ron").exists() {
        let existing = Project::open(&folder)?;
        if existing.settings().source == *source && existing.settings().open == *options {
            return Ok(existing);
        }
        settings =
            ProjectSettings { source: source.clone(), open: options.clone(), ..existing.settings().clone() };
        if existing.access() == crate::project::Access::ReadOnly {
            return Ok(existing);
        }
    }
    Ok(Project::create(&folder, settings)?)
}
