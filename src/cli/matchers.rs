//! `lookalike matchers`: what happens between scores and matches, every parameter explained.

use std::fmt::Write;

use super::console::{Console, table};
use crate::jobs::JobError;
use crate::matching::{MATCHERS, MatcherParameter};

/// List the matchers, with every parameter and what it means.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: &Args, console: &Console) -> Result<(), JobError> {
    let parameter = |it: &MatcherParameter| {
        serde_json::json!({
            "name": it.name,
            "explanation": it.explanation,
            "default": it.default,
            "from": it.range.0,
            "to": it.range.1,
            "tried": it.choices,
        })
    };
    let lines: Vec<serde_json::Value> = MATCHERS
        .iter()
        .map(|spec| {
            let parameters: Vec<serde_json::Value> = spec.parameters.iter().map(parameter).collect();
            serde_json::json!({
                "id": spec.id,
                "label": spec.label,
                "summary": spec.summary,
                "source": spec.source,
                "parameters": parameters,
            })
        })
        .collect();
    console.answer(&serde_json::json!({ "matchers": lines }), || {
        let mut text = String::new();
        for spec in MATCHERS {
            // Writing into a string does not fail.
            let _ = writeln!(text, "{}: {}. {}\n  after {}", spec.id, spec.label, spec.summary, spec.source);
            let cells = |it: &MatcherParameter| {
                let value = it.default.map_or_else(|| "as set".to_owned(), |value| value.to_string());
                vec![format!("  {}", it.name), value, it.explanation.to_owned()]
            };
            text.push_str(&table(&spec.parameters.iter().map(cells).collect::<Vec<_>>()));
            text.push('\n');
        }
        text
    });
    Ok(())
}
