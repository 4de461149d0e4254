//! The blocks of numbers that describe a subject, each less the average of product photographs (a fixed table), so
//! that unrelated pictures are near 0 instead of near 1. No block depends on left and right.

use super::averages::{AVERAGE_COLOURS, AVERAGE_GRADIENTS};
use super::subject::{SIDE, Subject};

/// Cells in each direction.
const N_CELLS: usize = 8;
/// Columns of cells left after the mirror image has been added.
const N_FOLDED: usize = N_CELLS / 2;
/// Orientations of a gradient, without sign.
pub const N_ORIENTATIONS: usize = 8;
/// Numbers of the gradient block.
pub const N_GRADIENTS: usize = N_ORIENTATIONS * N_CELLS * N_FOLDED;
/// Keeps the noise of empty cells from being blown up; gradients are differences of grey in [0, 1].
const CELL_FLOOR: f32 = 0.02;

/// Hues, levels of chroma above grey, levels of brightness.
const N_HUES: usize = 8;
const N_CHROMAS: usize = 2;
const N_VALUES: usize = 4;
/// Numbers of one colour histogram; greys have no hue.
pub const N_COLOURS: usize = (N_HUES * N_CHROMAS + 1) * N_VALUES;
/// Regions with a histogram of their own: all, upper, middle, lower.
pub const N_REGIONS: usize = 4;
/// Rows of each region.
const REGIONS: [std::ops::Range<usize>; N_REGIONS] = [0..SIDE, 0..24, 20..44, 40..SIDE];
/// Weight of a pixel that is all background: a histogram is never empty.
const BACKGROUND_WEIGHT: f32 = 1e-3;

/// The gradient block: orientation histograms of overlapping cells, folded with their mirror image.
pub fn gradients(subject: &Subject) -> Vec<f32> {
    let cells = cell_histograms(subject);
    let mut block = Vec::with_capacity(N_GRADIENTS);
    for orientation in 0..N_ORIENTATIONS {
        // A mirrored gradient leans the other way.
        let mirrored = (N_ORIENTATIONS - orientation) % N_ORIENTATIONS;
        for row in 0..N_CELLS {
            for column in 0..N_FOLDED {
                let left = cells[row * N_CELLS + column][orientation];
                let right = cells[row * N_CELLS + N_CELLS - 1 - column][mirrored];
                block.push(left + right - AVERAGE_GRADIENTS[orientation]);
            }
        }
    }
    block
}

/// Square roots of each cell's normalised orientation histogram, (N_CELLS, N_CELLS).
fn cell_histograms(subject: &Subject) -> Vec<[f32; N_ORIENTATIONS]> {
    let grey: Vec<f32> =
        subject.colors.iter().map(|[red, green, blue]| 0.299 * red + 0.587 * green + 0.114 * blue).collect();
    let windows = cell_windows();
    let mut cells = vec![[0.0_f32; N_ORIENTATIONS]; N_CELLS * N_CELLS];
    for row in 0..SIDE {
        for column in 0..SIDE {
            let at = row * SIDE + column;
            let is_inner = |place: usize| place > 0 && place < SIDE - 1;
            let across = if is_inner(column) { grey[at + 1] - grey[at - 1] } else { 0.0 };
            let down = if is_inner(row) { grey[at + SIDE] - grey[at - SIDE] } else { 0.0 };
            let strength = across.hypot(down);
            if strength == 0.0 {
                continue;
            }
            // Orientation in turns of half a circle, shared between the two nearest bins.
            let turn = (down.atan2(across) / std::f32::consts::PI).rem_euclid(1.0) * N_ORIENTATIONS as f32;
            let part = turn - turn.floor();
            let bin = turn as usize % N_ORIENTATIONS;
            for (cell_row, row_weight) in windows[row] {
                for (cell_column, column_weight) in windows[column] {
                    let weight = strength * row_weight * column_weight;
                    let cell = &mut cells[cell_row * N_CELLS + cell_column];
                    cell[bin] += weight * (1.0 - part);
                    cell[(bin + 1) % N_ORIENTATIONS] += weight * part;
                }
            }
        }
    }
    for cell in &mut cells {
        let length = cell.iter().map(|value| value * value).sum::<f32>().sqrt();
        for value in cell {
            *value = (*value / (length + CELL_FLOOR)).sqrt();
        }
    }
    cells
}

