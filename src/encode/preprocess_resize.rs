//! Antialiased resizing with Pillow's arithmetic, so that a network sees the very bytes it was evaluated on: a pass
//! over columns and one over rows, coefficients of 22 bits, each pass rounded to bytes (Pillow 13,
//! src/libImaging/Resample.c). Other libraries' SIMD resizers use coefficients of 15 bits, which is off by two levels
//! here and there, and MobileNetV2 magnifies even one level.

use image::RgbImage;

use super::Interpolation;

/// Fraction bits of a coefficient: 32 less 8 for a byte, less 2 for sums beyond a byte.
const FRACTION_BITS: u32 = 22;

/// The part of a resized side that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::encode) struct Window {
    /// Pixels of the whole resized side.
    pub resized: u32,
    /// First one wanted.
    pub start: u32,
    /// How many.
    pub len: u32,
}

/// What one output pixel is made of.
struct Taps {
    /// First input pixel.
    start: usize,
    /// Their coefficients, in units of 2^-22.
    coefficients: Vec<i32>,
}

/// RGB rows (rows.len x columns.len) of the picture resized to (columns.resized x rows.resized) and cut to the
/// windows. A picture without pixels gives black.
pub(super) fn resize(
    picture: &RgbImage,
    columns: Window,
    rows: Window,
    interpolation: Interpolation,
) -> Vec<u8> {
    let row_bytes = columns.len as usize * 3;
    let mut resized = vec![0_u8; row_bytes * rows.len as usize];
    if picture.is_empty() {
        return resized;
    }
    let column_taps = taps(picture.width(), columns, interpolation);
    let row_taps = taps(picture.height(), rows, interpolation);
    let lines = picture.as_raw().chunks_exact(picture.width() as usize * 3);
    if rows_come_first(picture.dimensions(), columns, rows) {
        let mut sums = vec![0_i32; picture.width() as usize * 3];
        let mut short = vec![0_u8; sums.len()];
        for (taps, to) in row_taps.iter().zip(resized.chunks_exact_mut(row_bytes)) {
            resize_rows(lines.clone().skip(taps.start), taps, &mut sums, &mut short);
            resize_columns(&short, &column_taps, to);
        }
    } else {
        // Only the input rows that some output row reads.
        let first = row_taps.first().map_or(0, |taps| taps.start);
        let last = row_taps.last().map_or(0, |taps| taps.start + taps.coefficients.len());
        let mut narrow = vec![0_u8; (last - first) * row_bytes];
        for (line, to) in lines.skip(first).zip(narrow.chunks_exact_mut(row_bytes)) {
            resize_columns(line, &column_taps, to);
        }
        let mut sums = vec![0_i32; row_bytes];
        for (taps, to) in row_taps.iter().zip(resized.chunks_exact_mut(row_bytes)) {
            let lines = narrow.chunks_exact(row_bytes).skip(taps.start - first);
            resize_rows(lines, taps, &mut sums, to);
        }
    }
    resized
}

/// Since Pillow 13, rows come first where their number shrinks by more than twice what the columns' number does.
fn rows_come_first((width, height): (u32, u32), columns: Window, rows: Window) -> bool {
    let shrinks_by = |from: u32, to: u32| i64::from(from) - i64::from(to);
    let (in_columns, in_rows) = (shrinks_by(width, columns.resized), shrinks_by(height, rows.resized));
    in_rows > 0 && in_rows > 2 * in_columns
}

/// One output row from the lines its taps start at.
fn resize_rows<'a>(lines: impl Iterator<Item = &'a [u8]>, taps: &Taps, sums: &mut [i32], to: &mut [u8]) {
    sums.fill(1 << (FRACTION_BITS - 1));
    for (&coefficient, line) in taps.coefficients.iter().zip(lines) {
        for (sum, &value) in sums.iter_mut().zip(line) {
            *sum += i32::from(value) * coefficient;
        }
    }
    for (value, &sum) in to.iter_mut().zip(sums.iter()) {
        *value = byte(sum);
    }
}

fn resize_columns(line: &[u8], taps: &[Taps], to: &mut [u8]) {
    let pixels = line.as_chunks::<3>().0;
    for (taps, to) in taps.iter().zip(to.as_chunks_mut::<3>().0) {
        let mut sums = [1_i32 << (FRACTION_BITS - 1); 3];
        for (&coefficient, pixel) in taps.coefficients.iter().zip(&pixels[taps.start..]) {
            for (sum, &value) in sums.iter_mut().zip(pixel) {
                *sum += i32::from(value) * coefficient;
            }
        }
        *to = sums.map(byte);
    }
}

fn byte(sum: i32) -> u8 {
    (sum >> FRACTION_BITS).clamp(0, 255) as u8
}

/// The taps of each wanted output pixel of a side of `len` pixels.
fn taps(len: u32, window: Window, interpolation: Interpolation) -> Vec<Taps> {
    // `round` takes halves away from zero, which is Pillow's plus or minus one half and cut.
    let fixed = |weight: f64| (weight * f64::from(1 << FRACTION_BITS)).round() as i32;
    weights(len, window, interpolation)
        .map(|(start, weights)| Taps { start, coefficients: weights.into_iter().map(fixed).collect() })
        .collect()
}

