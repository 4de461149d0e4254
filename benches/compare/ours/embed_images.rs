//! Pictures to embeddings by the plan of an image architecture, with weights made by a hash of their names as on the other
//! side. The clock runs from a tensor (n, 3, side, side) to rows.

use std::path::Path;
use std::time::Instant;

use candle_core::{Device, Tensor};
use lookalike::encode::image_architecture;
use lookalike::nn::{NetworkInput, Plan, Precision, Weights};

use crate::Outcome;

#[path = "../../../tests/parity/hash_made.rs"]
mod hash_made;

/// Seconds of runs before the clock starts and seconds that are timed, as on the other side.
const SECONDS_WARM: f64 = 0.3;
const SECONDS_TIMED: f64 = 1.0;

/// One row of numbers a picture.
type Rows = Vec<Vec<f32>>;

/// The network and batch that `work.json` names.
pub fn embed_images(folder: &Path) -> Outcome {
    let work: serde_json::Value = crate::files::json(&folder.join("work.json"))?;
    let number = |key: &str| work[key].as_u64().ok_or_else(|| format!("work.json has no `{key}`"));
    let name = work["architecture"].as_str().ok_or("work.json has no `architecture`")?;
    let (side, n_pictures) = (number("side")? as usize, number("n_pictures")? as usize);
    let damping = work["damping"].as_f64().ok_or("work.json has no `damping`")? as f32;
    let architecture = image_architecture(name).ok_or_else(|| format!("no architecture `{name}`"))?;
    let graph = (architecture.graph)(side as u32);
    let tensors = graph.parameters().into_iter().map(|parameter| {
        let mut values = hash_made::fill(&parameter.name, &parameter.shape, "0");
        if parameter.name.ends_with(".weight") && parameter.shape.len() == 1 {
            values.iter_mut().for_each(|value| *value *= damping);
        }
        (parameter.name, (parameter.shape, values))
    });
    let weights = Weights::from_tensors("made by a hash", tensors.collect())?;
    let device = Device::Cpu;
    let plan = Plan::compile(&graph, &weights, &device, Precision::F32)?;
    drop(weights);
    let pictures = hash_made::images("0", n_pictures, side);
    let pictures = Tensor::from_vec(pictures, (n_pictures, 3, side, side), &device)?;
    let run = || -> Result<(f64, Rows), Box<dyn std::error::Error>> {
        let start = Instant::now();
        let rows = plan.run(NetworkInput::Images(&pictures))?.to_vec2()?;
        Ok((start.elapsed().as_secs_f64(), rows))
    };
    run_for(SECONDS_WARM, run)?;
    let (mut times, rows) = run_for(SECONDS_TIMED, run)?;
    times.sort_by(f64::total_cmp);
    let answer: Vec<(usize, Vec<f32>)> = rows.into_iter().map(relative_to_largest).enumerate().collect();
    std::fs::write(folder.join("answer.json"), serde_json::to_string(&answer)?)?;
    Ok(serde_json::json!({ "seconds": times[times.len() / 2] }))
}

fn relative_to_largest(row: Vec<f32>) -> Vec<f32> {
    let largest = row.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    row.into_iter().map(|value| value / largest).collect()
}

/// Runs for so long, and at least three times; the time of each run, and the last result.
fn run_for<T>(
    seconds: f64,
    run: impl Fn() -> Result<(f64, T), Box<dyn std::error::Error>>,
) -> Result<(Vec<f64>, T), Box<dyn std::error::Error>> {
    let mut times = Vec::new();
    loop {
        let (elapsed, result) = run()?;
        times.push(elapsed);
        if times.len() >= 3 && times.iter().sum::<f64>() >= seconds {
            return Ok((times, result));
        }
    }
}
