//! What a head reads: rows of the first encoder of each modality whose files are there, dense. Sparse and bit rows enter through a
//! signed hash of their columns (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009), which keeps
//! inner products but for a little noise.

use std::sync::Arc;

use super::super::{Context, Embedded, JobError, Workbench, embed, neighbors_of};
use super::SharedNeighbors;
use crate::encode::{DenseMatrix, EmbeddingRows, Embeddings, Modality};
use crate::index::{JoinOptions, Metric, Search};
use crate::nn::Random;
use crate::train::{Features, NamedRecipe, TrainingRecipe};

/// Numbers a hashed row.
const HASHED_WIDTH: usize = 1024;
/// Decides columns and signs; part of every trained head that read hashed rows.
const HASH_SEED: u64 = 2009;

/// One modality.
pub(super) struct Side {
    pub encoder: String,
    /// Names the rows: encoder, weights and contents in catalogue order.
    pub name: String,
    pub matrix: Arc<DenseMatrix>,
    pub embeddings: Arc<Embeddings>,
    embedded: Embedded,
}

impl Side {
    pub(super) fn new(
        encoder: String,
        name: String,
        matrix: Arc<DenseMatrix>,
        embeddings: Arc<Embeddings>,
        embedded: Embedded,
    ) -> Self {
        Self { encoder, name, matrix, embeddings, embedded }
    }
}

/// All modalities of a recipe.
pub(super) struct FeatureSet {
    pub image: Option<Side>,
    /// Further encoders of pictures.
    pub more_images: Vec<Side>,
    pub text: Option<Side>,
    pub notes: Vec<String>,
    neighbors: std::cell::OnceCell<SharedNeighbors>,
}

impl FeatureSet {
    /// Embeds with the first encoder of each list that can be opened here.
    pub fn embed(bench: &Workbench, recipe: &NamedRecipe, context: &Context<'_>) -> Result<Self, JobError> {
        let mut notes = Vec::new();
        let mut side = |wanted: &[String], modality: Modality, what: &str| {
            let Some(first) = wanted.first() else { return Ok(None) };
            if !bench.has(modality) {
                notes.push(format!(
                    "the catalogue has no {what}; the recipe's encoder of {what} was left out"
                ));
                return Ok(None);
            }
            let Some(id) = wanted.iter().find(|id| bench.has_files(id)) else {
                return Err(JobError::Refused(format!(
                    "none of the recipe's encoders of {what} is there: {}. Get one with `lookalike models`",
                    wanted.join(", ")
                )));
            };
            if id != first {
                notes.push(format!("{id} stands in for {first}, whose files are not there"));
            }
            Self::side(bench, id, modality, &mut notes, context).map(Some)
        };
        let mut absent: Vec<String> = Vec::new();
        let image = side(&recipe.image_encoders, Modality::Image, "pictures")?;
        let mut more_images = Vec::new();
        for wanted in recipe.more_image_encoders.iter().filter(|_| image.is_some()) {
            match wanted.iter().any(|id| bench.has_files(id)) {
                true => more_images.extend(side(wanted, Modality::Image, "pictures")?),
                false => absent.extend(wanted.first().cloned()),
            }
        }
        // A head of pictures alone, in a mixture with titles, learns from titles where there are no pictures.
        let stand_ins: Vec<String> = match &recipe.mixture {
            Some(mixture) if image.is_none() && recipe.text_encoders.is_empty() => {
                let reads_titles =
                    |id: &&String| bench.table().spec(id).is_ok_and(|spec| spec.modality == Modality::Text);
                mixture.companions.iter().flatten().filter(reads_titles).cloned().collect()
            }
            _ => recipe.text_encoders.clone(),
        };
        let text = side(&stand_ins, Modality::Text, "titles")?;
        let left_out = absent.iter().map(|id| format!("{id} is left out: its files are not there"));
        notes.extend(left_out);
        Ok(Self { image, more_images, text, notes, neighbors: std::cell::OnceCell::new() })
    }

    /// The same rows as a trained head has read.
    pub fn of(
        bench: &Workbench,
        image: Option<&str>,
        more_images: &[String],
        text: Option<&str>,
        context: &Context<'_>,
    ) -> Result<Self, JobError> {
        let mut notes = Vec::new();
        let mut side = |id: Option<&str>, modality: Modality| {
            id.map(|id| Self::side(bench, id, modality, &mut notes, context)).transpose()
        };
        let image = side(image, Modality::Image)?;
        let more = more_images.iter().map(|id| side(Some(id), Modality::Image));
        let more_images = more.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        let text = side(text, Modality::Text)?;
        Ok(Self { image, more_images, text, notes, neighbors: std::cell::OnceCell::new() })
    }

