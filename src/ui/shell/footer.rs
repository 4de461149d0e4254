//! The footer: what the keys do here, as keycaps; and the line that assistive technology reads out.

use egui::RichText;

use crate::app::{Command, Context, Politeness, available};
use crate::ui::{Outbox, ViewContext, widgets};

const HEIGHT: f32 = 28.0;
const ANNOUNCEMENT: &str = "lookalike_announcement";

/// Draws the footer.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let scale = ui.text_style_height(&egui::TextStyle::Small) / 14.0;
    let frame = egui::Frame::new()
        .fill(context.theme.palette.panel)
        .inner_margin(egui::Margin::symmetric(context.theme.spacing as i8, 0));
    egui::Panel::bottom("footer").exact_size(HEIGHT * scale.max(1.0)).frame(frame).show(ui, |ui| {
        ui.horizontal_centered(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            announcement(ui);
            for action in available(context.app) {
                let Some(keycap) = context.keymap.keycap(action.id).filter(|_| action.in_footer) else {
                    continue;
                };
                let needed = 30.0 + 7.0 * (keycap.len() + action.label.len()) as f32;
                if ui.available_width() < needed {
                    break;
                }
                let is_here = action.context != Context::Everywhere;
                widgets::keycap(ui, context.theme, &keycap);
                let text = RichText::new(action.label).small().color(if is_here {
                    context.theme.palette.text
                } else {
                    context.theme.palette.text_weak
                });
                let label = ui.add(egui::Label::new(text).sense(egui::Sense::click()));
                if label.on_hover_text(action.tooltip).clicked() {
                    let command: Command = (action.command)();
                    out.push(command);
                }
                ui.add_space(4.0);
            }
        });
    });
}

/// Keeps a sentence for assistive technology; the next frame exposes it as a live region.
pub(super) fn announce(ctx: &egui::Context, text: &str, politeness: Politeness) {
    ctx.data_mut(|data| {
        data.insert_temp(
            egui::Id::unique(ANNOUNCEMENT),
            (text.to_owned(), politeness == Politeness::Assertive),
        )
    });
}

fn announcement(ui: &mut egui::Ui) {
    let kept: Option<(String, bool)> = ui.ctx().data(|data| data.get_temp(egui::Id::unique(ANNOUNCEMENT)));
    let Some((text, is_assertive)) = kept else { return };
    let response = ui.allocate_response(egui::Vec2::ZERO, egui::Sense::hover());
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_role(egui::accesskit::Role::Status);
        node.set_label(text.clone());
        node.set_live(if is_assertive {
            egui::accesskit::Live::Assertive
        } else {
            egui::accesskit::Live::Polite
        });
    });
}
