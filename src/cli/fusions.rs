//! `lookalike fusions`: how several similarities become one.

use super::console::{Console, table};
use crate::fuse::FUSIONS;
use crate::jobs::JobError;

/// List the fusion strategies.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: &Args, console: &Console) -> Result<(), JobError> {
    let lines: Vec<serde_json::Value> = FUSIONS
        .iter()
        .map(|spec| {
            serde_json::json!({
                "id": spec.id,
                "label": spec.label,
                "summary": spec.summary,
                "uses_weight": spec.uses_weight,
                "uses_two_thresholds": spec.uses_two_thresholds,
            })
        })
        .collect();
    console.answer(&serde_json::json!({ "fusions": lines }), || {
        let rows: Vec<Vec<String>> = FUSIONS
            .iter()
            .map(|spec| [spec.id, spec.label, spec.summary].map(str::to_owned).to_vec())
            .collect();
        table(&rows)
    });
    Ok(())
}
