//! Settings: look, reviewer, models, and the key editor, which refuses a key that is taken.

use egui::{Event, RichText};

use crate::app::{ActionSpec, Binding, ChromeCommand, Command, KeyBy, Preferences, ThemeChoice, actions};
use crate::ui::{Outbox, ViewContext, widgets};

pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let mut preferences = context.app.preferences.clone();
    egui::Grid::new("settings").num_columns(2).spacing([16.0, 8.0]).show(ui, |ui| look(ui, &mut preferences));
    ui.checkbox(&mut preferences.single_keys, "Keys without Ctrl or Alt trigger actions");
    ui.checkbox(&mut preferences.hide_scores, "Hide scores while deciding");
    ui.checkbox(
        &mut preferences.presentation,
        "Presentation mode: large text; ids, paths and sellers hidden",
    );
    ui.add_space(8.0);
    ui.strong("Keys");
    let height = (ui.ctx().content_rect().height() - 460.0).max(160.0);
    egui::ScrollArea::vertical().max_height(height).auto_shrink(false).show(ui, |ui| {
        egui::Grid::new("key_editor").num_columns(3).striped(true).spacing([16.0, 4.0]).show(ui, |ui| {
            for action in actions() {
                row(ui, context, action, &mut preferences);
            }
        });
    });
    if preferences != context.app.preferences {
        out.push(Command::Chrome(ChromeCommand::SetPreferences(Box::new(preferences))));
    }
}

fn look(ui: &mut egui::Ui, preferences: &mut Preferences) {
    ui.label("Theme");
    ui.horizontal(|ui| {
        for (choice, label) in
            [(ThemeChoice::System, "System"), (ThemeChoice::Light, "Light"), (ThemeChoice::Dark, "Dark")]
        {
            ui.selectable_value(&mut preferences.theme, choice, label);
        }
    });
    ui.end_row();
    let name = ui.label("Text size");
    let slider = egui::Slider::new(&mut preferences.text_scale, 1.0..=2.0).step_by(0.05);
    let percent = slider.custom_formatter(|scale, _| format!("{:.0} %", scale * 100.0));
    ui.add(percent).labelled_by(name.id);
    ui.end_row();
    let name = ui.label("Reviewer");
    ui.text_edit_singleline(&mut preferences.reviewer).labelled_by(name.id);
    ui.end_row();
    let folder = preferences.models_dir.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    if let Some(folder) =
        committed(ui, "Models folder", "From LOOKALIKE_MODELS or the user's data folder", folder)
    {
        preferences.models_dir = (!folder.is_empty()).then(|| folder.into());
    }
    let hub = preferences.hub.clone().unwrap_or_default();
    if let Some(hub) = committed(ui, "Model hub", "From HF_ENDPOINT, or https://huggingface.co", hub) {
        preferences.hub = (!hub.is_empty()).then_some(hub);
    }
    ui.label("");
    ui.checkbox(&mut preferences.offline, "Work offline: download nothing");
    ui.end_row();
}

/// A field whose text counts once it is left: a half-typed path is no folder. Gives the text then.
fn committed(ui: &mut egui::Ui, label: &str, hint: &str, current: String) -> Option<String> {
    let id = egui::Id::unique(("committed", label));
    let mut text: String = ui.data(|data| data.get_temp(id)).unwrap_or_else(|| current.clone());
    let name = ui.label(label);
    let response = ui.add(egui::TextEdit::singleline(&mut text).hint_text(hint)).labelled_by(name.id);
    ui.end_row();
    if response.has_focus() {
        ui.data_mut(|data| data.insert_temp(id, text));
        return None;
    }
    ui.data_mut(|data| data.remove::<String>(id));
    let text = text.trim().to_owned();
    (text != current).then_some(text)
}

/// The action whose new key is awaited, and why the last one was refused.
#[derive(Clone, Default)]
struct Editing {
    action: Option<&'static str>,
    refused: Option<String>,
}

fn row(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    action: &'static ActionSpec,
    preferences: &mut Preferences,
) {
    let id = egui::Id::unique("key_editing");
    let mut editing: Editing = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let is_editing = editing.action == Some(action.id);
    ui.label(RichText::new(action.context.label()).small());
    ui.label(action.label).on_hover_text(action.tooltip);
    ui.horizontal(|ui| {
        if is_editing {
            ui.label("Press the new key\u{2026}");
            if let Some(binding) = pressed_key(ui) {
                let mut keymap = context.keymap.clone();
                editing.refused = match keymap.rebind(action, vec![binding]) {
                    Ok(()) => None,
                    Err(clash) => Some(format!("{} belongs to {}", clash.binding.label(), clash.first)),
                };
                if editing.refused.is_none() {
                    preferences.keys = keymap.to_own();
                    editing.action = None;
                }
            }
            if let Some(reason) = &editing.refused {
                ui.colored_label(context.theme.palette.error, reason);
            }
        } else {
            for binding in context.keymap.bindings(action) {
                widgets::keycap(ui, context.theme, &binding.label());
            }
            let change = ui.small_button("Change");
            let name = format!("Change key of {}", action.label);
            change.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
            if change.clicked() {
                editing = Editing { action: Some(action.id), refused: None };
            }
            if preferences.keys.contains_key(action.id) && ui.small_button("Default").clicked() {
                let mut keymap = context.keymap.clone();
                keymap.reset(action.id);
                preferences.keys = keymap.to_own();
            }
        }
    });
    ui.end_row();
    ui.data_mut(|data| data.insert_temp(id, editing));
}

/// The key pressed in this frame, as a binding; modifiers alone are none.
fn pressed_key(ui: &egui::Ui) -> Option<Binding> {
    ui.input(|input| {
        input.events.iter().find_map(|event| match event {
            Event::Key { key, pressed: true, repeat: false, modifiers, .. } => Some(Binding {
                key: *key,
                command: modifiers.command,
                shift: modifiers.shift,
                alt: modifiers.alt,
                by: KeyBy::Meaning,
            }),
            _ => None,
        })
    })
}
