//! Composites: two or more encoders of one modality side by side, described by data. The built-in ones stand in
//! `assets/composites.ron`, the user's own in `composites/*.ron` of the models folder. Nothing here learns.
//!
//! [`recipe`] reads the descriptions, [`resolve`] finds their parts in the table and refuses circles, [`combine`] is the
//! arithmetic of rows, [`image`], [`text`] and [`mixed`] are the encoders.

mod combine;
mod image;
mod mixed;
mod projection;
mod recipe;
mod resolve;
mod text;

pub(super) use image::mirrored;
pub use mixed::{DensePart, FittedPart, MixedText};

use std::sync::Arc;

use super::{EncodeError, Encoder, EncoderOptions, EncoderSpec, Modality, ModelStore, OutputKind};
use crate::nn::DeviceChoice;
use recipe::Recipe;

pub(super) use recipe::{FOLDER, built_in, read_folder};
pub(super) use resolve::resolve;

/// A composite whose parts have been found.
pub(super) struct Composite {
    recipe: Recipe,
    parts: Vec<Part>,
}

/// A part and its share.
pub(super) struct Part {
    /// The line of the table it is.
    pub(super) spec: Arc<EncoderSpec>,
    weight: f32,
}

impl Composite {
    pub(super) fn id(&self) -> &str {
        &self.recipe.id
    }

    pub(super) fn label(&self) -> &str {
        &self.recipe.label
    }

    pub(super) fn summary(&self) -> &str {
        &self.recipe.summary
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter()
    }

    /// What all its parts read.
    pub(super) fn modality(&self) -> Modality {
        self.parts.first().map_or(Modality::Image, |part| part.spec.modality)
    }

    /// Sparse as soon as one part is.
    pub(super) fn output(&self) -> OutputKind {
        let is_sparse = |part: &Part| part.spec.output == OutputKind::Sparse;
        if self.parts.iter().any(is_sparse) { OutputKind::Sparse } else { OutputKind::Dense }
    }

    /// Opens every part.
    ///
    /// # Errors
    /// The first part's that does not open.
    pub(super) fn open(
        &self,
        store: &ModelStore,
        device: DeviceChoice,
        options: &EncoderOptions,
    ) -> Result<Encoder, EncodeError> {
        let (mut pictures, mut titles, mut fitted) = (Vec::new(), Vec::new(), Vec::new());
        for part in &self.parts {
            match part.spec.open(store, device, options)? {
                Encoder::Image(encoder) => pictures.push((encoder, part.weight)),
                Encoder::Text(encoder) => {
                    titles.push(DensePart { id: part.spec.id.clone(), encoder, factor: part.weight });
                }
                Encoder::Fits(encoder) => fitted.push(FittedPart { encoder, factor: part.weight }),
                Encoder::FitsDense(_) => {
                    return Err(EncodeError::BrokenEncoder(format!(
                        "`{}` weighs words by the whole catalogue and cannot stand in the composite `{}`. Take the \
                         plain word vectors instead",
                        part.spec.id,
                        self.id()
                    )));
                }
                Encoder::Mixed(mixed) => mixed.unpack(part.weight, &mut fitted, &mut titles),
            }
        }
        let combine = self.recipe.combine;
        if !pictures.is_empty() {
            return Ok(Encoder::Image(Box::new(image::ImageComposite::new(
                pictures,
                combine,
                self.recipe.flip,
            ))));
        }
        if fitted.is_empty() {
            let titles = titles.into_iter().map(|part| (part.encoder, part.factor)).collect();
            return Ok(Encoder::Text(Box::new(text::TextComposite::new(titles, combine))));
        }
        let factor = |weight| combine::factor(combine, weight);
        fitted.iter_mut().for_each(|part| part.factor = factor(part.factor));
        titles.iter_mut().for_each(|part| part.factor = factor(part.factor));
        Ok(Encoder::Mixed(MixedText::new(self.id(), fitted, titles)))
    }
}

#[cfg(test)]
mod tests;
