//! What sellers do to a picture before they upload it: crop, flip, tilt, banners, badges, borders,
//! collages, watermarks, light. The last step of drawing; it knows no family.

use image::RgbImage;
use tiny_skia::Transform;

use super::canvas::{Canvas, polar, polyline, rotation};
use super::ink::Ink;
use super::palette::{BLACK, Rgb, WHITE};
use super::rng::Rng;
use super::shot::Shot;
use super::text::{Face, Line};

/// Width and height of every picture in pixels.
pub(super) const SIDE: u32 = 480;

/// One edit. Numbers are whole so that a description says everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// Cut out the middle: scale in per cent, centre moved by pixels.
    Crop { percent: u8, dx: i8, dy: i8 },
    /// Mirrored left to right.
    Flip,
    /// Turned by tenths of a degree.
    Tilt { tenths: i8 },
    /// A strip with words along the top or bottom.
    Banner { words: &'static str, color: Rgb, at_top: u8 },
    /// A round or star-shaped sticker in a corner (0 to 3).
    Badge { words: &'static str, color: Rgb, corner: u8, spikes: u8 },
    /// A frame of this many pixels.
    Border { color: Rgb, width: u8 },
    /// A shop's name across the picture.
    Watermark { words: &'static str },
    /// A second photograph of the same product beside the first.
    Collage { other: Shot },
    /// Brighter or darker, more or less contrast, in per cent.
    Light { brightness: i8, contrast: i8 },
    /// Warmer (positive) or colder.
    Warmth { shift: i8 },
    /// A soft lens or a small upload scaled up.
    Soften,
    /// Sensor noise.
    Grain { seed: u8, strength: u8 },
}

const LOUD: [Rgb; 7] = [
    Rgb(222, 44, 52),
    Rgb(250, 186, 32),
    Rgb(24, 118, 196),
    Rgb(20, 140, 96),
    Rgb(238, 96, 36),
    Rgb(130, 54, 168),
    Rgb(32, 32, 38),
];

const BANNERS: [&str; 16] = [
    "GRATIS ONGKIR",
    "FREE SHIPPING",
    "READY STOCK",
    "100% ORIGINAL",
    "BIG SALE",
    "PROMO",
    "BEST SELLER",
    "ENVÍO GRATIS",
    "LIVRAISON OFFERTE",
    "SOFORT LIEFERBAR",
    "BISA COD",
    "OFERTA",
    "NEU EINGETROFFEN",
    "FLASH SALE",
    "LIMITED OFFER",
    "TERMURAH",
];
const BADGES: [&str; 12] =
    ["-20%", "COD", "PROMO", "NEW", "-35%", "SALE", "HOT", "-50%", "ORI", "TOP", "2 PCS", "-15%"];

impl Edit {
    /// The edit's name, for the catalogue's own column.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Crop { .. } => "crop",
            Self::Flip => "flip",
            Self::Tilt { .. } => "tilt",
            Self::Banner { .. } => "banner",
            Self::Badge { .. } => "badge",
            Self::Border { .. } => "border",
            Self::Watermark { .. } => "watermark",
            Self::Collage { .. } => "collage",
            Self::Light { .. } => "light",
            Self::Warmth { .. } => "white balance",
            Self::Soften => "soft",
            Self::Grain { .. } => "noise",
        }
    }

    /// One to three edits of a re-upload, each kind at most once.
    pub(super) fn random_list(rng: &mut Rng, shop: &'static str) -> Vec<Self> {
        let n_edits = rng.pick(&[1, 1, 1, 1, 1, 1, 2, 2, 2, 3]);
        let mut kinds: Vec<u32> = vec![0, 0, 1, 2, 3, 3, 4, 4, 4, 5, 6, 6, 7, 8, 8, 9, 9, 10, 11];
        rng.shuffle(&mut kinds);
        let mut chosen: Vec<u32> = Vec::new();
        for kind in kinds {
            if chosen.len() < n_edits && !chosen.contains(&kind) {
                chosen.push(kind);
            }
        }
        chosen.into_iter().map(|kind| Self::random(rng, kind, shop)).collect()
    }

    /// The first of `edits` that leaves the product as it was; mirrored where there is none.
    pub(super) fn gentlest(edits: Vec<Self>) -> Vec<Self> {
        let is_gentle = |edit: &Self| {
            let covers_or_recolors = matches!(
                edit,
                Self::Badge { .. } | Self::Collage { .. } | Self::Light { .. } | Self::Warmth { .. }
            );
            !covers_or_recolors
        };
        vec![edits.into_iter().find(is_gentle).unwrap_or(Self::Flip)]
    }

    fn random(rng: &mut Rng, kind: u32, shop: &'static str) -> Self {
        match kind {
            0 => Self::Crop {
                percent: rng.range(106, 124) as u8,
                dx: rng.range(-26, 26) as i8,
                dy: rng.range(-24, 24) as i8,
            },
            1 => Self::Flip,
            2 => {
                let tenths = rng.range(15, 50) as i8;
                Self::Tilt { tenths: if rng.chance(50) { tenths } else { -tenths } }
            }
            3 => {
                Self::Banner { words: rng.pick(&BANNERS), color: rng.pick(&LOUD), at_top: rng.below(2) as u8 }
            }
            4 => Self::Badge {
                words: rng.pick(&BADGES),
                color: rng.pick(&LOUD),
                corner: rng.below(4) as u8,
                spikes: rng.pick(&[0, 12, 16]),
            },
            5 => Self::Border { color: rng.pick(&LOUD), width: rng.range(8, 20) as u8 },
            6 => Self::Watermark { words: shop },
            7 => Self::Collage { other: Shot::own(rng) },
            8 => Self::Light { brightness: rng.range(-18, 16) as i8, contrast: rng.range(-14, 16) as i8 },
            9 => Self::Warmth { shift: rng.range(-26, 30) as i8 },
            10 => Self::Soften,
            _ => Self::Grain { seed: rng.byte(), strength: rng.range(6, 14) as u8 },
        }
    }
}

