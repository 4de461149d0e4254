//! The drawing surface: shapes in product coordinates through one view transform, so that a crop, a
//! flip or a tilt costs nothing. It knows no product; x grows to the right, y downwards.

use image::RgbImage;
use tiny_skia::{
    FillRule, LineCap, LineJoin, Mask, Paint, Path, PathBuilder, Pixmap, PixmapPaint, Rect, Stroke, Transform,
};

use super::ink::Ink;
use super::palette::{BLACK, Rgb};

/// A picture being drawn.
pub(super) struct Canvas {
    pixmap: Pixmap,
    view: Transform,
    mask: Option<Mask>,
}

/// Sine and cosine of an angle in degrees within a turn, by Taylor series: the system's own differ in
/// the last digit from platform to platform.
fn sin_cos(degrees: f32) -> (f32, f32) {
    let mut turned = degrees % 360.0;
    if turned > 180.0 {
        turned -= 360.0;
    } else if turned < -180.0 {
        turned += 360.0;
    }
    // Halved twice, so that the series is short; doubled back below.
    let x = turned * (std::f32::consts::PI / 180.0) * 0.25;
    let x2 = x * x;
    let mut sin = x * (1.0 - x2 / 6.0 * (1.0 - x2 / 20.0 * (1.0 - x2 / 42.0)));
    let mut cos = 1.0 - x2 / 2.0 * (1.0 - x2 / 12.0 * (1.0 - x2 / 30.0 * (1.0 - x2 / 56.0)));
    for _ in 0..2 {
        (sin, cos) = (2.0 * sin * cos, cos * cos - sin * sin);
    }
    (sin, cos)
}

/// A rotation by `degrees`, clockwise on the screen.
pub(super) fn rotation(degrees: f32) -> Transform {
    let (sin, cos) = sin_cos(degrees);
    Transform::from_row(cos, sin, -sin, cos, 0.0, 0.0)
}

/// The point `radius` away from the centre at `degrees` (0 is right, 90 is down).
pub(super) fn polar(center: (f32, f32), radius: f32, degrees: f32) -> (f32, f32) {
    let (sin, cos) = sin_cos(degrees);
    (center.0 + radius * cos, center.1 + radius * sin)
}

/// A closed polygon.
pub(super) fn polygon(points: &[(f32, f32)]) -> Option<Path> {
    let mut path = PathBuilder::new();
    let (first, rest) = points.split_first()?;
    path.move_to(first.0, first.1);
    for point in rest {
        path.line_to(point.0, point.1);
    }
    path.close();
    path.finish()
}

/// A closed smooth curve through all points (Catmull-Rom).
pub(super) fn smooth(points: &[(f32, f32)]) -> Option<Path> {
    let n_points = points.len();
    let at = |i: usize| points.get(i % n_points.max(1)).copied().unwrap_or_default();
    let mut path = PathBuilder::new();
    path.move_to(at(0).0, at(0).1);
    for i in 0..n_points {
        let (before, from, to, after) = (at(i + n_points - 1), at(i), at(i + 1), at(i + 2));
        path.cubic_to(
            from.0 + (to.0 - before.0) / 6.0,
            from.1 + (to.1 - before.1) / 6.0,
            to.0 - (after.0 - from.0) / 6.0,
            to.1 - (after.1 - from.1) / 6.0,
            to.0,
            to.1,
        );
    }
    path.close();
    path.finish()
}

/// A rectangle with round corners.
pub(super) fn rounded(x: f32, y: f32, width: f32, height: f32, radius: f32) -> Option<Path> {
    let r = radius.min(width / 2.0).min(height / 2.0).max(0.0);
    // The distance of the control points at which a cubic comes closest to a quarter circle.
    let c = r * 0.447_7;
    let (right, bottom) = (x + width, y + height);
    let mut path = PathBuilder::new();
    path.move_to(x + r, y);
    path.line_to(right - r, y);
    path.cubic_to(right - c, y, right, y + c, right, y + r);
    path.line_to(right, bottom - r);
    path.cubic_to(right, bottom - c, right - c, bottom, right - r, bottom);
    path.line_to(x + r, bottom);
    path.cubic_to(x + c, bottom, x, bottom - c, x, bottom - r);
    path.line_to(x, y + r);
    path.cubic_to(x, y + c, x + c, y, x + r, y);
    path.close();
    path.finish()
}

