//! Opens a catalogue: recognises the format by content, reads it, collects problems.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::assemble::{Assembly, assemble};
use super::encoding::{DecodedText, Reading, binary_reason, decode_text};
use super::formats::{Content, recognise};
use super::raw_table::{MAX_ROWS, RawTable};
use super::{
    Catalog, CatalogError, ColumnMap, ColumnPreview, FormatSpec, Problem, ProblemKind, Role, TitleMode, demo,
};

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
    /// The demo's pairs of different things that look alike.
    DemoLooksLike {
        /// Number of pairs.
        n_pairs: u32,
        /// Seed of everything random in it.
        seed: u64,
    },
}

impl CatalogSource {
    /// The file or folder it is read from; `None` for what is drawn by code.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) | Self::Folder(path) => Some(path),
            Self::Demo { .. } | Self::DemoLooksLike { .. } => None,
        }
    }

    /// Whether it is drawn by code.
    pub fn is_demo(&self) -> bool {
        self.path().is_none()
    }
}

/// How to read a catalogue. `Default` guesses everything and cleans titles.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OpenOptions {
    /// Which column plays which role; `None` guesses from names and content. Not used for folders.
    pub column_map: Option<ColumnMap>,
    /// Extra folder in which picture paths are looked up first.
    pub images_dir: Option<PathBuf>,
    /// Whether titles are cleaned.
    pub titles: TitleMode,
}

/// Loads the catalogue at `source`. Whether it is a file or a folder is told by what is there.
///
/// A column map in `options` is taken as it is: a role it leaves out is not played, nothing is guessed.
///
/// # Errors
/// Only when nothing can be read at all (no such file, unknown format, no usable column); a bad row is a
/// [`super::Problem`] in the result.
pub fn open(source: &CatalogSource, options: &OpenOptions) -> Result<Catalog, CatalogError> {
    match source {
        CatalogSource::Demo { n_products, seed } => Ok(demo::catalog(*n_products, *seed)),
        CatalogSource::DemoLooksLike { n_pairs, seed } => Ok(demo::looks_like_catalog(*n_pairs, *seed)),
        CatalogSource::File(path) | CatalogSource::Folder(path) => open_path(path, options),
    }
}

/// The guessed column map and the first ten rows of a table, for the column-map editor. `None` for folders and demos.
///
/// # Errors
/// As [`open`], but a table without usable columns is shown, so that the user can name them.
pub fn preview(path: &Path) -> Result<Option<ColumnPreview>, CatalogError> {
    let read = read_path(path, PREVIEW_READS)?;
    if read.is_folder {
        return Ok(None);
    }
    let n_rows = read.table.n_rows().min(PREVIEW_ROWS);
    let row_at = |row| read.table.cells.iter().map(|column| column.get(row).to_owned()).collect();
    Ok(Some(ColumnPreview {
        rows: (0..n_rows).map(row_at).collect(),
        guess: (read.format.roles)(&read.table),
        columns: read.table.columns,
        format: read.format.id,
    }))
}

/// Rows shown in the preview.
const PREVIEW_ROWS: usize = 10;
/// Rows read for it: as many as a guess looks at, so that the preview guesses what [`open`] guesses.
const PREVIEW_READS: usize = 1000;

/// A table as read, with what must be said of the file as a whole.
struct ReadTable {
    table: RawTable,
    format: &'static FormatSpec,
    reading: Reading,
    is_folder: bool,
}

fn open_path(path: &Path, options: &OpenOptions) -> Result<Catalog, CatalogError> {
    let ReadTable { table, format, reading, is_folder } = read_path(path, MAX_ROWS)?;
    let map = match options.column_map.as_ref().filter(|_| !is_folder) {
        Some(given) => given.clone(),
        None => (format.roles)(&table),
    };
    check_map(&map, &table, path)?;
    if is_folder && table.n_rows() == 0 {
        let reason = "the folder holds no pictures".to_owned();
        return Err(CatalogError::UnknownFormat { path: path.to_owned(), reason });
    }
    let shown = path.to_string_lossy();
    let problems = match reading {
        Reading::Latin => vec![Problem {
            kind: ProblemKind::BadEncoding,
            row: None,
            n_rows: table.n_rows() as u64,
            file: shown.clone().into_owned(),
            message: "The file is not UTF-8 and was read as Windows-1252 (Latin-1). If letters look wrong, save it as UTF-8"
                .to_owned(),
        }],
        Reading::Unicode | Reading::Damaged => Vec::new(),
    };
    let parent = path.parent().unwrap_or(Path::new(""));
    let source =
        if is_folder { CatalogSource::Folder(path.to_owned()) } else { CatalogSource::File(path.to_owned()) };
    let name = if is_folder { path.file_name() } else { path.file_stem() };
    let mut catalog = assemble(Assembly {
        name: &name.unwrap_or(path.as_os_str()).to_string_lossy(),
        source,
        file: &shown,
        dir: if is_folder { path } else { parent },
        table,
        map: &map,
        options,
        problems,
    });
    catalog.column_map = Some(map).filter(|_| !is_folder);
    Ok(catalog)
}

/// Every named column exists, and a picture or a title is among them.
fn check_map(map: &ColumnMap, table: &RawTable, path: &Path) -> Result<(), CatalogError> {
    let listed = || table.columns.join(", ");
    let unusable = |reason| Err(CatalogError::NoUsableColumn { path: path.to_owned(), reason });
    for role in Role::ALL {
        if let Some(column) = map.get(role).filter(|column| table.column(column).is_none()) {
            return unusable(format!("there is no column `{column}` for {}, only {}", role.id(), listed()));
        }
    }
    if map.image.is_none() && map.title.is_none() {
        return unusable(format!("the columns are {}", listed()));
    }
    Ok(())
}

fn read_path(path: &Path, max_rows: usize) -> Result<ReadTable, CatalogError> {
    let unreadable =
        |error: std::io::Error| CatalogError::Unreadable { path: path.to_owned(), reason: error.to_string() };
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        // Listing it once tells whether we may read it at all.
        std::fs::read_dir(path).map_err(unreadable)?;
        return read_content(path, &Content::Folder(path), Reading::Unicode, max_rows);
    }
    if !metadata.is_file() {
        let reason = "it is neither a file nor a folder".to_owned();
        return Err(CatalogError::Unreadable { path: path.to_owned(), reason });
    }
    read_bytes(path, std::fs::read(path).map_err(unreadable)?, max_rows)
}

fn read_bytes(path: &Path, bytes: Vec<u8>, max_rows: usize) -> Result<ReadTable, CatalogError> {
    if let Some(reason) = binary_reason(&bytes) {
        return Err(CatalogError::UnknownFormat { path: path.to_owned(), reason: reason.to_owned() });
    }
    let DecodedText { text, reading } = decode_text(bytes);
    read_content(path, &Content::Text(&text), reading, max_rows)
}

fn read_content(
    path: &Path,
    content: &Content<'_>,
    reading: Reading,
    max_rows: usize,
) -> Result<ReadTable, CatalogError> {
    let Some(format) = recognise(content) else {
        let reason = "the file holds nothing but blank lines".to_owned();
        return Err(CatalogError::UnknownFormat { path: path.to_owned(), reason });
    };
    let mut table = (format.read)(content, max_rows);
    if reading == Reading::Damaged {
        table.note_damage();
    }
    Ok(ReadTable { table, format, reading, is_folder: matches!(content, Content::Folder(_)) })
}

#[cfg(test)]
mod tests;
