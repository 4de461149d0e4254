//! A composite of picture encoders. A picture is decoded once; each part prepares and embeds it in its own way, and, where the
//! description asks for it, its mirror image too.

use image::RgbImage;
use image::imageops::flip_horizontal;

use super::combine::{Combiner, to_dense};
use super::recipe::{Combine, Flip};
use crate::encode::encoder::l2_normalise;
use crate::encode::{DenseMatrix, EmbeddingRows, EncodeError, ImageEncoder, Prepared, Processor};

/// See the file's head.
pub(super) struct ImageComposite {
    parts: Vec<Box<dyn ImageEncoder>>,
    combiner: Combiner,
    flip: Flip,
}

impl ImageComposite {
    /// Parts with their weights.
    pub(super) fn new(parts: Vec<(Box<dyn ImageEncoder>, f32)>, combine: Combine, flip: Flip) -> Self {
        let (parts, weights) = parts.into_iter().unzip();
        Self { parts, combiner: Combiner::new(combine, weights), flip }
    }

    /// Views of each picture a part sees.
    fn n_views(&self) -> usize {
        match self.flip {
            Flip::Off => 1,
            Flip::Averaged => 2,
        }
    }
}

/// The mean of an encoder's rows of a picture and of its mirror image.
pub(in crate::encode) fn mirrored(encoder: Box<dyn ImageEncoder>) -> Box<dyn ImageEncoder> {
    Box::new(ImageComposite::new(vec![(encoder, 1.0)], Combine::Average, Flip::Averaged))
}

impl ImageEncoder for ImageComposite {
    fn fingerprint(&self) -> String {
        let parts = self.parts.iter().map(|part| part.fingerprint());
        format!("{}; flip {:?}", self.combiner.fingerprint(parts), self.flip)
    }

    fn batch_size(&self) -> usize {
        let smallest = self.parts.iter().map(|part| part.batch_size()).min().unwrap_or(1);
        (smallest / self.n_views()).max(1)
    }

    fn processor(&self) -> Processor {
        let mut processors = self.parts.iter().map(|part| part.processor());
        let is_all_cpu = processors.all(|processor| processor == Processor::Cpu);
        if is_all_cpu { Processor::Cpu } else { Processor::Accelerator }
    }

    fn least_size(&self, full_size: (u32, u32)) -> (u32, u32) {
        let sizes = self.parts.iter().map(|part| part.least_size(full_size));
        sizes.reduce(|a, b| (a.0.max(b.0), a.1.max(b.1))).unwrap_or(full_size)
    }

    /// What each part makes of the picture and of its mirror image, one behind the other, framed by [`frame`].
    fn prepare(&self, picture: &RgbImage) -> Prepared {
        let mirrored = match self.flip {
            Flip::Off => None,
            Flip::Averaged => Some(flip_horizontal(picture)),
        };
        let views = || std::iter::once(picture).chain(&mirrored);
        frame(self.parts.iter().flat_map(|part| views().map(|view| part.prepare(view))))
    }

    fn embed(&self, batch: &[Prepared]) -> Result<EmbeddingRows, EncodeError> {
        let n_views = self.n_views();
        // (part, view) by picture.
        let mut pieces: Vec<Vec<Prepared>> =
            vec![Vec::with_capacity(batch.len()); self.parts.len() * n_views];
        for picture in batch {
            for (piece, of_piece) in unframe(picture, pieces.len()).into_iter().zip(&mut pieces) {
                of_piece.push(piece);
            }
        }
        let mut rows = Vec::with_capacity(self.parts.len());
        for (part, views) in self.parts.iter().zip(pieces.chunks_mut(n_views)) {
            let all: Vec<Prepared> = views.iter_mut().flat_map(|view| view.drain(..)).collect();
            rows.push(mean_of_views(to_dense(part.embed(&all)?), n_views));
        }
        Ok(EmbeddingRows::Dense(self.combiner.combine(rows)))
    }
}

/// The mean of the rows of each picture's views (all first views, then all second ones), of length one each before and after.
fn mean_of_views(rows: DenseMatrix, n_views: usize) -> DenseMatrix {
    if n_views == 1 {
        return rows;
    }
    let DenseMatrix { width, mut values } = rows;
    values.chunks_exact_mut(width.max(1)).for_each(l2_normalise);
    let mut sums = values.split_off(values.len() / n_views);
    for view in values.chunks_exact(sums.len().max(1)) {
        sums.iter_mut().zip(view).for_each(|(sum, value)| *sum += value);
    }
    sums.chunks_exact_mut(width.max(1)).for_each(l2_normalise);
    DenseMatrix { width, values: sums }
}

/// Several prepared pieces as one: their numbers one behind the other, then their lengths (bit for bit, as `f32`).
fn frame(pieces: impl Iterator<Item = Prepared>) -> Prepared {
    let (mut values, mut lengths) = (Vec::new(), Vec::new());
    for Prepared(piece) in pieces {
        lengths.push(f32::from_bits(piece.len() as u32));
        if values.is_empty() {
            values = piece;
        } else {
            values.extend_from_slice(&piece);
        }
    }
    values.extend(lengths);
    Prepared(values)
}

/// The pieces [`frame`] joined.
fn unframe(Prepared(framed): &Prepared, n_pieces: usize) -> Vec<Prepared> {
    let (mut values, lengths) = framed.split_at(framed.len().saturating_sub(n_pieces));
    let mut pieces = Vec::with_capacity(n_pieces);
    for length in lengths {
        let (piece, rest) = values.split_at((length.to_bits() as usize).min(values.len()));
        pieces.push(Prepared(piece.to_vec()));
        values = rest;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_framed_comes_out_again() {
        let pieces = [vec![1.0, 2.0], vec![], vec![3.0]];
        let framed = frame(pieces.iter().cloned().map(Prepared));
        let found: Vec<Vec<f32>> = unframe(&framed, 3).into_iter().map(|Prepared(piece)| piece).collect();
        assert_eq!(found, pieces);
    }

    #[test]
    fn the_mean_of_two_views_has_length_one() {
        // Two pictures; views (1, 0), (0, 2) and (0, 3), (0, 1).
        let rows = DenseMatrix { width: 2, values: vec![1.0, 0.0, 0.0, 2.0, 0.0, 3.0, 0.0, 1.0] };
        let half = 0.5_f32.sqrt();
        let found = mean_of_views(rows, 2);
        for (found, expected) in found.values.iter().zip([half, half, 0.0, 1.0]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }
}