/// An upright body of revolution seen slightly from above: straight sides, a curved bottom edge that
/// hangs `sag` below `bottom`, and a curved top edge that hangs as far below `top`.
pub(super) fn band(x0: f32, x1: f32, top: f32, bottom: f32, sag: f32) -> Option<Path> {
    let middle = (x0 + x1) / 2.0;
    let mut path = PathBuilder::new();
    path.move_to(x0, top);
    path.quad_to(middle, top + 2.0 * sag, x1, top);
    path.line_to(x1, bottom);
    path.quad_to(middle, bottom + 2.0 * sag, x0, bottom);
    path.close();
    path.finish()
}

/// An outline mirrored about x = 0: `right` runs from the top to the bottom; consecutive points are
/// joined by smooth shoulders where `x` changes.
pub(super) fn turned(right: &[(f32, f32)], sag: f32) -> Option<Path> {
    let (first, rest) = right.split_first()?;
    let last = right.last()?;
    let mut path = PathBuilder::new();
    path.move_to(-first.0, first.1);
    path.quad_to(0.0, first.1 - sag, first.0, first.1);
    let mut before = *first;
    for &(x, y) in rest {
        let half = (before.1 + y) / 2.0;
        path.cubic_to(before.0, half, x, half, x, y);
        before = (x, y);
    }
    path.quad_to(0.0, last.1 + 2.0 * sag, -last.0, last.1);
    for &(x, y) in right.iter().rev().skip(1) {
        let half = (before.1 + y) / 2.0;
        path.cubic_to(-before.0, half, -x, half, -x, y);
        before = (x, y);
    }
    path.close();
    path.finish()
}

/// An open line through the points.
pub(super) fn polyline(points: &[(f32, f32)]) -> Option<Path> {
    let mut path = PathBuilder::new();
    let (first, rest) = points.split_first()?;
    path.move_to(first.0, first.1);
    for point in rest {
        path.line_to(point.0, point.1);
    }
    path.finish()
}

/// An open cubic curve.
pub(super) fn curve(from: (f32, f32), a: (f32, f32), b: (f32, f32), to: (f32, f32)) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.move_to(from.0, from.1);
    path.cubic_to(a.0, a.1, b.0, b.1, to.0, to.1);
    path.finish()
}

impl Canvas {
    /// A blank picture; `None` only for a size of zero.
    pub(super) fn new(width: u32, height: u32) -> Option<Self> {
        Some(Self { pixmap: Pixmap::new(width, height)?, view: Transform::identity(), mask: None })
    }

    /// Draws `inner` with its coordinates seen through `local`.
    pub(super) fn within(&mut self, local: Transform, inner: impl FnOnce(&mut Self)) {
        let outer = self.view;
        self.view = outer.pre_concat(local);
        inner(self);
        self.view = outer;
    }

    /// Draws `inner` only inside `shape`, and inside what already clips.
    pub(super) fn clipped(&mut self, shape: Option<Path>, inner: impl FnOnce(&mut Self)) {
        let Some(path) = shape else { return };
        let mask = match &self.mask {
            Some(outer) => {
                let mut mask = outer.clone();
                mask.intersect_path(&path, FillRule::Winding, true, self.view);
                Some(mask)
            }
            None => Mask::new(self.pixmap.width(), self.pixmap.height()).map(|mut mask| {
                mask.fill_path(&path, FillRule::Winding, true, self.view);
                mask
            }),
        };
        let outer = std::mem::replace(&mut self.mask, mask);
        inner(self);
        self.mask = outer;
    }

