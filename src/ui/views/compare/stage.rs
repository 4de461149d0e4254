//! The two pictures in the four modes: what is drawn where, and what the pointer does to it.

use egui::{Align2, Color32, CursorIcon, FontId, Rect, Sense, Stroke, StrokeKind, Vec2, pos2, vec2};

use crate::app::{Command, CompareCommand, CompareMode, CompareState, Look, Side};
use crate::catalog::PostingIdx;
use crate::ui::{Outbox, Picture, ViewContext, input};

use super::placement::Placement;

const GAP: f32 = 8.0;

/// Above this many pixels on the longer side, the picture itself is drawn instead of a thumbnail.
const LARGEST_THUMBNAIL: f32 = 2048.0;

/// Seconds between automatic flips: two a second at most.
const FLIP_SECS: f64 = 0.5;

/// Whether a picture (or the reason why there is none) is on screen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Yes,
    NotYet,
}

/// What drawing the pictures needs.
struct Stage<'a> {
    ui: &'a egui::Ui,
    context: ViewContext<'a>,
    compare: &'a CompareState,
}

/// Draws the pictures of the pair into `rect` and takes the pointer there.
pub(super) fn show(
    ui: &egui::Ui,
    context: ViewContext<'_>,
    rect: Rect,
    pair: (PostingIdx, PostingIdx),
    out: &mut Outbox,
) {
    let compare = &context.app.compare;
    input::canvas(ui, rect, &format!("Pictures, {}", compare.mode.label().to_lowercase()));
    let stage = Stage { ui, context, compare };
    // Held Space (or the clock) lets the two change places; their looks stay with their places.
    let shown = if is_flipped(ui, compare) { (pair.1, pair.0) } else { pair };
    let names = if shown == pair { ("Left", "Right") } else { ("Right", "Left") };
    let looks = compare.looks;
    let drawn = match compare.mode {
        CompareMode::SideBySide => {
            let width = (rect.width() - GAP) / 2.0;
            let left = Rect::from_min_size(rect.min, vec2(width, rect.height()));
            let right = Rect::from_min_size(pos2(rect.right() - width, rect.top()), left.size());
            stage.pointer(left, shown.0, looks[0], Side::Left, out);
            stage.pointer(right, shown.1, looks[1], Side::Right, out);
            let drawn = [
                stage.picture(left, left, shown.0, looks[0]),
                stage.picture(right, right, shown.1, looks[1]),
            ];
            stage.caption(left, Align2::LEFT_TOP, names.0);
            stage.caption(right, Align2::LEFT_TOP, names.1);
            drawn
        }
        CompareMode::Flip => {
            stage.pointer(rect, shown.0, looks[0], Side::Left, out);
            let drawn = stage.picture(rect, rect, shown.0, looks[0]);
            stage.caption(rect, Align2::LEFT_TOP, names.0);
            // The other one is ready as soon as it could be drawn.
            [drawn, stage.is_there(rect, shown.1)]
        }
        CompareMode::Wipe => {
            stage.pointer(rect, shown.0, looks[0], Side::Left, out);
            let x = rect.left() + rect.width() * compare.wipe;
            let before = Rect::from_min_max(rect.min, pos2(x, rect.bottom()));
            let after = Rect::from_min_max(pos2(x, rect.top()), rect.max);
            let drawn = [
                stage.picture(rect, before, shown.0, looks[0]),
                stage.picture(rect, after, shown.1, looks[0]),
            ];
            stage.caption(rect, Align2::LEFT_TOP, names.0);
            stage.caption(rect, Align2::RIGHT_TOP, names.1);
            stage.wipe_line(rect, x, out);
            drawn
        }
        CompareMode::Difference => {
            stage.pointer(rect, pair.0, looks[0], Side::Left, out);
            if shown == pair {
                let drawn = stage.difference(rect, pair, looks[0]);
                stage.caption(rect, Align2::LEFT_TOP, "Difference: black where they are equal");
                [drawn; 2]
            } else {
                stage.caption(rect, Align2::LEFT_TOP, "Left");
                [stage.picture(rect, rect, pair.0, looks[0]), stage.is_there(rect, pair.1)]
            }
        }
    };
    if drawn == [Shown::Yes; 2] && !compare.is_drawn {
        out.push(Command::Compare(CompareCommand::Drawn(pair.0, pair.1)));
    }
    stage.prefetch(rect, pair);
}

