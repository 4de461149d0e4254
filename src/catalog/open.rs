//! Opens a catalogue: recognises the format by content, reads it, collects problems.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Catalog, CatalogError, ColumnMap, ColumnPreview, TitleMode};

/// Where a catalogue comes from; stored in project.ron, enough to load it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CatalogSource {
    /// A CSV, TSV or JSON Lines file.
    File(PathBuf),
    /// A folder of pictures.
    Folder(PathBuf),
    /// The built-in demo, drawn by code.
    Demo {
        /// Number of distinct products.
        n_products: u32,
        /// Seed of everything random in it.
        seed: u64,
    },
}

/// How to read a catalogue. `Default` guesses everything and cleans titles.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OpenOptions {
    /// Which column plays which role; `None` guesses from names and content.
    pub column_map: Option<ColumnMap>,
    /// Extra folder in which picture paths are looked up first.
    pub images_dir: Option<PathBuf>,
    /// Whether titles are cleaned.
    pub titles: TitleMode,
}

/// Loads the catalogue at `source`.
///
/// # Errors
/// Only when nothing can be read at all (no such file, unknown format, no usable column); a bad row is a
/// [`super::Problem`] in the result.
pub fn open(source: &CatalogSource, options: &OpenOptions) -> Result<Catalog, CatalogError> {
    unimplemented!("{source:?}{options:?}")
}

/// The guessed column map and the first ten rows of a table, for the column-map editor. `None` for folders and demos.
///
/// # Errors
/// As [`open`].
pub fn preview(path: &Path) -> Result<Option<ColumnPreview>, CatalogError> {
    unimplemented!("{path:?}")
}
