//! Changing the fusion weight on cached pairs; has no peer, run it alone: `compare fusion INPUT_DIR`.

use std::path::Path;
use std::time::Instant;

use lookalike::encode::{DenseMatrix, EmbeddingRows, Embeddings};
use lookalike::fuse::{FUSIONS, FusionParams, Side, fuse, pair_table};
use lookalike::index::{JoinOptions, Metric, self_join};

use crate::{Outcome, files};

/// `vectors.npy` split in two halves that stand for pictures and titles; seconds of the table and of each strategy.
pub fn fusion(folder: &Path) -> Outcome {
    let (width, values) = files::matrix(&folder.join("vectors.npy"))?;
    let n = values.len() / width;
    let half = |start: usize| {
        let mut values: Vec<f32> =
            values.chunks_exact(width).flat_map(|row| &row[start..start + width / 2]).copied().collect();
        for row in values.chunks_exact_mut(width / 2) {
            let norm = row.iter().map(|x| x * x).sum::<f32>().sqrt();
            row.iter_mut().for_each(|x| *x /= norm);
        }
        let rows = EmbeddingRows::Dense(DenseMatrix { width: width / 2, values });
        Embeddings { rows, present: vec![true; n] }
    };
    let ranks: Vec<u32> = (0..n as u32).collect();
    let metric = Metric::Cosine;
    let options = JoinOptions { k: 50, metric };
    let (image, text) = (half(0), half(width / 2));
    let image_neighbors = self_join(&image, &ranks, options, &|_| true).ok_or("the join was stopped")?;
    let text_neighbors = self_join(&text, &ranks, options, &|_| true).ok_or("the join was stopped")?;
    let start = Instant::now();
    let table = pair_table(
        n,
        Some(Side { embeddings: &image, neighbors: &image_neighbors, metric }),
        Some(Side { embeddings: &text, neighbors: &text_neighbors, metric }),
    );
    let mut seconds = serde_json::Map::new();
    seconds.insert("pair_table".to_owned(), start.elapsed().as_secs_f64().into());
    for spec in FUSIONS {
        let start = Instant::now();
        let fused = fuse(&table, spec, &FusionParams::default(), &ranks, 50);
        seconds.insert(spec.id.to_owned(), start.elapsed().as_secs_f64().into());
        if fused.n_rows() != n {
            return Err("a row is missing".into());
        }
    }
    Ok(serde_json::json!({ "n_pairs": table.rows.len(), "seconds": seconds }))
}
