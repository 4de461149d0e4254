//! A head at work: towers from cached embeddings, scores of pairs, and itself as a file. Never trains itself.

use std::path::Path;

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::super::TrainError;
use super::super::math::row_cosines;
use super::super::tensors::NamedTensors;
use super::layers::{add_batch_norm, add_linear, batch_norm, linear};
use super::{Depth, HeadRecipe, Mode, Normalisation, PairMeasure, Parameters, SideProjections, Towers};
use crate::catalog::Side;
use crate::nn::ops::normalise_rows;

/// The metadata entry of a head's file.
const METADATA_KEY: &str = "lookalike.head";
/// Classes and numbers beyond these are a mistake in a file, not a head.
const MOST_VALUES: usize = 1 << 30;

/// All that decides a head's parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadShape {
    /// Its parts.
    pub recipe: HeadRecipe,
    /// Numbers a row of each modality.
    pub modality_widths: Vec<usize>,
    /// Learned class vectors; 0 for losses without classes.
    pub n_classes: usize,
}

/// What names of right rows' parameters have after their tower's.
const RIGHT: &str = ".right";

/// The name of a tower's parameters.
pub(in crate::train) fn tower_name(tower: usize, side: Side) -> String {
    match side {
        Side::Left => format!("tower{tower}"),
        Side::Right => format!("tower{tower}{RIGHT}"),
    }
}

impl HeadRecipe {
    /// Sides with parameters of their own.
    pub(in crate::train) fn projected_sides(&self) -> &'static [Side] {
        match self.sides {
            SideProjections::Shared => &[Side::Left],
            SideProjections::Apart => &[Side::Left, Side::Right],
        }
    }
}

/// Parameters and what to do with them.
#[derive(Debug)]
pub struct Head {
    shape: HeadShape,
    parameters: Parameters,
}

impl Head {
    /// A head with parameters from `seed`.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] when the parts do not go together.
    pub fn new(shape: HeadShape, seed: u64, device: &Device) -> Result<Self, TrainError> {
        check(&shape)?;
        let mut parameters = Parameters::new(device);
        let recipe = shape.recipe;
        for (tower, from) in shape.tower_inputs().into_iter().enumerate() {
            for side in recipe.projected_sides() {
                let name = tower_name(tower, *side);
                match recipe.depth {
                    Depth::Identity => {}
                    Depth::Linear => {
                        add_linear(&mut parameters, &format!("{name}.0"), from, recipe.width, seed)?
                    }
                    Depth::TwoLayers { hidden } => {
                        add_linear(&mut parameters, &format!("{name}.0"), from, hidden, seed)?;
                        add_linear(&mut parameters, &format!("{name}.1"), hidden, recipe.width, seed)?;
                    }
                }
                if recipe.normalisation == Normalisation::BatchThenLength {
                    add_batch_norm(&mut parameters, &format!("{name}.norm"), shape.tower_width(from))?;
                }
            }
        }
        // Both sides start alike: what they have in common need not be learned twice.
        let of_right: Vec<String> = parameters.learned().map(|(name, _)| name.to_owned()).collect();
        for name in of_right {
            if let Some((tower, rest)) = name.split_once(RIGHT) {
                let value = parameters.get(&format!("{tower}{rest}"))?.copy()?;
                parameters.set(&name, &value)?;
            }
        }
        let width = shape.embedding_width();
        match recipe.measure {
            PairMeasure::Cosine => {}
            PairMeasure::Classifier { hidden } => {
                add_linear(&mut parameters, "pair.0", width, hidden, seed)?;
                add_linear(&mut parameters, "pair.1", hidden, 1, seed)?;
            }
            // Starts as the mean of both cosines.
            PairMeasure::Neuron => parameters.add_values("neuron", &[0.5, 0.5, 0.0], &[3])?,
        }
        if shape.n_classes > 0 {
            let bound = (6.0 / (shape.n_classes + width) as f64).sqrt();
            parameters.add_uniform("classes", &[shape.n_classes, width], bound, seed)?;
        }
        Ok(Self { shape, parameters })
    }