    fn side(
        bench: &Workbench,
        id: &str,
        modality: Modality,
        notes: &mut Vec<String>,
        context: &Context<'_>,
    ) -> Result<Side, JobError> {
        if bench.table().spec(id)?.modality != modality {
            return Err(JobError::Refused(format!(
                "`{id}` does not read {}. Choose another encoder for the recipe",
                if modality == Modality::Image { "pictures" } else { "titles" }
            )));
        }
        // A head is trained on titles as they stand, so that it needs no translation model later.
        let embedded = embed(bench, id, None, context)?;
        let embeddings = embedded.embeddings.clone();
        let matrix = match &embeddings.rows {
            EmbeddingRows::Dense(matrix) => Arc::new(matrix.clone()),
            _ => {
                notes.push(format!(
                    "the rows of {id} are hashed to {HASHED_WIDTH} numbers for the head, before and after alike; with a little noise"
                ));
                Arc::new(context.aside(|| hashed(&embeddings)))
            }
        };
        let name = format!("{}-{}-{}", id, embedded.key.digest, embedded.corpus);
        Ok(Side { encoder: id.to_owned(), name, matrix, embeddings, embedded })
    }

    /// What a run reads, pictures first.
    pub fn features(&self) -> Vec<Features<'_>> {
        self.sides()
            .map(|side| Features { matrix: &side.matrix, present: &side.embeddings.present })
            .collect()
    }

    /// All of them, pictures first.
    pub fn sides(&self) -> impl Iterator<Item = &Side> {
        self.image.iter().chain(&self.more_images).chain(&self.text)
    }

    /// Ids of the encoders, pictures first.
    pub fn encoders(&self) -> impl Iterator<Item = &str> {
        self.sides().map(|side| side.encoder.as_str())
    }

    /// Neighbours of the frozen embeddings (titles, where there are any), for the miner that wants them.
    pub fn neighbors(
        &self,
        recipe: &TrainingRecipe,
        bench: &Workbench,
        context: &Context<'_>,
    ) -> Result<Option<&crate::index::Neighbors>, JobError> {
        if !recipe.miner.reads_neighbors() {
            return Ok(None);
        }
        let Some(side) = self.text.as_ref().or(self.image.as_ref()) else { return Ok(None) };
        let options = JoinOptions { k: 50, metric: Metric::Cosine };
        let found = neighbors_of(bench, &side.embedded, options, Search::BySize, context)?;
        Ok(Some(self.neighbors.get_or_init(|| found.neighbors).as_ref()))
    }
}

/// Rows (n, [`HASHED_WIDTH`]) of length 1.
fn hashed(embeddings: &Embeddings) -> DenseMatrix {
    let n_rows = embeddings.present.len();
    let mut values = vec![0.0_f32; n_rows * HASHED_WIDTH];
    for (row, into) in values.chunks_mut(HASHED_WIDTH).enumerate() {
        let mut add = |column: u32, value: f32| {
            let bits = Random::named(HASH_SEED, &column.to_string()).next_bits();
            let place = (bits >> 1) as usize % HASHED_WIDTH;
            if let Some(slot) = into.get_mut(place) {
                *slot += if bits & 1 == 0 { value } else { -value };
            }
        };
        match &embeddings.rows {
            EmbeddingRows::Sparse(matrix) => {
                let (columns, weights) = matrix.row(row);
                columns.iter().zip(weights).for_each(|(column, weight)| add(*column, *weight));
            }
            EmbeddingRows::Bits(matrix) => {
                for (word, bits) in matrix.row(row).iter().enumerate() {
                    for bit in 0..u64::BITS {
                        add(word as u32 * u64::BITS + bit, if (bits >> bit) & 1 == 1 { 1.0 } else { -1.0 });
                    }
                }
            }
            EmbeddingRows::Dense(matrix) => {
                (0..).zip(matrix.row(row)).for_each(|(column, value)| add(column, *value));
            }
        }
        let length = into.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        if length > 0.0 {
            into.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
        }
    }
    DenseMatrix { width: HASHED_WIDTH, values }
}
