//! Finds what a product picture shows: takes off frames, seller banners and plain background, and of a collage
//! keeps the largest part. A picture without any of these is left whole. Colours are compared per channel (0 to 255).

use super::raster::{Area, Raster, Side, color_distance, median_color};
use crate::encode::image::scaling::scaled_grey;
use fast_image_resize::FilterType;

/// Side of the normalised subject.
pub const SIDE: usize = 64;

/// A line belongs to a frame while this part of it is within `FRAME_TOLERANCE` of the outermost line's median colour.
const FRAME_PART: f32 = 0.9;
const FRAME_TOLERANCE: u8 = 28;
/// Areas with a side under this are not stripped further.
const MIN_STRIPPED_SIDE: usize = 32;
/// Frames within frames that are taken off.
const N_FRAMES: usize = 3;

/// A banner's ends are within this of its colour, and so is a third of each line (the rest is its text).
const BANNER_TOLERANCE: u8 = 40;
const BANNER_ENDS_PART: f32 = 0.8;
const BANNER_LINE_PART: f32 = 0.35;
/// Height of a banner as a part of the picture.
const BANNER_HEIGHT: std::ops::RangeInclusive<f32> = 0.06..=0.3;
/// A band whose channels all exceed this is background.
const BANNER_MAX_LIGHT: u8 = 235;

/// The background is plain when this part of the edge is within `EDGE_TOLERANCE` of its median colour.
const PLAIN_EDGE_PART: f32 = 0.5;
const EDGE_TOLERANCE: u8 = 20;
/// A pixel farther than this from the background's colour is foreground.
const FOREGROUND_DISTANCE: u8 = 18;
/// A foreground smaller than this in either direction is noise.
const MIN_SUBJECT_SIDE: usize = 8;
/// Gaps up to twice the shorter side divided by this do not part a subject.
const GAP_DIVISOR: usize = 24;

/// The subject stretched to SIDE x SIDE.
pub struct Subject {
    /// Colours in [0, 1]; background is white.
    pub colors: Vec<[f32; 3]>,
    /// How much of each pixel is the subject, in [0, 1].
    pub coverage: Vec<f32>,
}

/// Finds the subject of a picture.
pub fn find_subject(raster: &Raster) -> Subject {
    let mut area = raster.area();
    strip_frames(raster, &mut area);
    strip_banner(raster, &mut area);
    strip_frames(raster, &mut area);
    match foreground(raster, &area) {
        Some((area, mask)) => normalise(raster, &area, &mask),
        None => {
            let mask = vec![true; area.rows.len() * area.columns.len()];
            normalise(raster, &area, &mask)
        }
    }
}

fn part_within(pixels: &[[u8; 3]], color: [u8; 3], tolerance: u8) -> f32 {
    let n_within = pixels.iter().filter(|pixel| color_distance(**pixel, color) <= tolerance).count();
    n_within as f32 / pixels.len().max(1) as f32
}

fn strip_frames(raster: &Raster, area: &mut Area) {
    for _ in 0..N_FRAMES {
        let before = area.clone();
        for side in [Side::Top, Side::Bottom, Side::Left, Side::Right] {
            if area.rows.len() < MIN_STRIPPED_SIDE || area.columns.len() < MIN_STRIPPED_SIDE {
                return;
            }
            let color = median_color(&raster.line(area, side, 0));
            let is_frame = |&depth: &usize| {
                part_within(&raster.line(area, side, depth), color, FRAME_TOLERANCE) >= FRAME_PART
            };
            let n_lines = (0..area.depth(side)).take_while(is_frame).count();
            if n_lines < area.depth(side) {
                area.strip(side, n_lines);
            }
        }
        if *area == before {
            return;
        }
    }
}

