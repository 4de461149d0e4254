//! The Catalogue station: opening one, and the pages about the open one.

mod browse;
mod columns;
mod empty;
mod matcher;
mod matching;
mod problems;
mod statistics;
mod translation;

pub(in crate::ui) use browse::focus_when_asked;

use egui::RichText;

use crate::app::{CatalogueCommand, CatalogueSection, Command};
use crate::ui::{Outbox, ViewContext, input};

/// Draws the station.
pub(in crate::ui) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let margin = egui::Frame::new().inner_margin(12);
    margin.show(ui, |ui| {
        input::canvas(ui, ui.max_rect(), "Catalogue");
        let has_draft = context.app.catalogue.preview.is_some();
        let section = context.app.catalogue.section;
        if context.app.session.open.is_none() {
            if has_draft && section == CatalogueSection::Columns {
                columns::show(ui, context, out);
            } else {
                empty::show(ui, context, out);
            }
            return;
        }
        tabs(ui, context, out);
        ui.separator();
        match section {
            CatalogueSection::Postings => browse::show(ui, context, out),
            CatalogueSection::Columns => columns::show(ui, context, out),
            CatalogueSection::Problems => problems::show(ui, context, out),
            CatalogueSection::Statistics => statistics::show(ui, context, out),
            CatalogueSection::Matching => matching::show(ui, context, out),
        }
    });
}

fn tabs(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let catalogue = &context.app.catalogue;
    let n_loaded = context.app.session.open.as_ref().map_or(0, |session| session.catalog.problems().len());
    let n_problems = n_loaded + catalogue.late_problems.len();
    ui.horizontal_wrapped(|ui| {
        for (number, section) in CatalogueSection::ALL.into_iter().enumerate() {
            let is_open = catalogue.section == section;
            let text = match section {
                CatalogueSection::Problems if n_problems > 0 => format!("{} {n_problems}", section.label()),
                _ => section.label().to_owned(),
            };
            let response = ui.selectable_label(is_open, text);
            response
                .widget_info(|| egui::WidgetInfo::selected(egui::Role::Tab, true, is_open, section.label()));
            if response.on_hover_text(format!("Key {}", number + 1)).clicked() {
                out.push(Command::Catalogue(CatalogueCommand::Section(section)));
            }
        }
    });
}

/// A line in the weak colour.
fn weak(ui: &mut egui::Ui, context: ViewContext<'_>, text: impl Into<String>) {
    let text = RichText::new(text.into()).color(context.theme.palette.text_weak);
    ui.add(egui::Label::new(text).wrap());
}

/// A path that could not be opened, with the way to name its columns by hand.
fn refused(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let Some(path) = &context.app.catalogue.refused else { return };
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    ui.horizontal_wrapped(|ui| {
        let text = format!("\u{26a0} {name} could not be opened");
        ui.label(RichText::new(text).color(context.theme.palette.warning));
        if ui.button("Name its columns\u{2026}").clicked() {
            out.push(Command::Catalogue(CatalogueCommand::Preview(path.clone())));
        }
    });
}

#[cfg(test)]
mod tests;
