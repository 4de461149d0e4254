//! Under the grid: what Enter would record, none of these, and moving on.

use egui::{RichText, Stroke, vec2};

use super::button;
use crate::app::{LookAlikesMode, OpenQuestion, Phase, answer_preview};
use crate::ui::{Outbox, ViewContext, widgets};

/// Draws the bar.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, item: &OpenQuestion, out: &mut Outbox) {
    ui.add_space(6.0);
    let is_demo = context.app.look_alikes.mode == LookAlikesMode::Demo;
    ui.horizontal_wrapped(|ui| {
        record(ui, context, item, !is_demo, out);
        button(ui, context, "look_alikes.none", !is_demo && item.phase == Phase::Asking, out);
        for id in ["look_alikes.skip", "look_alikes.previous", "look_alikes.undo"] {
            button(ui, context, id, true, out);
        }
        // A second line would take its height from the tiles; the footer names these too.
        let has_room = |ui: &egui::Ui| ui.available_size_before_wrap().x > 170.0 * widgets::text_scale(ui);
        if has_room(ui) {
            button(ui, context, "look_alikes.compare", true, out);
        }
        if has_room(ui) {
            let key = context.keymap.keycap("look_alikes.side_by_side").unwrap_or_default();
            let text = format!("Hold {key}: side by side");
            ui.label(RichText::new(text).small().color(context.theme.palette.text_weak));
        }
    });
}

/// The button that says what it records.
fn record(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    item: &OpenQuestion,
    is_possible: bool,
    out: &mut Outbox,
) {
    let Some(action) = crate::app::action("look_alikes.record") else { return };
    let palette = context.theme.palette;
    let key = context.keymap.keycap(action.id).unwrap_or_default();
    let label = match item.phase {
        Phase::Revealed => "Next question".to_owned(),
        Phase::Asking => format!("Record: {}", answer_preview(context.app).label),
    };
    let is_ready = is_possible && (item.phase == Phase::Revealed || !item.picks.is_empty());
    let text = RichText::new(format!("{label}  {key}"));
    let button = if is_ready {
        egui::Button::new(text.strong().color(palette.on_accent)).fill(palette.accent)
    } else {
        egui::Button::new(text).stroke(Stroke::new(1.0, palette.outline))
    };
    // The width stays while picks are made, so that nothing under the pointer moves.
    let width = 250.0 * widgets::text_scale(ui);
    let response = ui.add_enabled(is_possible, button.min_size(vec2(width, ui.spacing().interact_size.y)));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, is_possible, &label));
    if response.on_hover_text(action.tooltip).clicked() {
        out.push((action.command)());
    }
}