fn strip_banner(raster: &Raster, area: &mut Area) {
    for side in [Side::Top, Side::Bottom] {
        if area.rows.is_empty() || area.columns.len() < MIN_SUBJECT_SIDE {
            return;
        }
        let color = median_color(&raster.line(area, side, 0));
        if color.iter().all(|channel| *channel > BANNER_MAX_LIGHT) {
            continue;
        }
        let is_banner = |&depth: &usize| {
            let line = raster.line(area, side, depth);
            let ends = [&line[..3], &line[line.len() - 3..]].concat();
            part_within(&ends, color, BANNER_TOLERANCE) >= BANNER_ENDS_PART
                && part_within(&line, color, BANNER_TOLERANCE) >= BANNER_LINE_PART
        };
        let height = area.rows.len();
        let n_lines = (0..height).take_while(is_banner).count();
        if BANNER_HEIGHT.contains(&(n_lines as f32 / height as f32)) {
            area.strip(side, n_lines);
            return;
        }
    }
}

/// The rectangle of the largest foreground part on a plain background, and which of its pixels belong to it.
fn foreground(raster: &Raster, area: &Area) -> Option<(Area, Vec<bool>)> {
    let (width, height) = (area.columns.len(), area.rows.len());
    if width < MIN_SUBJECT_SIDE || height < MIN_SUBJECT_SIDE {
        return None;
    }
    let edge: Vec<[u8; 3]> =
        [Side::Top, Side::Bottom, Side::Left, Side::Right].map(|side| raster.line(area, side, 0)).concat();
    let background = median_color(&edge);
    if part_within(&edge, background, EDGE_TOLERANCE) < PLAIN_EDGE_PART {
        return None;
    }
    let mask: Vec<bool> = area
        .rows
        .clone()
        .flat_map(|row| area.columns.clone().map(move |column| (row, column)))
        .map(|(row, column)| color_distance(raster.pixel(row, column), background) > FOREGROUND_DISTANCE)
        .collect();
    let largest = largest_part(&mask, width, (width.min(height) / GAP_DIVISOR).max(1));
    let is_row_used = |row: &usize| largest[row * width..(row + 1) * width].contains(&true);
    let is_column_used = |column: &usize| (0..height).any(|row| largest[row * width + column]);
    let (top, bottom) = ((0..height).find(is_row_used)?, (0..height).rev().find(is_row_used)?);
    let (left, right) = ((0..width).find(is_column_used)?, (0..width).rev().find(is_column_used)?);
    if bottom + 1 - top < MIN_SUBJECT_SIDE || right + 1 - left < MIN_SUBJECT_SIDE {
        return None;
    }
    let mask =
        (top..=bottom).flat_map(|row| largest[row * width + left..=row * width + right].iter().copied());
    let (first_row, first_column) = (area.rows.start, area.columns.start);
    let rows = first_row + top..first_row + bottom + 1;
    let columns = first_column + left..first_column + right + 1;
    Some((Area { rows, columns }, mask.collect()))
}

/// The pixels of `mask` (rows of `width`) in its largest part; parts closer than twice `reach` are one.
fn largest_part(mask: &[bool], width: usize, reach: usize) -> Vec<bool> {
    let neighbors = |place: usize| {
        let column = place % width;
        let left = if column > 0 { Some(place - 1) } else { None };
        let right = if column + 1 < width { Some(place + 1) } else { None };
        let below = if place + width < mask.len() { Some(place + width) } else { None };
        [left, right, place.checked_sub(width), below].into_iter().flatten()
    };
    let mut grown = mask.to_vec();
    let mut rim: Vec<usize> = (0..mask.len()).filter(|place| mask[*place]).collect();
    for _ in 0..reach {
        let mut next = Vec::new();
        for place in rim {
            for neighbor in neighbors(place) {
                if !grown[neighbor] {
                    grown[neighbor] = true;
                    next.push(neighbor);
                }
            }
        }
        rim = next;
    }

    let mut part_of = vec![0_u32; mask.len()];
    let (mut best_part, mut best_size, mut n_parts) = (0, 0, 0);
    let mut open = Vec::new();
    for start in 0..mask.len() {
        if !grown[start] || part_of[start] != 0 {
            continue;
        }
        n_parts += 1;
        let mut size = 0;
        part_of[start] = n_parts;
        open.push(start);
        while let Some(place) = open.pop() {
            size += usize::from(mask[place]);
            for neighbor in neighbors(place) {
                if grown[neighbor] && part_of[neighbor] == 0 {
                    part_of[neighbor] = n_parts;
                    open.push(neighbor);
                }
            }
        }
        if size > best_size {
            (best_part, best_size) = (n_parts, size);
        }
    }
    mask.iter().zip(&part_of).map(|(&is_on, &part)| is_on && part == best_part).collect()
}

