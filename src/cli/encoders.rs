//! `lookalike encoders`: what turns pictures and titles into numbers.

use serde::Serialize;

use super::console::{Console, table};
use super::session::DeviceArgs;
use crate::encode::{EncoderTable, Modality, ModelStore, OutputKind};
use crate::jobs::JobError;

/// List the encoders, and whether their model files are there.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    device: DeviceArgs,
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    label: &'a str,
    summary: &'a str,
    reads: &'static str,
    output: &'static str,
    /// Models whose files it needs.
    needs: &'a [String],
    ready: bool,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<(), JobError> {
    let store = ModelStore::resolve(args.device.models.as_deref());
    let encoders = EncoderTable::of(&store);
    let lines: Vec<Line<'_>> = encoders
        .specs()
        .iter()
        .map(|spec| Line {
            id: &spec.id,
            label: &spec.label,
            summary: &spec.summary,
            reads: match spec.modality {
                Modality::Image => "pictures",
                Modality::Text => "titles",
            },
            output: match spec.output {
                OutputKind::Dense => "dense",
                OutputKind::Sparse => "sparse",
                OutputKind::Bits => "bits",
            },
            needs: &spec.needs,
            ready: spec.is_ready(&store),
        })
        .collect();
    let problems: Vec<&str> = encoders.problems().iter().map(|problem| problem.message.as_str()).collect();
    let answer = serde_json::json!({ "encoders": lines, "problems": problems, "models": store.folder() });
    console.answer(&answer, || {
        let rows: Vec<Vec<String>> = lines
            .iter()
            .map(|line| {
                let state = if line.ready { "ready" } else { "model absent" };
                [line.id, line.reads, state, line.summary].map(str::to_owned).to_vec()
            })
            .collect();
        let problems: String = problems.iter().map(|problem| format!("not usable: {problem}\n")).collect();
        format!("{}{problems}models are looked for in {}", table(&rows), store.folder().display())
    });
    Ok(())
}
