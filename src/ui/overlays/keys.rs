//! Every key that works here.

use crate::app::{Context, actions};
use crate::ui::{ViewContext, widgets};

pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>) {
    let current = Context::current(context.app);
    egui::ScrollArea::vertical().show(ui, |ui| {
        for place in [current, Context::Everywhere] {
            ui.add_space(8.0);
            ui.strong(place.label());
            egui::Grid::new(("keys", place)).num_columns(3).spacing([16.0, 4.0]).show(ui, |ui| {
                for action in actions().iter().filter(|action| action.context == place) {
                    let bindings = context.keymap.bindings(action);
                    if bindings.is_empty() {
                        continue;
                    }
                    ui.horizontal(|ui| {
                        for binding in bindings {
                            widgets::keycap(ui, context.theme, &binding.label());
                        }
                    });
                    ui.label(action.label);
                    ui.add(egui::Label::new(egui::RichText::new(action.tooltip).small()).wrap());
                    ui.end_row();
                }
            });
        }
    });
}
