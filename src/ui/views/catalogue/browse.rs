//! Every posting in one virtual table: picture, title, id, group and all other columns; a filter that never blocks.

use egui::{RichText, vec2};

use crate::app::{CatalogueCommand, Command, DuplicatesCommand};
use crate::catalog::{Catalog, PostingIdx, Role};
use crate::ui::views::duplicates::is_private;
use crate::ui::views::table::{Column, Table, cell_text};
use crate::ui::{Outbox, ViewContext, widgets};

const THUMBNAIL: f32 = 40.0;

/// What a column shows.
#[derive(Clone, Copy)]
enum Cell {
    Picture,
    Title,
    Key,
    Group,
    Source(usize),
}

/// Draws the page.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let Some(session) = &context.app.session.open else { return };
    let catalog = &session.catalog;
    filter(ui, context, catalog.n_postings(), out);
    let browse = &context.app.catalogue.browse;
    if browse.is_scanning() {
        out.push(Command::Catalogue(CatalogueCommand::ScanOn));
        ui.ctx().request_repaint();
    }
    let n_postings = catalog.n_postings();
    let n_lines = browse.n_lines(n_postings);
    if n_lines == 0 && !browse.is_scanning() {
        ui.add_space(24.0);
        ui.label(if n_postings == 0 { "The catalogue is empty" } else { "No posting holds that text" });
        if n_postings == 0 {
            super::weak(ui, context, "The problems page says which rows were left out, and why");
        } else if ui.button("Show all postings").clicked() {
            out.push(Command::Catalogue(CatalogueCommand::Filter(String::new())));
        }
        return;
    }
    let (cells, columns) = layout(context, catalog);
    let line_height = (widgets::text_scale(ui) * 12.0).round() * 4.0;
    let table = Table { id: "postings", columns: &columns, n_lines, line_height, cursor: browse.cursor };
    let posting = |line| browse.posting(line, n_postings);
    let name = |line: usize| {
        let title = posting(line).map_or("", |posting| catalog.title(posting));
        format!("Posting {} of {n_lines}, {title}", line + 1)
    };
    let palette = context.theme.palette;
    let clicks = table.show(ui, context, name, |ui, line, column, rect| {
        let (Some(posting), Some(cell)) = (posting(line), cells.get(column)) else { return };
        match cell {
            Cell::Picture => {
                let side = THUMBNAIL.min(rect.width()).min(rect.height());
                let place = egui::Rect::from_center_size(rect.center(), vec2(side, side));
                widgets::paint_picture(ui, context, posting, place);
            }
            Cell::Title => title(ui, context, catalog.title(posting), rect),
            Cell::Key => cell_text(ui, rect, catalog.key(posting), palette.text_weak),
            Cell::Group => cell_text(ui, rect, catalog.group(posting).unwrap_or(""), palette.text_weak),
            Cell::Source(number) => cell_text(ui, rect, catalog.cell(posting, *number), palette.text),
        }
    });
    if let Some(line) = clicks.line {
        out.push(Command::Catalogue(CatalogueCommand::SetCursor(line)));
    }
    if let Some(posting) = clicks.line_twice.and_then(posting) {
        out.push(Command::Duplicates(DuplicatesCommand::GoTo(posting)));
    }
}

fn title(ui: &egui::Ui, context: ViewContext<'_>, title: &str, rect: egui::Rect) {
    const N_ROWS: usize = 2;
    let font = egui::TextStyle::Body.resolve(ui.style());
    let galley = widgets::title_galley(ui, context.theme, title, None, font, rect.width(), N_ROWS);
    let at = egui::Align2::LEFT_CENTER.align_size_within_rect(galley.size(), rect).min;
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    painter.galley(at, galley, context.theme.palette.text);
}

fn filter(ui: &mut egui::Ui, context: ViewContext<'_>, n_postings: usize, out: &mut Outbox) {
    let browse = &context.app.catalogue.browse;
    ui.horizontal_wrapped(|ui| {
        let mut filter = browse.filter.clone();
        let name = ui.label("Filter");
        let key = context.keymap.keycap("catalogue.filter").unwrap_or_default();
        let width = (320.0 * widgets::text_scale(ui)).min(ui.available_width());
        let hint = format!("Title, id or group ({key})");
        let field = egui::TextEdit::singleline(&mut filter).hint_text(hint).desired_width(width);
        let response = ui.add(field).labelled_by(name.id);
        focus_when_asked(ui, "postings_filter", context.app.catalogue.n_filter_calls, &response);
        if filter != browse.filter {
            out.push(Command::Catalogue(CatalogueCommand::Filter(filter)));
        }
        let n_lines = browse.n_lines(n_postings);
        let text = match (browse.is_scanning(), browse.shown.is_some()) {
            (true, _) => format!("{n_lines} found so far\u{2026}"),
            (false, true) => format!("{n_lines} of {n_postings} postings"),
            (false, false) => format!("{n_postings} postings"),
        };
        ui.label(RichText::new(text).color(context.theme.palette.text_weak));
        let key = context.keymap.keycap("catalogue.show_in_queue").unwrap_or_default();
        if ui.button(format!("Show in queue ({key})")).clicked() {
            out.push(Command::Catalogue(CatalogueCommand::ShowInQueue));
        }
    });
}

/// Moves the keyboard to a field when the count of calls for it has grown since the last frame.
pub(in crate::ui) fn focus_when_asked(ui: &egui::Ui, id: &str, n_calls: u32, field: &egui::Response) {
    let id = egui::Id::unique(("focus_calls", id));
    let last: u32 = ui.data(|data| data.get_temp(id)).unwrap_or(0);
    if n_calls > last {
        field.request_focus();
    }
    ui.data_mut(|data| data.insert_temp(id, n_calls));
}

/// The columns: those that play a role first, then every other one of the source.
fn layout(context: ViewContext<'_>, catalog: &Catalog) -> (Vec<Cell>, Vec<Column>) {
    let hides = context.app.preferences.presentation;
    let mut cells = vec![Cell::Picture, Cell::Title];
    let mut columns = vec![Column::new("Picture", 56.0), Column::new("Title", 300.0)];
    if !hides {
        cells.push(Cell::Key);
        columns.push(Column::new("Id", 120.0));
    }
    let first = (catalog.n_postings() > 0).then_some(PostingIdx(0));
    if first.is_some_and(|first| catalog.group(first).is_some()) || catalog_has_groups(context) {
        cells.push(Cell::Group);
        columns.push(Column::new("Group", 100.0));
    }
    let map = catalog.column_map();
    // The demo has no column map; its columns that repeat a role are told by holding the same as it.
    let repeats = |number: usize| {
        first.is_some_and(|first| {
            let cell = catalog.cell(first, number);
            !cell.is_empty()
                && (cell == catalog.key(first)
                    || cell == catalog.raw_title(first)
                    || Some(cell) == catalog.group(first))
        })
    };
    for (number, column) in catalog.columns().iter().enumerate() {
        let plays_role = match map {
            Some(map) => Role::ALL.into_iter().any(|role| map.get(role) == Some(column.as_str())),
            None => repeats(number),
        };
        if plays_role || (hides && is_private(column)) {
            continue;
        }
        cells.push(Cell::Source(number));
        let width = if is_private(column) { 140.0 } else { 104.0 };
        columns.push(Column::new(column.clone(), width));
    }
    (cells, columns)
}

fn catalog_has_groups(context: ViewContext<'_>) -> bool {
    context.app.catalogue.statistics.as_ref().is_some_and(|statistics| statistics.n_groups > 0)
}
