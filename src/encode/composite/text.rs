//! A composite of title encoders that all read titles one by one.

use super::combine::Combiner;
use super::recipe::Combine;
use crate::encode::{DenseMatrix, EncodeError, TextEncoder};

/// See the file's head.
pub(super) struct TextComposite {
    parts: Vec<Box<dyn TextEncoder>>,
    combiner: Combiner,
}

impl TextComposite {
    /// Parts with their weights.
    pub(super) fn new(parts: Vec<(Box<dyn TextEncoder>, f32)>, combine: Combine) -> Self {
        let (parts, weights) = parts.into_iter().unzip();
        Self { parts, combiner: Combiner::new(combine, weights) }
    }
}

impl TextEncoder for TextComposite {
    fn fingerprint(&self) -> String {
        self.combiner.fingerprint(self.parts.iter().map(|part| part.fingerprint()))
    }

    fn batch_size(&self) -> usize {
        self.parts.iter().map(|part| part.batch_size()).min().unwrap_or(1)
    }

    fn embed(&self, titles: &[&str]) -> Result<DenseMatrix, EncodeError> {
        let rows = self.parts.iter().map(|part| part.embed(titles)).collect::<Result<Vec<_>, _>>()?;
        Ok(self.combiner.combine(rows))
    }
}
