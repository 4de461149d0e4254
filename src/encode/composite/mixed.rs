//! A composite of title encoders some of which must see the whole corpus (words and their rarity): sparse rows, in which the
//! numbers of dense parts stand in the last columns. The result is exact; finding neighbours costs more than for words alone,
//! because every title has an entry in every dense column. The parts are run by whoever has the corpus; this joins their rows.

use super::recipe::Combine;
use super::text::TextComposite;
use crate::encode::{CsrMatrix, EmbeddingRows, Embeddings, FitsText, TextEncoder};

/// See the file's head.
pub struct MixedText {
    fitted: Vec<FittedPart>,
    dense: Option<DensePart>,
}

/// A part that is fitted to the corpus.
pub struct FittedPart {
    /// Fits it.
    pub encoder: Box<dyn FitsText>,
    /// What its rows are multiplied by.
    pub factor: f32,
}

/// The part that reads titles one by one; several such parts are joined into one.
pub struct DensePart {
    /// Id of the encoder it is, or of the composite whose parts it joins; names its rows in the cache.
    pub id: String,
    /// Reads titles.
    pub encoder: Box<dyn TextEncoder>,
    /// What its rows are multiplied by.
    pub factor: f32,
}

impl MixedText {
    /// Joins parts; `id` is the composite's own.
    pub(super) fn new(id: &str, fitted: Vec<FittedPart>, mut dense: Vec<DensePart>) -> Self {
        if dense.len() > 1 {
            // Parts of length one: a row of them has the length of their factors.
            let factor = length(dense.iter().map(|part| part.factor));
            let parts = dense.into_iter().map(|part| (part.encoder, part.factor)).collect();
            let encoder = Box::new(TextComposite::new(parts, Combine::Concatenate));
            dense = vec![DensePart { id: id.to_owned(), encoder, factor }];
        }
        Self { fitted, dense: dense.pop() }
    }

    /// Takes it apart for a composite in which it has this weight: the same as its parts there, each with its share of it.
    pub(super) fn unpack(self, weight: f32, fitted: &mut Vec<FittedPart>, dense: &mut Vec<DensePart>) {
        let own = self.fitted.iter().map(|part| part.factor).chain(self.dense.iter().map(|part| part.factor));
        let share = weight / length(own);
        fitted.extend(self.fitted.into_iter().map(|part| FittedPart { factor: part.factor * share, ..part }));
        dense.extend(self.dense.into_iter().map(|part| DensePart { factor: part.factor * share, ..part }));
    }

    /// The parts that are fitted to the corpus, at least one.
    pub fn fitted(&self) -> &[FittedPart] {
        &self.fitted
    }

    /// The part that is not.
    pub fn dense(&self) -> Option<&DensePart> {
        self.dense.as_ref()
    }

    /// As [`TextEncoder::fingerprint`]; the corpus is added by the cache.
    pub fn fingerprint(&self) -> String {
        let fitted =
            self.fitted.iter().map(|part| format!("{} [{}]", part.factor, part.encoder.fingerprint()));
        let dense = self.dense.iter().map(|part| format!("{} [{}]", part.factor, part.encoder.fingerprint()));
        format!("mixed v1; {}", fitted.chain(dense).collect::<Vec<_>>().join(" + "))
    }

    /// One row a title, of length one: the fitted parts' rows in the order of [`Self::fitted`], then the dense part's, where
    /// it has one. The columns of words without the dense part's are left as they are where a title lacks either.
    pub fn join(&self, fitted: &[CsrMatrix], dense: Option<&Embeddings>) -> CsrMatrix {
        let dense = dense.zip(self.dense.as_ref());
        let dense = dense.and_then(|(embeddings, part)| match &embeddings.rows {
            EmbeddingRows::Dense(matrix) => Some((matrix, &embeddings.present, part.factor)),
            EmbeddingRows::Sparse(_) | EmbeddingRows::Bits(_) => None,
        });
        let width = fitted.iter().map(|part| part.width).sum::<usize>()
            + dense.map_or(0, |(matrix, ..)| matrix.width);
        let mut joined = CsrMatrix::new(width);
        let n_rows = fitted.iter().map(CsrMatrix::n_rows).min().unwrap_or(0);
        let (mut columns, mut values) = (Vec::new(), Vec::new());
        for row in 0..n_rows {
            columns.clear();
            values.clear();
            let mut first_column = 0;
            for (part, matrix) in self.fitted.iter().zip(fitted) {
                let (own_columns, own_values) = matrix.row(row);
                columns.extend(own_columns.iter().map(|column| column + first_column));
                values.extend(own_values.iter().map(|value| value * part.factor));
                first_column += matrix.width as u32;
            }
            if let Some((matrix, present, factor)) = dense
                && present.get(row).is_some_and(|&is_present| is_present)
            {
                columns.extend((first_column..).take(matrix.width));
                values.extend(matrix.row(row).iter().map(|value| value * factor));
            }
            let length = length(values.iter().copied());
            if length > 0.0 {
                values.iter_mut().for_each(|value| *value /= length);
            }
            joined.push_row(&columns, &values);
        }
        joined
    }
}

impl std::fmt::Debug for MixedText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MixedText").field("n_fitted", &self.fitted.len()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for FittedPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FittedPart").field("factor", &self.factor).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for DensePart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DensePart")
            .field("id", &self.id)
            .field("factor", &self.factor)
            .finish_non_exhaustive()
    }
}

fn length(values: impl Iterator<Item = f32>) -> f32 {
    values.map(|value| f64::from(value).powi(2)).sum::<f64>().sqrt() as f32
}
