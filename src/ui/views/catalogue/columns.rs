//! Which column is id, picture, title and group: shown, changed, and tried on the first ten rows.

use egui::{RichText, vec2};
use egui_extras::{Column, TableBuilder};

use crate::app::{CatalogueCommand, ColumnDraft, Command, SessionCommand};
use crate::catalog::{CatalogSource, ColumnPreview, Role, TitleMode};
use crate::ui::views::duplicates::is_private;
use crate::ui::{Outbox, ViewContext, widgets};

/// Draws the page.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    super::refused(ui, context, out);
    let Some((path, preview)) = &context.app.catalogue.preview else {
        return nothing_to_map(ui, context, out);
    };
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    ui.strong(format!("Columns of {name}"));
    super::weak(ui, context, "At least a picture or a title is needed; all other columns are kept and shown");
    egui::ScrollArea::vertical().id_salt("column_map").auto_shrink(false).show(ui, |ui| {
        editor(ui, context, preview, out);
        ui.add_space(8.0);
        ui.strong(format!("First {} rows", preview.rows.len()));
        rows(ui, context, preview);
    });
}

fn nothing_to_map(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let source = context.app.session.open.as_ref().map(|session| session.catalog.source());
    ui.add_space(24.0);
    match source {
        Some(CatalogSource::File(path)) => {
            ui.label("Reading the first rows\u{2026}");
            if ui.button("Read again").clicked() {
                out.push(Command::Catalogue(CatalogueCommand::Preview(path.clone())));
            }
        }
        Some(CatalogSource::Folder(_)) => {
            ui.label("A folder of pictures has no columns: the file name is the id, its words are the title");
        }
        Some(CatalogSource::Demo { .. } | CatalogSource::DemoLooksLike { .. }) | None => {
            ui.label("The demo has no columns to map; open a CSV, TSV or JSON Lines file");
            if ui.button("Open\u{2026}").clicked() {
                out.push(Command::Session(SessionCommand::Pick));
            }
        }
    }
}

fn role_label(role: Role) -> &'static str {
    match role {
        Role::Id => "Id",
        Role::Image => "Picture",
        Role::Title => "Title",
        Role::Group => "Group",
    }
}

fn editor(ui: &mut egui::Ui, context: ViewContext<'_>, preview: &ColumnPreview, out: &mut Outbox) {
    let draft = &context.app.catalogue.draft;
    let width = (220.0 * widgets::text_scale(ui)).min(ui.available_width() * 0.6);
    egui::Grid::new("column_map").num_columns(3).spacing(vec2(12.0, 6.0)).show(ui, |ui| {
        for role in Role::ALL {
            ui.label(role_label(role));
            combo(ui, role, preview, draft, width, out);
            ui.end_row();
        }
        ui.label("Titles");
        ui.horizontal(|ui| {
            for (mode, label, tooltip) in [
                (TitleMode::Clean, "Clean", "Byte escapes decoded, HTML stripped, Unicode NFC"),
                (TitleMode::Raw, "Raw", "As they stand in the file"),
            ] {
                if ui.selectable_label(draft.titles == mode, label).on_hover_text(tooltip).clicked() {
                    out.push(Command::Catalogue(CatalogueCommand::MapTitles(mode)));
                }
            }
        });
        ui.end_row();
        let name = ui.label("Pictures folder");
        let mut folder = draft.images_dir.clone();
        let hint = "Beside the file, images/ or train_images/";
        let field = egui::TextEdit::singleline(&mut folder).hint_text(hint).desired_width(width);
        ui.add(field.password(context.app.preferences.presentation)).labelled_by(name.id);
        if folder != draft.images_dir {
            out.push(Command::Catalogue(CatalogueCommand::MapImages(folder)));
        }
        ui.end_row();
    });
    ui.add_space(4.0);
    if let Some(reason) = draft.refusal() {
        ui.label(RichText::new(format!("\u{26a0} {reason}")).color(context.theme.palette.warning));
    }
    let open = ui.add_enabled(draft.refusal().is_none(), egui::Button::new("Open with this map"));
    if open.on_hover_text("Reads the file again; decisions stay with their ids").clicked() {
        out.push(Command::Catalogue(CatalogueCommand::OpenWithMap));
    }
}

fn combo(
    ui: &mut egui::Ui,
    role: Role,
    preview: &ColumnPreview,
    draft: &ColumnDraft,
    width: f32,
    out: &mut Outbox,
) {
    let present = draft.map.get(role);
    let combo = egui::ComboBox::from_id_salt(("role", role.id()))
        .selected_text(present.unwrap_or("none"))
        .width(width)
        .truncate();
    let response = combo.show_ui(ui, |ui| {
        let choices = std::iter::once(None).chain(preview.columns.iter().map(|column| Some(column.as_str())));
        for choice in choices {
            if ui.selectable_label(choice == present, choice.unwrap_or("none")).clicked() {
                let column = choice.map(str::to_owned);
                out.push(Command::Catalogue(CatalogueCommand::MapRole(role, column)));
            }
        }
    });
    let name = format!("{} column: {}", role_label(role), present.unwrap_or("none"));
    response.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, &name));
}

/// The first rows as they stand in the file; columns that play a role say so.
fn rows(ui: &mut egui::Ui, context: ViewContext<'_>, preview: &ColumnPreview) {
    let palette = context.theme.palette;
    let hides = context.app.preferences.presentation;
    let map = &context.app.catalogue.draft.map;
    let columns = preview.columns.iter().enumerate();
    let shown: Vec<(usize, &String)> = columns.filter(|(_, column)| !(hides && is_private(column))).collect();
    ui.spacing_mut().interact_size.y = 0.0;
    let line_height = ui.text_style_height(&egui::TextStyle::Body) + 4.0;
    egui::ScrollArea::horizontal().id_salt("column_rows").show(ui, |ui| {
        let width = Column::auto().at_least(64.0).at_most(320.0).clip(true).resizable(true);
        let table = TableBuilder::new(ui).id_salt("column_rows").striped(true).vscroll(false);
        let table = table.columns(width, shown.len()).header(line_height * 2.2, |mut header| {
            for (_, column) in &shown {
                let role = Role::ALL.into_iter().find(|role| map.get(*role) == Some(column.as_str()));
                header.col(|ui| {
                    ui.vertical(|ui| {
                        ui.add(egui::Label::new(RichText::new(column.as_str()).strong()).truncate());
                        let text = role.map_or("kept", role_label);
                        let colour = if role.is_some() { palette.accent } else { palette.text_weak };
                        ui.add(egui::Label::new(RichText::new(text).small().color(colour)).truncate());
                    });
                });
            }
        });
        table.body(|mut body| {
            for row in &preview.rows {
                body.row(line_height, |mut line| {
                    for (number, _) in &shown {
                        let cell = row.get(*number).map_or("", String::as_str).replace('\n', " ");
                        line.col(|ui| {
                            ui.add(egui::Label::new(cell).truncate());
                        });
                    }
                });
            }
        });
    });
}