/// The camera's view after crop, flip and tilt.
pub(super) fn view(edits: &[Edit]) -> Transform {
    let mut view = Transform::from_translate(240.0, 240.0);
    for edit in edits {
        view = match *edit {
            Edit::Crop { percent, dx, dy } => {
                let scale = f32::from(percent) / 100.0;
                view.pre_concat(Transform::from_row(scale, 0.0, 0.0, scale, f32::from(dx), f32::from(dy)))
            }
            Edit::Flip => view.pre_scale(-1.0, 1.0),
            Edit::Tilt { tenths } => view.pre_concat(rotation(f32::from(tenths) / 10.0)),
            _ => view,
        };
    }
    view.pre_translate(-240.0, -240.0)
}

/// Draws banners, badges, borders and watermarks over the scene.
pub(super) fn overlay(canvas: &mut Canvas, edits: &[Edit]) {
    for edit in edits {
        match *edit {
            Edit::Banner { words, color, at_top } => {
                let y = if at_top == 1 { 0.0 } else { 424.0 };
                canvas.rect(0.0, y, 480.0, 56.0, Ink::across(0.0, 480.0, color, color.mix(BLACK, 220)));
                canvas.text(
                    240.0,
                    y + 39.0,
                    Line::new(words, Face::Bold, 32.0, 430.0, color.readable_ink()).spaced(0.04),
                );
            }
            Edit::Badge { words, color, corner, spikes } => badge(canvas, words, color, corner, spikes),
            Edit::Border { color, width } => {
                let w = f32::from(width);
                canvas.rect(0.0, 0.0, 480.0, w, color);
                canvas.rect(0.0, 480.0 - w, 480.0, w, color);
                canvas.rect(0.0, 0.0, w, 480.0, color);
                canvas.rect(480.0 - w, 0.0, w, 480.0, color);
            }
            Edit::Watermark { words } => {
                canvas.within(Transform::from_translate(240.0, 250.0).pre_concat(rotation(-24.0)), |c| {
                    c.within(Transform::from_translate(1.5, 1.5), |c| watermark(c, words, BLACK, 0.16));
                    watermark(c, words, WHITE, 0.42);
                });
            }
            _ => {}
        }
    }
}

fn watermark(c: &mut Canvas, words: &str, rgb: Rgb, alpha: f32) {
    c.text_glazed(0.0, 14.0, Line::new(words, Face::Bold, 50.0, 420.0, rgb), alpha);
    for y in [-14.0 - 44.0, 44.0] {
        c.stroke(polyline(&[(-190.0, y), (190.0, y)]), 2.0, Ink::glaze(rgb, alpha));
    }
}