    /// What decides its parameters.
    pub fn shape(&self) -> &HeadShape {
        &self.shape
    }

    /// Its numbers.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// L2-normalised embeddings of n postings, one tensor (n, width) a tower, from (n, width of modality) each. `sides` (n) says
    /// which rows ask and which answer, for heads that project them apart; without them all rows ask.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn towers(
        &self,
        modalities: &[Tensor],
        sides: Option<&[Side]>,
        mode: Mode,
    ) -> Result<Vec<Tensor>, TrainError> {
        let inputs = match self.shape.recipe.towers {
            Towers::Fused => vec![Tensor::cat(modalities, 1)?],
            Towers::PerModality => modalities.to_vec(),
        };
        let answers = sides.filter(|_| self.shape.recipe.sides == SideProjections::Apart).map(|sides| {
            let mask: Vec<f32> = sides.iter().map(|side| f32::from(*side == Side::Right)).collect();
            Tensor::from_vec(mask, (sides.len(), 1), self.parameters.device())
        });
        let answers = answers.transpose()?;
        let tower = |(tower, rows): (usize, &Tensor)| {
            let left = self.tower(&tower_name(tower, Side::Left), rows, mode)?;
            let Some(answers) = &answers else { return Ok(left) };
            let right = self.tower(&tower_name(tower, Side::Right), rows, mode)?;
            Ok((left.broadcast_mul(&answers.affine(-1.0, 1.0)?)? + right.broadcast_mul(answers)?)?)
        };
        inputs.iter().enumerate().map(tower).collect()
    }

    fn tower(&self, name: &str, rows: &Tensor, mode: Mode) -> Result<Tensor, TrainError> {
        let layer = |place: usize, rows: &Tensor| linear(&self.parameters, &format!("{name}.{place}"), rows);
        let rows = match self.shape.recipe.depth {
            Depth::Identity => rows.clone(),
            Depth::Linear => layer(0, rows)?,
            Depth::TwoLayers { .. } => layer(1, &layer(0, rows)?.relu()?)?,
        };
        let rows = match self.shape.recipe.normalisation {
            Normalisation::LengthOnly => rows,
            Normalisation::BatchThenLength => {
                batch_norm(&self.parameters, &format!("{name}.norm"), &rows, mode)?
            }
        };
        Ok(normalise_rows(&rows)?)
    }

    /// Scores of n pairs (n) from the towers of both sides: the mean cosine, or log odds of a learned measure.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn pair_scores(&self, a: &[Tensor], b: &[Tensor]) -> Result<Tensor, TrainError> {
        if let PairMeasure::Classifier { .. } = self.shape.recipe.measure {
            let (Some(a), Some(b)) = (a.first(), b.first()) else {
                return Err(TrainError::Recipe("a pair classifier needs a tower".to_owned()));
            };
            let hidden = linear(&self.parameters, "pair.0", &(a - b)?.abs()?)?.relu()?;
            return Ok(linear(&self.parameters, "pair.1", &hidden)?.squeeze(1)?);
        }
        let cosines: Result<Vec<Tensor>, _> = a.iter().zip(b).map(|(a, b)| row_cosines(a, b)).collect();
        self.score_from_cosines(&cosines?)
    }

    /// As [`Head::pair_scores`] from the cosine of each tower (n), for measures that need no more.
    ///
    /// # Errors
    /// When there are none, or the measure needs more.
    pub fn score_from_cosines(&self, cosines: &[Tensor]) -> Result<Tensor, TrainError> {
        match (self.shape.recipe.measure, cosines) {
            (PairMeasure::Cosine, [first, others @ ..]) => {
                let mut sum = first.clone();
                for other in others {
                    sum = (sum + other)?;
                }
                Ok((sum / cosines.len() as f64)?)
            }
            (PairMeasure::Neuron, [image, text]) => {
                let neuron = self.parameters.get("neuron")?;
                let weighed =
                    |cosine: &Tensor, place: usize| cosine.broadcast_mul(&neuron.narrow(0, place, 1)?);
                Ok((weighed(image, 0)? + weighed(text, 1)?)?.broadcast_add(&neuron.narrow(0, 2, 1)?)?)
            }
            _ => {
                Err(TrainError::Recipe(format!("its measure of pairs cannot read {} cosines", cosines.len())))
            }
        }
    }

    /// A safetensors file that says in its header what it is.
    ///
    /// # Errors
    /// When the device fails.
    pub fn to_safetensors(&self) -> Result<Vec<u8>, TrainError> {
        let shape =
            serde_json::to_string(&self.shape).map_err(|error| TrainError::Data(error.to_string()))?;
        self.parameters.to_tensors()?.to_safetensors(Some((METADATA_KEY, shape)))
    }

    /// Reads such a file; `path` is only named in errors.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] when the file is damaged or holds no head.
    pub fn from_safetensors(path: &Path, bytes: Vec<u8>, device: &Device) -> Result<Self, TrainError> {
        let refuse = |reason: &str| TrainError::Checkpoint(format!("{reason} ({})", path.display()));
        let (tensors, shape) = NamedTensors::from_safetensors(path, bytes, METADATA_KEY)?;
        let shape = shape.ok_or_else(|| refuse("the file holds no trained head"))?;
        let shape: HeadShape = serde_json::from_str(&shape)
            .map_err(|_| refuse("the file's description of the head is damaged"))?;
        let head = Self::new(shape, 0, device)?;
        head.parameters.restore(&tensors)?;
        Ok(head)
    }
}

