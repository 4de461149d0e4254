//! Training steps of a linear head on cached embeddings: forward, InfoNCE, gradients, clipping, AdamW.

use std::path::Path;
use std::time::Instant;

use candle_core::{DType, Device, Tensor};
use lookalike::train::heads::{Depth, Head, HeadRecipe, HeadShape, Mode, Towers};
use lookalike::train::losses::info_nce::info_nce;
use lookalike::train::optimisers::{Gradients, Optimiser, OptimiserRecipe, clip_by_global_norm};

use crate::{Outcome, files};

/// Steps before the clock starts, as on the other side.
const N_WARM: usize = 5;
/// Steps that are timed.
const N_STEPS: usize = 40;
const LEARNING_RATE: f64 = 1e-3;
const TEMPERATURE: f64 = 0.05;

/// Batches of `n_rows` rows, half of them the other half's partners, from `rows.npy`, beginning at `weight.npy`.
pub fn head_step(folder: &Path, n_rows: usize) -> Outcome {
    let device = Device::Cpu;
    let (width, rows) = files::matrix(&folder.join("rows.npy"))?;
    let (_, weight) = files::matrix(&folder.join("weight.npy"))?;
    let n_all = rows.len() / width;
    let n_out = weight.len() / width;
    let rows = Tensor::from_vec(rows, (n_all, width), &device)?;
    let recipe =
        HeadRecipe { towers: Towers::Fused, depth: Depth::Linear, width: n_out, ..HeadRecipe::default() };
    let head = Head::new(HeadShape { recipe, modality_widths: vec![width], n_classes: 0 }, 0, &device)?;
    head.parameters().set("tower0.0.weight", &Tensor::from_vec(weight, (n_out, width), &device)?)?;
    head.parameters().set("tower0.0.bias", &Tensor::zeros(n_out, DType::F32, &device)?)?;
    let mut optimiser = Optimiser::new(OptimiserRecipe::default());
    let n_pairs = n_rows / 2;
    let different = (Tensor::ones((n_pairs, n_pairs), DType::F32, &device)?
        - Tensor::eye(n_pairs, DType::F32, &device)?)?;
    let mut seconds = 0.0;
    let mut losses = Vec::new();
    for step in 0..N_WARM + N_STEPS {
        let first = step * n_rows % (n_all - n_rows + 1);
        let places: Vec<u32> = (first as u32..(first + n_rows) as u32).collect();
        let start = Instant::now();
        let batch = rows.index_select(&Tensor::new(places, &device)?, 0)?;
        let towers = head.towers(&[batch], None, Mode::Train)?;
        let (a, b) = (towers[0].narrow(0, 0, n_pairs)?, towers[0].narrow(0, n_pairs, n_pairs)?);
        let loss = info_nce(&a, &b, &different, TEMPERATURE)?;
        losses.push(loss.to_scalar::<f32>()?);
        let store = loss.backward()?;
        let mut gradients: Gradients = head
            .parameters()
            .learned()
            .filter_map(|(name, variable)| Some((name.to_owned(), store.get(variable.as_tensor())?.clone())))
            .collect();
        clip_by_global_norm(&mut gradients, 1.0)?;
        optimiser.step(head.parameters(), &gradients, LEARNING_RATE)?;
        if step >= N_WARM {
            seconds += start.elapsed().as_secs_f64();
        }
    }
    std::fs::write(folder.join("answer.json"), serde_json::json!([[0, losses]]).to_string())?;
    Ok(serde_json::json!({ "seconds": seconds / N_STEPS as f64 }))
}
