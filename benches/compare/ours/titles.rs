//! Titles: from strings or from a ready matrix to the top 50, and the accuracy of the result.

use std::path::{Path, PathBuf};
use std::time::Instant;

use lookalike::catalog::clean_title;
use lookalike::encode::{
    CsrMatrix, EmbeddingRows, Embeddings, Encoder, EncoderOptions, EncoderTable, FitsText, ModelStore,
};
use lookalike::index::{JoinOptions, Metric, self_join};
use lookalike::metrics::threshold_curve;
use lookalike::nn::DeviceChoice;

use crate::{Outcome, files, join};

/// `titles.json` through `idf-word` to the top 50, everything timed.
pub fn strings_to_neighbours(folder: &Path) -> Outcome {
    let titles: Vec<String> = files::json(&folder.join("titles.json"))?;
    let encoder = fitting_encoder("idf-word", false)?;
    let start = Instant::now();
    let embeddings = fit(encoder.as_ref(), &titles);
    let ranks: Vec<u32> = (0..titles.len() as u32).collect();
    let options = JoinOptions { k: 50, metric: Metric::Cosine };
    let neighbors = self_join(&embeddings, &ranks, options, &|_| true).ok_or("the join was stopped")?;
    let seconds = start.elapsed().as_secs_f64();
    join::write_answer(&neighbors, folder)?;
    Ok(serde_json::json!({ "seconds": seconds }))
}

/// The matrix of `offsets.npy`, `columns.npy` and `values.npy` to the top 50.
pub fn matrix_to_neighbours(folder: &Path) -> Outcome {
    let offsets: Vec<usize> =
        files::integers(&folder.join("offsets.npy"))?.iter().map(|&offset| offset as usize).collect();
    let columns: Vec<u32> =
        files::integers(&folder.join("columns.npy"))?.iter().map(|&column| column as u32).collect();
    let values = files::floats(&folder.join("values.npy"))?;
    let width = columns.iter().max().map_or(0, |&column| column as usize + 1);
    let present = offsets.windows(2).map(|pair| pair[0] < pair[1]).collect();
    let rows = EmbeddingRows::Sparse(CsrMatrix { width, offsets, columns, values });
    join::timed_join(&Embeddings { rows, present }, folder)
}

/// Mean per-row F1 of `titles.json` against `groups.json` as `case.json` says: `{"threshold", "stop_words", "clean"}`.
pub fn mean_f1(folder: &Path, encoder_id: &str) -> Outcome {
    #[derive(serde::Deserialize)]
    struct Case {
        threshold: f32,
        stop_words: bool,
        clean: bool,
    }
    let case: Case = files::json(&folder.join("case.json"))?;
    let mut titles: Vec<String> = files::json(&folder.join("titles.json"))?;
    let groups: Vec<Option<u32>> = files::json(&folder.join("groups.json"))?;
    if case.clean {
        titles.iter_mut().for_each(|title| *title = clean_title(title));
    }
    let encoder = fitting_encoder(encoder_id, case.stop_words)?;
    let embeddings = fit(encoder.as_ref(), &titles);
    let ranks: Vec<u32> = (0..titles.len() as u32).collect();
    let options = JoinOptions { k: 50, metric: Metric::Cosine };
    let neighbors = self_join(&embeddings, &ranks, options, &|_| true).ok_or("the join was stopped")?;
    let curve = threshold_curve(
        &neighbors.offsets,
        &neighbors.rows,
        &neighbors.scores,
        &groups,
        &[case.threshold],
        1,
        50,
    );
    let point = curve.first().ok_or("no threshold was scored")?;
    Ok(serde_json::json!({ "value": point.scores.mean_f1 }))
}

fn fitting_encoder(
    id: &str,
    english_stop_words: bool,
) -> Result<Box<dyn FitsText>, Box<dyn std::error::Error>> {
    let store = ModelStore::new(PathBuf::new());
    let table = EncoderTable::of(&store);
    match table.spec(id)?.open(
        &store,
        DeviceChoice::Cpu,
        &EncoderOptions { english_stop_words, ..EncoderOptions::default() },
    )? {
        Encoder::Fits(encoder) => Ok(encoder),
        _ => Err(format!("`{id}` is not fitted to a corpus").into()),
    }
}

fn fit(encoder: &dyn FitsText, titles: &[String]) -> Embeddings {
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let (_, matrix) = encoder.fit(&titles);
    let present = matrix.offsets.windows(2).map(|pair| pair[0] < pair[1]).collect();
    Embeddings { rows: EmbeddingRows::Sparse(matrix), present }
}
