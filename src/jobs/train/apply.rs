//! A trained head put to work: neighbours of the whole catalogue as the head sees it, kept in the project's cache under the head's
//! digest and the names of the rows it read.

use std::path::PathBuf;
use std::sync::Arc;

use candle_core::Device;

use super::super::{Context, JobError, Meter, Workbench};
use super::features::FeatureSet;
use super::{SharedNeighbors, TrainedReceipt};
use crate::index::Neighbors;
use crate::nn::open_device;
use crate::project::{CacheKey, TrainedFiles};
use crate::train::heads::Head;
use crate::train::{Labels, Part, TrainError, TrainingData, Unreviewed, head_neighbors};

/// A trained model as it was read.
#[derive(Clone, Debug)]
pub struct TrainedModel {
    /// The recipe's id.
    pub id: String,
    /// Its receipt.
    pub receipt: TrainedReceipt,
    head_path: PathBuf,
    head: Vec<u8>,
}

impl TrainedModel {
    /// From its files.
    ///
    /// # Errors
    /// [`JobError::Refused`] when receipt and head do not belong together or the receipt cannot be read.
    pub fn new(files: TrainedFiles) -> Result<Self, JobError> {
        let receipt = TrainedReceipt::from_ron(&files.id, &files.receipt)?;
        if blake3::hash(&files.head).to_hex().as_str() != receipt.head_digest {
            return Err(JobError::Refused(format!(
                "the trained model is damaged, or another than its receipt speaks of. Train it again: {}",
                files.head_path.display()
            )));
        }
        Ok(Self { id: files.id, receipt, head_path: files.head_path, head: files.head })
    }

    /// Its head, on a device.
    pub(super) fn head(&self, device: &Device) -> Result<Head, JobError> {
        Ok(Head::from_safetensors(&self.head_path, self.head.clone(), device)?)
    }
}

/// What is said when a head was made for other embeddings.
pub(super) fn does_not_fit(id: &str) -> JobError {
    JobError::Refused(format!(
        "the trained model `{id}` was made for other embeddings than this catalogue has. Train it again"
    ))
}

/// The 50 nearest of each posting by the head's own measure, the posting itself counted; from the cache where they are there.
///
/// # Errors
/// When embedding fails, the head does not fit the embeddings, or the device fails.
pub fn trained_neighbors(
    bench: &Workbench,
    model: &TrainedModel,
    context: &Context<'_>,
) -> Result<SharedNeighbors, JobError> {
    let receipt = &model.receipt;
    let (image, text) = (receipt.image_encoder.as_deref(), receipt.text_encoder.as_deref());
    let features = FeatureSet::of(bench, image, text, context)?;
    let mut parts = vec![receipt.head_digest.as_str()];
    parts.extend([&features.image, &features.text].into_iter().flatten().map(|side| side.name.as_str()));
    let key = CacheKey::new(&format!("trained-{}-neighbors", model.id), &parts);
    let n_rows = bench.catalog.n_postings();
    if let Some(neighbors) = bench.cache.load_neighbors(&key)?
        && neighbors.n_rows() == n_rows
    {
        return Ok(Arc::new(neighbors));
    }
    let device = open_device(bench.encoders.device()).map_err(TrainError::from)?;
    let head = model.head(&device)?;
    let labels = Labels::new(vec![None; n_rows], &[], Unreviewed::Unknown);
    let of_rows = vec![Part::Test; n_rows];
    let data =
        TrainingData { modalities: features.features(), labels: &labels, parts: &of_rows, neighbors: None };
    data.check()?;
    if data.modality_widths() != head.shape().modality_widths {
        return Err(does_not_fit(&model.id));
    }
    let meter = Meter::new(context.reporter, format!("Finding neighbours ({})", model.id), 0, 0);
    // Only what has an embedding is looked at; the others have themselves alone.
    let is_there = |row: &u32| {
        let sides = [&features.image, &features.text].into_iter().flatten();
        sides.into_iter().any(|side| side.embeddings.present.get(*row as usize) == Some(&true))
    };
    let pool: Vec<u32> = (0..n_rows as u32).filter(is_there).collect();
    let found = head_neighbors(&head, &data, &pool, &device)?;
    context.turn()?;
    let neighbors = spread(&found, &pool, n_rows);
    bench.cache.save_neighbors(&key, &neighbors)?;
    meter.finish();
    Ok(Arc::new(neighbors))
}

/// Lists over places of the pool as lists over rows; a row outside the pool has none.
fn spread(found: &Neighbors, pool: &[u32], n_rows: usize) -> Neighbors {
    let mut neighbors = Neighbors { offsets: vec![0], rows: Vec::new(), scores: Vec::new() };
    let mut places = pool.iter().enumerate().peekable();
    for row in 0..n_rows as u32 {
        if let Some((place, _)) = places.next_if(|(_, pooled)| **pooled == row) {
            let (others, scores) = found.list(place);
            for (other, score) in others.iter().zip(scores) {
                if let Some(&other) = pool.get(*other as usize) {
                    neighbors.rows.push(other);
                    neighbors.scores.push(*score);
                }
            }
        }
        neighbors.offsets.push(neighbors.rows.len());
    }
    neighbors
}

#[cfg(test)]
mod tests {
    use super::{Neighbors, spread};

    #[test]
    fn rows_outside_the_pool_have_no_neighbours() {
        let found = Neighbors { offsets: vec![0, 2, 3], rows: vec![0, 1, 1], scores: vec![1.0, 0.5, 1.0] };
        let all = spread(&found, &[1, 3], 4);
        assert_eq!(all.offsets, [0, 0, 2, 2, 3]);
        assert_eq!(all.rows, [1, 3, 3]);
    }
}
