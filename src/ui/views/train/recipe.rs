//! The recipe: which one, what it does, every parameter with its explanation and a field to change it.

use egui::{RichText, Stroke, StrokeKind};

use super::{send, weak};
use crate::app::TrainCommand;
use crate::train::Parameter;
use crate::ui::views::catalogue::focus_when_asked;
use crate::ui::{Outbox, ViewContext, widgets};

/// Draws the picker and the parameters.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let draft = &context.app.train.draft;
    let Some(recipe) = &draft.recipe else {
        weak(ui, context, "Reading the recipes\u{2026}");
        return;
    };
    ui.horizontal_wrapped(|ui| {
        ui.strong("Recipe");
        let width = (260.0 * widgets::text_scale(ui)).min(ui.available_width());
        let combo = egui::ComboBox::from_id_salt("train_recipe").selected_text(&recipe.label).width(width);
        let response = combo.show_ui(ui, |ui| {
            for other in &draft.recipes {
                let is_chosen = other.id == recipe.id;
                if ui.selectable_label(is_chosen, &other.label).on_hover_text(&other.summary).clicked() {
                    send(out, TrainCommand::Recipe(other.id.clone()));
                }
            }
        });
        let name = format!("Recipe: {}", recipe.label);
        response.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, &name));
        let key = context.keymap.keycap("train.recipe_next").unwrap_or_default();
        response.response.on_hover_text(format!("{key} goes through the recipes"));
    });
    ui.add(egui::Label::new(&recipe.summary).wrap());
    let source = RichText::new(format!("After {}", recipe.source)).small();
    ui.add(egui::Label::new(source.color(context.theme.palette.text_weak)).wrap());
    ui.add_space(4.0);
    egui::ScrollArea::vertical().id_salt("train_parameters").auto_shrink(false).show(ui, |ui| {
        for (number, parameter) in draft.parameters.iter().enumerate() {
            line(ui, context, number, parameter, out);
        }
    });
}

fn line(ui: &mut egui::Ui, context: ViewContext<'_>, number: usize, parameter: &Parameter, out: &mut Outbox) {
    let palette = context.theme.palette;
    let draft = &context.app.train.draft;
    let is_current = number == draft.cursor;
    let value = shown(&parameter.value);
    let name = &parameter.name;
    // What is being typed belongs to this parameter of this recipe; another recipe starts afresh.
    let recipe = draft.recipe.as_ref().map_or("", |recipe| recipe.id.as_str());
    let id = egui::Id::unique(("train_parameter", recipe, name));
    let mut text: String = ui.data(|data| data.get_temp(id)).unwrap_or_else(|| value.clone());
    let frame = egui::Frame::new().inner_margin(egui::Margin::symmetric(6, 3)).corner_radius(4);
    let shown = frame.fill(if is_current { palette.card_hover } else { palette.window }).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 1.0;
        ui.horizontal(|ui| {
            let width = ui.available_width();
            let field_width = (width * 0.42).max(80.0);
            let text_width = (width - field_width - 20.0).max(60.0);
            let is_changed = draft.is_changed(parameter);
            let label = if is_changed { format!("{name} \u{25cf}") } else { name.clone() };
            let label = RichText::new(label).small();
            let label = if is_changed { label.strong() } else { label };
            let size = egui::vec2(text_width, ui.spacing().interact_size.y);
            let layout = egui::Layout::left_to_right(egui::Align::Center);
            let label = ui
                .allocate_ui_with_layout(size, layout, |ui| {
                    ui.set_min_width(text_width);
                    ui.add(egui::Label::new(label).truncate())
                })
                .inner;
            let field = egui::TextEdit::singleline(&mut text).id(id.with("field")).desired_width(field_width);
            let response = ui.add(field).labelled_by(label.id);
            if is_current {
                focus_when_asked(ui, "train_parameters", draft.n_edit_calls, &response);
            }
            if response.gained_focus() && !is_current {
                send(out, TrainCommand::SetCursor(number));
            }
            if response.changed() {
                ui.data_mut(|data| data.insert_temp(id, text.clone()));
            }
            if response.lost_focus() {
                ui.data_mut(|data| data.remove::<String>(id));
                if text != value {
                    send(out, TrainCommand::Set { name: name.clone(), value: text.clone() });
                }
            }
        });
        let explanation = RichText::new(parameter.explanation).small().color(palette.text_weak);
        ui.add(egui::Label::new(explanation).wrap());
        if let Some((_, refused, why)) = draft.refused.as_ref().filter(|(refused, _, _)| refused == name) {
            let text = format!("\u{26a0} {refused} was not taken: {why}");
            ui.add(egui::Label::new(RichText::new(text).small().color(palette.error)).wrap());
        }
    });
    if is_current {
        let rect = shown.response.rect;
        let stroke = Stroke::new(1.5, palette.accent);
        ui.painter().rect_stroke(rect, 4.0, stroke, StrokeKind::Inside);
        let seen = egui::Id::unique("train_parameter_seen");
        let last: Option<usize> = ui.data(|data| data.get_temp(seen));
        if last != Some(number) {
            ui.scroll_to_rect(rect, None);
            ui.data_mut(|data| data.insert_temp(seen, number));
        }
    }
}

/// A value as one types it: a word without quotes, anything else as JSON.
fn shown(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(word) => word.clone(),
        other => other.to_string(),
    }
}
