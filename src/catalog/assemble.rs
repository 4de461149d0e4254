//! Makes postings of a table's rows: gives them keys, clean titles, pictures and group labels, and says what is
//! wrong with them. It reads directories, no files.

use std::borrow::Cow;
use std::path::Path;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::images::Locator;
use super::problems::ProblemLog;
use super::raw_table::RawTable;
use super::text_column::TextColumn;
use super::titles::cleaned;
use super::{
    Catalog, CatalogBuilder, CatalogSource, ColumnMap, OpenOptions, Problem, ProblemKind, Role, TitleMode,
};

/// Titles cleaned at a time, to bound what is held besides the catalogue.
const TITLES_AT_ONCE: usize = 1 << 16;

/// Everything known before rows become postings.
pub(super) struct Assembly<'a> {
    /// Display name.
    pub name: &'a str,
    /// Where it came from.
    pub source: CatalogSource,
    /// The catalogue file, for messages.
    pub file: &'a str,
    /// The folder that relative picture paths start from.
    pub dir: &'a Path,
    /// The rows.
    pub table: RawTable,
    /// Which column plays which role; its columns exist.
    pub map: &'a ColumnMap,
    /// What the user asked for.
    pub options: &'a OpenOptions,
    /// Problems of the file as a whole.
    pub problems: Vec<Problem>,
}

/// Positions of the columns that play roles.
#[derive(Clone, Copy)]
struct Roles {
    id: Option<usize>,
    image: Option<usize>,
    title: Option<usize>,
    group: Option<usize>,
}

/// The finished catalogue.
pub(super) fn assemble(assembly: Assembly<'_>) -> Catalog {
    let Assembly { name, source, file, dir, mut table, map, options, problems } = assembly;
    let position = |role| map.get(role).and_then(|column| table.column(column));
    let roles = Roles {
        id: position(Role::Id),
        image: position(Role::Image),
        title: position(Role::Title),
        group: position(Role::Group),
    };
    let mut log = ProblemLog::new(table.n_rows() as u64);
    for fault in &table.faults {
        log.row(fault.kind.problem_kind(), fault.line, || {
            (file.to_owned(), fault.kind.sentence(table.columns.len()))
        });
    }
    drop_empty_rows(&mut table, roles, file, &mut log);
    let RawTable { columns, cells, lines, .. } = table;
    let titles = roles.title.and_then(|column| cells.get(column)).cloned();
    let mut builder = CatalogBuilder::with_cells(name, source, columns, cells);
    let mut locator = Locator::new(dir, options.images_dir.as_deref());
    for (chunk_at, chunk) in lines.chunks(TITLES_AT_ONCE).enumerate() {
        let first = chunk_at * TITLES_AT_ONCE;
        let cleaned = cleaned_titles(titles.as_ref(), options.titles, first..first + chunk.len());
        for (row, (line, clean)) in (first..).zip(chunk.iter().zip(cleaned)) {
            let raw = titles.as_ref().map_or("", |titles| titles.get(row));
            add_row(
                &mut builder,
                &mut locator,
                roles,
                &mut log,
                RowInput { row, line: *line, file, raw, clean },
            );
        }
    }
    problems.into_iter().chain(log.finish()).for_each(|problem| builder.problem(problem));
    builder.finish()
}

/// Leaves out rows with neither picture nor title.
fn drop_empty_rows(table: &mut RawTable, roles: Roles, file: &str, log: &mut ProblemLog) {
    let is_filled = |column: Option<usize>, row: usize| {
        column
            .and_then(|column| table.cells.get(column))
            .is_some_and(|cells| !cells.get(row).trim().is_empty())
    };
    let keeps: Vec<bool> =
        (0..table.n_rows()).map(|row| is_filled(roles.image, row) || is_filled(roles.title, row)).collect();
    if keeps.iter().all(|keep| *keep) {
        return;
    }
    for (line, _) in table.lines.iter().zip(&keeps).filter(|(_, keep)| !**keep) {
        log.row(ProblemKind::EmptyRow, *line, || {
            let message =
                "The row has neither picture nor title and was left out. Fill it or check the column map";
            (file.to_owned(), message.to_owned())
        });
    }
    table.cells = table.cells.iter().map(|cells| cells.filtered(&keeps)).collect();
    let mut keep = keeps.into_iter();
    table.lines.retain(|_| keep.next().unwrap_or(true));
}