fn badge(canvas: &mut Canvas, words: &str, color: Rgb, corner: u8, spikes: u8) {
    let x = if corner.is_multiple_of(2) { 74.0 } else { 406.0 };
    let y = if (corner / 2).is_multiple_of(2) { 74.0 } else { 406.0 };
    canvas.soft_oval(x + 4.0, y + 6.0, 68.0, 68.0, BLACK, 0.35);
    if spikes == 0 {
        canvas.oval(x, y, 56.0, 56.0, color);
        canvas.ring(x, y, 49.0, 49.0, 2.5, color.readable_ink());
    } else {
        let n_points = usize::from(spikes) * 2;
        let points: Vec<_> = (0..n_points)
            .map(|i| polar((x, y), if i % 2 == 0 { 62.0 } else { 51.0 }, i as f32 * 360.0 / n_points as f32))
            .collect();
        canvas.polygon(&points, color);
    }
    canvas.within(Transform::from_translate(x, y).pre_concat(rotation(-10.0)), |c| {
        c.text(0.0, 11.0, Line::new(words, Face::Bold, 34.0, 84.0, color.readable_ink()));
    });
}

/// Light, colour, softness and noise, on the finished pixels.
pub(super) fn develop(picture: &mut RgbImage, edits: &[Edit]) {
    for edit in edits {
        match *edit {
            Edit::Light { brightness, contrast } => curves(picture, |value, _| {
                let centred = (value - 128) * (100 + i32::from(contrast)) / 100 + 128;
                centred + i32::from(brightness) * 2
            }),
            Edit::Warmth { shift } => curves(picture, |value, channel| {
                let gain = [i32::from(shift), i32::from(shift) / 4, -i32::from(shift)][channel];
                value + value * gain / 160
            }),
            Edit::Soften => {
                soften(picture);
                soften(picture);
            }
            Edit::Grain { seed, strength } => grain(picture, seed, strength),
            _ => {}
        }
    }
}

/// Applies one curve a channel; 256 entries each, so that a pixel costs three look-ups.
fn curves(picture: &mut RgbImage, curve: impl Fn(i32, usize) -> i32) {
    let mut table = [[0_u8; 256]; 3];
    for (channel, entries) in table.iter_mut().enumerate() {
        for (value, entry) in entries.iter_mut().enumerate() {
            *entry = curve(value as i32, channel).clamp(0, 255) as u8;
        }
    }
    for pixel in picture.pixels_mut() {
        for (value, entries) in pixel.0.iter_mut().zip(&table) {
            *value = entries[usize::from(*value)];
        }
    }
}

/// A 1-2-1 blur along both axes. At the left and right edge it reaches into the neighbouring row, which nobody sees.
fn soften(picture: &mut RgbImage) {
    let stride = picture.width() as usize * 3;
    let pixels: &mut [u8] = picture;
    for step in [3, stride] {
        let before = pixels.to_vec();
        let windows = before.iter().zip(before.iter().skip(step)).zip(before.iter().skip(2 * step));
        for (out, ((&a, &b), &c)) in pixels.iter_mut().skip(step).zip(windows) {
            *out = ((u16::from(a) + 2 * u16::from(b) + u16::from(c) + 2) / 4) as u8;
        }
    }
}

fn grain(picture: &mut RgbImage, seed: u8, strength: u8) {
    let mut rng = Rng::new(u64::from(seed) + 1000);
    let strength = i32::from(strength);
    let mut bits = 0_u64;
    for (i, pixel) in picture.pixels_mut().enumerate() {
        if i % 8 == 0 {
            bits = rng.next();
        }
        // The same for all channels: coloured noise looks broken.
        let change = (i32::from((bits & 0xFF) as u8) - 128) * strength / 128;
        bits >>= 8;
        for value in &mut pixel.0 {
            *value = (i32::from(*value) + change).clamp(0, 255) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Edit, develop, view};
    use image::RgbImage;
    use tiny_skia::Point;

    #[test]
    fn a_flip_mirrors_and_two_flips_do_nothing() {
        let mut point = Point::from_xy(100.0, 50.0);
        view(&[Edit::Flip]).map_point(&mut point);
        assert_eq!((point.x, point.y), (380.0, 50.0));
        view(&[Edit::Flip]).map_point(&mut point);
        assert_eq!((point.x, point.y), (100.0, 50.0));
    }

    #[test]
    fn a_soft_picture_of_one_colour_stays() {
        let mut picture = RgbImage::from_pixel(9, 7, image::Rgb([40, 90, 200]));
        develop(&mut picture, &[Edit::Soften]);
        assert!(picture.pixels().all(|pixel| pixel.0 == [40, 90, 200]));
    }

    #[test]
    fn light_and_warmth_move_the_right_way() {
        let mut picture = RgbImage::from_pixel(1, 1, image::Rgb([100, 100, 100]));
        develop(&mut picture, &[Edit::Light { brightness: 10, contrast: 0 }, Edit::Warmth { shift: 20 }]);
        let [red, green, blue] = picture.get_pixel(0, 0).0;
        assert!(red > green && green > blue && green > 110, "{red} {green} {blue}");
    }
}