fn is_flipped(ui: &egui::Ui, compare: &CompareState) -> bool {
    if compare.mode != CompareMode::Flip || !compare.is_auto_flip {
        return compare.is_flipped;
    }
    let now = ui.input(|input| input.time);
    ui.ctx().request_repaint_after_secs((FLIP_SECS - now % FLIP_SECS) as f32);
    let by_clock = (now / FLIP_SECS) as i64 % 2 == 1;
    by_clock != compare.is_flipped
}

impl Stage<'_> {
    fn placement(&self, view: Rect, natural: Vec2) -> Placement {
        Placement { view, natural, pixels_per_point: self.ui.ctx().pixels_per_point() }
    }

    /// The picture's own size, or that of the texture as long as it is not known.
    fn natural(&self, posting: PostingIdx, texture: Vec2) -> Vec2 {
        self.context.images.size(posting).map_or(texture, |[width, height]| vec2(width as f32, height as f32))
    }

    /// The picture in as many pixels as it is drawn with.
    fn texture(&self, view: Rect, posting: PostingIdx, look: Look) -> Picture {
        let ctx = self.ui.ctx();
        let natural = self.natural(posting, view.size());
        let side = self.placement(view, natural).rect(look).size().max_elem() * ctx.pixels_per_point();
        if side > LARGEST_THUMBNAIL {
            self.context.images.full(ctx, posting)
        } else {
            self.context.images.thumbnail(ctx, posting, side.ceil() as u32)
        }
    }

    /// Asks for a picture that is not drawn now but will be at the next flip.
    fn is_there(&self, view: Rect, posting: PostingIdx) -> Shown {
        match self.texture(view, posting, self.compare.looks[0]) {
            Picture::Loading => Shown::NotYet,
            Picture::Ready(_) | Picture::Failed(_) => Shown::Yes,
        }
    }

    /// Draws a picture as it lies in `view`, cut off at `clip`.
    fn picture(&self, view: Rect, clip: Rect, posting: PostingIdx, look: Look) -> Shown {
        let painter = self.ui.painter().with_clip_rect(clip.intersect(self.ui.clip_rect()));
        painter.rect_filled(view, 2.0, self.context.theme.palette.picture_ground);
        match self.texture(view, posting, look) {
            Picture::Ready(texture) => {
                let natural = self.natural(posting, texture.size_vec2());
                let rect = self.placement(view, natural).rect(look);
                let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
                painter.image(texture.id(), rect, uv, Color32::WHITE);
                Shown::Yes
            }
            Picture::Failed(reason) => {
                self.reason(&painter, clip, reason);
                Shown::Yes
            }
            Picture::Loading => Shown::NotYet,
        }
    }

    fn difference(&self, view: Rect, (left, right): (PostingIdx, PostingIdx), look: Look) -> Shown {
        let ctx = self.ui.ctx();
        let painter = self.ui.painter().with_clip_rect(view.intersect(self.ui.clip_rect()));
        painter.rect_filled(view, 2.0, self.context.theme.palette.picture_ground);
        let longer = |posting| self.context.images.size(posting).map_or(0, |size| size[0].max(size[1]));
        let natural = longer(left).max(longer(right)) as f32;
        let wanted = match look.scale {
            crate::app::Scale::Fit(by) => view.width().min(view.height()) * by * ctx.pixels_per_point(),
            crate::app::Scale::Pixels(by) => natural * by,
        };
        let side = wanted.clamp(320.0, natural.clamp(320.0, LARGEST_THUMBNAIL));
        match self.context.images.difference(ctx, left, right, side as u32) {
            Picture::Ready(texture) => {
                let size = texture.size_vec2();
                let own = size * (natural.max(1.0) / size.max_elem().max(1.0));
                let rect = self.placement(view, if natural > 0.0 { own } else { size }).rect(look);
                let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
                painter.image(texture.id(), rect, uv, Color32::WHITE);
                Shown::Yes
            }
            Picture::Failed(reason) => {
                self.reason(&painter, view, format!("No difference to show. {reason}"));
                Shown::Yes
            }
            Picture::Loading => Shown::NotYet,
        }
    }

    fn reason(&self, painter: &egui::Painter, rect: Rect, reason: String) {
        let colour = self.context.theme.palette.text_weak;
        let font = egui::TextStyle::Body.resolve(self.ui.style());
        let galley = painter.layout(reason, font, colour, (rect.width() - 16.0).max(40.0));
        let at = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), rect).min;
        painter.galley(at, galley, colour);
    }

    /// Which picture this is, in a corner.
    fn caption(&self, rect: Rect, corner: Align2, text: &str) {
        let palette = self.context.theme.palette;
        let font = FontId::proportional(egui::TextStyle::Small.resolve(self.ui.style()).size);
        let painter = self.ui.painter();
        let galley = painter.layout_no_wrap(text.to_owned(), font, palette.text);
        let size = galley.size() + vec2(12.0, 6.0);
        let place = corner.align_size_within_rect(size, rect.shrink(6.0));
        painter.rect(place, 3.0, palette.panel, Stroke::new(1.0, palette.outline), StrokeKind::Inside);
        painter.galley(place.min + vec2(6.0, 3.0), galley, palette.text);
    }

    /// Wheel and drag over a picture.
    fn pointer(&self, view: Rect, posting: PostingIdx, look: Look, side: Side, out: &mut Outbox) {
        let id = egui::Id::unique(("compare_picture", side == Side::Left));
        let response = self.ui.interact(view, id, Sense::drag());
        let title = self.context.app.session.open.as_ref().map_or("", |open| open.catalog.title(posting));
        let name = match side {
            Side::Left => "Left picture",
            Side::Right => "Right picture",
        };
        response
            .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, format!("{name}: {title}")));
        let natural = self.natural(posting, view.size());
        let placement = self.placement(view, natural);
        if response.dragged() && response.drag_delta() != Vec2::ZERO {
            let look = placement.dragged(look, response.drag_delta());
            out.push(Command::Compare(CompareCommand::Look(side, look)));
        }
        if let Some(pointer) = response.hover_pos() {
            let (scrolled, pinched) =
                self.ui.input(|input| (input.smooth_scroll_delta().y, input.zoom_delta()));
            let factor = (scrolled / 200.0).exp() * pinched;
            if factor != 1.0 {
                let look = placement.zoomed(look, factor, pointer);
                out.push(Command::Compare(CompareCommand::Look(side, look)));
            }
            self.ui.set_cursor_icon(if response.dragged() { CursorIcon::Grabbing } else { CursorIcon::Grab });
        }
    }

    fn wipe_line(&self, rect: Rect, x: f32, out: &mut Outbox) {
        let palette = self.context.theme.palette;
        let half = self.context.theme.target_size / 2.0;
        let grip = Rect::from_min_max(pos2(x - half, rect.top()), pos2(x + half, rect.bottom()));
        let response = self.ui.interact(grip, egui::Id::unique("wipe_line"), Sense::drag());
        let share = self.compare.wipe;
        response.widget_info(|| {
            let name = format!("Wipe line at {:.0} percent", share * 100.0);
            egui::WidgetInfo::labeled(egui::Role::Splitter, true, name)
        });
        if response.hovered() || response.dragged() {
            self.ui.set_cursor_icon(CursorIcon::ResizeHorizontal);
        }
        if let Some(pointer) = response.interact_pointer_pos().filter(|_| response.dragged()) {
            let at = (pointer.x - rect.left()) / rect.width().max(1.0);
            out.push(Command::Compare(CompareCommand::SetWipe(at)));
        }
        let painter = self.ui.painter().with_clip_rect(rect);
        painter.vline(x, rect.y_range(), Stroke::new(3.0, palette.panel));
        painter.vline(x, rect.y_range(), Stroke::new(1.5, palette.accent));
        let knob = pos2(x, rect.center().y);
        painter.circle(knob, 10.0, palette.panel, Stroke::new(1.5, palette.accent));
        let font = FontId::proportional(12.0);
        painter.text(knob, Align2::CENTER_CENTER, "\u{2194}", font, palette.text);
    }

    /// The other partners in the size in which they will be looked at, nearest first, and large pictures in full.
    fn prefetch(&self, rect: Rect, pair: (PostingIdx, PostingIdx)) {
        let ctx = self.ui.ctx();
        let at = self.compare.partner_number().unwrap_or(0);
        let partners = &self.compare.partners;
        let mut next: Vec<PostingIdx> = partners.iter().skip(at + 1).take(8).copied().collect();
        next.extend(partners.iter().take(at).rev().take(2));
        let width = if self.compare.mode == CompareMode::SideBySide { 0.5 } else { 1.0 } * rect.width();
        let side = (width.min(rect.height()) * ctx.pixels_per_point()).ceil() as u32;
        self.context.images.prefetch(ctx, &next, side);
        self.context.images.prefetch_full(ctx, &[pair.0, pair.1]);
    }
}