/// Clean forms of the titles in `rows`; `None` where the title is clean already, or is to stay raw.
fn cleaned_titles(
    titles: Option<&TextColumn>,
    mode: TitleMode,
    rows: std::ops::Range<usize>,
) -> Vec<Option<String>> {
    let (Some(titles), TitleMode::Clean) = (titles, mode) else {
        return rows.map(|_| None).collect();
    };
    rows.into_par_iter()
        .map(|row| match cleaned(titles.get(row)) {
            Cow::Borrowed(_) => None,
            Cow::Owned(clean) => Some(clean),
        })
        .collect()
}

/// One row on its way to become a posting.
struct RowInput<'a> {
    row: usize,
    line: u64,
    file: &'a str,
    raw: &'a str,
    clean: Option<String>,
}

fn add_row(
    builder: &mut CatalogBuilder,
    locator: &mut Locator,
    roles: Roles,
    log: &mut ProblemLog,
    input: RowInput<'_>,
) {
    let RowInput { row, line, file, raw, clean } = input;
    let (images, cells) = builder.images();
    let cell = |column: Option<usize>| {
        column.and_then(|column| cells.get(column)).map_or("", |cells| cells.get(row)).trim()
    };
    let reference = forward_slashes(cell(roles.image));
    if reference.is_empty() {
        images.push_none(cells);
    } else {
        let located = locator.locate(&reference);
        let dir = images.dir_id(locator.dir(located.dir));
        if located.is_found {
            images.push_found(dir, &located.name, cells);
        } else {
            images.push_missing(dir, &located.name, cells);
            log.row(ProblemKind::MissingImage, line, || {
                missing(&locator.dir(located.dir).join(&*located.name))
            });
        }
    }
    let id = cell(roles.id);
    // Copies, because linking a posting changes the builder that owns the cells.
    let key = match (id, reference.as_ref()) {
        ("", "") => content_key(cells, row),
        ("", reference) => reference.to_owned(),
        (id, _) => id.to_owned(),
    };
    let group = cell(roles.group).to_owned();
    if !id.is_empty() && builder.contains(&key) {
        log.row(ProblemKind::DuplicateId, line, || {
            (
                file.to_owned(),
                format!("The id {key} stands in an earlier row; this row got a number. Make ids unique"),
            )
        });
    }
    builder.link(&key, raw, clean.as_deref().unwrap_or(raw), Some(group.as_str()));
}

/// File and sentence for a picture that is not there.
fn missing(path: &Path) -> (String, String) {
    let shown = path.to_string_lossy().into_owned();
    let message = if shown.contains("://") {
        "The picture is a web address, and nothing is fetched. Download it and give its folder with --images"
    } else {
        "The picture was not found. Give its folder with --images"
    };
    (shown, message.to_owned())
}

/// Paths written on Windows, read anywhere.
fn forward_slashes(reference: &str) -> Cow<'_, str> {
    if reference.contains('\\') { Cow::Owned(reference.replace('\\', "/")) } else { Cow::Borrowed(reference) }
}

/// A key made of everything the row says: 96 bits of a hash over its cells, so that a million rows do not collide.
fn content_key(cells: &[TextColumn], row: usize) -> String {
    let mut hasher = blake3::Hasher::new();
    for column in cells {
        let cell = column.get(row);
        // The length keeps "ab","c" apart from "a","bc".
        hasher.update(&(cell.len() as u64).to_le_bytes());
        hasher.update(cell.as_bytes());
    }
    hasher.finalize().to_hex().chars().take(24).collect()
}
