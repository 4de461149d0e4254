//! The choice whether titles are translated before the text encoder reads them, and by which model.

use egui::RichText;

use super::matching::{Absent, get_button};
use crate::app::{Command, MatchCommand, ModelsCommand};
use crate::encode::{ModelStore, Purpose};
use crate::ui::{Outbox, ViewContext, widgets};

const HEADING: &str = "Translate titles";
const OFF: &str = "Off: titles as they are";

/// A translation model as last looked.
#[derive(Clone)]
pub(super) struct TranslationChoice {
    id: String,
    label: String,
    summary: String,
    absent: Option<Absent>,
}

/// Every translation model the store knows, with what is lacking of it.
pub(super) fn choices(store: &ModelStore) -> Vec<TranslationChoice> {
    let entries = store.entries().into_iter().filter(|entry| entry.purpose == Purpose::Translate);
    let choices = entries.map(|entry| {
        let absent = (!store.is_present(&entry)).then(|| Absent::of(vec![entry.id.clone()], store));
        TranslationChoice { id: entry.id, label: entry.label, summary: entry.summary, absent }
    });
    choices.collect()
}

/// Draws the choice.
pub(super) fn show(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    choices: &[TranslationChoice],
    folder: &str,
    out: &mut Outbox,
) {
    let present = context.app.matching.settings.translate.as_deref();
    let chosen = choices.iter().find(|choice| Some(choice.id.as_str()) == present);
    let label = chosen.map_or_else(|| present.unwrap_or(OFF), |choice| &choice.label);
    let mut wanted = None;
    ui.horizontal_wrapped(|ui| {
        ui.label(HEADING);
        let width = (300.0 * widgets::text_scale(ui)).min(ui.available_width());
        let combo = egui::ComboBox::from_id_salt(HEADING).selected_text(label).width(width).truncate();
        let response = combo.show_ui(ui, |ui| {
            if ui.selectable_label(present.is_none(), OFF).clicked() {
                wanted = Some(None);
            }
            for choice in choices {
                ui.horizontal(|ui| {
                    let state = match &choice.absent {
                        None => "",
                        Some(absent) if absent.can_get => " \u{2014} to be got",
                        Some(_) => " \u{2014} model files absent",
                    };
                    let is_chosen = Some(choice.id.as_str()) == present;
                    let text = format!("{}{state}", choice.label);
                    if ui.selectable_label(is_chosen, text).on_hover_text(&choice.summary).clicked() {
                        wanted = Some(Some(choice.id.clone()));
                        ui.close();
                    }
                    if let Some(absent) = &choice.absent {
                        get_button(ui, context, &choice.label, absent, out);
                    }
                });
            }
        });
        let named = format!("{HEADING}: {label}");
        response.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, &named));
    });
    let what = match chosen {
        Some(choice) => &choice.summary,
        None => "For text encoders that know English best. What you are shown stays in its own language",
    };
    super::weak(ui, context, what);
    if let Some((choice, absent)) = chosen.and_then(|choice| Some((choice, choice.absent.as_ref()?))) {
        let folder = if context.app.preferences.presentation { "the models folder" } else { folder };
        let what = format!("\u{26a0} {} needs its model files", choice.label);
        let text = if absent.can_get {
            format!("{what} ({}): get them, or add your own in the Models panel", absent.size)
        } else {
            format!("{what}: add them in the Models panel, or put the folder {} into {folder}", choice.id)
        };
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(text).small().color(context.theme.palette.warning));
            get_button(ui, context, &choice.label, absent, out);
            let button = ui.button("Models\u{2026}");
            let name = "Models for the translation of titles";
            button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
            if button.on_hover_text("Shows every model, gets and adds them").clicked() {
                out.push(Command::Models(ModelsCommand::Open(Some(choice.id.clone()))));
            }
        });
    }
    ui.add_space(8.0);
    if let Some(wanted) = wanted.filter(|wanted| wanted.as_deref() != present) {
        out.push(Command::Match(MatchCommand::Translate(wanted)));
    }
}
