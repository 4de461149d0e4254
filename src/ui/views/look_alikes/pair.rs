//! The posting asked about and the candidate under the cursor, as large as fits, while the key is held.

use egui::{Align2, FontId, Rect, pos2, vec2};

use crate::app::OpenQuestion;
use crate::ui::{ViewContext, widgets};

/// Draws both over the page.
pub(super) fn show(ui: &egui::Ui, context: ViewContext<'_>, item: &OpenQuestion) {
    let Some(candidate) = super::query::current(context, item) else { return };
    let palette = context.theme.palette;
    let rect = ui.max_rect();
    let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("look_alikes_pair"));
    let painter = ui.ctx().layer_painter(layer);
    painter.rect_filled(rect, 0.0, palette.window);
    let (middle, gap) = (rect.center().x, 6.0);
    let room = rect.shrink(8.0);
    let caption = FontId::proportional(egui::TextStyle::Body.resolve(ui.style()).size);
    let bottom = room.bottom() - caption.size * 1.6;
    let halves = [
        (Rect::from_min_max(room.min, pos2(middle - gap, bottom)), item.query, "Asked about".to_owned()),
        (
            Rect::from_min_max(pos2(middle + gap, room.top()), pos2(room.right(), bottom)),
            candidate,
            format!("Candidate {} of {}", item.cursor + 1, item.order.len()),
        ),
    ];
    for (half, posting, name) in halves {
        widgets::paint_picture_with(&painter, context, posting, half);
        let at = half.center_bottom() + vec2(0.0, 4.0);
        painter.text(at, Align2::CENTER_TOP, name, caption.clone(), palette.text);
    }
}
