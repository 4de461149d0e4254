//! What went wrong while loading, row by row: sorted by any column, one kind at a time if wanted, saved as CSV.

use egui::RichText;

use crate::app::{CatalogueCommand, ChromeCommand, Command, PickFor, ProblemColumn, ProblemList};
use crate::catalog::{Problem, ProblemKind};
use crate::ui::views::table::{Column, Sort, Table, cell_text};
use crate::ui::{Outbox, ViewContext, widgets};

/// Draws the page.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let Some(session) = &context.app.session.open else { return };
    let loaded = session.catalog.problems();
    let late = &context.app.catalogue.late_problems;
    let list = &context.app.catalogue.problems;
    if list.is_outdated(loaded, late) {
        out.push(Command::Catalogue(CatalogueCommand::RefreshProblems));
        ui.ctx().request_repaint();
    }
    if loaded.is_empty() && late.is_empty() {
        ui.add_space(24.0);
        let text = format!("\u{2714} Nothing went wrong: all {} rows are in", session.catalog.n_postings());
        ui.label(RichText::new(text).color(context.theme.palette.success));
        super::weak(ui, context, "Pictures that cannot be decoded are listed here once they were looked at");
        return;
    }
    tools(ui, context, loaded, late, out);
    if list.order.is_empty() {
        return;
    }
    let columns = columns(list, ui.available_width() / widgets::text_scale(ui));
    let palette = context.theme.palette;
    let hides = context.app.preferences.presentation;
    let n_lines = list.order.len();
    let line_height = (widgets::text_scale(ui) * 7.0).round() * 4.0;
    let table = Table { id: "problems", columns: &columns, n_lines, line_height, cursor: list.cursor };
    let name = |line: usize| {
        list.problem(line, loaded, late).map_or_else(String::new, |problem| {
            format!("{}, {}, {}", problem.kind.label(), row_text(problem), problem.message)
        })
    };
    let clicks = table.show(ui, context, name, |ui, line, column, rect| {
        let Some(problem) = list.problem(line, loaded, late) else { return };
        match ProblemColumn::ALL.get(column) {
            Some(ProblemColumn::Kind) => cell_text(ui, rect, problem.kind.label(), palette.warning),
            Some(ProblemColumn::Row) => cell_text(ui, rect, &row_text(problem), palette.text),
            Some(ProblemColumn::File) if hides => cell_text(ui, rect, "hidden", palette.text_weak),
            Some(ProblemColumn::File) => cell_text(ui, rect, &problem.file, palette.text),
            Some(ProblemColumn::Message) => cell_text(ui, rect, &problem.message, palette.text),
            None => {}
        }
    });
    if let Some(line) = clicks.line {
        out.push(Command::Catalogue(CatalogueCommand::SetCursor(line)));
    }
    if let Some(column) = clicks.header.and_then(|header| ProblemColumn::ALL.get(header)) {
        out.push(Command::Catalogue(CatalogueCommand::SortProblems(*column)));
    }
}

fn row_text(problem: &Problem) -> String {
    match problem.row {
        Some(row) => format!("row {row}"),
        None => format!("{} rows", problem.n_rows),
    }
}

fn columns(list: &ProblemList, width: f32) -> Vec<Column> {
    let widths = [160.0, 100.0, 240.0];
    let rest = (width - widths.iter().sum::<f32>() - 16.0).max(360.0);
    let all = ProblemColumn::ALL.into_iter().zip(widths.into_iter().chain([rest]));
    all.map(|(column, width)| {
        let sort = match (list.column == column, list.is_descending) {
            (false, _) => Sort::Possible,
            (true, false) => Sort::Ascending,
            (true, true) => Sort::Descending,
        };
        Column { name: column.label().to_owned(), width, sort }
    })
    .collect()
}

fn tools(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    loaded: &[Problem],
    late: &[Problem],
    out: &mut Outbox,
) {
    let list = &context.app.catalogue.problems;
    let all = || loaded.iter().chain(late);
    ui.horizontal_wrapped(|ui| {
        let name = ui.label("Kind");
        let label = list.kind.map_or("All kinds", ProblemKind::label);
        let combo = egui::ComboBox::from_id_salt("problem_kind").selected_text(label);
        let response = combo.show_ui(ui, |ui| {
            let kinds = ProblemKind::ALL.into_iter().map(Some);
            for kind in std::iter::once(None).chain(kinds) {
                let n = all().filter(|problem| kind.is_none_or(|kind| problem.kind == kind)).count();
                let text = format!("{} ({n})", kind.map_or("All kinds", ProblemKind::label));
                if ui.selectable_label(kind == list.kind, text).clicked() {
                    out.push(Command::Catalogue(CatalogueCommand::ProblemKind(kind)));
                }
            }
        });
        let named = format!("Kind of problem: {label}");
        response.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, &named));
        response.response.labelled_by(name.id);
        let n_all = loaded.len() + late.len();
        let text = match list.order.len() {
            n if n == n_all => format!("{n_all} problems"),
            n => format!("{n} of {n_all} problems"),
        };
        ui.label(RichText::new(text).color(context.theme.palette.text_weak));
        if ui.button("Save\u{2026}").on_hover_text("Writes all problems as CSV").clicked() {
            out.push(Command::Chrome(ChromeCommand::Pick(PickFor::Problems)));
        }
        let misses_pictures = |problem: &Problem| problem.kind == ProblemKind::MissingImage;
        // Missing pictures are found while loading, where they are summed up, so this looks at few.
        let is_demo = context.app.session.open.as_ref().is_some_and(crate::app::Session::is_demo);
        if !is_demo && loaded.iter().any(misses_pictures) {
            let find = ui.button("Find folder\u{2026}");
            let tooltip = "Looks the missing pictures up in another folder, and reads the catalogue again";
            if find.on_hover_text(tooltip).clicked() {
                out.push(Command::Catalogue(CatalogueCommand::FindImagesFolder));
            }
        }
    });
}