    /// Fills a path; a degenerate one (`None`) is nothing to draw.
    pub(super) fn fill(&mut self, path: Option<Path>, ink: impl Into<Ink>) {
        if let Some(path) = path {
            let bounds = path.bounds();
            if bounds.width() > 0.01 && bounds.height() > 0.01 {
                let paint = Paint { shader: ink.into().0, ..Paint::default() };
                self.pixmap.fill_path(&path, &paint, FillRule::Winding, self.view, self.mask.as_ref());
            }
        }
    }

    /// Strokes a path with round ends.
    pub(super) fn stroke(&mut self, path: Option<Path>, width: f32, ink: impl Into<Ink>) {
        if let Some(path) = path {
            let paint = Paint { shader: ink.into().0, ..Paint::default() };
            let stroke =
                Stroke { width, line_cap: LineCap::Round, line_join: LineJoin::Round, ..Stroke::default() };
            self.pixmap.stroke_path(&path, &paint, &stroke, self.view, self.mask.as_ref());
        }
    }

    pub(super) fn rect(&mut self, x: f32, y: f32, width: f32, height: f32, ink: impl Into<Ink>) {
        self.fill(Rect::from_xywh(x, y, width, height).map(PathBuilder::from_rect), ink);
    }

    pub(super) fn rounded(&mut self, x: f32, y: f32, w: f32, h: f32, radius: f32, ink: impl Into<Ink>) {
        self.fill(rounded(x, y, w, h, radius), ink);
    }

    pub(super) fn oval(&mut self, cx: f32, cy: f32, rx: f32, ry: f32, ink: impl Into<Ink>) {
        let bounds = Rect::from_xywh(cx - rx, cy - ry, 2.0 * rx, 2.0 * ry);
        self.fill(bounds.and_then(PathBuilder::from_oval), ink);
    }

    /// An ellipse's outline.
    pub(super) fn ring(&mut self, cx: f32, cy: f32, rx: f32, ry: f32, width: f32, ink: impl Into<Ink>) {
        let bounds = Rect::from_xywh(cx - rx, cy - ry, 2.0 * rx, 2.0 * ry);
        self.stroke(bounds.and_then(PathBuilder::from_oval), width, ink);
    }

    pub(super) fn polygon(&mut self, points: &[(f32, f32)], ink: impl Into<Ink>) {
        self.fill(polygon(points), ink);
    }

    pub(super) fn smooth(&mut self, points: &[(f32, f32)], ink: impl Into<Ink>) {
        self.fill(smooth(points), ink);
    }

    /// An ellipse that fades out towards its rim as `(1 - r^2)^2`. Painted by hand: a radial gradient of
    /// several stops takes ten times as long. It is never clipped; shadows and lights lie under things.
    pub(super) fn soft_oval(&mut self, cx: f32, cy: f32, rx: f32, ry: f32, rgb: Rgb, alpha: f32) {
        let placed = self.view.pre_concat(Transform::from_row(rx, 0.0, 0.0, ry, cx, cy));
        let Some(inverse) = placed.invert() else { return };
        // Half the extent of the ellipse's bounding box.
        let reach_x = (placed.sx * placed.sx + placed.kx * placed.kx).sqrt();
        let reach_y = (placed.ky * placed.ky + placed.sy * placed.sy).sqrt();
        let (width, height) = (self.pixmap.width() as usize, self.pixmap.height() as usize);
        let clamp = |value: f32, limit: usize| (value.max(0.0) as usize).min(limit);
        let (x0, x1) = (clamp(placed.tx - reach_x, width), clamp(placed.tx + reach_x + 1.0, width));
        let (y0, y1) = (clamp(placed.ty - reach_y, height), clamp(placed.ty + reach_y + 1.0, height));
        let color = [u32::from(rgb.0), u32::from(rgb.1), u32::from(rgb.2), 255];
        let rows = self.pixmap.data_mut().chunks_exact_mut(width * 4).enumerate().take(y1).skip(y0);
        for (y, row) in rows {
            let y = y as f32 + 0.5;
            let (u0, v0) = (inverse.kx * y + inverse.tx, inverse.sy * y + inverse.ty);
            for (x, pixel) in row.chunks_exact_mut(4).enumerate().take(x1).skip(x0) {
                let x = x as f32 + 0.5;
                let (u, v) = (inverse.sx * x + u0, inverse.ky * x + v0);
                let inside = (1.0 - u * u - v * v).max(0.0);
                let weight = (inside * inside * alpha * 256.0) as u32;
                for (value, target) in pixel.iter_mut().zip(color) {
                    *value = ((u32::from(*value) * (256 - weight) + target * weight + 128) >> 8) as u8;
                }
            }
        }
    }

