//! What the network's first part gives for each view of each picture, in halves: memory is what limits how much can be trained.
//! Eleven bits of a feature are more than training notices; the finished network is judged with all of them.

use candle_core::{Device, Tensor};
use half::f16;

use super::super::TrainError;
use super::views::{View, ViewKind};

/// More memory than this is refused.
const MOST_BYTES: usize = 6 << 30;
/// The place of a row without a map.
const ABSENT: u32 = u32::MAX;

/// Features of views; each (shape of the features).
#[derive(Debug)]
pub struct Maps {
    shape: Vec<usize>,
    views: Vec<ViewMaps>,
}

#[derive(Debug)]
struct ViewMaps {
    /// Where each row's map stands.
    places: Vec<u32>,
    values: Vec<f16>,
    n_maps: u32,
    mixed: Option<Mixed>,
}

/// Two pictures in each map.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mixed {
    /// Share of the row's own picture.
    pub(super) share: f64,
    /// The other row of each.
    pub(super) partners: Vec<u32>,
}

impl Maps {
    /// None yet, of features of this shape.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] when those of all `views` would not fit into memory.
    pub fn new(shape: Vec<usize>, views: &[View]) -> Result<Self, TrainError> {
        let n_values = shape.iter().product::<usize>().max(1);
        let n_maps = views.iter().map(|view| view.rows.len()).sum::<usize>();
        let n_bytes = n_maps.saturating_mul(n_values).saturating_mul(size_of::<f16>());
        if n_bytes > MOST_BYTES {
            return Err(TrainError::Recipe(format!(
                "what its first part gives for {n_maps} views of pictures takes {} GiB of memory, and at most {} are used. Train from a later block on, or ask for fewer views",
                n_bytes.div_ceil(1 << 30),
                MOST_BYTES >> 30
            )));
        }
        Ok(Self { shape, views: Vec::new() })
    }

    /// Begins the next view, of a catalogue of `n_rows` rows.
    pub fn begin(&mut self, view: &View, n_rows: usize) {
        let mixed = match &view.kind {
            ViewKind::Mixed { part, partners } => {
                Some(Mixed { share: part.share_kept(), partners: partners.clone() })
            }
            ViewKind::AsItIs | ViewKind::Changed => None,
        };
        let n_values = self.shape.iter().product::<usize>();
        self.views.push(ViewMaps {
            places: vec![ABSENT; n_rows],
            values: Vec::with_capacity(view.rows.len() * n_values),
            n_maps: 0,
            mixed,
        });
    }

    /// Adds the features of a row to the view begun last.
    ///
    /// # Errors
    /// [`TrainError::Data`] when they have another shape, or the row does not exist.
    pub fn add(&mut self, row: u32, features: &[f32]) -> Result<(), TrainError> {
        let n_values = self.shape.iter().product::<usize>();
        let view = self.views.last_mut();
        let slot = view
            .and_then(|view| Some((view.places.get_mut(row as usize)?, &mut view.values, &mut view.n_maps)));
        let Some((place, values, n_maps)) = slot.filter(|_| features.len() == n_values) else {
            return Err(TrainError::Data(format!(
                "row {row} has {} features where {n_values} are expected",
                features.len()
            )));
        };
        *place = *n_maps;
        *n_maps += 1;
        values.extend(features.iter().map(|value| f16::from_f32(*value)));
        Ok(())
    }

    /// Views whose maps are of one picture each.
    pub(super) fn plain_views(&self) -> Vec<usize> {
        self.places(|mixed| mixed.is_none())
    }

    /// Views whose maps are of two pictures each.
    pub(super) fn mixed_views(&self) -> Vec<usize> {
        self.places(|mixed| mixed.is_some())
    }

    fn places(&self, is_wanted: impl Fn(Option<&Mixed>) -> bool) -> Vec<usize> {
        let wanted = self.views.iter().enumerate().filter(|(_, view)| is_wanted(view.mixed.as_ref()));
        wanted.map(|(place, _)| place).collect()
    }

    pub(super) fn mixed(&self, view: usize) -> Option<&Mixed> {
        self.views.get(view).and_then(|view| view.mixed.as_ref())
    }

    /// Whether a view has a map of this row.
    pub(super) fn has(&self, view: usize, row: u32) -> bool {
        self.map(view, row).is_some()
    }

    fn map(&self, view: usize, row: u32) -> Option<&[f16]> {
        let n_values = self.shape.iter().product::<usize>();
        let view = self.views.get(view)?;
        let place = view.places.get(row as usize).filter(|place| **place != ABSENT)?;
        let start = *place as usize * n_values;
        view.values.get(start..start + n_values)
    }

    /// The maps of (view, row), (n, shape) in 32 bits; zeros where there is none.
    pub(super) fn tensor(&self, wanted: &[(usize, u32)], device: &Device) -> Result<Tensor, TrainError> {
        let n_values = self.shape.iter().product::<usize>();
        let mut values = Vec::with_capacity(wanted.len() * n_values);
        for &(view, row) in wanted {
            match self.map(view, row) {
                Some(map) => values.extend(map.iter().map(|value| value.to_f32())),
                None => values.resize(values.len() + n_values, 0.0),
            }
        }
        let shape: Vec<usize> = [wanted.len()].into_iter().chain(self.shape.iter().copied()).collect();
        Ok(Tensor::from_vec(values, shape, device)?)
    }
}
