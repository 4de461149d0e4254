//! `lookalike encoders`: what turns pictures and titles into numbers.

use serde::Serialize;

use super::console::{Console, table};
use super::session::DeviceArgs;
use crate::encode::{ENCODERS, Modality, ModelStore, OutputKind};
use crate::jobs::JobError;

/// List the encoders, and whether their model files are there.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    device: DeviceArgs,
}

#[derive(Serialize)]
struct Line {
    id: &'static str,
    label: &'static str,
    summary: &'static str,
    reads: &'static str,
    output: &'static str,
    model: Option<&'static str>,
    ready: bool,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<(), JobError> {
    let store = ModelStore::resolve(args.device.models.as_deref());
    let lines: Vec<Line> = ENCODERS
        .iter()
        .map(|spec| Line {
            id: spec.id,
            label: spec.label,
            summary: spec.summary,
            reads: match spec.modality {
                Modality::Image => "pictures",
                Modality::Text => "titles",
            },
            output: match spec.output {
                OutputKind::Dense => "dense",
                OutputKind::Sparse => "sparse",
                OutputKind::Bits => "bits",
            },
            model: spec.model,
            ready: spec.model.is_none_or(|model| store.has(model)),
        })
        .collect();
    let answer = serde_json::json!({ "encoders": lines, "models": store.folder() });
    console.answer(&answer, || {
        let rows: Vec<Vec<String>> = lines
            .iter()
            .map(|line| {
                let state = if line.ready { "ready" } else { "model absent" };
                [line.id, line.reads, state, line.summary].map(str::to_owned).to_vec()
            })
            .collect();
        format!("{}models are looked for in {}", table(&rows), store.folder().display())
    });
    Ok(())
}
