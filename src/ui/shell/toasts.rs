//! Short messages in the lower right corner; errors stay until dismissed.

use egui::{Align2, RichText, vec2};

use crate::app::{ChromeCommand, Command, ToastKind};
use crate::ui::{Outbox, ViewContext};

const WIDTH: f32 = 360.0;
const FLASH_SECS: f64 = 0.35;

/// Draws the messages and, for a moment, the frame that flashes when something is refused.
pub(super) fn show(ctx: &egui::Context, context: ViewContext<'_>, out: &mut Outbox) {
    flash(ctx, context);
    if context.app.chrome.toasts.is_empty() {
        return;
    }
    let area = egui::Area::new(egui::Id::unique("toasts")).anchor(Align2::RIGHT_BOTTOM, vec2(-12.0, -40.0));
    area.order(egui::Order::Foreground).show(ctx, |ui| {
        ui.set_max_width(WIDTH);
        for toast in context.app.chrome.toasts.iter().rev().take(4).rev() {
            let palette = context.theme.palette;
            let (sign, colour) = match toast.kind {
                ToastKind::Info => ("\u{2139}", palette.accent),
                ToastKind::Success => ("\u{2714}", palette.success),
                ToastKind::Warning => ("\u{26a0}", palette.warning),
                ToastKind::Error => ("\u{2716}", palette.error),
            };
            let frame = egui::Frame::new()
                .fill(palette.card)
                .stroke(egui::Stroke::new(1.5, colour))
                .corner_radius(context.theme.corner_radius)
                .inner_margin(10);
            frame.show(ui, |ui| {
                ui.horizontal(|ui| {
                    ui.label(RichText::new(sign).color(colour));
                    ui.add(egui::Label::new(&toast.text).wrap());
                    let close = ui.small_button("\u{2715}").on_hover_text("Dismiss");
                    close.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Dismiss"));
                    if close.clicked() {
                        out.push(Command::Chrome(ChromeCommand::Dismiss(toast.id)));
                    }
                });
            });
        }
    });
}

fn flash(ctx: &egui::Context, context: ViewContext<'_>) {
    let Some(since) = context.app.chrome.flash_secs else { return };
    let age = context.app.now.secs - since;
    if age > FLASH_SECS {
        return;
    }
    let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("flash"));
    let stroke = egui::Stroke::new(4.0, context.theme.palette.warning);
    ctx.layer_painter(layer).rect_stroke(ctx.content_rect(), 0.0, stroke, egui::StrokeKind::Inside);
    ctx.request_repaint();
}
