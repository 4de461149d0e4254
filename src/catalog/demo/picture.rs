//! One posting's picture: everything needed to draw it, a few hundred bytes; nothing is drawn until
//! somebody looks.

use std::sync::Arc;

use image::RgbImage;
use tiny_skia::Transform;

use super::canvas::Canvas;
use super::edits::{self, Edit, SIDE};
use super::look::Look;
use super::palette::WHITE;
use super::shot::Shot;

/// Raised whenever the same numbers are drawn differently, so that caches notice.
const DRAWING_VERSION: u32 = 1;

/// Everything needed to draw one posting's picture.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoPicture {
    pub(super) look: Arc<Look>,
    pub(super) shot: Shot,
    pub(super) edits: Vec<Edit>,
}

impl DemoPicture {
    /// Draws the picture, 480 x 480 (a few milliseconds).
    pub fn draw(&self) -> RgbImage {
        let Some(mut canvas) = Canvas::new(SIDE, SIDE) else { return RgbImage::default() };
        let view = edits::view(&self.edits);
        let other = self.edits.iter().find_map(|edit| match edit {
            Edit::Collage { other } => Some(other),
            _ => None,
        });
        match other {
            None => self.shot.draw(&mut canvas, view, &self.look),
            Some(other) => {
                for (shot, x) in [(&self.shot, 0_i16), (other, 240)] {
                    let Some(mut half) = Canvas::new(SIDE / 2, SIDE) else { continue };
                    // The middle of the scene, small enough for half the width.
                    let placed = Transform::from_row(0.72, 0.0, 0.0, 0.72, 120.0 - 0.72 * 240.0, 60.0);
                    shot.draw(&mut half, placed.pre_concat(view), &self.look);
                    canvas.paste(&half, i32::from(x), 0);
                }
                canvas.rect(236.0, 0.0, 8.0, 480.0, WHITE);
            }
        }
        edits::overlay(&mut canvas, &self.edits);
        let mut picture = canvas.into_rgb();
        edits::develop(&mut picture, &self.edits);
        picture
    }

    /// A canonical description; equal descriptions draw equal pictures.
    pub fn description(&self) -> String {
        format!("demo picture {DRAWING_VERSION}: {:?} {:?} {:?}", self.look, self.shot, self.edits)
    }
}
