//! `phash`: the 64-bit DCT hash by which near-identical pictures are found at once.
//!
//! As `imagehash.phash` (<https://github.com/JohannesBuchner/imagehash>) and the Shopee table's `image_phash` compute
//! it: grey (ITU-R 601), 32 x 32 by Lanczos, two-dimensional DCT-II, the 8 x 8 lowest frequencies, one bit each for
//! "above their median", rows first, the first bit the highest. Survives scaling and compression; a crop, a flip or
//! a frame changes it, which is what [`super::perceptual`] is for.

use std::f32::consts::PI;

use fast_image_resize::FilterType;
use image::RgbImage;

use super::super::table::BuiltIn;
use super::super::{
    BitMatrix, EmbeddingRows, EncodeError, Encoder, ImageEncoder, Modality, OutputKind, Prepared,
};
use super::scaling::scaled_grey;

/// The line in the table of encoders.
pub(in crate::encode) const SPEC: BuiltIn = BuiltIn {
    id: "phash",
    label: "Perceptual hash",
    summary: "Finds the same picture scaled or compressed again, at once and with no download",
    modality: Modality::Image,
    output: OutputKind::Bits,
    open: |_| Encoder::Image(Box::new(PerceptualHash::new())),
};

/// Side of the grey picture.
const SIDE: usize = 32;
/// Frequencies kept in each direction.
const KEPT: usize = 8;
/// Bits of the hash.
const N_BITS: usize = KEPT * KEPT;

/// Holds the cosines.
struct PerceptualHash {
    /// cos(π f (2 i + 1) / 2 SIDE), (KEPT, SIDE).
    cosines: Vec<[f32; SIDE]>,
}

impl PerceptualHash {
    fn new() -> Self {
        let cosine = |frequency: usize, place: usize| {
            (PI * frequency as f32 * (2 * place + 1) as f32 / (2 * SIDE) as f32).cos()
        };
        let row = |frequency| std::array::from_fn(|place| cosine(frequency, place));
        Self { cosines: (0..KEPT).map(row).collect() }
    }

    /// The lowest frequencies of a SIDE x SIDE grey picture, vertical frequency first.
    fn low_frequencies(&self, grey: &[u8]) -> Vec<f32> {
        let mut by_column = vec![[0.0_f32; SIDE]; KEPT];
        for (sums, cosines) in by_column.iter_mut().zip(&self.cosines) {
            for (line, cosine) in grey.chunks_exact(SIDE).zip(cosines) {
                for (sum, &value) in sums.iter_mut().zip(line) {
                    *sum += cosine * f32::from(value);
                }
            }
        }
        let project = |sums: &[f32; SIDE], cosines: &[f32; SIDE]| -> f32 {
            sums.iter().zip(cosines).map(|(sum, cosine)| sum * cosine).sum()
        };
        by_column.iter().flat_map(|sums| self.cosines.iter().map(|cosines| project(sums, cosines))).collect()
    }
}

impl ImageEncoder for PerceptualHash {
    fn fingerprint(&self) -> String {
        "phash 1: grey, Lanczos 32 x 32, DCT-II, 8 x 8, median".to_owned()
    }

    fn batch_size(&self) -> usize {
        4096
    }

    /// The frequencies less their median.
    fn prepare(&self, picture: &RgbImage) -> Prepared {
        // The integer weights of Pillow's conversion to "L".
        let grey: Vec<u8> = picture
            .pixels()
            .map(|pixel| {
                let [red, green, blue] = pixel.0.map(u32::from);
                ((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16) as u8
            })
            .collect();
        let size = (picture.width() as usize, picture.height() as usize);
        let grey = scaled_grey(&grey, size, (SIDE, SIDE), FilterType::Lanczos3);
        let mut values = self.low_frequencies(&grey);
        let mut sorted = values.clone();
        sorted.sort_by(f32::total_cmp);
        let median = (sorted[N_BITS / 2 - 1] + sorted[N_BITS / 2]) / 2.0;
        for value in &mut values {
            *value -= median;
        }
        Prepared(values)
    }

    fn embed(&self, batch: &[Prepared]) -> Result<EmbeddingRows, EncodeError> {
        let hash = |Prepared(values): &Prepared| {
            values.iter().take(N_BITS).fold(0, |bits, value| bits << 1 | u64::from(*value > 0.0))
        };
        Ok(EmbeddingRows::Bits(BitMatrix { n_bits: N_BITS, words: batch.iter().map(hash).collect() }))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::path::PathBuf;

    use image::{Rgb, RgbImage};

    use super::{EmbeddingRows, ImageEncoder, PerceptualHash};

    fn hash(picture: &RgbImage) -> u64 {
        let encoder = PerceptualHash::new();
        match encoder.embed(&[encoder.prepare(picture)]).unwrap() {
            EmbeddingRows::Bits(bits) => bits.words[0],
            other => unreachable!("{other:?}"),
        }
    }

    /// The hashes that the Shopee competition published for its pictures.
    #[test]
    fn equals_the_published_hashes() {
        let shared =
            std::env::var_os("LOOKALIKE_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
        let folder = shared.join("data/shopee_sample");
        let Ok(mut table) = csv::Reader::from_path(folder.join("train.csv")) else {
            eprintln!("skipped: {} is not there", folder.display());
            return;
        };
        let (mut n_hashes, mut n_exact) = (0, 0);
        for row in table.records() {
            let row = row.unwrap();
            let picture = image::open(folder.join("train_images").join(&row[1])).unwrap().to_rgb8();
            // Decoders round differently; a frequency at the median may then fall on either side.
            if picture.width() > 1200 {
                continue;
            }
            let n_off = (hash(&picture) ^ u64::from_str_radix(&row[2], 16).unwrap()).count_ones();
            assert!(n_off <= 4, "{}: {n_off} bits differ", &row[1]);
            n_hashes += 1;
            n_exact += u32::from(n_off == 0);
        }
        assert!(n_hashes >= 25 && n_exact * 10 >= n_hashes * 8, "{n_exact} of {n_hashes} hashes are equal");
    }

    #[test]
    fn survives_scaling_and_tells_pictures_apart() {
        let waves = |scale: f32, phase: f32| {
            RgbImage::from_fn((200.0 * scale) as u32, (150.0 * scale) as u32, |x, y| {
                let (x, y) = (x as f32 / scale, y as f32 / scale);
                Rgb([(127.0 + 60.0 * (x / 23.0 + phase).sin() + 60.0 * (y * x / 1900.0 + phase).cos()) as u8;
                    3])
            })
        };
        assert!((hash(&waves(1.0, 0.0)) ^ hash(&waves(2.0, 0.0))).count_ones() <= 2);
        assert!((hash(&waves(1.0, 0.0)) ^ hash(&waves(1.0, 2.0))).count_ones() >= 16);
    }

    #[test]
    fn any_size_is_hashed() {
        for (width, height) in [(0, 0), (1, 1), (1, 500), (33, 2)] {
            hash(&RgbImage::new(width, height));
        }
    }
}
