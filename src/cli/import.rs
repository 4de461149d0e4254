//! `lookalike import`: decided pairs from a file into the decision log, as one gesture that can be undone.

use std::path::PathBuf;

use serde::Serialize;

use super::console::Console;
use super::session::{DeviceArgs, Session, with_context};
use crate::jobs::{JobError, import};
use crate::project::{Access, ProjectError};
use crate::review::{Claim, Entry, EntryId, Gesture, Seen, View};

/// Read decided pairs (CSV or JSON Lines: two posting ids and a verdict) into a project's decision log.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file.
    file: PathBuf,
    /// The project folder.
    #[arg(long, value_name = "DIR")]
    project: PathBuf,
    /// Who decided.
    #[arg(long, value_name = "NAME", default_value = "import")]
    reviewer: String,
    #[command(flatten)]
    device: DeviceArgs,
}

#[derive(Serialize)]
struct Answer {
    pairs: u64,
    entries: u64,
    problems: Vec<String>,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<(), JobError> {
    let answer = with_context(|context| {
        let session = Session::open(&args.project, &args.device, context)?;
        if session.project.access() == Access::ReadOnly {
            return Err(ProjectError::ReadOnly { folder: args.project.clone() }.into());
        }
        let (gesture, problems) = import(&args.file, &session.bench.catalog)?;
        let review = session.review()?;
        let mut answer = Answer {
            pairs: gesture.as_ref().map_or(0, n_pairs),
            entries: review.entries().len() as u64,
            problems: problems
                .iter()
                .map(|problem| match problem.row {
                    Some(row) => format!("row {row}: {}", problem.message),
                    None => problem.message.clone(),
                })
                .collect(),
        };
        if let Some(gesture) = gesture {
            let entry = Entry {
                id: EntryId::fresh(),
                reviewer: args.reviewer.clone(),
                lamport: review.next_lamport(),
                at_millis: jiff::Timestamp::now().as_millisecond(),
                gesture,
                seen: Seen { view: View::Import, ..Seen::default() },
            };
            answer.entries = session.project.review_store()?.append(&[entry])?.n_entries;
        }
        Ok(answer)
    })?;
    console.answer(&answer, || {
        let mut text =
            format!("{} pairs imported, saved; the log has {} entries", answer.pairs, answer.entries);
        for problem in &answer.problems {
            text.push_str(&format!("\n{problem}"));
        }
        text
    });
    Ok(())
}

fn n_pairs(gesture: &Gesture) -> u64 {
    let Gesture::Judge { claims } = gesture else { return 0 };
    claims.iter().map(Claim::n_pairs).sum()
}
