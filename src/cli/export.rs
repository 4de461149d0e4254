//! `lookalike export`: matches and decisions to a file.

use std::path::PathBuf;

use super::console::Console;
use super::match_args::MatchArgs;
use super::session::with_context;
use crate::jobs::{EXPORT_SUBMISSION, JobError, export};
use crate::review::LABEL_FORMATS;

/// Write matches or decisions to a file, whole or not at all.
#[derive(Debug, clap::Args)]
#[command(after_long_help = formats_help())]
pub(super) struct Args {
    #[arg(long, value_name = "F", help = format!("Format: {}", format_ids()))]
    format: String,
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    matching: MatchArgs,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<(), JobError> {
    let n_bytes = with_context(|context| {
        let (session, matched, review) = args.matching.run(context)?;
        export(
            &args.format,
            &args.out,
            &session.bench.catalog,
            Some(&matched),
            args.matching.row_rule(),
            &review,
        )
    })?;
    let answer = serde_json::json!({ "format": args.format, "out": args.out, "bytes": n_bytes });
    console.answer(&answer, || format!("written: {}", args.out.display()));
    Ok(())
}

fn format_ids() -> String {
    let ids: Vec<&str> = LABEL_FORMATS.iter().map(|spec| spec.id).chain([EXPORT_SUBMISSION]).collect();
    ids.join(", ")
}

fn formats_help() -> String {
    let mut help = format!(
        "Formats:\n  {EXPORT_SUBMISSION}: posting_id,matches; matches space separated, the posting first, at most 50\n"
    );
    for spec in LABEL_FORMATS {
        help.push_str(&format!("  {}: {}\n", spec.id, spec.summary));
    }
    help
}