    /// The shadow of a thing that stands on the ground at y = 0 and is `half_width` wide to each side.
    pub(super) fn ground_shadow(&mut self, half_width: f32) {
        self.soft_oval(half_width * 0.38, 2.0, half_width * 1.75, half_width * 0.30 + 8.0, BLACK, 0.36);
        self.soft_oval(half_width * 0.05, 3.0, half_width * 1.16, 13.0, BLACK, 0.50);
    }

    /// The shadow of a thing that floats or lies in the middle of the picture.
    pub(super) fn lying_shadow(&mut self, cx: f32, cy: f32, rx: f32, ry: f32) {
        self.soft_oval(cx + 10.0, cy + 16.0, rx * 1.3, ry * 1.3, BLACK, 0.42);
    }

    /// Draws another picture at (x, y), through no view.
    pub(super) fn paste(&mut self, other: &Self, x: i32, y: i32) {
        self.pixmap.draw_pixmap(
            x,
            y,
            other.pixmap.as_ref(),
            &PixmapPaint::default(),
            Transform::identity(),
            None,
        );
    }

    /// The picture so far, over white.
    pub(super) fn into_rgb(self) -> RgbImage {
        let (width, height) = (self.pixmap.width(), self.pixmap.height());
        let mut out = vec![0_u8; width as usize * height as usize * 3];
        for (to, from) in out.chunks_exact_mut(3).zip(self.pixmap.data().chunks_exact(4)) {
            if let &[red, green, blue, alpha] = from {
                // Colours are premultiplied, none above its alpha.
                let rest = 255 - alpha;
                to.copy_from_slice(&[red + rest, green + rest, blue + rest]);
            }
        }
        RgbImage::from_vec(width, height, out).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Canvas, polar, sin_cos};
    use crate::catalog::demo::palette::Rgb;

    #[test]
    fn own_sine_is_close_to_the_systems() {
        for degrees in -400..400 {
            let (sin, cos) = sin_cos(degrees as f32);
            let radians = (degrees as f32).to_radians();
            assert!((sin - radians.sin()).abs() < 2e-5, "{degrees}: {sin}");
            assert!((cos - radians.cos()).abs() < 2e-5, "{degrees}: {cos}");
        }
        assert_eq!(polar((1.0, 2.0), 3.0, 0.0), (4.0, 2.0));
    }

    #[test]
    fn a_filled_rectangle_has_its_colour_and_the_rest_is_white() {
        let Some(mut canvas) = Canvas::new(8, 4) else { panic!("a size of 8 x 4 is not zero") };
        canvas.rect(0.0, 0.0, 4.0, 4.0, Rgb(10, 20, 30));
        let picture = canvas.into_rgb();
        assert_eq!(picture.get_pixel(1, 1).0, [10, 20, 30]);
        assert_eq!(picture.get_pixel(6, 1).0, [255, 255, 255]);
    }

    #[test]
    fn degenerate_shapes_draw_nothing() {
        let Some(mut canvas) = Canvas::new(4, 4) else { panic!("a size of 4 x 4 is not zero") };
        canvas.rect(0.0, 0.0, 0.0, 4.0, Rgb(0, 0, 0));
        canvas.oval(2.0, 2.0, -1.0, 1.0, Rgb(0, 0, 0));
        canvas.polygon(&[], Rgb(0, 0, 0));
        canvas.smooth(&[], Rgb(0, 0, 0));
        assert!(canvas.into_rgb().pixels().all(|pixel| pixel.0 == [255; 3]));
    }
}
