//! A posting's picture, fitted into a box; its reason when there is none.

use egui::{Align2, FontId, Rect, Sense, Vec2};

use crate::catalog::PostingIdx;
use crate::ui::{Picture, ViewContext};

/// Whether the picture (or the reason why there is none) is on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Drawn {
    /// It is.
    Yes,
    /// It is still being decoded.
    NotYet,
}

/// Draws the picture of `posting` centred in a box of `size`, its proportions kept.
pub(in crate::ui) fn picture(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    posting: PostingIdx,
    size: Vec2,
) -> Drawn {
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    paint_picture(ui, context, posting, rect)
}

/// As [`picture`], into a rectangle already allocated.
pub(in crate::ui) fn paint_picture(
    ui: &egui::Ui,
    context: ViewContext<'_>,
    posting: PostingIdx,
    rect: Rect,
) -> Drawn {
    paint_picture_with(ui.painter(), context, posting, rect)
}

/// As [`paint_picture`], with a painter of another layer.
pub(in crate::ui) fn paint_picture_with(
    painter: &egui::Painter,
    context: ViewContext<'_>,
    posting: PostingIdx,
    rect: Rect,
) -> Drawn {
    let palette = context.theme.palette;
    painter.rect_filled(rect, 2.0, palette.picture_ground);
    let side = rect.width().max(rect.height()) * painter.ctx().pixels_per_point();
    match context.images.thumbnail(painter.ctx(), posting, side.ceil() as u32) {
        Picture::Ready(texture) => {
            let natural = texture.size_vec2();
            let scale = (rect.width() / natural.x).min(rect.height() / natural.y);
            let fitted = Rect::from_center_size(rect.center(), natural * scale);
            let uv = Rect::from_min_max(egui::pos2(0.0, 0.0), egui::pos2(1.0, 1.0));
            painter.image(texture.id(), fitted, uv, egui::Color32::WHITE);
            Drawn::Yes
        }
        Picture::Loading => Drawn::NotYet,
        Picture::Failed(reason) => {
            let font = FontId::proportional(11.0);
            let galley = painter.layout(reason, font, palette.text_weak, rect.width() - 8.0);
            let at = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), rect).min;
            painter.with_clip_rect(rect).galley(at, galley, palette.text_weak);
            Drawn::Yes
        }
    }
}
