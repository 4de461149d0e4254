//! Titles to rows by MiniLM, from strings to the matrix. Opening the model is not timed, as on the other side.

use std::path::{Path, PathBuf};
use std::time::Instant;

use lookalike::encode::{Encoder, EncoderOptions, EncoderTable, ModelStore, TextEncoder};
use lookalike::nn::DeviceChoice;

use crate::{Outcome, files};

const MODEL: &str = "all-MiniLM-L6-v2";
/// Titles before the clock starts, as on the other side.
const N_WARM: usize = 64;

/// `titles.json` to rows, in one call.
pub fn embed_titles(folder: &Path) -> Outcome {
    let titles: Vec<String> = files::json(&folder.join("titles.json"))?;
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let encoder = open()?;
    encoder.embed(titles.get(..N_WARM).unwrap_or(&titles))?;
    let start = Instant::now();
    let rows = encoder.embed(&titles)?;
    let seconds = start.elapsed().as_secs_f64();
    let step = (titles.len() / 100).max(1);
    let answer: Vec<(usize, &[f32])> =
        (0..titles.len()).step_by(step).map(|row| (row, rows.row(row))).collect();
    std::fs::write(folder.join("answer.json"), serde_json::to_string(&answer)?)?;
    Ok(serde_json::json!({ "seconds": seconds }))
}

fn open() -> Result<Box<dyn TextEncoder>, Box<dyn std::error::Error>> {
    let shared =
        std::env::var_os("LOOKALIKE_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let store = ModelStore::new(shared.join("models"));
    let table = EncoderTable::of(&store);
    match table.spec(MODEL)?.open(&store, DeviceChoice::Cpu, &EncoderOptions::default())? {
        Encoder::Text(encoder) => Ok(encoder),
        _ => Err(format!("`{MODEL}` does not read titles").into()),
    }
}
