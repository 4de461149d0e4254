//! Where a picture lies in its view, and how the pointer zooms and drags it. Points in, points out; nothing is drawn here.

use egui::{Pos2, Rect, Vec2, pos2, vec2};

use crate::app::{Look, Scale};

/// A picture in a view.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placement {
    /// The view, points.
    pub view: Rect,
    /// The picture's own size, pixels.
    pub natural: Vec2,
    /// Screen pixels in a point.
    pub pixels_per_point: f32,
}

impl Placement {
    /// Points for each pixel of the picture.
    fn factor(&self, scale: Scale) -> f32 {
        match scale {
            Scale::Fit(by) => {
                let fit = (self.view.width() / self.natural.x.max(1.0))
                    .min(self.view.height() / self.natural.y.max(1.0));
                fit * by
            }
            Scale::Pixels(by) => by / self.pixels_per_point,
        }
    }

    /// The picture's rectangle: a side shorter than the view is centred, a longer one leaves no gap.
    pub(super) fn rect(&self, look: Look) -> Rect {
        let size = self.natural * self.factor(look.scale);
        let along = |start: f32, view: f32, size: f32, centre: f32| {
            if size <= view {
                start + (view - size) / 2.0
            } else {
                (start + view / 2.0 - centre * size).clamp(start + view - size, start)
            }
        };
        let min = pos2(
            along(self.view.left(), self.view.width(), size.x, look.centre[0]),
            along(self.view.top(), self.view.height(), size.y, look.centre[1]),
        );
        Rect::from_min_size(min, size)
    }

    /// The look with the picture's rectangle moved so that its top left is at `min`.
    fn look_at(&self, scale: Scale, min: Pos2) -> Look {
        let size = (self.natural * self.factor(scale)).max(Vec2::splat(1.0));
        let centre = (self.view.center() - min) / size;
        Look { scale, centre: [centre.x.clamp(0.0, 1.0), centre.y.clamp(0.0, 1.0)] }
    }

    /// Zoomed by `factor`, what lies under the pointer staying there.
    pub(super) fn zoomed(&self, look: Look, factor: f32, pointer: Pos2) -> Look {
        let before = self.rect(look);
        let under = (pointer - before.min) / before.size().max(Vec2::splat(1.0));
        let scale = look.scale.times(factor);
        let size = self.natural * self.factor(scale);
        self.look_at(scale, pointer - vec2(under.x * size.x, under.y * size.y))
    }

    /// Dragged by `delta` points.
    pub(super) fn dragged(&self, look: Look, delta: Vec2) -> Look {
        self.look_at(look.scale, self.rect(look).min + delta)
    }
}

#[cfg(test)]
mod tests {
    use super::Placement;
    use crate::app::{Look, Scale};
    use egui::{Rect, pos2, vec2};

    fn placement() -> Placement {
        Placement {
            view: Rect::from_min_size(pos2(100.0, 50.0), vec2(400.0, 200.0)),
            natural: vec2(1000.0, 1000.0),
            pixels_per_point: 2.0,
        }
    }

    fn near(a: Rect, b: Rect) {
        assert!((a.min - b.min).length() < 0.1 && (a.max - b.max).length() < 0.1, "{a:?} is not {b:?}");
    }

    #[test]
    fn fitted_is_centred_and_actual_has_a_screen_pixel_for_each() {
        let placement = placement();
        near(placement.rect(Look::default()), Rect::from_center_size(pos2(300.0, 150.0), vec2(200.0, 200.0)));
        let actual = Look { scale: Scale::Pixels(1.0), centre: [0.5, 0.5] };
        near(placement.rect(actual), Rect::from_center_size(pos2(300.0, 150.0), vec2(500.0, 500.0)));
    }

    #[test]
    fn a_zoomed_picture_leaves_no_gap() {
        let placement = placement();
        let corner = placement.rect(Look { scale: Scale::Fit(4.0), centre: [0.0, 1.0] });
        assert_eq!((corner.left(), corner.bottom()), (placement.view.left(), placement.view.bottom()));
    }

    #[test]
    fn what_lies_under_the_pointer_stays_there() {
        let placement = placement();
        let look = Look { scale: Scale::Fit(4.0), centre: [0.4, 0.6] };
        let pointer = pos2(220.0, 90.0);
        let under = |look: Look| {
            let rect = placement.rect(look);
            (pointer - rect.min) / rect.size()
        };
        let zoomed = placement.zoomed(look, 1.5, pointer);
        assert!((under(look) - under(zoomed)).length() < 1e-3);
    }

    #[test]
    fn a_drag_moves_the_picture_with_the_pointer() {
        let placement = placement();
        let look = Look { scale: Scale::Fit(6.0), centre: [0.5, 0.5] };
        let dragged = placement.dragged(look, vec2(30.0, -20.0));
        let moved = placement.rect(dragged).min - placement.rect(look).min;
        assert!((moved - vec2(30.0, -20.0)).length() < 0.1);
    }
}