/// Paints what is outside `mask` white and stretches `area` to SIDE x SIDE.
fn normalise(raster: &Raster, area: &Area, mask: &[bool]) -> Subject {
    let size = (area.columns.len(), area.rows.len());
    let places = area.rows.clone().flat_map(|row| area.columns.clone().map(move |column| (row, column)));
    let bytes: Vec<u8> = places
        .zip(mask)
        .flat_map(|((row, column), &is_on)| if is_on { raster.pixel(row, column) } else { [255; 3] })
        .collect();
    let stretched = Raster::scaled_from(&bytes, size, (SIDE, SIDE));
    let mask: Vec<u8> = mask.iter().map(|&is_on| if is_on { 255 } else { 0 }).collect();
    let coverage = scaled_grey(&mask, size, (SIDE, SIDE), FilterType::Bilinear);
    Subject {
        colors: stretched.pixels.iter().map(|pixel| pixel.map(|value| f32::from(value) / 255.0)).collect(),
        coverage: coverage.into_iter().map(|value| f32::from(value) / 255.0).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Area, Raster, foreground, largest_part, strip_banner, strip_frames};

    fn raster(width: usize, height: usize, color: impl Fn(usize, usize) -> [u8; 3]) -> Raster {
        let places = (0..height).flat_map(|row| (0..width).map(move |column| (row, column)));
        Raster { width, height, pixels: places.map(|(row, column)| color(row, column)).collect() }
    }

    /// A picture without plain lines.
    fn busy(row: usize, column: usize) -> [u8; 3] {
        [(row * 37 + column * 91) as u8, (row * 53 + column * 17) as u8, (row * 11 + column * 71) as u8]
    }

    fn check(raster: &Raster, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>) {
        let mut area = raster.area();
        strip_frames(raster, &mut area);
        strip_banner(raster, &mut area);
        strip_frames(raster, &mut area);
        let area = foreground(raster, &area).map_or(area, |(area, _)| area);
        assert_eq!(area, Area { rows, columns });
    }

    #[test]
    fn takes_off_what_is_not_the_product() {
        check(&raster(100, 80, busy), 0..80, 0..100);
        let inside = |row: usize, column: usize| (10..70).contains(&row) && (12..90).contains(&column);
        check(&raster(100, 80, |r, c| if inside(r, c) { busy(r, c) } else { [200, 20, 90] }), 10..70, 12..90);
        check(&raster(100, 80, |r, c| if r < 15 { [20, 120, 60] } else { busy(r, c) }), 15..80, 0..100);
        check(&raster(100, 80, |r, c| if r >= 68 { [90, 20, 60] } else { busy(r, c) }), 0..68, 0..100);
        // A plain picture is all there is.
        check(&raster(100, 80, |_, _| [255; 3]), 0..80, 0..100);
        check(&raster(8, 8, |_, _| [9; 3]), 0..8, 0..8);
    }

    #[test]
    fn a_collage_keeps_its_largest_part() {
        let large = |row: usize, column: usize| (5..60).contains(&row) && (5..50).contains(&column);
        let small = |row: usize, column: usize| (75..95).contains(&row) && (75..95).contains(&column);
        let dark = |r: usize, c: usize| busy(r, c).map(|value| value / 2);
        check(
            &raster(100, 100, |r, c| if large(r, c) || small(r, c) { dark(r, c) } else { [255; 3] }),
            5..60,
            5..50,
        );
    }

    #[test]
    fn parts_across_a_narrow_gap_are_one() {
        let mask = |text: &str| text.bytes().map(|byte| byte == b'#').collect::<Vec<bool>>();
        assert_eq!(largest_part(&mask("##..###....#"), 12, 1), mask("##..###....."));
        assert_eq!(largest_part(&mask("##...##....#"), 12, 1), mask("##.........."));
        assert_eq!(largest_part(&mask("#...#...####"), 4, 1), mask("#...#...####"));
        assert_eq!(largest_part(&mask("...."), 2, 1), mask("...."));
    }
}