impl HeadShape {
    /// Numbers each tower reads.
    fn tower_inputs(&self) -> Vec<usize> {
        match self.recipe.towers {
            Towers::Fused => vec![self.modality_widths.iter().sum()],
            Towers::PerModality => self.modality_widths.clone(),
        }
    }

    /// Numbers a tower gives that reads `from`.
    fn tower_width(&self, from: usize) -> usize {
        if self.recipe.depth == Depth::Identity { from } else { self.recipe.width }
    }

    /// Numbers an embedding: those of all towers side by side.
    pub fn embedding_width(&self) -> usize {
        self.tower_inputs().into_iter().map(|from| self.tower_width(from)).sum()
    }
}

/// Refuses parts that do not go together, and sizes that no memory holds.
fn check(shape: &HeadShape) -> Result<(), TrainError> {
    let refuse = |reason: &str| Err(TrainError::Recipe(reason.to_owned()));
    let recipe = shape.recipe;
    if shape.modality_widths.is_empty() || shape.modality_widths.contains(&0) {
        return refuse("a head needs embeddings of pictures, of titles, or of both");
    }
    if recipe.depth != Depth::Identity && recipe.width == 0 {
        return refuse("an embedding needs at least one number");
    }
    if matches!(recipe.depth, Depth::TwoLayers { hidden: 0 })
        || matches!(recipe.measure, PairMeasure::Classifier { hidden: 0 })
    {
        return refuse("a hidden layer needs at least one number");
    }
    if recipe.sides == SideProjections::Apart && recipe.depth == Depth::Identity {
        return refuse("sides cannot be projected apart where nothing is projected");
    }
    let n_towers = shape.tower_inputs().len();
    if recipe.measure == PairMeasure::Neuron && n_towers != 2 {
        return refuse("one-neuron fusion needs two towers, one for pictures and one for titles");
    }
    if matches!(recipe.measure, PairMeasure::Classifier { .. }) && n_towers != 1 {
        return refuse("a pair classifier reads one fused embedding; choose fused towers");
    }
    let hidden = match (recipe.depth, recipe.measure) {
        (Depth::TwoLayers { hidden }, PairMeasure::Classifier { hidden: pair }) => hidden.max(pair),
        (Depth::TwoLayers { hidden }, _) | (_, PairMeasure::Classifier { hidden }) => hidden,
        _ => 1,
    };
    let inputs = shape.modality_widths.iter().fold(0_usize, |sum, width| sum.saturating_add(*width));
    let widest = inputs.max(recipe.width);
    if widest.saturating_mul(hidden.max(recipe.width).max(shape.n_classes)) > MOST_VALUES {
        return refuse("its layers are too large for any memory");
    }
    Ok(())
}
