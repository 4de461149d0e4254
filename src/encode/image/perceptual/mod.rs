//! `perceptual`: what a product looks like, without any learnt weights.
//!
//! The picture is scaled to 128 pixels, stripped of frames, banners and plain background, and what is left is
//! stretched to 64 x 64 ([`subject`]). Two kinds of blocks describe it ([`blocks`]): a flip-symmetric histogram of
//! oriented gradients (Dalal and Triggs, "Histograms of oriented gradients for human detection", CVPR 2005) and four
//! soft colour histograms of the subject's pixels (all, upper, middle, lower part), square-rooted, so that their
//! product is the Bhattacharyya coefficient. Each block is centred by a fixed average, brought to length one and
//! weighted; a constant coordinate then lifts the similarity of unrelated pictures from about 0 to about 0.37, so that
//! the spread of similarities suits an equal mean with a title similarity. Similarity is the cosine.
//!
//! Nothing here learns from the catalogue: a picture's row depends on the picture alone.

mod averages;
mod blocks;
mod raster;
mod subject;

use image::RgbImage;

use super::super::encoder::detailed;
use super::super::table::BuiltIn;
use super::super::{
    DenseMatrix, EmbeddingRows, EncodeError, Encoder, ImageEncoder, Modality, OutputKind, Prepared,
};
use blocks::{N_COLOURS, N_GRADIENTS, N_REGIONS};
use raster::Raster;

/// The line in the table of encoders.
pub(in crate::encode) const SPEC: BuiltIn = BuiltIn {
    id: "perceptual",
    label: "Shape and colour",
    summary: "Finds the same product by outline and colours, cropped, flipped or framed, with no download",
    modality: Modality::Image,
    output: OutputKind::Dense,
    open: |_| Encoder::Image(Box::new(ShapeAndColour)),
};

/// Share of the gradients in the similarity.
const GRADIENT_WEIGHT: f32 = 1.0;
/// Share of each of the colour histograms.
const COLOUR_WEIGHT: f32 = 0.3;
/// Share of the constant coordinate.
const CONSTANT_WEIGHT: f32 = 1.3;
/// Numbers a row.
const WIDTH: usize = N_GRADIENTS + N_REGIONS * N_COLOURS + 1;

struct ShapeAndColour;

impl ImageEncoder for ShapeAndColour {
    fn fingerprint(&self) -> String {
        format!("perceptual 1: width {WIDTH}, weights {GRADIENT_WEIGHT} {COLOUR_WEIGHT} {CONSTANT_WEIGHT}")
    }

    fn batch_size(&self) -> usize {
        1024
    }

    /// The finished row.
    fn least_size(&self, full_size: (u32, u32)) -> (u32, u32) {
        detailed(Raster::scaled_size(full_size))
    }

    fn prepare(&self, picture: &RgbImage) -> Prepared {
        let subject = subject::find_subject(&Raster::from_picture(picture));
        let mut row = Vec::with_capacity(WIDTH);
        push_block(&mut row, &blocks::gradients(&subject), GRADIENT_WEIGHT);
        for colours in blocks::colours(&subject) {
            push_block(&mut row, &colours, COLOUR_WEIGHT);
        }
        row.push(CONSTANT_WEIGHT.sqrt());
        let length = length(&row);
        for value in &mut row {
            *value /= length;
        }
        Prepared(row)
    }

    fn embed(&self, batch: &[Prepared]) -> Result<EmbeddingRows, EncodeError> {
        let values = batch.iter().flat_map(|Prepared(row)| row.iter().copied()).collect();
        Ok(EmbeddingRows::Dense(DenseMatrix { width: WIDTH, values }))
    }
}

/// Appends `block` with length sqrt(weight), so that it adds weight times its cosine to the product of two rows.
fn push_block(row: &mut Vec<f32>, block: &[f32], weight: f32) {
    let length = length(block);
    let scale = if length > 0.0 { weight.sqrt() / length } else { 0.0 };
    row.extend(block.iter().map(|value| value * scale));
}

fn length(values: &[f32]) -> f32 {
    values.iter().map(|value| value * value).sum::<f32>().sqrt()
}

#[cfg(test)]
#[path = "tests.rs"]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