/// For each wanted output pixel of a side of `len` pixels the first input pixel it is made of and their weights, which
/// sum to one (Pillow's `precompute_coeffs`; PyTorch's antialiased interpolation has the same).
pub(in crate::encode) fn weights(
    len: u32,
    window: Window,
    interpolation: Interpolation,
) -> impl Iterator<Item = (usize, Vec<f64>)> {
    let scale = f64::from(len) / f64::from(window.resized);
    // Enlarging interpolates; shrinking widens the filter over all the pixels it covers.
    let filter_scale = scale.max(1.0);
    let squeeze = 1.0 / filter_scale;
    let support = filter_support(interpolation) * filter_scale;
    (window.start..window.start.saturating_add(window.len)).map(move |at| {
        let centre = (f64::from(at) + 0.5) * scale;
        // Casts cut towards zero and hold at zero, as Pillow does.
        let start = ((centre - support + 0.5) as usize).min(len as usize - 1);
        let end = ((centre + support + 0.5) as usize).clamp(start + 1, len as usize);
        let mut weights: Vec<f64> =
            (start..end).map(|from| filter((from as f64 - centre + 0.5) * squeeze, interpolation)).collect();
        let total: f64 = weights.iter().sum();
        if total != 0.0 {
            weights.iter_mut().for_each(|weight| *weight /= total);
        }
        (start, weights)
    })
}

fn filter_support(interpolation: Interpolation) -> f64 {
    match interpolation {
        Interpolation::Bilinear => 1.0,
        Interpolation::Bicubic => 2.0,
        Interpolation::Lanczos => 3.0,
    }
}

fn filter(x: f64, interpolation: Interpolation) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    match interpolation {
        Interpolation::Bilinear => (1.0 - x).max(0.0),
        Interpolation::Bicubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
        Interpolation::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
        Interpolation::Bicubic => 0.0,
        Interpolation::Lanczos if x < 3.0 => sinc(x) * sinc(x / 3.0),
        Interpolation::Lanczos => 0.0,
    }
}

fn sinc(x: f64) -> f64 {
    let x = x * std::f64::consts::PI;
    if x == 0.0 { 1.0 } else { x.sin() / x }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(len: u32) -> Window {
        Window { resized: len, start: 0, len }
    }

    fn check(size: (u32, u32), interpolation: Interpolation, expected: &[u8]) {
        let picture = RgbImage::from_fn(7, 3, |x, y| image::Rgb([(x * 37 + y * 101) as u8; 3]));
        let resized = resize(&picture, whole(size.0), whole(size.1), interpolation);
        let red: Vec<u8> = resized.iter().copied().step_by(3).collect();
        assert_eq!(red, expected, "{size:?} {interpolation:?}");
    }

    /// a = np.fromfunction(lambda y, x: (x * 37 + y * 101) % 256, (3, 7)).astype("u1")
    /// np.asarray(Image.fromarray(a).resize(size, filter)).ravel()
    #[rustfmt::skip]
    const PILLOW_CASES: [((u32, u32), Interpolation, &[u8]); 9] = [
        ((3, 2), Interpolation::Bilinear, &[70, 143, 153, 162, 119, 119]),
        ((3, 2), Interpolation::Bicubic, &[61, 151, 155, 168, 116, 117]),
        ((5, 5), Interpolation::Bilinear, &[12, 58, 111, 164, 210, 52, 98, 151, 159, 148, 113, 159, 212, 152, 55, 174, 134, 119, 127, 116, 214, 117, 57, 110, 156]),
        ((5, 5), Interpolation::Bicubic, &[1, 50, 102, 165, 226, 39, 95, 159, 163, 149, 110, 159, 225, 155, 44, 189, 134, 113, 125, 111, 234, 111, 30, 107, 168]),
        ((9, 1), Interpolation::Bilinear, &[101, 126, 122, 110, 139, 168, 135, 115, 140]),
        ((9, 1), Interpolation::Bicubic, &[99, 129, 121, 100, 134, 169, 135, 115, 147]),
        ((3, 2), Interpolation::Lanczos, &[55, 157, 155, 171, 118, 115]),
        ((5, 5), Interpolation::Lanczos, &[0, 47, 91, 163, 239, 27, 95, 172, 165, 143, 108, 155, 235, 155, 35, 203, 137, 113, 127, 101, 244, 106, 8, 110, 181]),
        ((9, 1), Interpolation::Lanczos, &[98, 130, 122, 95, 133, 172, 134, 115, 150]),
    ];

    #[test]
    fn bytes_are_pillow_s() {
        PILLOW_CASES
            .iter()
            .for_each(|(size, interpolation, expected)| check(*size, *interpolation, expected));
    }

    #[test]
    fn a_window_is_a_part_of_the_whole() {
        let picture =
            RgbImage::from_fn(50, 40, |x, y| image::Rgb([(x * y) as u8, (x * 5) as u8, (y * 9) as u8]));
        for interpolation in [Interpolation::Bilinear, Interpolation::Bicubic, Interpolation::Lanczos] {
            let all = resize(&picture, whole(23), whole(61), interpolation);
            let (columns, rows) =
                (Window { resized: 23, start: 4, len: 11 }, Window { resized: 61, start: 30, len: 8 });
            let part = resize(&picture, columns, rows, interpolation);
            for (row, line) in part.chunks_exact(33).enumerate() {
                let start = ((row + 30) * 23 + 4) * 3;
                assert_eq!(line, &all[start..start + 33]);
            }
        }
    }

    #[test]
    fn the_same_size_is_the_same_picture() {
        let picture = RgbImage::from_fn(9, 5, |x, y| image::Rgb([(x * 31 + y) as u8, (y * 50) as u8, 7]));
        for interpolation in [Interpolation::Bilinear, Interpolation::Bicubic, Interpolation::Lanczos] {
            assert_eq!(&resize(&picture, whole(9), whole(5), interpolation), picture.as_raw());
        }
    }
}
