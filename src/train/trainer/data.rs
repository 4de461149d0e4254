//! What is trained on: dense embeddings with their present flags, labels and parts. Never copies a matrix.

use candle_core::{Device, Tensor};

use super::super::heads::Towers;
use super::super::{Labels, Part, TrainError};
use crate::catalog::Side;
use crate::encode::DenseMatrix;
use crate::index::Neighbors;

/// Cached embeddings of one modality.
#[derive(Clone, Copy, Debug)]
pub struct Features<'a> {
    /// (n, width); rows L2-normalised, zeros where absent.
    pub matrix: &'a DenseMatrix,
    /// Which rows are real (n).
    pub present: &'a [bool],
}

/// Everything a run reads. All parts speak of the same n rows.
#[derive(Clone, Debug)]
pub struct TrainingData<'a> {
    /// Pictures first, then titles, or one of them.
    pub modalities: Vec<Features<'a>>,
    /// Groups and rejected pairs.
    pub labels: &'a Labels,
    /// Part of each row (n).
    pub parts: &'a [Part],
    /// Neighbours of the frozen embeddings, for the miner of nearest wrong ones.
    pub neighbors: Option<&'a Neighbors>,
    /// Which rows ask and which answer (n), where the data are questions with one right answer each; a row without a side may do
    /// both.
    pub sides: Option<&'a [Option<Side>]>,
}

impl<'a> TrainingData<'a> {
    /// Refuses parts of different lengths and numbers that are none.
    ///
    /// # Errors
    /// [`TrainError::Data`] with what is wrong.
    pub fn check(&self) -> Result<(), TrainError> {
        let refuse = |reason: String| Err(TrainError::Data(reason));
        let n_rows = self.labels.n_rows();
        if self.modalities.is_empty() {
            return refuse("there are no embeddings; embed the catalogue first".to_owned());
        }
        if self.parts.len() != n_rows {
            return refuse(format!("{n_rows} rows have labels, but {} have a part", self.parts.len()));
        }
        if self.neighbors.is_some_and(|neighbors| neighbors.n_rows() != n_rows) {
            return refuse("the neighbours belong to another catalogue".to_owned());
        }
        if self.sides.is_some_and(|sides| sides.len() != n_rows) {
            return refuse("the sides belong to another catalogue".to_owned());
        }
        for features in &self.modalities {
            let found = (features.matrix.n_rows(), features.present.len());
            if found != (n_rows, n_rows) {
                return refuse(format!("{n_rows} rows have labels, but {} have embeddings", found.0));
            }
            if let Some(place) = features.matrix.values.iter().position(|value| !value.is_finite()) {
                let row = place / features.matrix.width.max(1);
                return refuse(format!(
                    "the embedding of row {row} holds a number that is not finite; embed it again"
                ));
            }
        }
        Ok(())
    }

    /// Whether a row may be asked about.
    pub fn asks(&self, row: u32) -> bool {
        self.side(row) != Some(Side::Right)
    }

    /// Whether a row may be an answer.
    pub fn answers(&self, row: u32) -> bool {
        self.side(row) != Some(Side::Left)
    }

    fn side(&self, row: u32) -> Option<Side> {
        self.sides.and_then(|sides| sides.get(row as usize).copied().flatten())
    }

    /// A pair with the row that asks first; `None` where both rows ask or both answer.
    pub(super) fn question_of(&self, (a, b): (u32, u32)) -> Option<(u32, u32)> {
        if self.asks(a) && self.answers(b) {
            Some((a, b))
        } else {
            (self.asks(b) && self.answers(a)).then_some((b, a))
        }
    }

    /// The sides of `rows`, for heads; a row without one asks.
    pub(in super::super) fn sides_of(&self, rows: &[u32]) -> Option<Vec<Side>> {
        self.sides.map(|_| rows.iter().map(|row| self.side(*row).unwrap_or(Side::Left)).collect())
    }

    /// The same without the first modality, which a network under training gives.
    pub(super) fn after_the_first(&self) -> Self {
        Self { modalities: self.modalities.iter().skip(1).copied().collect(), ..self.clone() }
    }

    /// The same with other rows for the first modality, present where the former are.
    pub fn with_first(&self, matrix: &'a DenseMatrix) -> Self {
        let replaced = self.modalities.iter().enumerate().map(|(place, features)| match place {
            0 => Features { matrix, present: features.present },
            _ => *features,
        });
        Self { modalities: replaced.collect(), ..self.clone() }
    }

    /// Numbers a row of each modality.
    pub fn modality_widths(&self) -> Vec<usize> {
        self.modalities.iter().map(|features| features.matrix.width).collect()
    }

    /// Rows of `part` a head with these towers can be trained on: with every modality where each has a tower, else with
    /// any.
    pub(in super::super) fn trainable_rows(&self, part: Part, towers: Towers) -> Vec<u32> {
        self.rows_where(part, |row| match towers {
            Towers::Fused => self.modalities.iter().any(|features| is_present(features, row)),
            Towers::PerModality => self.modalities.iter().all(|features| is_present(features, row)),
        })
    }

    /// Rows of `part` with any embedding.
    pub fn embedded_rows(&self, part: Part) -> Vec<u32> {
        self.rows_where(part, |row| self.modalities.iter().any(|features| is_present(features, row)))
    }

    fn rows_where(&self, part: Part, holds: impl Fn(usize) -> bool) -> Vec<u32> {
        let of_part = self.parts.iter().enumerate().filter(|(_, found)| **found == part);
        of_part.filter(|(row, _)| holds(*row)).map(|(row, _)| row as u32).collect()
    }

    /// Embeddings of `rows`, (n, width) each modality; an absent one is zeros.
    pub(in super::super) fn tensors(&self, rows: &[u32], device: &Device) -> Result<Vec<Tensor>, TrainError> {
        let of_modality = |features: &Features<'_>| {
            let width = features.matrix.width;
            let mut values = Vec::with_capacity(rows.len() * width);
            for &row in rows {
                let row = row as usize;
                match features.matrix.values.get(row * width..(row + 1) * width) {
                    Some(row_values) if is_present(features, row) => values.extend_from_slice(row_values),
                    _ => values.resize(values.len() + width, 0.0),
                }
            }
            Ok(Tensor::from_vec(values, (rows.len(), width), device)?)
        };
        self.modalities.iter().map(of_modality).collect()
    }

    /// Which of `rows` have each of the head's towers.
    pub(super) fn tower_presence(&self, rows: &[u32], towers: Towers) -> Vec<Vec<bool>> {
        let has = |features: &Features<'_>, row: &u32| is_present(features, *row as usize);
        match towers {
            Towers::Fused => {
                vec![
                    rows.iter()
                        .map(|row| self.modalities.iter().any(|features| has(features, row)))
                        .collect(),
                ]
            }
            Towers::PerModality => self
                .modalities
                .iter()
                .map(|features| rows.iter().map(|row| has(features, row)).collect())
                .collect(),
        }
    }
}

fn is_present(features: &Features<'_>, row: usize) -> bool {
    features.present.get(row) == Some(&true)
}
