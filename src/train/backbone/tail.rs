//! The part of a network that is trained: gives the embeddings of pictures from their maps, differentiable in its parameters.

use std::collections::BTreeMap;

use candle_core::Tensor;

use super::super::heads::{Learned, Parameters};
use super::super::{Random, TrainError, TrainingData};
use super::{BackboneRecipe, Maps, NormStatistics};
use crate::encode::DenseMatrix;
use crate::nn::ops::normalise_rows;
use crate::nn::{Mode, NetworkInput, Random as NetworkRandom, TrainableNetwork};

/// Pictures embedded at once outside training.
const PICTURES_A_PASS: usize = 64;
/// The view of the pictures themselves.
const AS_IT_IS: usize = 0;

/// The last blocks of a network with the maps they read.
#[derive(Debug)]
pub struct Tail<'a> {
    network: TrainableNetwork,
    parameters: Parameters,
    maps: &'a Maps,
    recipe: &'a BackboneRecipe,
    seed: u64,
    width: usize,
}

impl<'a> Tail<'a> {
    /// The blocks of `network`, which gives rows of `width` numbers; all its parameters are trained.
    pub fn new(
        network: TrainableNetwork,
        maps: &'a Maps,
        recipe: &'a BackboneRecipe,
        width: usize,
        seed: u64,
    ) -> Self {
        let mut parameters = Parameters::new(network.device());
        for (name, variable) in network.parameters() {
            parameters.add_shared(name, variable, Learned::ByGradients);
        }
        for (name, variable) in network.buffers() {
            parameters.add_shared(name, variable, Learned::ByCounting);
        }
        Self { network, parameters, maps, recipe, seed, width }
    }

    /// What is trained and how.
    pub fn recipe(&self) -> &BackboneRecipe {
        self.recipe
    }

    /// Its numbers, running statistics included.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Its numbers by name, to be put into a file.
    ///
    /// # Errors
    /// When the device fails.
    pub fn weights(&self) -> Result<BTreeMap<String, Tensor>, TrainError> {
        Ok(self.network.export()?)
    }

    /// Refuses data whose pictures have embeddings of another width.
    pub(in super::super) fn check(&self, data: &TrainingData<'_>) -> Result<(), TrainError> {
        let found = data.modality_widths().first().copied().unwrap_or_default();
        if found == self.width {
            return Ok(());
        }
        Err(TrainError::Data(format!(
            "the network gives {} numbers a picture, the embeddings have {found}",
            self.width
        )))
    }

    /// The view that all of a step's pictures are seen in, where it is one of two pictures each.
    fn mixed_view(&self, step: usize) -> Option<usize> {
        let mixed = self.maps.mixed_views();
        let n_plain = self.maps.plain_views().len();
        let drawn = Random::new(self.seed, &format!("mixed/{step}")).below(n_plain + mixed.len());
        mixed.get(drawn.checked_sub(n_plain)?).copied()
    }

    /// Share of the rows' own groups, and the rows whose groups have the rest, where a step's pictures are mixed.
    pub(in super::super) fn mixed(&self, rows: &[u32], step: usize) -> Option<(f64, Vec<u32>)> {
        let mixed = self.maps.mixed(self.mixed_view(step)?)?;
        let partner = |row: &u32| mixed.partners.get(*row as usize).copied().unwrap_or(*row);
        Some((mixed.share, rows.iter().map(partner).collect()))
    }

    /// Embeddings to train on, (n, width), rows of length 1, each row in a view drawn for the step; zeros without a picture.
    pub(in super::super) fn embed(&self, rows: &[u32], step: usize) -> Result<Tensor, TrainError> {
        let plain = self.maps.plain_views();
        let mixed = self.mixed_view(step);
        let mut random = Random::new(self.seed, &format!("views/{step}"));
        let wanted: Vec<(usize, u32)> = rows
            .iter()
            .map(|&row| {
                let drawn = random.choose(&plain).copied().unwrap_or(AS_IT_IS);
                (mixed.unwrap_or(drawn), row)
            })
            .collect();
        let mut mode = match self.recipe.norms {
            NormStatistics::Running => Mode::Evaluation,
            NormStatistics::OfTheBatch => {
                Mode::Training(NetworkRandom::named(self.seed, &format!("network/{step}")))
            }
        };
        self.rows(&wanted, &mut mode)
    }

    /// Embeddings of `rows` as they are judged, in a matrix of `n_rows` rows; the others are zeros.
    pub(in super::super) fn matrix(&self, rows: &[u32], n_rows: usize) -> Result<DenseMatrix, TrainError> {
        let mut values = vec![0.0; n_rows * self.width];
        for rows in rows.chunks(PICTURES_A_PASS) {
            let wanted: Vec<(usize, u32)> = rows.iter().map(|row| (AS_IT_IS, *row)).collect();
            let found = self.rows(&wanted, &mut Mode::Evaluation)?.detach();
            let found: Vec<f32> = found.flatten_all()?.to_vec1()?;
            for (row, found) in rows.iter().zip(found.chunks(self.width.max(1))) {
                let start = *row as usize * self.width;
                if let Some(into) = values.get_mut(start..start + self.width) {
                    into.copy_from_slice(found);
                }
            }
        }
        Ok(DenseMatrix { width: self.width, values })
    }

    fn rows(&self, wanted: &[(usize, u32)], mode: &mut Mode) -> Result<Tensor, TrainError> {
        let device = self.network.device();
        let maps = self.maps.tensor(wanted, device)?;
        let rows = normalise_rows(&self.network.forward(NetworkInput::Features(&maps), mode)?)?;
        let present = |&(view, row): &(usize, u32)| self.maps.has(view, row);
        if wanted.iter().all(present) {
            return Ok(rows);
        }
        let mask: Vec<f32> = wanted.iter().map(|wanted| f32::from(present(wanted))).collect();
        Ok(rows.broadcast_mul(&Tensor::from_vec(mask, (wanted.len(), 1), device)?)?)
    }
}