/// The two cells that each line belongs to, with its weight in them: triangular windows that sum to one over a cell.
fn cell_windows() -> [[(usize, f32); 2]; SIDE] {
    const CELL: f32 = (SIDE / N_CELLS) as f32;
    let weight = |cell: usize, line: usize| {
        (1.0 - (line as f32 + 0.5 - (cell as f32 + 0.5) * CELL).abs() / CELL).max(0.0)
    };
    let totals: [f32; N_CELLS] = std::array::from_fn(|cell| (0..SIDE).map(|line| weight(cell, line)).sum());
    std::array::from_fn(|line| {
        let lower = (line as f32 / CELL - 0.5).max(0.0) as usize;
        let upper = (lower + 1).min(N_CELLS - 1);
        let upper_weight = if upper == lower { 0.0 } else { weight(upper, line) / totals[upper] };
        [(lower, weight(lower, line) / totals[lower]), (upper, upper_weight)]
    })
}

/// The colour blocks: square roots of each region's histogram.
pub fn colours(subject: &Subject) -> [[f32; N_COLOURS]; N_REGIONS] {
    let mut histograms = [[0.0_f32; N_COLOURS]; N_REGIONS];
    let mut totals = [0.0_f32; N_REGIONS];
    for (at, (color, coverage)) in subject.colors.iter().zip(&subject.coverage).enumerate() {
        let weight = coverage + BACKGROUND_WEIGHT;
        let shares = color_shares(*color);
        for ((histogram, total), rows) in histograms.iter_mut().zip(&mut totals).zip(&REGIONS) {
            if rows.contains(&(at / SIDE)) {
                *total += weight;
                for (bin, share) in shares {
                    histogram[bin] += weight * share;
                }
            }
        }
    }
    for (histogram, total) in histograms.iter_mut().zip(totals) {
        for (value, average) in histogram.iter_mut().zip(&AVERAGE_COLOURS) {
            *value = (*value / total).sqrt() - average;
        }
    }
    histograms
}

/// The eight bins a colour belongs to, with its shares in them (sum 1): hue, square root of chroma, brightness.
fn color_shares([red, green, blue]: [f32; 3]) -> [(usize, f32); 8] {
    let value = red.max(green).max(blue);
    let chroma = value - red.min(green).min(blue);
    let sixth = if chroma <= 0.0 {
        0.0
    } else if value == red {
        ((green - blue) / chroma).rem_euclid(6.0)
    } else if value == green {
        (blue - red) / chroma + 2.0
    } else {
        (red - green) / chroma + 4.0
    };
    let shared = |scaled: f32| (scaled as usize, scaled - scaled.floor());
    let (hue, hue_part) = shared(sixth / 6.0 * N_HUES as f32);
    let (level, level_part) = shared(chroma.clamp(0.0, 1.0).sqrt() * N_CHROMAS as f32);
    let (bright, bright_part) = shared(value.clamp(0.0, 1.0) * (N_VALUES - 1) as f32);
    std::array::from_fn(|corner| {
        let side = |bit: usize, part: f32| if corner >> bit & 1 == 1 { (1, part) } else { (0, 1.0 - part) };
        let ((hue_step, hue_share), (level_step, level_share), (bright_step, bright_share)) =
            (side(0, hue_part), side(1, level_part), side(2, bright_part));
        let value_bin = (bright + bright_step).min(N_VALUES - 1);
        let bin = match (level + level_step).min(N_CHROMAS) {
            0 => N_HUES * N_CHROMAS * N_VALUES + value_bin,
            level => ((hue + hue_step) % N_HUES * N_CHROMAS + level - 1) * N_VALUES + value_bin,
        };
        (bin, hue_share * level_share * bright_share)
    })
}
