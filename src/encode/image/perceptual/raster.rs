//! A small picture as rows of pixels, and rectangles in it.

use std::ops::Range;

use fast_image_resize::FilterType;
use image::RgbImage;

use super::super::scaling::scaled_rgb;

/// Longer side of the picture that is analysed.
const LONG_SIDE: f32 = 128.0;
/// Smallest shorter side: even a thin strip has some lines.
const MIN_SIDE: u32 = 8;

/// 8-bit RGB, rows of pixels.
pub struct Raster {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<[u8; 3]>,
}

/// A rectangle of a raster.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    pub rows: Range<usize>,
    pub columns: Range<usize>,
}

/// The sides of an area.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Top,
    Bottom,
    Left,
    Right,
}

impl Raster {
    /// The picture with its longer side scaled to 128 pixels.
    pub fn from_picture(picture: &RgbImage) -> Self {
        let (width, height) = picture.dimensions();
        let (to_width, to_height) = Self::scaled_size((width, height));
        let in_pixels = |(width, height): (u32, u32)| (width as usize, height as usize);
        Self::scaled_from(picture.as_raw(), in_pixels((width, height)), in_pixels((to_width, to_height)))
    }

    /// What a picture of this size is scaled to.
    pub fn scaled_size((width, height): (u32, u32)) -> (u32, u32) {
        let scale = LONG_SIDE / width.max(height).max(1) as f32;
        let scaled_side = |side: u32| ((side as f32 * scale).round() as u32).max(MIN_SIDE);
        (scaled_side(width), scaled_side(height))
    }

    /// `bytes` (height, width, 3) scaled by Pillow's bilinear filter.
    pub fn scaled_from(bytes: &[u8], size: (usize, usize), (width, height): (usize, usize)) -> Self {
        let bytes = scaled_rgb(bytes, size, (width, height), FilterType::Bilinear);
        let pixels = bytes.chunks_exact(3).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        Self { width, height, pixels }
    }

    /// The pixel at a place inside the raster.
    pub fn pixel(&self, row: usize, column: usize) -> [u8; 3] {
        self.pixels[row * self.width + column]
    }

    /// The whole raster.
    pub fn area(&self) -> Area {
        Area { rows: 0..self.height, columns: 0..self.width }
    }

    /// The pixels of line `depth` of `area`, counted from `side` inwards.
    pub fn line(&self, area: &Area, side: Side, depth: usize) -> Vec<[u8; 3]> {
        let row = |row: usize| area.columns.clone().map(|column| self.pixel(row, column)).collect();
        let column = |column: usize| area.rows.clone().map(|row| self.pixel(row, column)).collect();
        match side {
            Side::Top => row(area.rows.start + depth),
            Side::Bottom => row(area.rows.end - 1 - depth),
            Side::Left => column(area.columns.start + depth),
            Side::Right => column(area.columns.end - 1 - depth),
        }
    }
}

impl Area {
    /// Number of lines from `side` to the other.
    pub fn depth(&self, side: Side) -> usize {
        match side {
            Side::Top | Side::Bottom => self.rows.len(),
            Side::Left | Side::Right => self.columns.len(),
        }
    }

    /// Takes `n_lines` off at `side`.
    pub fn strip(&mut self, side: Side, n_lines: usize) {
        match side {
            Side::Top => self.rows.start += n_lines,
            Side::Bottom => self.rows.end -= n_lines,
            Side::Left => self.columns.start += n_lines,
            Side::Right => self.columns.end -= n_lines,
        }
    }
}

/// The largest difference of two colours in one channel.
pub fn color_distance(left: [u8; 3], right: [u8; 3]) -> u8 {
    let [red, green, blue] = [0, 1, 2].map(|channel| left[channel].abs_diff(right[channel]));
    red.max(green).max(blue)
}

/// The median of each channel; black for no pixels.
pub fn median_color(pixels: &[[u8; 3]]) -> [u8; 3] {
    [0, 1, 2].map(|channel| {
        let mut values: Vec<u8> = pixels.iter().map(|pixel| pixel[channel]).collect();
        let middle = values.len().saturating_sub(1) / 2;
        if values.is_empty() { 0 } else { *values.select_nth_unstable(middle).1 }
    })
}
